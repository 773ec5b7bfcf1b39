"""Reads a dictionary of arrays, numbers and texts from a pickle without running it: no name in it is ever looked up.

Source: the opcodes as described in Python's module pickletools. Pickles are programs that can call any function; here
the few opcodes of plain values are interpreted, and the few functions that numpy writes for an array are recognised by
their names and replaced by a check of their arguments. Everything else is an error.
"""

import math
import pickletools
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array

INTEGERS = re.compile(r"[<>|=]?[iu][1248]")
RECONSTRUCT = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
FROM_BUFFER = {("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer")}
DTYPE, ENCODE, NDARRAY = ("numpy", "dtype"), ("_codecs", "encode"), ("numpy", "ndarray")
MARK = object()
VALUES = {  # opcodes that push their argument, a number or a text
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
IGNORED = {"PROTO", "FRAME", "STOP"}


@frozen_dataclass
class Name:
    """What a pickle would import, which is not done here."""

    module: str
    name: str

    @property
    def pair(self) -> tuple[str, str]:
        """The module and the name."""
        return self.module, self.name


class Started:
    """An array or a type of elements whose values a later opcode gives. value: that, once it is there."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


def read_pickled(content: bytes) -> dict[str, Any]:
    """Return the dictionary in a pickle: texts as keys; integers, texts, bytes, lists, tuples, integer arrays in it.

    Raises ValueError for anything else, and for what is no pickle.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of texts with escapes, which arrays do not need
            for opcode, argument, _ in pickletools.genops(content):
                step(opcode.name, argument, stack, memo)
        (result,) = stack
        if type(result) is not dict:
            raise ValueError(f"it is a {type(result).__name__}, where a dictionary is needed")
        return {text_of(key): finished(value) for key, value in result.items()}
    except (IndexError, KeyError, TypeError, AttributeError, UnicodeError, OverflowError, Warning) as problem:
        raise ValueError(f"it is no pickle of arrays: {type(problem).__name__}") from problem


def step(opcode: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Carry out one opcode. Raises ValueError for one that plain values do not need."""
    if opcode in VALUES:
        stack.append(argument)
    elif opcode in CONSTANTS:
        stack.append(CONSTANTS[opcode])
    elif opcode in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif opcode == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif opcode in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif opcode == "GLOBAL":
        stack.append(Name(*argument.split(" ", 1)))
    elif opcode in ACTIONS:
        ACTIONS[opcode](stack)
    elif opcode not in IGNORED:
        raise ValueError(f"it has the opcode {opcode}, which arrays do not need; nothing in it was run")


def from_mark(stack: list[Any]) -> list[Any]:
    """Take the values down to the last mark, and the mark, off the stack; return the values."""
    start = max((i for i, value in enumerate(stack) if value is MARK), default=-1)
    if start < 0:
        raise IndexError
    values = stack[start + 1 :]
    del stack[start:]
    return values


def push_tuple(count: int) -> Callable[[list[Any]], None]:
    """Return what makes a tuple of the topmost values."""

    def act(stack: list[Any]) -> None:
        if len(stack) < count:
            raise IndexError
        stack[len(stack) - count :] = [tuple(stack[len(stack) - count :])]

    return act


def set_items(stack: list[Any], values: list[Any]) -> None:
    """Put keys and values, in turn, into the dictionary on top of the stack."""
    target = stack[-1]
    if type(target) is not dict or len(values) % 2:
        raise TypeError
    for key, value in zip(values[::2], values[1::2], strict=True):
        target[text_of(key)] = value


def append_items(stack: list[Any], values: list[Any]) -> None:
    """Append values to the list on top of the stack."""
    if type(stack[-1]) is not list:
        raise TypeError
    stack[-1].extend(values)


def set_item(stack: list[Any]) -> None:
    """Put the topmost key and value into the dictionary below them."""
    value, key = stack.pop(), stack.pop()
    set_items(stack, [key, value])


def append_item(stack: list[Any]) -> None:
    """Append the topmost value to the list below it."""
    value = stack.pop()
    append_items(stack, [value])


def push_name(stack: list[Any]) -> None:
    """Replace the topmost module and name by a Name."""
    name, module = stack.pop(), stack.pop()
    stack.append(Name(text_of(module), text_of(name)))


def reduce(stack: list[Any]) -> None:
    """Replace a function and its arguments by what numpy would return for them; no function is called."""
    arguments, function = stack.pop(), stack.pop()
    if type(function) is not Name or type(arguments) is not tuple:
        raise TypeError
    if function.pair in RECONSTRUCT and arguments[0] == Name(*NDARRAY):
        stack.append(Started())
    elif function.pair in FROM_BUFFER:
        data, dtype, shape, order, *_ = arguments
        stack.append(Started(array_of(shape, dtype, data, fortran_order=text_of(order) == "F")))
    elif function.pair == DTYPE:
        stack.append(Started(dtype_of(arguments[0])))
    elif function.pair == ENCODE and arguments[1] in ("latin1", "latin-1"):
        stack.append(arguments[0].encode("latin1"))
    else:
        raise ValueError(f"it would call {function.module}.{function.name}"[:200] + "; nothing in it was run")


def build(stack: list[Any]) -> None:
    """Give the array, or the type of elements, below the state on top of the stack its values."""
    state, target = stack.pop(), stack[-1]
    if type(target) is not Started or type(state) is not tuple:
        raise TypeError
    if isinstance(target.value, np.dtype):
        order = text_of(state[1])  # of the bytes of a number
        if order == ">":
            target.value = target.value.newbyteorder(">")
    elif target.value is None:
        _, shape, dtype, fortran_order, data = state
        target.value = array_of(shape, dtype, data, fortran_order=bool(fortran_order))
    else:
        raise TypeError


def dtype_of(description: Any) -> np.dtype[Any]:
    """Return the type of integers that a description such as u1 names. Raises ValueError for others."""
    if INTEGERS.fullmatch(text_of(description)) is None:
        raise ValueError(f"it has an array of {description!r:.40}, where one of integers is needed")
    return np.dtype(text_of(description))


def array_of(shape: Any, dtype: Any, data: Any, *, fortran_order: bool) -> Array:
    """Return the array with these values, in the memory of `data`. Raises ValueError where their sizes do not agree."""
    content = data.encode("latin1") if type(data) is str else data
    if type(shape) is not tuple or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"it has an array of the impossible shape {shape!r:.60}")
    if (
        type(dtype) is not Started
        or not isinstance(dtype.value, np.dtype)
        or not isinstance(content, bytes | bytearray)
    ):
        raise TypeError
    needed = math.prod(shape) * dtype.value.itemsize
    if len(content) != needed:
        raise ValueError(f"it has an array of {needed:,} bytes, but {len(content):,} of its values")
    return np.frombuffer(content, dtype.value).reshape(shape, order="F" if fortran_order else "C")


def text_of(value: Any) -> str:
    """Return a text, which older versions of Python stored as bytes. Raises TypeError for anything else."""
    if type(value) is str:
        return value
    if type(value) is bytes:
        return value.decode("latin1")
    raise TypeError


def finished(value: Any) -> Any:
    """Return the array that a value stands for, or the value. Raises ValueError for an array without values."""
    if type(value) is Name or (type(value) is Started and not isinstance(value.value, np.ndarray)):
        raise ValueError("it has an array without values")
    return value.value if type(value) is Started else value


ACTIONS: dict[str, Callable[[list[Any]], None]] = {
    "MARK": lambda stack: stack.append(MARK),
    "EMPTY_DICT": lambda stack: stack.append({}),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_TUPLE": lambda stack: stack.append(()),
    "TUPLE": lambda stack: stack.append(tuple(from_mark(stack))),
    "TUPLE1": push_tuple(1),
    "TUPLE2": push_tuple(2),
    "TUPLE3": push_tuple(3),
    "SETITEM": set_item,
    "SETITEMS": lambda stack: set_items(stack, from_mark(stack)),
    "APPEND": append_item,
    "APPENDS": lambda stack: append_items(stack, from_mark(stack)),
    "STACK_GLOBAL": push_name,
    "REDUCE": reduce,
    "BUILD": build,
}
