"""Winograd's minimal filtering for 3×3 kernels of stride 1, with transforms as products with small matrices.

A tile of m×m outputs needs (m+2)² multiplications per pair of channels instead of 9m². A transform multiplies a tile by
a matrix of at most 6×6 from both sides. Each side is one product for many tiles, images and channels at once, because
the images are copied into the memory order H×W×n×C, in which the rows of neighbouring pixels are rows of a matrix.
Altogether, one thread took 0.51 of im2col's time with 16→16 channels at 28×28, 0.36 with 64→64 at 16×16, and 0.34 with
128→128 at 8×8, forward.

Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks", sections 3 and 4.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Scratch, Window, strided_view
from graphnn.kernels.im2col_gemm import Allocate
from graphnn.types import Array

# The size of a block of transformed tiles: 0.75 MiB and their product stay in the second-level cache.
BLOCK_BYTES = 3 * 2**18
KERNELS = 2**13  # transformed at once, so that they stay there too
# Of a layer that has as many kernels, at least so many parts, for workers to share out. Each takes time to begin: with
# 64→128 channels, one part took 64 µs, two took 69 and four 77.
PARTS = 4
START_PRODUCT, START_TRANSFORMS = 3e-7, 20e-6  # seconds
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
def matrices(tile: int, dtype: Any) -> tuple[Array, Array, Array]:
    """Return Bᵀ, G and Aᵀ of F(tile×tile, 3×3): y = Aᵀ[(G w Gᵀ) ⊙ (Bᵀ d B)]A for each tile."""
    B, G, A = (np.array(matrix, dtype) for matrix in MATRICES[tile])
    return B, G, A


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

    def bind(
        self, x: Array, U: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> Callable[[], None]:
        """Return a function that does what `convolve` does, as often as it is called, for values in the same memory."""
        return partial(self.convolve, x, U, window, y, scratch, epilogue)

    @property
    def start_seconds(self) -> float:
        """The estimated seconds of one call, however small the images are: to start t² products, and the transforms."""
        return self.points * START_PRODUCT + START_TRANSFORMS

    def values_per_filter(self, window: Window) -> int:
        """Return the number of values that `prepare` makes of one filter of one channel."""
        return self.points

    def parts(self, channels: int, filters: int) -> list[slice]:
        step = channels_in_part(channels, filters)
        return [slice(start, min(channels, start + step)) for start in range(0, channels, step)]

    def prepare(self, weights: Array, allocate: Allocate, part: slice | None = None) -> Array:
        """Return U = G w Gᵀ of weights (D, C, 3, 3), as (t², C, D), in memory from `allocate`."""
        filters, channels = weights.shape[:2]
        _, G, _ = matrices(self.tile, weights.dtype)
        t, kernels = len(G), weights.transpose(2, 3, 1, 0)
        U = out = allocate(t * t * channels * filters).reshape(t, t, channels, filters)
        if part is not None:
            kernels, out = kernels[:, :, part], U[:, :, part]
        most = filters * channels_in_part(channels, filters)
        transform_kernels(G, kernels.reshape(3, 3, -1), out.reshape(t, t, -1), most)
        return U.reshape(t * t, channels, filters)

    def convolve(
        self, x: Array, U: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        """Write the convolution of x (n, C, H, W) into y (n, D, H_out, W_out), in channels-last memory."""
        channels, filters = U.shape[1:]
        B, _, _ = matrices(self.tile, x.dtype)
        rows, columns = tiles_of(y, self.tile)
        size = (rows * self.tile + 2, columns * self.tile + 2)
        images, strips = self.blocks(len(x), rows, columns, max(channels, filters) * x.itemsize)
        for block in images:
            frame = framed(x[block], window.before, size, "frame", scratch)
            for strip in strips:
                V = transformed(B, frame, self.tile, strip, columns, "transformed input", scratch)
                M = np.matmul(V, U, out=scratch("products", (*V.shape[:2], filters), x.dtype))
                self.transform_output(M, y[block], strip, scratch, epilogue)

    def blocks(self, n: int, rows: int, columns: int, bytes_per_point: int) -> tuple[list[slice], list[slice]]:
        """Return slices of n images, and slices of the rows of tiles, which together make blocks that fit the cache.

        Images go first: the more of them there are, the longer are the rows of the transforms' matrices.
        """
        tiles = self.tiles_in_block(bytes_per_point)
        images = even_slices(n, tiles // columns)
        return images, even_slices(rows, tiles // (columns * images[0].stop))

    def tiles_in_block(self, bytes_per_point: int) -> int:
        """Return how many tiles a block may have."""
        return max(LEAST_TILES, BLOCK_BYTES // (self.points * bytes_per_point))

    def transform_output(self, M: Array, y: Array, strip: slice, scratch: Scratch, epilogue: Epilogue) -> None:
        """Write AᵀMA of a strip's tiles, M (t², tiles, D), into y (n, D, H_out, W_out), and apply the epilogue."""
        m, t = self.tile, self.tile + 2
        _, _, A = matrices(m, M.dtype)
        if epilogue.biases is not None:
            M[t + 1] += epilogue.biases  # row and column 1 of a tile: their factors in Aᵀ are 1 for every output
        half = scratch("half of a transform", (t, m, M[0].size), M.dtype)
        np.matmul(A, M.reshape(t, t, -1).transpose(1, 0, 2), out=half)
        Z = scratch("output tiles", (m, m, M[0].size), M.dtype)
        np.matmul(A, half.transpose(1, 0, 2), out=Z)
        if epilogue.relu:
            np.maximum(Z, 0, out=Z)
        tiles = Z.reshape(m, m, strip.stop - strip.start, -1, *y.shape[:2]).transpose(4, 2, 0, 3, 1, 5)
        images, rows, _, columns, _, filters = tiles.shape
        target = y.transpose(0, 2, 3, 1)[:, m * strip.start : m * strip.stop]
        whole = (images, rows * m, columns * m, filters)
        if target.shape == whole:
            target.reshape(tiles.shape)[...] = tiles
        else:  # the last tiles extend beyond the output
            extended = scratch("whole tiles", whole, Z.dtype)
            extended.reshape(tiles.shape)[...] = tiles
            target[...] = extended[:, : target.shape[1], : target.shape[2]]

    def weights_gradient(self, x: Array, dy: Array, window: Window, dW: Array, scratch: Scratch) -> None:
        """Write the gradient of weights (D, C, 3, 3) into dW: dU = Σ Vᵀ(A dY Aᵀ) over all tiles, dW = Gᵀ dU G."""
        dtype, m = x.dtype, self.tile
        filters, channels = dW.shape[:2]
        B, _, A = matrices(m, dtype)
        rows, columns = tiles_of(dy, m)
        size, output_size = (rows * m + 2, columns * m + 2), (rows * m, columns * m)
        dU = scratch("dU", (self.points, channels, filters), dtype)
        images, strips = self.blocks(len(x), rows, columns, max(channels, filters) * x.itemsize)
        for block in images:
            frame = framed(x[block], window.before, size, "frame", scratch)
            gradient = framed(dy[block], (0, 0), output_size, "frame of the gradient", scratch)
            for strip in strips:
                V = transformed(B, frame, m, strip, columns, "transformed input", scratch)
                dM = transformed(A.T, gradient, m, strip, columns, "transformed gradient", scratch)
                if block.start == strip.start == 0:
                    np.matmul(V.transpose(0, 2, 1), dM, out=dU)
                else:
                    dU += np.matmul(V.transpose(0, 2, 1), dM, out=scratch("dU of a block", dU.shape, dtype))
        self.pass_back(dU, dW)

    def pass_back(self, dU: Array, dW: Array) -> None:
        """Write Gᵀ dU G, the gradient of the weights, into dW (D, C, 3, 3)."""
        _, G, _ = matrices(self.tile, dU.dtype)
        ordered = dW.transpose(2, 3, 1, 0)
        kernels = ordered if ordered.flags.c_contiguous else np.empty(ordered.shape, dW.dtype)
        transform_kernels(G.T, dU.reshape(len(G), len(G), -1), kernels.reshape(3, 3, -1))
        if kernels is not ordered:
            ordered[...] = kernels


