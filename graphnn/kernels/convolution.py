"""Convolution in channels-last memory: windows gathered in blocks that fit the second-level cache, then GEMM.

All functions take N×C×H×W arrays in any memory order, and are fast where that order is N×H×W×C.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import pixels, pixels_per_row, repeated, with_channels
from graphnn.kernels.im2col import Pair, output_size
from graphnn.types import Array, Shape

# An im2col matrix that leaves the cache costs more than the GEMM that reads it: at 32×32, 32→32 channels the GEMM
# ran at 105 GFLOP/s over matrices of 1.2 to 9 MB, but the copy took 0.046 ms an image at 1.2 MB and 0.060 at 9 MB.
BLOCK_BYTES = 5 * 2**18


class Scratch(Protocol):
    """Allocates memory that is valid until the call ends; see `Context.scratch`."""

    def __call__(self, name: str, shape: Shape, dtype: Any, *, zeroed: bool = False) -> Array: ...


@frozen_dataclass
class Epilogue:
    """What is applied to a convolution's output while it is in the cache: one bias per filter, if any, then ReLU."""

    biases: Array | None = None
    relu: bool = False


NO_EPILOGUE = Epilogue()


def apply_epilogue(y: Array, epilogue: Epilogue) -> None:
    """Add the biases to y (n, D, H, W) and apply ReLU, in place."""
    if epilogue.biases is not None:
        with_channels(np.add, y, epilogue.biases, y)
    if epilogue.relu:
        np.maximum(y, 0, out=y)


def bind_epilogue(y: Array, epilogue: Epilogue) -> Callable[[], None]:
    """Return a function that does what `apply_epilogue` does, as often as it is called; y: in channels-last memory."""
    rows = pixels(y)
    per_row = pixels_per_row(len(rows), y.shape[1])
    rows = rows.reshape(-1, per_row * y.shape[1])
    biases = None if epilogue.biases is None else repeated(epilogue.biases, per_row)

    def run() -> None:
        if biases is not None:
            np.add(rows, biases, rows)
        if epilogue.relu:
            np.maximum(rows, 0, out=rows)

    return run


@frozen_dataclass
class Window:
    """The window of a convolution or pooling: kernel size, strides and padding on both sides, as (height, width)."""

    kernel: Pair
    strides: Pair = (1, 1)
    before: Pair = (0, 0)
    after: Pair = (0, 0)

    def output(self, size: Pair) -> Pair:
        """Return the (height, width) of the output for an input of `size`; 0 or negative where no window fits."""
        (height, width), (kernel_h, kernel_w), (stride_h, stride_w) = size, self.kernel, self.strides
        (top, left), (bottom, right) = self.before, self.after
        return output_size(height, kernel_h, stride_h, top, bottom), output_size(width, kernel_w, stride_w, left, right)

    @property
    def padded(self) -> bool:
        """Whether there is any padding."""
        return any((*self.before, *self.after))

    def padded_size(self, size: Pair) -> Pair:
        """Return the (height, width) of an image of `size` with its padding."""
        (top, left), (bottom, right) = self.before, self.after
        return size[0] + top + bottom, size[1] + left + right

    @property
    def pointwise(self) -> bool:
        """Whether each window is exactly one pixel, so that the convolution is a plain matrix product."""
        return self.kernel == self.strides == (1, 1) and self.before == self.after == (0, 0)

    @property
    def rotated(self) -> "Window | None":
        """The window with which dY is convolved with the rotated kernel to give the input gradient.

        None where that is not possible: with strides above 1, or padding above the kernel size − 1.
        """
        before = (self.kernel[0] - 1 - self.before[0], self.kernel[1] - 1 - self.before[1])
        after = (self.kernel[0] - 1 - self.after[0], self.kernel[1] - 1 - self.after[1])
        if self.strides != (1, 1) or min(before + after) < 0:
            return None
        return Window(self.kernel, (1, 1), before, after)


