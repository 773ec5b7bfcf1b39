"""The operations on images that layers ask for, by name, so that faster ones can take their place."""

from typing import Any, Protocol

import numpy as np

from graphnn.kernels import activations, pooling
from graphnn.kernels.activations import Activation, Gated, Like, PassBack
from graphnn.kernels.algorithms import IM2COL, Algorithms, Estimate, choose, numpy_estimates
from graphnn.kernels.channels import channel_products, channel_sums, with_channels
from graphnn.kernels.convolution import Scratch, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.types import Array, Shape


class Keep(Protocol):
    """Hands out memory by name that lives until backward is done; see `Context.keep`."""

    def __call__(self, name: str, shape: Shape, dtype: Any) -> Array: ...


class Kernels:
    """The operations, by numpy alone. All work on (n, C, H, W) or (n, F); "each channel" is each of axis 1.

    fuses_activations: whether an activation after a normalisation takes no passes over memory of its own.
    """

    name = "numpy"
    fuses_activations = False
    estimates: Estimate = staticmethod(numpy_estimates)
    im2col: Im2col = IM2COL

    def load(self) -> None:
        """Import what is needed, before processes are forked. Raises GraphError where that fails."""

    def algorithms(self, window: Window, channels: int, size: Pair, filters: int) -> Algorithms:
        """Return how a convolution of images (channels, *size) is computed."""
        return choose(window, channels, size, filters, self.estimates, self.im2col)

    def max_pool(self, x: Array, window: Window, y: Array) -> None:
        """Write the maximum of each window of x into y."""
        pooling.max_pool(x, window, y)

    def max_pool_gradient(self, x: Array, y: Array, dy: Array, window: Window, dx: Array, scratch: Scratch) -> None:
        """Write into dx the sum of dy over the windows in which the pixel is the first maximum in row-major order."""
        pooling.max_pool_gradient(x, y, dy, window, dx, scratch)

    def activate(self, activation: Gated, x: Array, y: Array, keep: Keep, like: Like) -> PassBack:
        """Write f(x) into y, and return what multiplies dy by f′(x) in place. keep: gives memory that lives so long.

        The gate is kept, because numpy computes another exponential in twice the time of all the rest of backward.
        """
        gate = activations.gate_of(activation, x, keep("gate", x.shape, x.dtype))
        np.multiply(x, gate, out=y)
        return lambda dy: activations.pass_through_gate(activation, x, gate, dy, like)

    def moments(self, x: Array, like: Like) -> tuple[Array, Array]:
        """Return the mean of each channel, and the sum of the squares around it.

        Not around 0: where |mean| is far above the deviation the squares would cancel, and lose all of float32's digits
        at a ratio of 1000.
        """
        mean = channel_sums(x) / x.dtype.type(x.size // x.shape[1])
        centred = with_channels(np.subtract, x, mean, like(x, "centred"))
        return mean, channel_products(centred, centred)

    def normalise(
        self, x: Array, factor: Array, shift: Array, y: Array, like: Like, *, activation: Activation | None
    ) -> None:
        """Write factor·x + shift of each channel, activated, into y."""
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
        like: Like,
        *,
        activation: Activation | None,
    ) -> tuple[Array, Array]:
        """Return Σ dy and Σ dy·(x − mean) of each channel, where dy is that before the activation.

        Given is that after it. What is left in dy is for `normalise_gradient`, and for nothing else.
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
        like: Like,
        *,
        activation: Activation | None,
    ) -> None:
        """Write factor·dy + slope·x + offset of each channel into dy, as `gradient_sums` has left it."""
        with_channels(np.multiply, dy, factor, dy)
        share = with_channels(np.multiply, x, slope, like(x, "share"))
        dy += with_channels(np.add, share, offset, share)


NUMPY = Kernels()
