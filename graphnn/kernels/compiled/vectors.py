"""A vector type of sixteen float32 values (SIMD), with its operations, for the compiled functions.

The compiler keeps a vector in one register of AVX-512, two of AVX2, or four of SSE or NEON. The functions thus do not
depend on automatic vectorisation, which failed on the loops of Winograd's transforms: they step through 36 arrays.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, register_model

from graphnn.kernels.vectors import WIDTH

VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
CONTRACT = ("contract",)  # lets a product and a sum become one fused operation, rounded once


class Vector(types.Type):
    """numba's type of a vector of sixteen float32 values."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")


vector = Vector()


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """Represents a vector as a value of LLVM's vector type."""

    def __init__(self, manager: Any, of_type: Any) -> None:
        super().__init__(manager, of_type, VECTOR)


def pointer_to(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Return the pointer to the vector that starts at array[index]."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index], inbounds=True), VECTOR.as_pointer())


@intrinsic
def load(_: Any, array: Any, index: Any) -> Any:
    """Return the vector array[index : index + 16]; the index counts in memory order, whatever the array's shape."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(pointer_to(context, builder, sig.args[0], *args), align=4)

    return vector(array, types.intp), generate


@intrinsic
def store(_: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector to array[index : index + 16], with the index as in `load`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], pointer_to(context, builder, sig.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def add_in_float64(_: Any, array: Any, index: Any, value: Any) -> Any:
    """Add a vector to array[index : index + 16], whose numbers are float64."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(ir.DoubleType(), WIDTH)
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]], inbounds=True), wide.as_pointer())
        sums = builder.fadd(builder.load(place, align=8), builder.fpext(args[2], wide))
        builder.store(sums, place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def all_equal(_: Any, number: Any) -> Any:
    """Return a vector whose sixteen values are all `number`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], sig.args[0], types.float32)
        index = ir.IntType(32)
        one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, index(0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, WIDTH), [0] * WIDTH))

    return vector(number), generate


@intrinsic
def repeated(_: Any, array: Any, index: Any) -> Any:
    """Return a vector whose sixteen values are all array[index]; the index counts in memory order, as in `load`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        number = builder.load(builder.gep(data, [args[1]], inbounds=True))
        index = ir.IntType(32)
        one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, index(0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, WIDTH), [0] * WIDTH))

    return vector(array, types.intp), generate


@intrinsic
def positive_part(_: Any, value: Any) -> Any:
    """Return max(value, 0); NaN stays NaN."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = ir.Constant(VECTOR, [0.0] * WIDTH)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return vector(value), generate


@intrinsic
def times_power_of_two(_: Any, value: Any, power: Any) -> Any:
    """Return value·2ⁿ for integers n, given as `power` = 1.5·2²³ + n, whose lowest bits are n.

    n is added to the exponent bits. Value and result must be normal numbers: not 0, infinite or denormal.
    """

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        whole = ir.VectorType(ir.IntType(32), WIDTH)
        bits, n = (builder.bitcast(each, whole) for each in args)
        return builder.bitcast(builder.add(bits, builder.shl(n, ir.Constant(whole, [23] * WIDTH))), VECTOR)

    return vector(value, power), generate


@intrinsic
def maximum(_: Any, a: Any, b: Any) -> Any:
    """Return the larger of each pair of values, or NaN if either is NaN."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR])
        return builder.call(get_or_insert_function(builder.module, kind, f"llvm.maximum.v{WIDTH}f32"), args)

    return vector(a, b), generate


def one_of_two(condition: str) -> Any:
    """Return an intrinsic that selects a where the condition on a and b is true, else b; so b where either is NaN."""

    def choose(_: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(condition, *args), *args)

        return vector(a, b), generate

    return intrinsic(choose)


larger, smaller = one_of_two(">"), one_of_two("<")  # one machine operation each, where `maximum` takes several


def selection(condition: str) -> Any:
    """Return an intrinsic that selects `yes` where the condition on a and b is true, else `no`."""

    def choose(_: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(condition, *args[:2]), *args[2:])

        return vector(a, b, yes, no), generate

    return intrinsic(choose)


where_at_least = selection(">=")
where_equal = selection("==")


def define(operation: Any, instruction: str) -> None:
    """Define one of Python's operators for two vectors, by an LLVM instruction."""

    @infer_global(operation)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, _: Any) -> Any:
            both = len(args) == 2 and all(isinstance(each, Vector) for each in args)
            return signature(vector, vector, vector) if both else None

    @lower_builtin(operation, Vector, Vector)
    def _lower(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args, flags=CONTRACT)


define(operator.add, "fadd")
define(operator.sub, "fsub")
define(operator.mul, "fmul")
define(operator.truediv, "fdiv")
