"""The choice of a convolution's algorithm: from shapes alone, by fixed estimates, never by measuring at run time."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Scratch, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.im2col_gemm import Allocate, Im2col
from graphnn.kernels.planar import FEW_CHANNELS, Planar
from graphnn.kernels.winograd import Winograd
from graphnn.types import Array

# Measured rates of one thread, float32. Multiply-adds per second: of GEMM over gathered windows, and over the tiles of
# Winograd. Bytes per second: of the gather. Values per second: of the small matrices' products that transform tiles.
WINDOWS_RATE, TILES_RATE = 47e9, 45e9
GATHER_RATE = 15e9
TRANSFORM_RATE = 4.3e9
COPY_RATE, COPY_SECONDS = 30e9, 5e-9  # of a pixel's channels: bytes per second, and seconds before the first
KERNEL_SECONDS = 0.25e-9  # per value of a transformed kernel's gradient, which each piece sums up and transforms back
PIECE = 16  # images that share that; the pieces of small images have more

# Bytes per second of weights that are read once: those that stay in the cache from one call to the next, and others.
CACHE_RATE, MEMORY_RATE = 40e9, 10e9
CACHED = 3 * 2**20  # bytes; a network with larger weights has several of them, which drive each other out


class Algorithm(Protocol):
    """An algorithm that computes y = W ⋆ x and the gradient of W."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """The algorithm's name in a plan."""

    @property
    def start_seconds(self) -> float:
        """The estimated seconds of one call, however small the images are."""

    def values_per_filter(self, window: Window) -> int:
        """Return the number of values that `prepare` makes of one filter of one channel."""

    def parts(self, channels: int, filters: int) -> list[slice]:
        """Return the channels of each part that `prepare` computes by itself; several workers may share the parts."""

    def prepare(self, weights: Array, allocate: Allocate, part: slice | None = None) -> Array:
        """Return weights (D, C, Kh, Kw) in the form that `convolve` takes; computed once per step.

        part: one of `parts`, the only one that is computed; the others stay as they are in the memory from `allocate`.
        """

    def convolve(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        """Write the convolution of x (n, C, H, W) into y (n, D, H_out, W_out), in channels-last memory."""

    def bind(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> Callable[[], None]:
        """Return a function that does what `convolve` does, as often as it is called, for values in the same memory."""

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        """Write the gradient of the weights into dW (D, C, Kh, Kw)."""


@frozen_dataclass
class Algorithms:
    """The algorithms chosen for one convolution.

    input_gradient: None where it is no convolution (strides above 1); then the windows' contributions are added.
    """

    forward: Algorithm
    input_gradient: Algorithm | None
    weights_gradient: Algorithm


IM2COL = Im2col()


Estimates = Mapping[Algorithm, float]


class Estimator(Protocol):
    """Estimates the seconds per image on one thread, by algorithm; empty where there is no choice."""

    def __call__(self, window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates: ...

    def __hash__(self) -> int: ...


@cache
def choose(
    window: Window, channels: int, size: Pair, filters: int, estimates: Estimator, default: Im2col
) -> Algorithms:
    """Return the algorithms with the least estimates for images (channels, *size) and the number of filters.

    default: the algorithm where there is no estimate.
    """

    def fastest(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Algorithm:
        if window.pointwise:
            return Im2col("GEMM")
        if channels <= FEW_CHANNELS:
            return Planar()
        options = estimates(window, channels, output, filters, gradient=gradient)
        return min(options, key=lambda algorithm: options[algorithm], default=default)

    output = window.output(size)
    rotated = window.rotated
    return Algorithms(
        fastest(window, channels, output, filters, gradient=False),
        None if rotated is None else fastest(rotated, filters, size, channels, gradient=False),
        fastest(window, channels, output, filters, gradient=True),
    )


@cache
def fastest_forward(
    count: int, window: Window, channels: int, size: Pair, filters: int, estimates: Estimator, default: Algorithm
) -> Algorithm:
    """Return the algorithm with the least estimate for the output of so many images at once, in inference.

    Few images read the weights as often as many, and those of Winograd are up to four times as large. default: the
    algorithm where there is no estimate.
    """
    options = estimates(window, channels, window.output(size), filters, gradient=False)

    def seconds(algorithm: Algorithm) -> float:
        size = 4 * algorithm.values_per_filter(window) * channels * filters
        return (
            algorithm.start_seconds
            + count * options[algorithm]
            + size / (CACHE_RATE if size <= CACHED else MEMORY_RATE)
        )

    return min(options, key=seconds, default=default)


def numpy_estimates(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates:
    """Return the estimates for the algorithms in numpy. gradient: whether they are for the gradient of the weights."""
    if not has_choice(window):
        return {}
    options: dict[Algorithm, float] = {IM2COL: im2col_seconds(channels, output, filters)}
    for tile in (4, 2):
        options[Winograd(tile)] = winograd_seconds(tile, channels, output, filters, gradient=gradient)
    return options


def has_choice(window: Window) -> bool:
    """Whether more than one algorithm can compute convolutions with this window."""
    return window.kernel == (3, 3) and window.strides == (1, 1)


def im2col_seconds(channels: int, output: Pair, filters: int) -> float:
    """Return the estimated seconds per image of im2col with a 3×3 kernel."""
    elements = 9 * channels * output[0] * output[1]
    return elements * filters / WINDOWS_RATE + 4 * elements / GATHER_RATE


def tiles_and_points(tile: int, output: Pair) -> tuple[int, int]:
    """Return the number of tiles of an image, and the number of values of a transformed tile."""
    return math.ceil(output[0] / tile) * math.ceil(output[1] / tile), (tile + 2) ** 2


def winograd_seconds(tile: int, channels: int, output: Pair, filters: int, *, gradient: bool) -> float:
    """Return the estimated seconds per image of Winograd; the gradient of the weights transforms dY instead of Y."""
    tiles, points = tiles_and_points(tile, output)
    side = tile + 2
    inputs, outputs = side * tile + points, side * tile + (points if gradient else tile * tile)
    transforms = tiles * (inputs * channels + outputs * filters) / TRANSFORM_RATE
    copies = tiles * tile * tile * (2 * COPY_SECONDS + 4 * (channels + filters) / COPY_RATE)
    products = tiles * points * channels * filters / TILES_RATE
    return transforms + copies + products + (kernel_seconds(points, channels, filters) if gradient else 0)


def kernel_seconds(points: int, channels: int, filters: int) -> float:
    """Return an image's share of the seconds in which a piece's gradient of transformed kernels becomes that of W."""
    return points * channels * filters * KERNEL_SECONDS / PIECE
