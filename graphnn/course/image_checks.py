"""The checks of `run.py unittest` for layers of images, and for im2col."""

import numpy as np

from graphnn.course.comparisons import Check, Checks, built, difference, gradients, spread
from graphnn.kernels import col2im, determine_padding, get_im2col_indices, im2col
from graphnn.kernels.im2col import PaddingMode, Pair

CONVOLUTIONS: tuple[tuple[Pair, Pair, PaddingMode | Pair], ...] = (  # kernel, strides, padding
    ((3, 3), (1, 1), "same"),
    ((2, 2), (1, 1), "same"),
    ((3, 3), (2, 2), "valid"),
    ((3, 2), (2, 1), (0, 1)),
    ((1, 1), (2, 2), 2),
)
GRID = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)  # 1 2 3 / 4 5 6 / 7 8 9


def im2col_functions() -> Checks:
    """im2col: each window of an image as a column; col2im: the transpose."""
    pads = [
        determine_padding(3, "same"),
        determine_padding(2, "same"),
        determine_padding(3, "valid"),
        determine_padding(3, 1),
    ]
    yield Check(
        "determine_padding of 3 same, 2 same, 3 valid, 3 by 1", difference(pads, [[1, 1], [0, 1], [0, 0], [1, 1]])
    )
    k, i, j = get_im2col_indices((1, 2, 3, 3), 2, (0, 0), 1)
    yield Check("indices: channels", difference(k[:, 0], [0, 0, 0, 0, 1, 1, 1, 1]))
    yield Check(
        "indices: rows of the first and last window", difference(i[:4, [0, 3]], [[0, 1], [0, 1], [1, 2], [1, 2]])
    )
    yield Check(
        "indices: columns of the first and last window", difference(j[:4, [0, 3]], [[0, 1], [1, 2], [0, 1], [1, 2]])
    )
    two = np.concatenate([GRID, GRID + 10])
    expected = [
        [1, 11, 2, 12, 4, 14, 5, 15],
        [2, 12, 3, 13, 5, 15, 6, 16],
        [4, 14, 5, 15, 7, 17, 8, 18],
        [5, 15, 6, 16, 8, 18, 9, 19],
    ]
    yield Check("im2col: columns by position, then by sample", difference(im2col(two, 2), expected))
    padded = [[0, 0, 0, 5], [0, 0, 4, 6], [0, 2, 0, 8], [1, 3, 7, 9]]
    yield Check("im2col with padding 1 and stride 2", difference(im2col(GRID, 2, 1, 2), padded))
    counts = col2im(np.ones((4, 4)), (1, 1, 3, 3), 2)
    yield Check("col2im adds overlaps", difference(counts, [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]))
    x = spread(2, 3, 5, 4)
    columns = im2col(x, (3, 2), ((1, 0), (1, 1)), (2, 1))
    other = spread(*columns.shape)
    back = col2im(other, (2, 3, 5, 4), (3, 2), ((1, 0), (1, 1)), (2, 1))
    yield Check("col2im is the transpose of im2col", abs(float((columns * other).sum() - (x * back).sum())), 1e-9)