@cache
def channels_in_part(channels: int, filters: int) -> int:
    """Return how many channels a part of the transformed kernels has, from the numbers of both alone.

    Together the parts are computed as each is alone, so that all bits agree, whoever computes them.
    """
    kernels = channels * filters
    return math.ceil(channels / max(PARTS if kernels >= KERNELS else 1, math.ceil(kernels / KERNELS)))


def transform_kernels(matrix: Array, kernels: Array, out: Array, most: int = KERNELS) -> None:
    """Write P k Pᵀ of kernels k (s, s, N) into out (t, t, N), for the matrix P (t, s), `most` of them at once."""
    for start in range(0, kernels.shape[2], most):
        some = slice(start, start + most)
        half = np.matmul(matrix, kernels[:, :, some].transpose(1, 0, 2))
        np.matmul(matrix, half.transpose(1, 0, 2), out=out[:, :, some])


def tiles_of(y: Array, tile: int) -> tuple[int, int]:
    """Return the numbers of tiles, (rows, columns), that cover y (n, D, H_out, W_out)."""
    return math.ceil(y.shape[2] / tile), math.ceil(y.shape[3] / tile)


def even_slices(count: int, most: int) -> list[slice]:
    """Return slices of `count` things, each of at most `most`, at least of one, and as even as possible."""
    parts = math.ceil(count / max(1, most))
    step = math.ceil(count / parts)
    return [slice(start, min(count, start + step)) for start in range(0, count, step)]


