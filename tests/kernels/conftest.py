"""Memory and plain loops for the kernels' tests."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graphnn.layers.context import empty_channels_last
from graphnn.types import Array, Shape


class HostileScratch:
    """The worst scratch possible: full of NaN, or of what the last caller with that name, shape and dtype left."""

    def __init__(self) -> None:
        self.frames: dict[tuple[Any, ...], Array] = {}

    def __call__(self, name: str, shape: Shape, dtype: Any, *, zeroed: bool = False) -> Array:
        if zeroed:
            return self.frames.setdefault((name, shape, np.dtype(dtype)), np.zeros(shape, dtype))
        return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 1, dtype)


def channels_last(x: Array, dtype: Any = None) -> Array:
    """Return a copy of x in the memory order of the engine."""
    copy = empty_channels_last(x.shape, x.dtype if dtype is None else dtype)
    copy[...] = x
    return copy


ORDERS = ("channels last", "a piece", "c order", "some of the channels")
AROUND = 7.0  # the value of the memory around an array


def placed(x: Array, order: str) -> tuple[Array, Callable[[], bool]]:
    """Return a copy of x in a memory order, and a function that says whether the memory around it is unchanged."""
    sizes = list(x.shape)
    if order == "a piece":
        sizes[0] += 2
        inside = np.s_[1:-1]
    elif order == "some of the channels":
        sizes[1] += 3
        inside = np.s_[:, 1:-2]
    else:
        inside = np.s_[:]
    memory = np.empty(sizes, x.dtype) if order == "c order" else empty_channels_last(tuple(sizes), x.dtype)
    memory[...] = AROUND
    memory[inside] = x

    def untouched() -> bool:
        rest = memory.copy()
        rest[inside] = AROUND
        return bool((rest == AROUND).all())

    return memory[inside], untouched


def hostile_like(x: Array, name: str) -> Array:
    """Return scratch of the shape and dtype of x, full of NaN."""
    return channels_last(np.full(x.shape, np.nan), x.dtype)


def naive_convolution(x: Array, W: Array, dy: Array | None, stride: Any, before: Any, after: Any) -> tuple[Array, ...]:
    """Return y, or with dy (dx, dW), by one multiplication at a time in float64."""
    n, channels, height, width = x.shape
    filters, _, kernel_h, kernel_w = W.shape
    out_h = (height + before[0] + after[0] - kernel_h) // stride[0] + 1
    out_w = (width + before[1] + after[1] - kernel_w) // stride[1] + 1
    y, dx, dW = np.zeros((n, filters, out_h, out_w)), np.zeros(x.shape), np.zeros(W.shape)
    for s, d, p, q in np.ndindex(y.shape):
        for c, i, j in np.ndindex(channels, kernel_h, kernel_w):
            row, column = p * stride[0] + i - before[0], q * stride[1] + j - before[1]
            if 0 <= row < height and 0 <= column < width:
                y[s, d, p, q] += float(x[s, c, row, column]) * float(W[d, c, i, j])
                if dy is not None:
                    dx[s, c, row, column] += float(dy[s, d, p, q]) * float(W[d, c, i, j])
                    dW[d, c, i, j] += float(dy[s, d, p, q]) * float(x[s, c, row, column])
    return (y,) if dy is None else (dx, dW)


@pytest.fixture(scope="session")
def kernels() -> SimpleNamespace:
    """The helpers above; test modules cannot import a conftest."""
    return SimpleNamespace(
        Scratch=HostileScratch,
        channels_last=channels_last,
        naive_convolution=naive_convolution,
        ORDERS=ORDERS,
        placed=placed,
        like=hostile_like,
    )
