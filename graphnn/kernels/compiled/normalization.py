"""Batch normalisation, and the activation after it, in one pass over memory for each thing that must be known first.

Blocks of rows (pixels) by sixteen channels: sums stay in registers.
"""

from typing import Any

from graphnn.kernels.compiled.activations import NONE, RELU, activated, slope
from graphnn.kernels.compiled.vectors import all_equal, compiled, load, store, where_at_least
from graphnn.kernels.vectors import WIDTH

ROWS = 64  # pixels of a block, whose sums are added to those of the other blocks: rounding grows with 64, not with all


@compiled
def moments(x: Any, channels: Any, mean: Any, sums: Any, squares: Any) -> None:
    """Write the mean of every channel, and the sum of the squares around it; `sums` is work space.

    x: flat, pixels × channels. One pass, with sums of the distances from the first block's mean: that is near enough to
    the whole's for the squares not to cancel.
    """
    pixels, zero = x.size // channels, all_equal(0.0)
    share = all_equal(1.0 / min(ROWS, pixels))
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            if first == 0:
                total = zero
                for pixel in range(last):
                    total = total + load(x, pixel * channels + channel)
                store(mean, channel, total * share)
                store(sums, channel, zero)
                store(squares, channel, zero)
            centre, total, total_squares = load(mean, channel), zero, zero
            for pixel in range(first, last):
                value = load(x, pixel * channels + channel) - centre
                total = total + value
                total_squares = total_squares + value * value
            store(sums, channel, load(sums, channel) + total)
            store(squares, channel, load(squares, channel) + total_squares)
    for channel in range(channels):
        distance = sums[channel] / pixels
        mean[channel] += distance
        squares[channel] -= distance * sums[channel]


@compiled
def normalise(x: Any, channels: Any, factor: Any, shift: Any, kind: Any, y: Any) -> None:
    """Write factor·x + shift, activated, into y."""
    pixels = x.size // channels
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            scale, offset = load(factor, channel), load(shift, channel)
            for pixel in range(first, last):
                value = load(x, pixel * channels + channel) * scale + offset
                store(y, pixel * channels + channel, activated(value, kind))


@compiled
def gradient_sums(
    x: Any, dy: Any, channels: Any, mean: Any, factor: Any, shift: Any, kind: Any, sums: Any, products: Any
) -> None:
    """Write Σ dy and Σ dy·(x − mean) of every channel, of dy times the activation's slope.

    That product takes the place of dy, but for ReLU, of which `pass_back` sees again where the slope is 0.
    """
    pixels, zero = x.size // channels, all_equal(0.0)
    sums[:] = 0.0
    products[:] = 0.0
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            scale, offset, middle = load(factor, channel), load(shift, channel), load(mean, channel)
            total, total_products = zero, zero
            for pixel in range(first, last):
                at = pixel * channels + channel
                value, gradient = load(x, at), load(dy, at)
                if kind == RELU:
                    gradient = where_at_least(value * scale + offset, zero, gradient, zero)
                elif kind != NONE:
                    gradient = gradient * slope(value * scale + offset, kind)
                    store(dy, at, gradient)
                total = total + gradient
                total_products = total_products + gradient * (value - middle)
            store(sums, channel, load(sums, channel) + total)
            store(products, channel, load(products, channel) + total_products)


@compiled
def pass_back(x: Any, dy: Any, channels: Any, factor: Any, shift: Any, slope: Any, offset: Any, relu: Any) -> None:
    """Write factor·dy + slope·x + offset into dy, where relu with 0 for the dy of negative results."""
    pixels, zero = x.size // channels, all_equal(0.0)
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            scale, displaced = load(factor, channel), load(shift, channel)
            steep, base = load(slope, channel), load(offset, channel)
            for pixel in range(first, last):
                at = pixel * channels + channel
                value, gradient = load(x, at), load(dy, at)
                if relu:
                    gradient = where_at_least(value * scale + displaced, zero, gradient, zero)
                store(dy, at, gradient * scale + (value * steep + base))