def framed(x: Array, before: tuple[int, int], size: tuple[int, int], name: str, scratch: Scratch) -> Array:
    """Return x (n, C, H, W) in memory order H×W×n×C, with `before` zeros above and left of it, and zeros up to size."""
    n, channels, height, width = x.shape
    (top, left), (bottom, right) = before, (before[0] + height, before[1] + width)
    frame = scratch(name, (*size, n, channels), x.dtype)
    frame[top:bottom, left:right] = x.transpose(2, 3, 0, 1)
    for margin in (frame[:top], frame[bottom:], frame[top:bottom, :left], frame[top:bottom, right:]):
        margin[...] = 0
    return frame


def transformed(
    matrix: Array, frame: Array, step: int, strip: slice, columns: int, name: str, scratch: Scratch
) -> Array:
    """Return P d Pᵀ of the tiles d in a strip of a frame (H, W, n, C), for the matrix P: (t², tiles, C).

    Tiles are `step` pixels apart, and there are `columns` in a row of them. The first product takes the rows of all
    tiles at once, the second their columns, tile by tile, because they overlap.
    """
    (t, side), rows = matrix.shape, strip.stop - strip.start
    _, width, n, channels = frame.shape
    row, pixel, _, number = frame.strides
    bands = strided_view(frame[step * strip.start :], (rows, side, width * n * channels), (step * row, row, number))
    half = scratch("half of a transform", (rows, t, width * n * channels), frame.dtype)
    np.matmul(matrix, bands, out=half)
    tiles = strided_view(half, (rows, t, columns, side, n * channels), (*half.strides[:2], step * pixel, pixel, number))
    whole = scratch(name, (t, t, rows, columns, n * channels), frame.dtype)
    np.matmul(matrix, tiles, out=whole.transpose(2, 0, 3, 1, 4))
    return whole.reshape(t * t, rows * columns * n, channels)
