"""Winograd's minimal filtering for 3×3 kernels of stride 1, with each transform as one matrix product.

A tile of m×m outputs needs (m+2)² multiplications per pair of channels instead of 9m². Each transform is applied to all
tiles and channels at once, as a product with a constant matrix of at most 36×36: this costs more multiply-adds than the
usual two passes of additions, but runs at the speed of GEMM, whereas numpy's additions run at that of memory.
Altogether, one thread took 0.74 of im2col's time at 32×32, 32→32 channels, 0.58 at 16×16, 64→64, and 0.46 at 8×8,
128→128, forward.

Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks", sections 3 and 4.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Scratch, Window, apply_epilogue, blocks, strided_view
from graphnn.kernels.im2col_gemm import Allocate
from graphnn.types import Array

# The size of a block of tiles in one transform: 0.75 MiB and their product stay in the second-level cache.
BLOCK_BYTES = 3 * 2**18
LEAST_TILES = 64  # per block: these are the rows of the products, each of which reads all weights

B2 = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))
G2 = ((1, 0, 0), (1 / 2, 1 / 2, 1 / 2), (1 / 2, -1 / 2, 1 / 2), (0, 0, 1))
A2 = ((1, 1, 1, 0), (0, 1, -1, -1))
B4 = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
G4 = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
A4 = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
MATRICES = {2: (B2, G2, A2), 4: (B4, G4, A4)}


@cache
def transform(tile: int, which: int, dtype: Any) -> Array:
    """Return Bᵀ⊗Bᵀ, G⊗G or Aᵀ⊗Aᵀ (which = 0, 1, 2) of F(tile×tile, 3×3): y = Aᵀ[(G w Gᵀ) ⊙ (Bᵀ d B)]A for each tile."""
    one = np.array(MATRICES[tile][which], np.float64)
    return np.kron(one, one).astype(dtype)


@frozen_dataclass
class Winograd:
    """The convolution algorithm F(tile×tile, 3×3).

    The prepared weights are U (t², C, D) with t = tile + 2. Outputs differ from those of im2col by rounding: in float32
    by about 1e-5 of the largest output for tile 4, 1e-6 for tile 2.
    """

    tile: int

    @property
    def name(self) -> str:
        """The algorithm's name in a plan."""
        return f"Winograd F({self.tile}×{self.tile}, 3×3)"

    @property
    def points(self) -> int:
        """t²: the number of values of a transformed tile."""
        return (self.tile + 2) ** 2

    def prepare(self, weights: Array, allocate: Allocate) -> Array:
        """Return U = G w Gᵀ of weights (D, C, 3, 3), as (t², C, D), in memory from `allocate`."""
        filters, channels = weights.shape[:2]
        U = allocate(self.points * channels * filters).reshape(self.points, -1)
        np.matmul(transform(self.tile, 1, weights.dtype), weights.transpose(2, 3, 1, 0).reshape(9, -1), out=U)
        return U.reshape(self.points, channels, filters)

    def blocks(self, n: int, tiles: int, channels: int, itemsize: int) -> Any:
        """Yield slices of n images, with `tiles` tiles per image."""
        size = max(self.points * channels * itemsize * tiles, 1)
        return blocks(n, size, max(BLOCK_BYTES, LEAST_TILES * size // max(tiles, 1)))

    def convolve(
        self, x: Array, U: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        """Write the convolution of x (n, C, H, W) into y (n, D, H_out, W_out), in channels-last memory."""
        channels, filters = U.shape[1:]
        rows, columns = tiles_of(y, self.tile)
        for block in self.blocks(len(x), rows * columns, max(channels, filters), x.itemsize):
            V = self.transformed_input(x[block], window, rows, columns, scratch)
            M = np.matmul(V, U, out=self.matrices("products", V.shape[1], filters, x.dtype, scratch))
            self.transform_output(M, y[block], scratch, epilogue)

    def matrices(self, name: str, count: int, channels: int, dtype: Any, scratch: Scratch) -> Array:
        """Return scratch for t² matrices (count, channels), one for each value of a transformed tile."""
        return scratch(name, (self.points, count, channels), dtype)

    def transform_output(self, M: Array, y: Array, scratch: Scratch, epilogue: Epilogue) -> None:
        """Write AᵀMA of all tiles of M (t², tiles, D) into y (n, D, H_out, W_out), and apply the epilogue."""
        m, dtype = self.tile, M.dtype
        _, count, filters = M.shape
        rows, columns = tiles_of(y, m)
        Z = scratch("output tiles", (m * m, count * filters), dtype)
        np.matmul(transform(m, 2, dtype), M.reshape(self.points, -1), out=Z)
        tiles = Z.reshape(m, m, -1, rows, columns, filters).transpose(2, 3, 0, 4, 1, 5)
        target = y.transpose(0, 2, 3, 1)
        if target.shape[1] == rows * m and target.shape[2] == columns * m:
            target.reshape(tiles.shape)[...] = tiles
        else:  # the last tiles extend beyond the output
            whole = scratch("whole tiles", (len(target), rows * m, columns * m, filters), dtype)
            whole.reshape(tiles.shape)[...] = tiles
            target[...] = whole[:, : target.shape[1], : target.shape[2]]
        apply_epilogue(y, epilogue)

    def transformed_input(self, x: Array, window: Window, rows: int, columns: int, scratch: Scratch) -> Array:
        """Return V = Bᵀ d B of all tiles d of x, (t², tiles, C)."""
        m, t = self.tile, self.tile + 2
        top, left = window.before
        padded = zero_padded(x, (top, left), (rows * m + 2, columns * m + 2), scratch)
        n, channels = len(x), x.shape[1]
        s_n, s_h, s_w, s_c = padded.strides
        tiles = strided_view(padded, (t, t, n, rows, columns, channels), (s_h, s_w, s_n, m * s_h, m * s_w, s_c))
        count = n * rows * columns
        gathered = scratch("input tiles", (t * t, count * channels), x.dtype)
        gathered.reshape(tiles.shape)[...] = tiles
        V = scratch("transformed input", (t * t, count * channels), x.dtype)
        return np.matmul(transform(m, 0, x.dtype), gathered, out=V).reshape(t * t, count, channels)

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        """Write the gradient of weights (D, C, 3, 3) into dW: dU = Σ Vᵀ(A dY Aᵀ) over all tiles, dW = Gᵀ dU G."""
        dtype = x.dtype
        filters, channels = dW.shape[:2]
        rows, columns = tiles_of(dy, self.tile)
        dU = scratch("dU", (self.points, channels, filters), dtype)
        for block in self.blocks(len(x), rows * columns, max(channels, filters), x.itemsize):
            V = self.transformed_input(x[block], window, rows, columns, scratch)
            dM = self.transformed_gradient(dy[block], rows, columns, scratch)
            block_dU = dU if block.start == 0 else scratch("dU of a block", dU.shape, dtype)
            np.matmul(V.transpose(0, 2, 1), dM, out=block_dU)
            if block_dU is not dU:
                dU += block_dU
        kernel = np.matmul(transform(self.tile, 1, dtype).T, dU.reshape(self.points, -1))
        dW.transpose(2, 3, 1, 0)[...] = kernel.reshape(3, 3, channels, filters)

    def transformed_gradient(self, dy: Array, rows: int, columns: int, scratch: Scratch) -> Array:
        """Return A dY Aᵀ of all tiles of dy (n, D, H_out, W_out), (t², tiles, D)."""
        m, filters, dtype = self.tile, dy.shape[1], dy.dtype
        whole = dy.transpose(0, 2, 3, 1)
        if whole.shape[1] != rows * m or whole.shape[2] != columns * m:
            whole = zero_padded(dy, (0, 0), (rows * m, columns * m), scratch)
        count = len(whole) * rows * columns
        gathered = scratch("gradient tiles", (m * m, count * filters), dtype)
        tiles = whole.reshape(len(whole), rows, m, columns, m, filters).transpose(2, 4, 0, 1, 3, 5)
        gathered.reshape(tiles.shape)[...] = tiles
        dM = scratch("transformed gradient", (self.points, count * filters), dtype)
        return np.matmul(transform(m, 2, dtype).T, gathered, out=dM).reshape(self.points, count, filters)


def tiles_of(y: Array, tile: int) -> tuple[int, int]:
    """Return the numbers of tiles, (rows, columns), that cover y (n, D, H_out, W_out)."""
    return math.ceil(y.shape[2] / tile), math.ceil(y.shape[3] / tile)


def zero_padded(x: Array, before: tuple[int, int], size: tuple[int, int], scratch: Scratch) -> Array:
    """Return x (n, C, H, W), padded with zeros to `size` with `before` zeros above and left of it: (n, *size, C)."""
    n, channels, height, width = x.shape
    # the name contains the images' size and offset: others would leave values in the padding of this one
    name = f"padded {height}×{width} at {before}"
    padded = scratch(name, (n, *size, channels), x.dtype, zeroed=True)
    padded[:, before[0] : before[0] + height, before[1] : before[1] + width] = x.transpose(0, 2, 3, 1)
    return padded
