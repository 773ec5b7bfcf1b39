"""The im2col algorithm: convolution as GEMM over gathered windows, for any window."""

import math
from collections.abc import Callable
from functools import partial

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels import convolution
from graphnn.kernels.channels import pixels
from graphnn.kernels.convolution import (
    BLOCK_BYTES,
    NO_EPILOGUE,
    Epilogue,
    Scratch,
    Window,
    as_matrix,
    bind_gather,
    bind_products,
    window_bytes,
)
from graphnn.types import Array

Allocate = Callable[[int], Array]  # returns memory for that many elements, valid until the step ends


@frozen_dataclass
class Im2col:
    """GEMM over gathered windows, for any window; over the pixels themselves for a 1×1 kernel.

    The prepared weights are (D, C, Kh, Kw) in memory order Kh, Kw, C, D.
    """

    name: str = "im2col"

    @property
    def start_seconds(self) -> float:
        return 2e-6

    def values_per_filter(self, window: Window) -> int:
        return math.prod(window.kernel)

    def parts(self, channels: int, filters: int) -> list[slice]:
        return [slice(0, channels)]

    def prepare(self, weights: Array, allocate: Allocate, part: slice | None = None) -> Array:
        ordered, some = weights.transpose(2, 3, 1, 0), part or slice(None)
        if ordered.flags.c_contiguous:
            return weights
        copy = allocate(weights.size).reshape(ordered.shape)
        copy[:, :, some] = ordered[:, :, some]
        return copy.transpose(3, 2, 0, 1)

    def gather(self, x: Array, window: Window, scratch: Scratch) -> Array:
        """Return the windows of x as the rows of a matrix."""
        return convolution.gather(x, window, scratch)

    def convolve(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        convolution.convolve(x, prepared, window, y, scratch, epilogue, self.gather)

    def bind(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> Callable[[], None]:
        if len(x) * window_bytes(x, window) > BLOCK_BYTES:
            return partial(self.convolve, x, prepared, window, y, scratch, epilogue)
        rows, copies = bind_gather(x, window, scratch)
        return bind_products(copies, rows, as_matrix(prepared), pixels(y), y, epilogue)

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        convolution.weights_gradient(x, dy, window, dW, scratch, self.gather)
