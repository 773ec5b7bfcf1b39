"""Which algorithm computes a convolution: chosen from shapes alone by a fixed estimate, never by the clock."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from graphnn.kernels.convolution import NOTHING, Afterwards, Scratch, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.im2col_gemm import Im2col, Keep
from graphnn.kernels.planar import FEW_CHANNELS, Planar
from graphnn.kernels.winograd import Winograd
from graphnn.types import Array

# What one thread was measured to do, float32: multiply-adds a second in GEMM over gathered windows, and in the products
# that transform the inputs, multiply the tiles and transform the outputs of Winograd; bytes a second in strided copies.
WINDOWS_RATE = 55e9
TRANSFORM_RATE, TILES_RATE, OUTPUT_RATE = 42e9, 65e9, 35e9
COPY_RATE = 12e9
GATHER_RATE = 25e9


class Algorithm(Protocol):
    """A way of computing y = W ⋆ x and the gradient of W."""

    @property
    def name(self) -> str:
        """What a plan calls it."""

    def prepare(self, weights: Array, keep: Keep) -> Array:
        """Return what `convolve` wants of weights (D, C, Kh, Kw), computed once a step."""

    def convolve(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, after: Afterwards = NOTHING
    ) -> None:
        """Write the convolution of x (n, C, H, W) into y (n, D, H_out, W_out), in channels-last memory."""

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        """Write the gradient of the weights into dW (D, C, Kh, Kw)."""


@dataclass(frozen=True)
class Algorithms:
    """The choice for one convolution. input_gradient: None where the windows' shares are added instead (strides)."""

    forward: Algorithm
    input_gradient: Algorithm | None
    weights_gradient: Algorithm


IM2COL = Im2col()


Estimates = Mapping[Algorithm, float]


class Estimate(Protocol):
    """Returns the seconds of one thread for one image by algorithm; nothing where there is one way only."""

    def __call__(self, window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates: ...

    def __hash__(self) -> int: ...


@cache
def choose(
    window: Window, channels: int, size: Pair, filters: int, estimates: Estimate, otherwise: Im2col
) -> Algorithms:
    """Return the algorithms for images (channels, *size) and so many filters: those with the least estimates."""

    def fastest(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Algorithm:
        if window.pointwise:
            return Im2col("GEMM")
        if channels <= FEW_CHANNELS:
            return Planar()
        options = estimates(window, channels, output, filters, gradient=gradient)
        return min(options, key=lambda algorithm: options[algorithm], default=otherwise)

    output = window.output(size)
    turned = window.turned
    return Algorithms(
        fastest(window, channels, output, filters, gradient=False),
        None if turned is None else fastest(turned, filters, size, channels, gradient=False),
        fastest(window, channels, output, filters, gradient=True),
    )


def numpy_estimates(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates:
    """Return the estimates for numpy's algorithms; the weights' gradient has Winograd transform its outputs too."""
    if not has_choice(window):
        return {}
    options: dict[Algorithm, float] = {IM2COL: im2col_seconds(channels, output, filters)}
    for tile in (4, 2):
        options[Winograd(tile)] = winograd_seconds(tile, channels, output, filters, gradient=gradient)
    return options


def has_choice(window: Window) -> bool:
    """Whether there is more than one algorithm for the window."""
    return window.kernel == (3, 3) and window.strides == (1, 1)


def im2col_seconds(channels: int, output: Pair, filters: int) -> float:
    """Return the estimated seconds for one image by im2col, 3×3."""
    elements = 9 * channels * output[0] * output[1]
    return elements * filters / WINDOWS_RATE + 4 * elements / GATHER_RATE


def tiles_and_points(tile: int, output: Pair) -> tuple[int, int]:
    """Return how many tiles an image has, and how many numbers a transformed one."""
    return math.ceil(output[0] / tile) * math.ceil(output[1] / tile), (tile + 2) ** 2


def winograd_seconds(tile: int, channels: int, output: Pair, filters: int, *, gradient: bool) -> float:
    """Return the estimated seconds for one image by Winograd."""
    tiles, points = tiles_and_points(tile, output)
    products = points * points * channels / TRANSFORM_RATE + points * channels * filters / TILES_RATE
    products += tile * tile * points * filters / OUTPUT_RATE
    copies = 4 * (points * channels + 2 * tile * tile * (filters + channels)) / COPY_RATE
    return tiles * (products + copies) * (1.05 if gradient else 1)
