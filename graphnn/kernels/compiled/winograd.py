"""The transforms of Winograd's F(4×4, 3×3), compiled: additions of sixteen channels at a time, directly on the images.

The matrices are those of kernels/winograd.py. The input transform of two images of 32×32 with 32 channels took 59 µs
here, and 175 µs as a product with a constant matrix. Where the number of channels is no multiple of sixteen, the last
vector ends with the last channel, and overlaps the vector before: the channels in both are computed twice.
"""

from typing import Any

from graphnn.kernels.compiled.kept import compiled
from graphnn.kernels.compiled.vectors import all_equal, load, positive_part, store
from graphnn.kernels.vectors import WIDTH

T, M = 6, 4  # the side lengths of an input tile and an output tile
ROW = T * WIDTH


@compiled
def input_side(d0: Any, d1: Any, d2: Any, d3: Any, d4: Any, d5: Any) -> Any:
    """Return Bᵀd of six vectors."""
    two, four, five = all_equal(2.0), all_equal(4.0), all_equal(5.0)
    a, b, c, d = d4 - four * d2, d3 - four * d1, d4 - d2, two * (d3 - d1)
    return four * d0 - five * d2 + d4, a + b, a - b, c + d, c - d, four * d1 - five * d3 + d5


@compiled
def output_side(m0: Any, m1: Any, m2: Any, m3: Any, m4: Any, m5: Any) -> Any:
    """Return Aᵀm of six vectors, which is four vectors."""
    two, four, eight = all_equal(2.0), all_equal(4.0), all_equal(8.0)
    plus, minus, far_plus, far_minus = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return (
        m0 + plus + far_plus,
        minus + two * far_minus,
        plus + four * far_plus,
        minus + eight * far_minus + m5,
    )


@compiled
def gradient_side(y0: Any, y1: Any, y2: Any, y3: Any) -> Any:
    """Return A y of four vectors, which is six vectors."""
    two, four, eight = all_equal(2.0), all_equal(4.0), all_equal(8.0)
    even, odd, far_even, far_odd = y0 + y2, y1 + y3, y0 + four * y2, two * y1 + eight * y3
    return y0, even + odd, even - odd, far_even + far_odd, far_even - far_odd, y3


@compiled
def six_from(array: Any, at: Any, step: Any) -> Any:
    """Return six vectors of an array, `step` elements apart, from index `at` on."""
    return (
        load(array, at),
        load(array, at + step),
        load(array, at + 2 * step),
        load(array, at + 3 * step),
        load(array, at + 4 * step),
        load(array, at + 5 * step),
    )


@compiled
def six_to(array: Any, at: Any, step: Any, six: Any) -> None:
    """Write six vectors into an array, `step` elements apart, from index `at` on."""
    store(array, at, six[0])
    store(array, at + step, six[1])
    store(array, at + 2 * step, six[2])
    store(array, at + 3 * step, six[3])
    store(array, at + 4 * step, six[4])
    store(array, at + 5 * step, six[5])


@compiled
def transform_input(x: Any, sizes: Any, tiles: Any, before: Any, V: Any, plane: Any, tile: Any) -> None:
    """Write BᵀdB of all tiles d into V (36, tiles, C), whose 36 matrices are `plane` elements apart.

    x: flat, n×H×W×C. sizes: (n, H, W, C). tiles: (rows, columns) of tiles per image. before: padding (above, left).
    tile: work space for two tiles of sixteen channels.
    """
    n, height, width, channels = sizes
    rows, columns = tiles
    zero = all_equal(0.0)
    for image in range(n):
        for row in range(rows):
            top = M * row - before[0]
            for column in range(columns):
                left = M * column - before[1]
                inside = left >= 0 and left + T <= width
                first = ((image * rows + row) * columns + column) * channels
                corner = ((image * height + top) * width + left) * channels
                for start in range(0, channels, WIDTH):
                    channel = min(start, channels - WIDTH)
                    for i in range(T):
                        position = corner + i * width * channels + channel
                        below = 0 <= top + i < height
                        if below and inside:
                            d0, d1, d2, d3, d4, d5 = six_from(x, position, channels)
                        elif below:
                            d0 = load(x, position) if 0 <= left < width else zero
                            d1 = load(x, position + channels) if 0 <= left + 1 < width else zero
                            d2 = load(x, position + 2 * channels) if 0 <= left + 2 < width else zero
                            d3 = load(x, position + 3 * channels) if 0 <= left + 3 < width else zero
                            d4 = load(x, position + 4 * channels) if 0 <= left + 4 < width else zero
                            d5 = load(x, position + 5 * channels) if 0 <= left + 5 < width else zero
                        else:
                            d0, d1, d2, d3, d4, d5 = zero, zero, zero, zero, zero, zero
                        six_to(tile, i * ROW, WIDTH, input_side(d0, d1, d2, d3, d4, d5))
                    for j in range(T):
                        transformed = input_side(*six_from(tile, j * WIDTH, ROW))
                        six_to(V, j * plane + first + channel, T * plane, transformed)


