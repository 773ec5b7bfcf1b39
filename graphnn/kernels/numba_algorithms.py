"""Convolution algorithms whose copies and transforms are compiled by numba; the matrix products are numpy's.

numba is imported when the first of them runs, because that takes a quarter of a second.
"""

from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import in_memory_order
from graphnn.kernels.convolution import Epilogue, Scratch, Window
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.kernels.vectors import WIDTH, at_least_one_vector, flat, sizes
from graphnn.kernels.winograd import Winograd, tiles_of
from graphnn.types import Array

NO_BIASES = np.empty(0, np.float32)
TILE = 2 * 36 * WIDTH  # values of two tiles of sixteen channels


@frozen_dataclass
class CompiledIm2col(Im2col):
    """im2col with a compiled gather."""

    def gather(self, x: Array, window: Window, scratch: Scratch) -> Array:
        if x.dtype != np.float32 or window.pointwise:
            return super().gather(x, window, scratch)
        from graphnn.kernels.compiled.im2col import gather_runs

        n, channels, height, width = x.shape
        (top, left), (bottom, right), (kernel_h, kernel_w) = window.before, window.after, window.kernel
        padded_h, padded_w = height + top + bottom, width + left + right
        size = n * padded_h * padded_w * channels
        # the name contains the images' shape and offset: others would leave values in the padding of this one; also the
        # channels, because twice as many images with half the channels take as much memory
        name = f"padded {channels}×{height}×{width} at {top}, {left} in {padded_h}×{padded_w}"
        padded = scratch(name, (size + WIDTH,), x.dtype, zeroed=True)
        images = padded[:size].reshape(n, padded_h, padded_w, channels)
        images[:, top : top + height, left : left + width] = in_memory_order(x)
        output, run = window.output((height, width)), kernel_w * channels
        count = n * output[0] * output[1]
        rows = scratch("windows", (count * kernel_h * run + WIDTH,), x.dtype)
        gather_runs(padded, images.shape, kernel_h, run, window.strides, output, rows)
        return rows[:-WIDTH].reshape(count, kernel_h * run)


@frozen_dataclass
class CompiledWinograd(Winograd):
    """F(4×4, 3×3) with compiled transforms; with fewer than sixteen channels, with those of `Winograd`."""

    tile: int = 4

    def matrices(self, name: str, count: int, channels: int, dtype: Any, scratch: Scratch) -> Array:
        """Return 36 matrices at a distance that is no multiple of 4 KiB, because a tile is written to all at once.

        At a multiple of 4 KiB they would share the same lines of the first-level cache. The transforms of an input and
        an output together took 0.75 to 0.9 of the time at such a distance.
        """
        size = count * channels
        distance = size + (WIDTH if size % 1024 == 0 else 2 * WIDTH)
        memory = scratch(name, (self.points, distance), dtype)
        return memory[:, :size].reshape(self.points, count, channels)

    def transformed_input(self, x: Array, window: Window, rows: int, columns: int, scratch: Scratch) -> Array:
        if not at_least_one_vector(x):
            return super().transformed_input(x, window, rows, columns, scratch)
        from graphnn.kernels.compiled.winograd import transform_input

        V = self.matrices("transformed input", len(x) * rows * columns, x.shape[1], x.dtype, scratch)
        tile = scratch("tile", (TILE,), x.dtype)
        transform_input(flat(x), sizes(x), (rows, columns), window.before, V, distance_between(V), tile)
        return V

    def transform_output(self, M: Array, y: Array, scratch: Scratch, epilogue: Epilogue) -> None:
        if not at_least_one_vector(y):
            super().transform_output(M, y, scratch, epilogue)
            return
        from graphnn.kernels.compiled.winograd import transform_output

        biases, tiles = NO_BIASES if epilogue.biases is None else epilogue.biases, tiles_of(y, self.tile)
        tile = scratch("tile", (TILE,), y.dtype)
        transform_output(M, distance_between(M), sizes(y), tiles, flat(y), biases, epilogue.relu, tile)

    def transformed_gradient(self, dy: Array, rows: int, columns: int, scratch: Scratch) -> Array:
        if not at_least_one_vector(dy):
            return super().transformed_gradient(dy, rows, columns, scratch)
        from graphnn.kernels.compiled.winograd import transform_gradient

        dM = self.matrices("transformed gradient", len(dy) * rows * columns, dy.shape[1], dy.dtype, scratch)
        tile = scratch("tile", (TILE,), dy.dtype)
        transform_gradient(flat(dy), sizes(dy), (rows, columns), dM, distance_between(dM), tile)
        return dM


def distance_between(matrices: Array) -> int:
    """Return the distance between the matrices, in elements."""
    return matrices.strides[0] // matrices.itemsize
