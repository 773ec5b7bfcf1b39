"""Ways of computing a convolution whose copies and transforms numba compiles; the products stay those of numpy.

numba is imported when the first of them is run, because that takes a quarter of a second.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.kernels.channels import in_memory_order
from graphnn.kernels.convolution import Afterwards, Scratch, Window
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.kernels.vectors import WIDTH, fill_a_vector, flat, sizes
from graphnn.kernels.winograd import Winograd, tiles_of
from graphnn.types import Array

NO_BIASES = np.empty(0, np.float32)
TILE = 2 * 36 * WIDTH  # numbers: two tiles of sixteen channels


@dataclass(frozen=True)
class CompiledIm2col(Im2col):
    """GEMM over windows that compiled code gathers."""

    def gather(self, x: Array, window: Window, scratch: Scratch) -> Array:
        if x.dtype != np.float32 or window.pointwise:
            return super().gather(x, window, scratch)
        from graphnn.kernels.compiled.im2col import gather_runs

        n, channels, height, width = x.shape
        (top, left), (bottom, right), (kernel_h, kernel_w) = window.before, window.after, window.kernel
        framed_h, framed_w = height + top + bottom, width + left + right
        size = n * framed_h * framed_w * channels
        # named after the place and shape of the images in it, because others would leave numbers in its frame; with the
        # channels, because twice the images of half as many take as much memory
        name = f"framed {channels}×{height}×{width} at {top}, {left} in {framed_h}×{framed_w}"
        framed = scratch(name, (size + WIDTH,), x.dtype, zeroed=True)
        images = framed[:size].reshape(n, framed_h, framed_w, channels)
        images[:, top : top + height, left : left + width] = in_memory_order(x)
        output, run = window.output((height, width)), kernel_w * channels
        count = n * output[0] * output[1]
        rows = scratch("windows", (count * kernel_h * run + WIDTH,), x.dtype)
        gather_runs(framed, images.shape, kernel_h, run, window.strides, output, rows)
        return rows[:-WIDTH].reshape(count, kernel_h * run)


@dataclass(frozen=True)
class CompiledWinograd(Winograd):
    """F(4×4, 3×3) with these transforms; where there are fewer than sixteen channels, with those of its parent."""

    tile: int = 4

    def matrices(self, name: str, count: int, channels: int, dtype: Any, scratch: Scratch) -> Array:
        """Return the matrices some numbers apart: a tile is written into all 36 at once.

        At a distance of a multiple of 4 KiB, they would fall on the same lines of the first-level cache. Together, the
        transform of an input and of an output took 0.75 to 0.9 of the time of that.
        """
        size = count * channels
        distance = size + (WIDTH if size % 1024 == 0 else 2 * WIDTH)
        memory = scratch(name, (self.points, distance), dtype)
        return memory[:, :size].reshape(self.points, count, channels)

    def transformed_input(self, x: Array, window: Window, rows: int, columns: int, scratch: Scratch) -> Array:
        if not fill_a_vector(x):
            return super().transformed_input(x, window, rows, columns, scratch)
        from graphnn.kernels.compiled.winograd import transform_input

        V = self.matrices("transformed input", len(x) * rows * columns, x.shape[1], x.dtype, scratch)
        tile = scratch("tile", (TILE,), x.dtype)
        transform_input(flat(x), sizes(x), (rows, columns), window.before, V, apart(V), tile)
        return V

    def transform_output(self, M: Array, y: Array, scratch: Scratch, after: Afterwards) -> None:
        if not fill_a_vector(y):
            super().transform_output(M, y, scratch, after)
            return
        from graphnn.kernels.compiled.winograd import transform_output

        biases, tiles = NO_BIASES if after.biases is None else after.biases, tiles_of(y, self.tile)
        tile = scratch("tile", (TILE,), y.dtype)
        transform_output(M, apart(M), sizes(y), tiles, flat(y), biases, after.relu, tile)

    def transformed_gradient(self, dy: Array, rows: int, columns: int, scratch: Scratch) -> Array:
        if not fill_a_vector(dy):
            return super().transformed_gradient(dy, rows, columns, scratch)
        from graphnn.kernels.compiled.winograd import transform_gradient

        dM = self.matrices("transformed gradient", len(dy) * rows * columns, dy.shape[1], dy.dtype, scratch)
        tile = scratch("tile", (TILE,), dy.dtype)
        transform_gradient(flat(dy), sizes(dy), (rows, columns), dM, apart(dM), tile)
        return dM


def apart(matrices: Array) -> int:
    """Return how many numbers lie between the first numbers of one matrix and the next."""
    return matrices.strides[0] // matrices.itemsize