def blocks(n: int, bytes_per_image: int, most_bytes: int | None = None) -> Iterator[slice]:
    """Yield slices of n images, each of which takes about `most_bytes` (by default BLOCK_BYTES) or is one image."""
    step = max(1, (most_bytes or BLOCK_BYTES) // max(1, bytes_per_image))
    for start in range(0, n, step):
        yield slice(start, min(n, start + step))


def window_bytes(x: Array, window: Window) -> int:
    """Return the size in bytes of the gathered windows of one image of x (n, C, H, W)."""
    _, channels, height, width = x.shape
    out_h, out_w = window.output((height, width))
    size: int = out_h * out_w * window.kernel[0] * window.kernel[1] * channels * x.itemsize
    return size


def gather(x: Array, window: Window, scratch: Scratch) -> Array:
    """Return the windows of x (n, C, H, W) as the rows of a matrix (n·H_out·W_out, Kh·Kw·C).

    With channels last, one kernel row of a window is a run of Kw·C contiguous values: the gather is a strided copy of
    Kh runs per window, from a zero-padded copy of the images.
    """
    rows, copies = bind_gather(x, window, scratch)
    for target, source in copies:
        np.copyto(target, source)
    return rows


def bind_gather(x: Array, window: Window, scratch: Scratch) -> tuple[Array, list[tuple[Array, Array]]]:
    """Return the matrix that `gather` returns, and the copies, (to, from) in order, that fill it."""
    x = x.transpose(0, 2, 3, 1)
    n, height, width, channels = x.shape
    if window.pointwise and x.flags.c_contiguous:
        return x.reshape(-1, channels), []
    copies = []
    (top, left), (kernel_h, kernel_w), (stride_h, stride_w) = window.before, window.kernel, window.strides
    if window.padded or not x.flags.c_contiguous:
        # the name contains the offset of the images: another offset would leave values in the padding of this one
        name = f"padded at {top}, {left}"
        padded = scratch(name, (n, *window.padded_size((height, width)), channels), x.dtype, zeroed=True)
        copies.append((padded[:, top : top + height, left : left + width], x))
        x = padded
    out_h, out_w = window.output((height, width))
    s_n, s_h, s_w, _ = x.strides  # the stride of an axis of length 1 may be any number: it is never used
    runs = strided_view(
        x,
        (n, out_h, out_w, kernel_h, kernel_w * channels),
        (s_n, stride_h * s_h, stride_w * s_w, s_h, x.itemsize),
    )
    rows = scratch("windows", (n, out_h, out_w, kernel_h, kernel_w * channels), x.dtype)
    copies.append((rows, runs))
    return rows.reshape(n * out_h * out_w, -1), copies


def bind_products(
    copies: list[tuple[Array, Array]], windows: Array, weights: Array, products: Array, y: Array, epilogue: Epilogue
) -> Callable[[], None]:
    """Return a function that makes the copies, (to, from) in order, and writes windows·weights plus epilogue into y.

    products: the memory of y as the product's matrices.
    """
    finish = bind_epilogue(y, epilogue)

    def run() -> None:
        for target, source in copies:
            np.copyto(target, source)
        np.matmul(windows, weights, products)
        finish()

    return run


Gather = Callable[[Array, Window, Scratch], Array]


def strided_view(x: Array, shape: Shape, strides: tuple[int, ...]) -> Array:
    """Return contiguous x with another shape and strides, which must stay within x (1 µs; as_strided takes 12)."""
    return np.ndarray(shape, x.dtype, x.data, strides=strides)


def as_matrix(weights: Array) -> Array:
    """Return weights (D, C, Kh, Kw) as (Kh·Kw·C, D): a view where the memory order is Kh, Kw, C, D."""
    return weights.transpose(2, 3, 1, 0).reshape(-1, len(weights))


def rotated(weights: Array) -> Array:
    """Return weights (D, C, Kh, Kw) rotated by 180°, with D and C exchanged: a view (C, D, Kh, Kw)."""
    return weights[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)


def convolve(
    x: Array,
    weights: Array,
    window: Window,
    y: Array,
    scratch: Scratch,
    epilogue: Epilogue = NO_EPILOGUE,
    gather: Gather = gather,
) -> None:
    """Write the cross-correlation of x (n, C, H, W) with weights (D, C, Kh, Kw) into y (n, D, H_out, W_out).

    y must be in channels-last memory. gather: the function that gathers the windows.
    """
    matrix = as_matrix(weights)
    for block in blocks(len(x), window_bytes(x, window)):
        np.matmul(gather(x[block], window, scratch), matrix, out=pixels(y[block]))
        apply_epilogue(y[block], epilogue)


def weights_gradient(x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch, gather: Gather = gather) -> None:
    """Write Σ windowᵀ·dY over all positions and images into dW (D, C, Kh, Kw); fastest in memory order Kh, Kw, C, D."""
    matrix = as_matrix(dW)
    for block in blocks(len(x), window_bytes(x, window)):
        rows = gather(x[block], window, scratch)
        if block.start == 0:
            np.matmul(rows.T, pixels(dy[block]), out=matrix)
        else:
            matrix += np.matmul(rows.T, pixels(dy[block]), out=scratch("dW of a block", matrix.shape, dW.dtype))
    if not np.may_share_memory(matrix, dW):  # another memory order
        ordered = dW.transpose(2, 3, 1, 0)
        ordered[...] = matrix.reshape(ordered.shape)


def input_gradient(dy: Array, weights: Array, window: Window, dx: Array, scratch: Scratch) -> None:
    """Write the gradient of the input into dx (n, C, H, W) by adding the windows' contributions: for strides above 1.

    Each of the Kh·Kw kernel positions is one strided addition, within which no two windows overlap.
    """
    matrix = as_matrix(weights)
    n, channels, height, width = dx.shape
    (top, left), (bottom, right) = window.before, window.after
    (kernel_h, kernel_w), (stride_h, stride_w) = window.kernel, window.strides
    out_h, out_w = dy.shape[2:]
    rows = scratch("contributions", (n * out_h * out_w, len(matrix)), dx.dtype)
    contributions = np.matmul(pixels(dy), matrix.T, out=rows).reshape(n, out_h, out_w, kernel_h, kernel_w, channels)
    padded = scratch("padded dx", (n, height + top + bottom, width + left + right, channels), dx.dtype)
    padded[...] = 0
    for row in range(kernel_h):
        for column in range(kernel_w):
            target = padded[:, row : row + stride_h * out_h : stride_h, column : column + stride_w * out_w : stride_w]
            target += contributions[:, :, :, row, column]
    dx.transpose(0, 2, 3, 1)[...] = padded[:, top : top + height, left : left + width]
