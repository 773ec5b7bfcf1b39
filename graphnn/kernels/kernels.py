"""The operations that layers compute with, in numpy; faster kernels derive from `Kernels` and replace some of them."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from graphnn.kernels import activations, pooling
from graphnn.kernels.activations import Activation, Gated, PassBack, ScratchLike
from graphnn.kernels.algorithms import (
    IM2COL,
    Algorithm,
    Algorithms,
    Estimator,
    choose,
    fastest_forward,
    numpy_estimates,
)
from graphnn.kernels.channels import channel_products, channel_sums, with_channels
from graphnn.kernels.convolution import Scratch, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.kernels.planar import FEW_CHANNELS
from graphnn.types import Array, Shape


class SavedMemory(Protocol):
    """Allocates memory, by name, that is valid until backward has run; see `Context.keep`."""

    def __call__(self, name: str, shape: Shape, dtype: Any) -> Array: ...


class Kernels:
    """The operations in numpy. Arrays are (n, C, H, W) or (n, F); the channels are axis 1.

    fuses_activations: whether an activation after a normalisation needs no further pass over memory.
    """

    name = "numpy"
    fuses_activations = False
    estimates: Estimator = staticmethod(numpy_estimates)
    im2col: Im2col = IM2COL

    def load(self) -> None:
        """Import what the kernels need, before processes are forked. Raises GraphError where that fails."""

    def algorithms(self, window: Window, channels: int, size: Pair, filters: int) -> Algorithms:
        """Return the algorithms for the convolution of images (channels, *size) with this window."""
        return choose(window, channels, size, filters, self.estimates, self.im2col)

    def forward_algorithm(self, count: int, window: Window, channels: int, size: Pair, filters: int) -> Algorithm:
        """Return the algorithm that computes the output of so many images (channels, *size) at once in inference."""
        default = choose(window, channels, size, filters, self.estimates, self.im2col).forward
        if window.pointwise or channels <= FEW_CHANNELS:
            return default
        return fastest_forward(count, window, channels, size, filters, self.estimates, default)

    def max_pool(self, x: Array, window: Window, y: Array) -> None:
        """Write the maximum of each window of x into y."""
        pooling.max_pool(x, window, y)

    def bind_max_pool(self, x: Array, window: Window, y: Array, scratch: Scratch) -> Callable[[], None]:
        """Return a function that does what `max_pool` does, as often as it is called, for values in the same memory."""
        return pooling.bind_max_pool(x, window, y, scratch)

    def max_pool_gradient(self, x: Array, y: Array, dy: Array, window: Window, dx: Array, scratch: Scratch) -> None:
        """Write into dx the sum of dy over the windows in which the pixel is the first maximum in row-major order."""
        pooling.max_pool_gradient(x, y, dy, window, dx, scratch)

    def activate(self, activation: Gated, x: Array, y: Array, saved: SavedMemory, like: ScratchLike) -> PassBack:
        """Write f(x) into y, and return a function that multiplies dy by f′(x) in place.

        The gate is saved for it: in numpy, another exponential takes twice the time of all the rest of backward.
        """
        gate = activations.gate_of(activation, x, saved("gate", x.shape, x.dtype))
        np.multiply(x, gate, out=y)
        return lambda dy: activations.pass_through_gate(activation, x, gate, dy, like)

    def moments(self, x: Array, like: ScratchLike) -> tuple[Array, Array]:
        """Return the mean of each channel, and the sum of the squared deviations from it: each (C,), in float64.

        Squares of x itself would cancel where |mean| is far above the standard deviation: at a ratio of 1000, all
        digits of float32 are lost.
        """
        count = x.size // x.shape[1]
        mean = channel_sums(x) / count
        centre = mean.astype(x.dtype)
        centred = with_channels(np.subtract, x, centre, like(x, "centred"))
        return mean, channel_products(centred, centred) - count * np.square(mean - centre)

    def normalise(
        self, x: Array, factor: Array, shift: Array, y: Array, like: ScratchLike, *, activation: Activation | None
    ) -> None:
        """Write f(factor·x + shift) into y, where f is the activation; factor, shift: (C,)."""
        with_channels(np.multiply, x, factor, y)
        with_channels(np.add, y, shift, y)
        if activation is not None:
            activations.activate(activation, y, y, like)

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
        """Return Σ g and Σ g·(x − mean) over each channel, (C,) in float64, with g = dy·f′(factor·x + shift).

        dy: the gradient of f's output; it is overwritten with what `normalise_gradient` takes.
        """
        if activation is not None:
            y = with_channels(np.multiply, x, factor, like(x, "centred"))
            activations.pass_back(activation, with_channels(np.add, y, shift, y), dy, like)
        centred = with_channels(np.subtract, x, mean, like(x, "centred"))
        return channel_sums(dy), channel_products(dy, centred)

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
        """Write factor·g + slope·x + offset into dy; factor, slope, offset: (C,).

        dy: as left by `gradient_sums`, which defines g.
        """
        with_channels(np.multiply, dy, factor, dy)
        linear = with_channels(np.multiply, x, slope, like(x, "share"))
        dy += with_channels(np.add, linear, offset, linear)


NUMPY = Kernels()
