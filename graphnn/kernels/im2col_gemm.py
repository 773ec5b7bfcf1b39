"""Convolution as GEMM over gathered windows, for any window."""

from collections.abc import Callable
from dataclasses import dataclass

from graphnn.kernels import convolution
from graphnn.kernels.convolution import NOTHING, Afterwards, Scratch, Window
from graphnn.types import Array

Keep = Callable[[int], Array]  # returns that many elements of memory that lives for the step


@dataclass(frozen=True)
class Im2col:
    """GEMM over gathered windows, for any window; over the pixels themselves where the kernel is 1×1."""

    name: str = "im2col"

    def prepare(self, weights: Array, keep: Keep) -> Array:
        ordered = weights.transpose(2, 3, 1, 0)
        if ordered.flags.c_contiguous:
            return weights
        copy = keep(weights.size).reshape(ordered.shape)
        copy[...] = ordered
        return copy.transpose(3, 2, 0, 1)

    def gather(self, x: Array, window: Window, scratch: Scratch) -> Array:
        """Return the windows of x as the rows of a matrix."""
        return convolution.gather(x, window, scratch)

    def convolve(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, after: Afterwards = NOTHING
    ) -> None:
        convolution.convolve(x, prepared, window, y, scratch, after, self.gather)

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        convolution.weights_gradient(x, dy, window, dW, scratch, self.gather)
