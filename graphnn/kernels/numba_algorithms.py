"""Convolution algorithms whose copies and transforms are compiled by numba; the matrix products are numpy's.

numba is imported when the first of them runs, because that takes a quarter of a second.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import in_memory_order
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Scratch, Window, blocks
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.kernels.vectors import WIDTH, at_least_one_vector, flat, sizes
from graphnn.kernels.winograd import START_PRODUCT, Winograd, tiles_of
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
        (top, left), (kernel_h, kernel_w) = window.before, window.kernel
        images, padded = frames(x, window, n, scratch)
        images[:, top : top + height, left : left + width] = in_memory_order(x)
        output, run = window.output((height, width)), kernel_w * channels
        count = n * output[0] * output[1]
        rows = scratch("windows", (count * kernel_h * run + WIDTH,), x.dtype)
        gather_runs(padded, images.shape, kernel_h, run, window.strides, output, rows)
        return rows[:-WIDTH].reshape(count, kernel_h * run)


@frozen_dataclass
class CompiledWinograd(Winograd):
    """F(4×4, 3×3) with compiled transforms; `Winograd`'s own with fewer than sixteen channels."""

    tile: int = 4

    @property
    def start_seconds(self) -> float:
        return self.points * START_PRODUCT

    def convolve(
        self, x: Array, U: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        if not at_least_one_vector(x, y):
            super().convolve(x, U, window, y, scratch, epilogue)
            return
        from graphnn.kernels.compiled.winograd import transform_output

        filters, (rows, columns) = y.shape[1], tiles_of(y, self.tile)
        biases = NO_BIASES if epilogue.biases is None else epilogue.biases
        tile = scratch("tile", (TILE,), y.dtype)
        for block in self.image_blocks(x, rows * columns, filters):
            V = self.transformed_input(x[block], window, rows, columns, scratch)
            M = np.matmul(V, U, out=self.memory("products", V.shape[1], filters, x.dtype, scratch))
            out = y[block]
            transform_output(
                M, distance_between(M), sizes(out), (rows, columns), flat(out), biases, epilogue.relu, tile
            )

    def image_blocks(self, x: Array, tiles: int, filters: int) -> Iterator[slice]:
        """Yield slices of the images x, with so many tiles each, whose transformed tiles fit the cache."""
        return blocks(len(x), tiles, self.tiles_in_block(max(x.shape[1], filters) * x.itemsize))

    def memory(self, name: str, count: int, channels: int, dtype: Any, scratch: Scratch) -> Array:
        """Return 36 matrices at a distance that is no multiple of 4 KiB, because a tile is written to all at once.

        At a multiple of 4 KiB they would share the same lines of the first-level cache. The transforms of an input and
        an output together took 0.75 to 0.9 of the time at such a distance.
        """
        size = count * channels
        distance = size + (WIDTH if size % 1024 == 0 else 2 * WIDTH)
        memory = scratch(name, (self.points, distance), dtype)
        return memory[:, :size].reshape(self.points, count, channels)

    def transformed_input(self, x: Array, window: Window, rows: int, columns: int, scratch: Scratch) -> Array:
        """Return V = Bᵀ d B of all tiles d of x, (t², tiles, C)."""
        from graphnn.kernels.compiled.winograd import transform_input

        V = self.memory("transformed input", len(x) * rows * columns, x.shape[1], x.dtype, scratch)
        tile = scratch("tile", (TILE,), x.dtype)
        transform_input(flat(x), sizes(x), (rows, columns), window.before, V, distance_between(V), tile)
        return V

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        if not at_least_one_vector(x, dy):
            super().weights_gradient(x, dy, window, dW, scratch)
            return
        from graphnn.kernels.compiled.winograd import transform_gradient

        (filters, channels), (rows, columns) = dW.shape[:2], tiles_of(dy, self.tile)
        dU = scratch("dU", (self.points, channels, filters), x.dtype)
        tile = scratch("tile", (TILE,), dy.dtype)
        for block in self.image_blocks(x, rows * columns, filters):
            V = self.transformed_input(x[block], window, rows, columns, scratch)
            dM = self.memory("transformed gradient", V.shape[1], filters, dy.dtype, scratch)
            given = dy[block]
            transform_gradient(flat(given), sizes(given), (rows, columns), dM, distance_between(dM), tile)
            if block.start == 0:
                np.matmul(V.transpose(0, 2, 1), dM, out=dU)
            else:
                dU += np.matmul(V.transpose(0, 2, 1), dM, out=scratch("dU of a block", dU.shape, dU.dtype))
        self.pass_back(dU, dW)


def distance_between(matrices: Array) -> int:
    """Return the distance between the matrices, in elements."""
    return matrices.strides[0] // matrices.itemsize


def frames(x: Array, window: Window, count: int, scratch: Scratch) -> tuple[Array, Array]:
    """Return memory for images of x (n, C, H, W) with their padding, which is zero: (count, H′, W′, C), and flat.

    There is room for sixteen more values, which vectors may read beyond the last image.
    """
    _, channels, height, width = x.shape
    (top, left), (padded_h, padded_w) = window.before, window.padded_size((height, width))
    size = count * padded_h * padded_w * channels
    # the name contains the images' shape and offset: others would leave values in the padding of this one; also the
    # channels, because twice as many images with half the channels take as much memory
    name = f"padded {channels}×{height}×{width} at {top}, {left} in {padded_h}×{padded_w}"
    memory = scratch(name, (size + WIDTH,), x.dtype, zeroed=True)
    return memory[:size].reshape(count, padded_h, padded_w, channels), memory
