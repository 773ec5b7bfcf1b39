"""The operations that layers compute with, compiled by numba for float32 in contiguous channels-last memory.

Other arrays are left to numpy. numba is imported by `load`, or when the first operation runs, because that takes a
quarter of a second.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from graphnn.errors import GraphError
from graphnn.kernels import activations as numpy_activations
from graphnn.kernels.activations import Activation, Gated, PassBack, ScratchLike
from graphnn.kernels.algorithms import (
    TILES_RATE,
    Algorithm,
    Estimates,
    fastest_forward,
    has_choice,
    im2col_seconds,
    kernel_seconds,
    tiles_and_points,
    winograd_seconds,
)
from graphnn.kernels.convolution import Scratch, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.kernels import Kernels, SavedMemory
from graphnn.kernels.numba_algorithms import CompiledIm2col, CompiledWinograd
from graphnn.kernels.vectors import WIDTH, contiguous, flat, sizes, whole_vectors
from graphnn.kernels.winograd import Winograd
from graphnn.types import Array

WRITE_RATE = 10e9  # bytes per second that the transforms write on one thread, measured
CACHED_WRITE_RATE = 25e9  # the same in inference, where what is read was just written
DIRECT_RATE = 55e9  # multiply-adds per second of the direct algorithm, measured
IM2COL = CompiledIm2col()


def estimates(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates:
    """Return the estimated seconds per image on one thread, by algorithm; see `Estimator`."""
    if not has_choice(window):
        return {}
    options: dict[Algorithm, float] = {IM2COL: im2col_seconds(channels, output, filters)}
    if min(channels, filters) >= WIDTH:
        tiles, points = tiles_and_points(4, output)
        vectors = -(-channels // WIDTH) - (-filters // WIDTH)
        seconds = points * channels * filters / TILES_RATE + 4 * points * WIDTH * vectors / WRITE_RATE
        fixed = kernel_seconds(points, channels, filters) if gradient else 0
        options[CompiledWinograd()] = tiles * seconds + fixed
    else:
        options[Winograd(4)] = winograd_seconds(4, channels, output, filters, gradient=gradient)
    options[Winograd(2)] = winograd_seconds(2, channels, output, filters, gradient=gradient)
    return options


def forward_estimates(window: Window, channels: int, output: Pair, filters: int, *, gradient: bool) -> Estimates:
    """Return the estimates for the output of a convolution in inference, with sixteen filters or more."""
    from graphnn.kernels.direct import DIRECT  # for inference only

    work = math.prod(window.kernel) * channels * filters * math.prod(output)
    options: dict[Algorithm, float] = {DIRECT: work / DIRECT_RATE}
    if has_choice(window) and channels >= WIDTH:
        tiles, points = tiles_and_points(4, output)
        vectors = -(-channels // WIDTH) - (-filters // WIDTH)
        seconds = points * channels * filters / TILES_RATE + 4 * points * WIDTH * vectors / CACHED_WRITE_RATE
        options[CompiledWinograd()] = tiles * seconds
    return options


class CompiledKernels(Kernels):
    """The operations compiled by numba: each passes over memory once."""

    name = "numba"
    fuses_activations = True
    estimates = staticmethod(estimates)
    im2col = IM2COL

    def load(self) -> None:
        try:
            from numba.core.registry import cpu_target

            from graphnn.kernels.compiled import activations, direct, im2col, normalization, pooling, winograd  # noqa: F401

            cpu_target.target_context.refresh()  # 14 MB that processes share if it is there before they are forked
        except (ImportError, OSError) as error:  # a numba that does not support this numpy, or too little memory for it
            raise GraphError(
                f"numba is installed, but cannot be used: {error}; --kernels numpy does without"
            ) from error

    def forward_algorithm(self, count: int, window: Window, channels: int, size: Pair, filters: int) -> Algorithm:
        if filters < WIDTH:
            return super().forward_algorithm(count, window, channels, size, filters)
        return fastest_forward(count, window, channels, size, filters, forward_estimates, IM2COL)

    def max_pool(self, x: Array, window: Window, y: Array) -> None:
        if not whole_vectors(x, y):
            super().max_pool(x, window, y)
            return
        from graphnn.kernels.compiled import pooling

        pooling.max_pool(flat(x), sizes(x), window.kernel, window.strides, y.shape[2:], flat(y))

    def bind_max_pool(self, x: Array, window: Window, y: Array, scratch: Scratch) -> Callable[[], None]:
        if not whole_vectors(x, y):
            return super().bind_max_pool(x, window, y, scratch)
        from graphnn.kernels.compiled import pooling

        return partial(pooling.max_pool, flat(x), sizes(x), window.kernel, window.strides, y.shape[2:], flat(y))

    def max_pool_gradient(self, x: Array, y: Array, dy: Array, window: Window, dx: Array, scratch: Scratch) -> None:
        if not whole_vectors(x, y, dy, dx) or window.strides != window.kernel:  # windows that overlap, or leave gaps
            super().max_pool_gradient(x, y, dy, window, dx, scratch)
            return
        from graphnn.kernels.compiled import pooling

        pooling.max_pool_gradient(
            flat(x), flat(y), flat(dy), sizes(x), window.kernel, window.strides, y.shape[2:], flat(dx)
        )

    def activate(self, activation: Gated, x: Array, y: Array, saved: SavedMemory, like: ScratchLike) -> PassBack:
        if not contiguous(x, y):
            return super().activate(activation, x, y, saved, like)
        from graphnn.kernels.compiled import activations

        kind = activations.CODES[activation]
        activations.activate(flat(x), kind, flat(y))

        def pass_back(dy: Array) -> None:
            if contiguous(x, dy):
                activations.pass_back(flat(x), kind, flat(dy))
            else:
                numpy_activations.pass_back(activation, x, dy, like)

        return pass_back

    def moments(self, x: Array, like: ScratchLike) -> tuple[Array, Array]:
        if not whole_vectors(x):
            return super().moments(x, like)
        centre = np.empty(x.shape[1], np.float32)
        mean, squares = (np.empty(x.shape[1], np.float64) for _ in range(2))
        from graphnn.kernels.compiled import normalization

        normalization.moments(flat(x), x.shape[1], centre, mean, squares)
        return mean, squares

    def normalise(
        self, x: Array, factor: Array, shift: Array, y: Array, like: ScratchLike, *, activation: Activation | None
    ) -> None:
        if not whole_vectors(x, y):
            super().normalise(x, factor, shift, y, like, activation=activation)
            return
        from graphnn.kernels.compiled import activations, normalization

        normalization.normalise(flat(x), x.shape[1], factor, shift, activations.CODES[activation], flat(y))

    def gradient_sums(
        self,
        x: Array,
        dy: Array,
        mean: Array,
        factor: Array,
        shift: Array,
        like: ScratchLike,
        *,
        activation: Activation | None,
    ) -> tuple[Array, Array]:
        if not whole_vectors(x, dy):
            return super().gradient_sums(x, dy, mean, factor, shift, like, activation=activation)
        sums, products = (np.empty(x.shape[1], np.float64) for _ in range(2))
        from graphnn.kernels.compiled import activations, normalization

        kind = activations.CODES[activation]
        normalization.gradient_sums(flat(x), flat(dy), x.shape[1], mean, factor, shift, kind, sums, products)
        return sums, products

    def normalise_gradient(
        self,
        x: Array,
        dy: Array,
        factor: Array,
        shift: Array,
        slope: Array,
        offset: Array,
        like: ScratchLike,
        *,
        activation: Activation | None,
    ) -> None:
        if not whole_vectors(x, dy):
            super().normalise_gradient(x, dy, factor, shift, slope, offset, like, activation=activation)
            return
        from graphnn.kernels.compiled import normalization

        relu = activation == "relu"
        normalization.normalise_gradient(flat(x), flat(dy), x.shape[1], factor, shift, slope, offset, relu)


NUMBA = CompiledKernels()
