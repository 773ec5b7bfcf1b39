"""The direct algorithm: convolution by compiled code that reads each window where it is, with nothing gathered."""

import math
from collections.abc import Callable

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.channels import in_memory_order
from graphnn.kernels.convolution import NO_EPILOGUE, Epilogue, Scratch, Window, blocks
from graphnn.kernels.im2col_gemm import Allocate
from graphnn.kernels.numba_algorithms import NO_BIASES, CompiledIm2col, frames
from graphnn.kernels.vectors import WIDTH, contiguous, flat
from graphnn.types import Array

FRAMES = 2**18  # bytes of padded images that are convolved while they are in the cache


@frozen_dataclass
class Direct(CompiledIm2col):
    """Convolution with nothing gathered; im2col with fewer than sixteen filters, or numbers other than float32.

    The prepared weights are (D/16, Kh·Kw·C, 16), rounded up: a matrix for each sixteen filters. Where D is no multiple
    of sixteen, the last matrix ends with the last filter, and overlaps the one before.
    """

    name: str = "direct"

    def prepare(self, weights: Array, allocate: Allocate, part: slice | None = None) -> Array:
        ordered, filters, some = weights.transpose(2, 3, 1, 0), len(weights), part or slice(None)
        if weights.dtype != np.float32 or filters < WIDTH:
            return super().prepare(weights, allocate, part)
        count, shape = -(-filters // WIDTH), ordered.shape[:3]
        matrices = allocate(count * math.prod(shape) * WIDTH).reshape(count, *shape, WIDTH)
        for number in range(count):
            first = min(number * WIDTH, filters - WIDTH)
            matrices[number, :, :, some] = ordered[:, :, some, first : first + WIDTH]
        return matrices.reshape(count, -1, WIDTH)

    def convolve(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> None:
        self.bind(x, prepared, window, y, scratch, epilogue)()

    def bind(
        self, x: Array, prepared: Array, window: Window, y: Array, scratch: Scratch, epilogue: Epilogue = NO_EPILOGUE
    ) -> Callable[[], None]:
        if prepared.ndim != 3:
            return lambda: super(Direct, self).convolve(x, prepared, window, y, scratch, epilogue)
        from graphnn.kernels.compiled.direct import convolve

        weights, biases = prepared.reshape(-1), NO_BIASES if epilogue.biases is None else epilogue.biases
        kernel, strides, output, filters, relu = window.kernel, window.strides, y.shape[2:], y.shape[1], epilogue.relu
        steps: list[tuple[Array | None, Array, Array, tuple[int, ...], Array]] = []
        for block in blocks(len(x), 4 * x.shape[1] * math.prod(window.padded_size(x.shape[2:])), FRAMES):
            of_block = in_memory_order(x[block])
            if window.padded or not contiguous(x):
                # the same frames for a few more images: they stay in memory for each number
                images, memory = frames(x, window, 1 << (len(of_block) - 1).bit_length(), scratch)
                (top, left), (height, width) = window.before, x.shape[2:]
                inside = images[: len(of_block), top : top + height, left : left + width]
                steps.append((inside, of_block, memory, (len(of_block), *images.shape[1:]), flat(y[block])))
            else:
                steps.append((None, of_block, flat(x[block]), of_block.shape, flat(y[block])))

        def run() -> None:
            for inside, of_block, memory, size, out in steps:
                if inside is not None:
                    inside[...] = of_block
                convolve(memory, size, weights, kernel, strides, output, filters, biases, relu, out)

        return run


DIRECT = Direct()
