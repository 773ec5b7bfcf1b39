"""Sixteen numbers at a time: a type that compiled functions compute with as with one number.

The compiler keeps such a value in one register (of AVX-512; in two of AVX2, four of SSE or NEON), so that what a
function says is what the processor does, with no hope placed in how the compiler sees a loop over numbers: the loops of
Winograd's transforms, which step through 36 arrays at once, it did not vectorise at all.
"""

import hashlib
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import config, njit, types
from numba.core.cgutils import get_or_insert_function
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, register_model
from platformdirs import user_cache_path

from graphnn.kernels.vectors import WIDTH

VECTOR = ir.VectorType(ir.FloatType(), WIDTH)
CONTRACT = ("contract",)  # a product and a sum become one operation, rounded once


OPTIONS = {"nogil": True, "error_model": "numpy"}


def cache_folder() -> Path:
    """Return where compiled functions are kept: a folder of its own for every state of the files they are made from.

    numba itself looks only at the file that a function stands in, not at those that its code was taken from.
    """
    folder = Path(__file__).parent
    files = [*sorted(folder.glob("*.py")), folder.parent / "vectors.py"]
    state = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return user_cache_path("graphnn") / "compiled" / state[:16]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, and keep the result on disk for later processes where that can be."""
    usual, config.CACHE_DIR = config.CACHE_DIR, str(CACHE)
    try:
        return njit(cache=True, **OPTIONS)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # no folder that may be written to
        return njit(**OPTIONS)(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = usual


CACHE = cache_folder()


class Vector(types.Type):
    """The type of sixteen float32."""

    def __init__(self) -> None:
        super().__init__(name="float32x16")


vector = Vector()


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """How a vector is held: as a value of LLVM's own vector type."""

    def __init__(self, manager: Any, of_type: Any) -> None:
        super().__init__(manager, of_type, VECTOR)


def place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Return the pointer to the vector that starts at array[index]."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index], inbounds=True), VECTOR.as_pointer())


@intrinsic
def load(_: Any, array: Any, index: Any) -> Any:
    """Return array[index : index + 16] of a flat array, or of what lies in memory from any other's first number on."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(place(context, builder, sig.args[0], *args), align=4)

    return vector(array, types.intp), generate


@intrinsic
def store(_: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a vector there, as `load` counts."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], place(context, builder, sig.args[0], *args[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def all_equal(_: Any, number: Any) -> Any:
    """Return a vector of sixteen times the number."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = context.cast(builder, args[0], sig.args[0], types.float32)
        index = ir.IntType(32)
        one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, index(0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, WIDTH), [0] * WIDTH))

    return vector(number), generate


@intrinsic
def positive_part(_: Any, value: Any) -> Any:
    """Return max(value, 0); what is not a number stays it."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = ir.Constant(VECTOR, [0.0] * WIDTH)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return vector(value), generate


@intrinsic
def times_power_of_two(_: Any, value: Any, power: Any) -> Any:
    """Return value·2ⁿ for whole numbers n, given as 1.5·2²³ + n: the last bits of that are n, wherever they stand.

    n is added to the exponent. Value and result must be ordinary numbers: not 0, not infinite, not denormal.
    """

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        whole = ir.VectorType(ir.IntType(32), WIDTH)
        given, n = (builder.bitcast(each, whole) for each in args)
        return builder.bitcast(builder.add(given, builder.shl(n, ir.Constant(whole, [23] * WIDTH))), VECTOR)

    return vector(value, power), generate


@intrinsic
def maximum(_: Any, a: Any, b: Any) -> Any:
    """Return the larger of each two numbers; what is not a number wins."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR])
        return builder.call(get_or_insert_function(builder.module, kind, f"llvm.maximum.v{WIDTH}f32"), args)

    return vector(a, b), generate


def one_of_two(condition: str) -> Any:
    """Return the intrinsic that takes a where the condition on a and b holds, else b: b, where one is not a number."""

    def choose(_: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(condition, *args), *args)

        return vector(a, b), generate

    return intrinsic(choose)


larger, smaller = one_of_two(">"), one_of_two("<")  # each one operation, where `maximum` takes several


def selection(condition: str) -> Any:
    """Return the intrinsic that takes each number of `yes` where the condition on a and b holds, else that of `no`."""

    def choose(_: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.select(builder.fcmp_ordered(condition, *args[:2]), *args[2:])

        return vector(a, b, yes, no), generate

    return intrinsic(choose)


where_at_least = selection(">=")
where_equal = selection("==")


def define(operation: Any, instruction: str) -> None:
    """Make an operator of Python one of two vectors."""

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
