"""Max pooling, compiled: one pass over memory, with the window's maximum in a register."""

from typing import Any

from graphnn.kernels.compiled.kept import compiled
from graphnn.kernels.compiled.vectors import all_equal, load, maximum, store, where_equal
from graphnn.kernels.vectors import WIDTH


@compiled
def max_pool(x: Any, sizes: Any, kernel: Any, strides: Any, output: Any, y: Any) -> None:
    """Write the maximum of each window into y. x: flat, n×H×W×C with these `sizes`; output: (H_out, W_out)."""
    n, height, width, channels = sizes
    out_h, out_w = output
    to = 0
    for image in range(n):
        for row in range(out_h):
            for column in range(out_w):
                corner = ((image * height + row * strides[0]) * width + column * strides[1]) * channels
                for channel in range(0, channels, WIDTH):
                    largest = load(x, corner + channel)
                    for i in range(kernel[0]):
                        for j in range(kernel[1]):
                            value = load(x, corner + (i * width + j) * channels + channel)
                            largest = maximum(largest, value)
                    store(y, to, largest)
                    to += WIDTH


@compiled
def max_pool_gradient(x: Any, y: Any, dy: Any, sizes: Any, kernel: Any, strides: Any, output: Any, dx: Any) -> None:
    """Write dy of each window into dx at the window's first maximum in row-major order; windows must not overlap."""
    n, height, width, channels = sizes
    out_h, out_w = output
    zero = all_equal(0.0)
    if out_h * kernel[0] != height or out_w * kernel[1] != width:
        dx[:] = 0.0  # some pixels are in no window
    at = 0
    for image in range(n):
        for row in range(out_h):
            for column in range(out_w):
                corner = ((image * height + row * strides[0]) * width + column * strides[1]) * channels
                for channel in range(0, channels, WIDTH):
                    largest, rest = load(y, at), load(dy, at)
                    at += WIDTH
                    for i in range(kernel[0]):
                        for j in range(kernel[1]):
                            pixel = corner + (i * width + j) * channels + channel
                            value = load(x, pixel)
                            store(dx, pixel, where_equal(value, largest, rest, zero))
                            rest = where_equal(value, largest, zero, rest)