def conv() -> Checks:
    """Conv2D: a filter applied at each position of an image."""
    layer = built("Conv2D", (1, 3, 3), filters=1, kernel_size=2, padding="valid")
    layer.weights, layer.biases = [[[[1, 2], [3, 4]]]], [1]
    yield Check("forward, valid", difference(layer.forward(GRID), [[[[38, 48], [68, 78]]]]))
    dx = layer.backward([[[[1, 1], [1, 1]]]])
    yield Check("gradient of x", difference(dx, [[[[1, 3, 2], [4, 10, 6], [3, 7, 4]]]]))
    yield Check("gradient of weights", difference(layer.weights_grad, [[[[12, 16], [24, 28]]]]))
    yield Check("gradient of biases", difference(layer.biases_grad, [4]))
    same = built("Conv2D", (1, 3, 3), filters=1, kernel_size=2)
    same.weights, same.biases = [[[[1, 2], [3, 4]]]], [1]
    around = [[[[38, 48, 22], [68, 78, 34], [24, 27, 10]]]]
    yield Check("forward, same: an even kernel pads after", difference(same.forward(GRID), around))
    start = built("Conv2D", (32, 3, 3), filters=256)
    yield Check("variance of the first weights, 2/(C·Kh·Kw)", abs(float(start.weights.var()) * 288 / 2 - 1), 0.02)
    for kernel, strides, padding in CONVOLUTIONS:
        layer = built("Conv2D", (2, 6, 5), filters=3, kernel_size=kernel, strides=strides, padding=padding)
        x = spread(2, 2, 6, 5)
        setting = f", kernel {kernel}, strides {strides}, padding {padding}"
        columns = im2col(x, kernel, determine_padding(kernel, padding), strides)
        y = layer.forward(x)
        product = (layer.weights.reshape(3, -1) @ columns).reshape(3, *y.shape[2:], 2).transpose(3, 0, 1, 2)
        yield Check(f"forward against W·im2col(x){setting}", difference(y, product + layer.biases[:, None, None]), 1e-9)
        yield from gradients(layer, x, setting)


def maxpool() -> Checks:
    """MaxPooling2D: the largest of each window."""
    layer = built("MaxPooling2D", (1, 4, 4))
    x = [[[[1, 3, 2, 2], [3, 0, 2, 2], [5, 6, 7, 8], [9, 4, 1, 8]]]]
    yield Check("forward", difference(layer.forward(x), [[[[3, 2], [9, 8]]]]))
    dx = [[[[0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 0, 4], [3, 0, 0, 0]]]]
    yield Check("backward: the first of equals", difference(layer.backward([[[[1, 2], [3, 4]]]]), dx))
    overlap = built("MaxPooling2D", (1, 3, 3), pool_size=2, strides=1)
    x = [[[[1, 2, 3], [4, 9, 5], [6, 7, 8]]]]
    yield Check("forward, overlapping windows", difference(overlap.forward(x), [[[[9, 9], [9, 9]]]]))
    dx = [[[[0, 0, 0], [0, 10, 0], [0, 0, 0]]]]
    yield Check("backward, overlapping windows", difference(overlap.backward([[[[1, 2], [3, 4]]]]), dx))
    yield from pooling_gradients("MaxPooling2D")


def avgpool() -> Checks:
    """GlobalAveragePooling: the mean of each channel."""
    layer = built("GlobalAveragePooling", (2, 2, 3))
    y = layer.forward([[[[1, 2, 3], [4, 5, 9]], [[-1, 0, 0], [0, 0, 7]]]])
    yield Check("forward", difference(y, [[4, 1]]))
    dx = [[[[1, 1, 1], [1, 1, 1]], [[-2, -2, -2], [-2, -2, -2]]]]
    yield Check("backward", difference(layer.backward([[6, -12]]), dx))
    for shape in ((2, 3, 4), (1, 5, 1), (3, 1, 1)):
        yield from gradients(built("GlobalAveragePooling", shape), spread(2, *shape))


def averagepooling2d() -> Checks:
    """AveragePooling2D: the mean of each window."""
    layer = built("AveragePooling2D", (1, 2, 4))
    yield Check("forward", difference(layer.forward([[[[1, 2, 3, 4], [5, 6, 7, 10]]]]), [[[[3.5, 6]]]]))
    dx = [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]
    yield Check("backward", difference(layer.backward([[[[4, 8]]]]), dx))
    yield from pooling_gradients("AveragePooling2D")


def pooling_gradients(type_name: str) -> Checks:
    """Compare gradients for windows that tile the image, leave a border, overlap, and leave gaps."""
    for pool_size, strides in ((2, 2), (3, 2), (2, 1), ((1, 2), (2, 3))):
        layer = built(type_name, (2, 5, 6), pool_size=pool_size, strides=strides)
        yield from gradients(layer, spread(2, 2, 5, 6), f", pool {pool_size}, strides {strides}")
