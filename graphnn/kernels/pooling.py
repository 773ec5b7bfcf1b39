"""Pooling in channels-last memory: one strided pass over the images per position in the window."""

from collections.abc import Callable, Iterator

import numpy as np

from graphnn.kernels.channels import in_memory_order
from graphnn.kernels.convolution import Scratch, Window
from graphnn.types import Array


def shifted_views(x: Array, window: Window) -> Iterator[Array]:
    """Yield, for each window position in row-major order, the pixels of x (n, C, H, W) there: (n, C, H_out, W_out)."""
    out_h, out_w = window.output((x.shape[2], x.shape[3]))
    (kernel_h, kernel_w), (stride_h, stride_w) = window.kernel, window.strides
    for row in range(kernel_h):
        for column in range(kernel_w):
            yield x[
                :,
                :,
                row : row + stride_h * (out_h - 1) + 1 : stride_h,
                column : column + stride_w * (out_w - 1) + 1 : stride_w,
            ]


def max_pool(x: Array, window: Window, y: Array) -> None:
    """Write the maximum of each window of x into y."""
    for index, seen in enumerate(shifted_views(x, window)):
        if index:
            np.maximum(y, seen, out=y)
        else:
            y[...] = seen


def bind_max_pool(x: Array, window: Window, y: Array, scratch: Scratch) -> Callable[[], None]:
    """Return a function that writes the maximum of each window of x into y, as often as it is called.

    The maximum is taken over the rows of each window first, for whole rows of the images, whose pixels are neighbours.
    """
    n, channels, _, width = x.shape
    kernel, strides, height = window.kernel, window.strides, y.shape[2]
    rows = scratch("rows of maxima", (n, height, width, channels), x.dtype).transpose(0, 3, 1, 2)
    over_rows = folding(x, Window((kernel[0], 1), (strides[0], 1)), rows)
    over_columns = folding(rows, Window((1, kernel[1]), (1, strides[1])), y)

    def run() -> None:
        for first, second, out in over_rows:
            np.maximum(first, second, out=out)
        for first, second, out in over_columns:
            np.maximum(first, second, out=out)

    return run


def folding(x: Array, window: Window, y: Array) -> list[tuple[Array, Array, Array]]:
    """Return the operands (a, b, to) of the operations, in order, that fold each window of x into one value in y."""
    first, *others = (in_memory_order(seen) for seen in shifted_views(x, window))
    to = in_memory_order(y)
    return [(to if index else first, seen, to) for index, seen in enumerate(others)] or [(first, first, to)]


def max_pool_gradient(x: Array, y: Array, dy: Array, window: Window, dx: Array, scratch: Scratch) -> None:
    """Write into dx the sum of dy over the windows in which the pixel is the first maximum in row-major order.

    It compares x with y instead of storing an array of indices: a pixel takes the gradient of a window where it equals
    the maximum and no earlier pixel of the window does.
    """
    y, dy = in_memory_order(y), in_memory_order(dy)
    _, out_h, out_w, _ = dy.shape
    free, taken = scratch("free", dy.shape, np.bool_), scratch("taken", dy.shape, np.bool_)
    free[...] = True
    overlap = any(kernel > stride for kernel, stride in zip(window.kernel, window.strides, strict=True))
    if (
        overlap
        or window.kernel != window.strides
        or x.shape[2:] != (out_h * window.kernel[0], out_w * window.kernel[1])
    ):
        dx[...] = 0  # some pixels are in several windows, or in none
    for seen, target in zip(shifted_views(x, window), shifted_views(dx, window), strict=True):
        np.equal(in_memory_order(seen), y, out=taken)
        taken &= free
        free ^= taken
        to = in_memory_order(target)
        if overlap:
            to += np.multiply(dy, taken, out=scratch("share", dy.shape, dy.dtype))
        else:
            np.multiply(dy, taken, out=to)


def average_pool(x: Array, window: Window, y: Array) -> None:
    """Write the mean of each window of x into y."""
    y[...] = 0
    for seen in shifted_views(x, window):
        y += seen
    y /= window.kernel[0] * window.kernel[1]


def average_pool_gradient(dy: Array, window: Window, dx: Array) -> None:
    """Write into dx the sum of dy / (Kh·Kw) over the windows that contain the pixel; dy is overwritten."""
    dx[...] = 0
    dy /= window.kernel[0] * window.kernel[1]
    for target in shifted_views(dx, window):
        target += dy
