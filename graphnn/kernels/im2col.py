"""The course's im2col: convolution as one matrix product over gathered windows.

It is written with index arrays for clarity, and is the reference that the faster algorithms are tested against.
"""

from typing import Literal, overload

import numpy as np

from graphnn.types import Array

Pair = tuple[int, int]
PaddingMode = Literal["same", "valid"] | int


@overload
def determine_padding(kernel_size: int, mode: PaddingMode) -> tuple[int, int]: ...
@overload
def determine_padding(kernel_size: Pair, mode: PaddingMode | Pair) -> tuple[Pair, Pair]: ...
def determine_padding(kernel_size: int | Pair, mode: PaddingMode | Pair) -> tuple[int, int] | tuple[Pair, Pair]:
    """Return the padding (before, after) for a kernel size K; a pair of sizes gives a pair for each.

    "same" pads ⌊(K−1)/2⌋ zeros before and ⌈(K−1)/2⌉ after, so that stride 1 keeps the size; "valid" pads none; an
    integer (or one per axis) is the padding on both sides. Raises ValueError for any other mode.
    """
    if not isinstance(kernel_size, int):
        modes = mode if isinstance(mode, tuple | list) else (mode, mode)
        (top, bottom), (left, right) = (
            determine_padding(size, axis_mode) for size, axis_mode in zip(kernel_size, modes, strict=True)
        )
        return (top, left), (bottom, right)
    if mode == "same":
        return (kernel_size - 1) // 2, kernel_size // 2
    if mode == "valid":
        return 0, 0
    if isinstance(mode, int) and mode >= 0:
        return mode, mode
    raise ValueError(f'padding must be "same", "valid" or an integer ≥ 0, not {mode!r}')


def pair(value: int | Pair) -> Pair:
    """Return a number as (number, number), and a pair as it is."""
    if isinstance(value, int):
        return value, value
    first, second = value
    return first, second


def sides(padding: int | tuple[int, int] | tuple[Pair, Pair]) -> tuple[Pair, Pair]:
    """Return a padding (one number, (before, after), or two pairs) as the (height, width) pairs before and after."""
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    before, after = padding
    return pair(before), pair(after)


def output_size(size: int, kernel: int, stride: int, before: int, after: int) -> int:
    """Return the output size along one axis, ⌊(size − kernel + before + after) / stride⌋ + 1."""
    return (size - kernel + before + after) // stride + 1


def get_im2col_indices(
    shape: tuple[int, int, int, int],
    kernel: int | Pair,
    padding: int | tuple[int, int] | tuple[Pair, Pair] = 0,
    stride: int | Pair = 1,
) -> tuple[Array, Array, Array]:
    """Return index arrays (k, i, j) such that padded[:, k, i, j] contains every window of the padded images.

    shape: (n, C, H, W) before padding. k: channels, (C·Kh·Kw, 1); i and j: rows and columns, (C·Kh·Kw, H_out·W_out).
    Axis 0 is ordered by channel, kernel row, kernel column; axis 1 by output row, output column.
    """
    _, channels, height, width = shape
    (kernel_h, kernel_w), (stride_h, stride_w) = pair(kernel), pair(stride)
    (top, left), (bottom, right) = sides(padding)
    out_h = output_size(height, kernel_h, stride_h, top, bottom)
    out_w = output_size(width, kernel_w, stride_w, left, right)
    k, row, column = (axis.reshape(-1, 1) for axis in np.indices((channels, kernel_h, kernel_w)))
    out_row, out_column = (axis.reshape(1, -1) for axis in np.indices((out_h, out_w)))
    return k, row + stride_h * out_row, column + stride_w * out_column


def im2col(
    x: Array,
    kernel: int | Pair,
    padding: int | tuple[int, int] | tuple[Pair, Pair] = 0,
    stride: int | Pair = 1,
) -> Array:
    """Return the windows of x (n, C, H, W) as the columns of a matrix (C·Kh·Kw, H_out·W_out·n).

    Columns are ordered by position, then by sample.
    """
    n, channels, height, width = x.shape
    (top, left), (bottom, right) = sides(padding)
    k, i, j = get_im2col_indices((n, channels, height, width), kernel, padding, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = padded[:, k, i, j]  # (n, C·Kh·Kw, positions)
    return windows.transpose(1, 2, 0).reshape(len(k), -1)


def col2im(
    columns: Array,
    shape: tuple[int, int, int, int],
    kernel: int | Pair,
    padding: int | tuple[int, int] | tuple[Pair, Pair] = 0,
    stride: int | Pair = 1,
) -> Array:
    """Return images of `shape` to which each column of `im2col` has been added at its window; overlaps add up."""
    n, channels, height, width = shape
    (top, left), (bottom, right) = sides(padding)
    k, i, j = get_im2col_indices(shape, kernel, padding, stride)
    padded = np.zeros((n, channels, height + top + bottom, width + left + right), columns.dtype)
    windows = columns.reshape(len(k), -1, n).transpose(2, 0, 1)
    np.add.at(padded.transpose(1, 2, 3, 0), (k, i, j), windows.transpose(1, 2, 0))
    return padded[:, :, top : top + height, left : left + width]


def convolve(x: Array, weights: Array, padding: tuple[Pair, Pair], stride: Pair) -> Array:
    """Return the cross-correlation of x (n, C, H, W) with weights (D, C, Kh, Kw) as one product W·im2col(x)."""
    n, _, height, width = x.shape
    (top, left), (bottom, right) = padding
    filters, _, *kernel = weights.shape
    out_h = output_size(height, kernel[0], stride[0], top, bottom)
    out_w = output_size(width, kernel[1], stride[1], left, right)
    columns = im2col(x, (kernel[0], kernel[1]), padding, stride)
    return (weights.reshape(filters, -1) @ columns).reshape(filters, out_h, out_w, n).transpose(3, 0, 1, 2)


def convolve_backward(
    x: Array, weights: Array, dy: Array, padding: tuple[Pair, Pair], stride: Pair
) -> tuple[Array, Array]:
    """Return (dx, dW) of `convolve`: dx = col2im(Wᵀ·dY), dW = dY·im2col(x)ᵀ."""
    filters, _, *kernel = weights.shape
    size = (kernel[0], kernel[1])
    rows = dy.transpose(1, 2, 3, 0).reshape(filters, -1)
    dW = (rows @ im2col(x, size, padding, stride).T).reshape(weights.shape)
    n, channels, height, width = x.shape
    dx = col2im(weights.reshape(filters, -1).T @ rows, (n, channels, height, width), size, padding, stride)
    return dx, dW