@compiled
def transform_output(m: Any, plane: Any, sizes: Any, tiles: Any, y: Any, biases: Any, relu: Any, tile: Any) -> None:
    """Write AᵀmA of all tiles into y (flat, n×H×W×D with these `sizes`), plus the biases, then ReLU where `relu`.

    m: (36, tiles, D), as V in `transform_input`. biases: one per channel, or empty for none.
    """
    n, height, width, channels = sizes
    rows, columns = tiles
    bias = all_equal(0.0)
    for image in range(n):
        for row in range(rows):
            for column in range(columns):
                first = ((image * rows + row) * columns + column) * channels
                for start in range(0, channels, WIDTH):
                    channel = min(start, channels - WIDTH)
                    if biases.size > 0:
                        bias = load(biases, channel)
                    for i in range(T):
                        o0, o1, o2, o3 = output_side(*six_from(m, i * T * plane + first + channel, plane))
                        store(tile, i * ROW, o0)
                        store(tile, i * ROW + WIDTH, o1)
                        store(tile, i * ROW + 2 * WIDTH, o2)
                        store(tile, i * ROW + 3 * WIDTH, o3)
                    for j in range(min(M, width - M * column)):
                        o0, o1, o2, o3 = output_side(*six_from(tile, j * WIDTH, ROW))
                        o0, o1, o2, o3 = o0 + bias, o1 + bias, o2 + bias, o3 + bias
                        if relu:
                            o0, o1, o2, o3 = positive_part(o0), positive_part(o1), positive_part(o2), positive_part(o3)
                        to = ((image * height + M * row) * width + M * column + j) * channels + channel
                        below = height - M * row
                        store(y, to, o0)
                        if below > 1:
                            store(y, to + width * channels, o1)
                        if below > 2:
                            store(y, to + 2 * width * channels, o2)
                        if below > 3:
                            store(y, to + 3 * width * channels, o3)


@compiled
def transform_gradient(dy: Any, sizes: Any, tiles: Any, dm: Any, plane: Any, tile: Any) -> None:
    """Write A dY Aᵀ of all tiles into dm (36, tiles, D), as V in `transform_input`. dy: flat, n×H×W×D."""
    n, height, width, channels = sizes
    rows, columns = tiles
    zero = all_equal(0.0)
    for image in range(n):
        for row in range(rows):
            for column in range(columns):
                first = ((image * rows + row) * columns + column) * channels
                below, beside = height - M * row, width - M * column
                for start in range(0, channels, WIDTH):
                    channel = min(start, channels - WIDTH)
                    for i in range(M):
                        position = ((image * height + M * row + i) * width + M * column) * channels + channel
                        d0 = load(dy, position) if below > i else zero
                        d1 = load(dy, position + channels) if below > i and beside > 1 else zero
                        d2 = load(dy, position + 2 * channels) if below > i and beside > 2 else zero
                        d3 = load(dy, position + 3 * channels) if below > i and beside > 3 else zero
                        six_to(tile, i * ROW, WIDTH, gradient_side(d0, d1, d2, d3))
                    for j in range(T):
                        at = j * WIDTH
                        transformed = gradient_side(
                            load(tile, at), load(tile, at + ROW), load(tile, at + 2 * ROW), load(tile, at + 3 * ROW)
                        )
                        six_to(dm, j * plane + first + channel, T * plane, transformed)
