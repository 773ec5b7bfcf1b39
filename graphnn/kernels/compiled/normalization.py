"""Batch normalisation fused with the activation after it, compiled: statistics and output take one pass each.

They work on blocks of pixels by sixteen channels, so that sums stay in registers.
"""

from typing import Any

from graphnn.kernels.compiled.activations import NONE, RELU, activated, slope
from graphnn.kernels.compiled.kept import compiled
from graphnn.kernels.compiled.vectors import add_in_float64, all_equal, load, store, where_at_least
from graphnn.kernels.vectors import WIDTH

ROWS = 64  # pixels per block; sums of blocks are added in float64
RUN = 16  # pixels added one after the other in float32: rounding errors grow with this number, not with all pixels


@compiled
def moments(x: Any, channels: Any, centre: Any, mean: Any, squares: Any) -> None:
    """Write the mean of each channel, and the sum of the squared deviations from it, in float64.

    x: flat, pixels × channels. A single pass, with deviations from `centre`, where the first block's mean is written:
    it is near enough to the mean of all pixels that the squares do not cancel.
    """
    pixels, zero = x.size // channels, all_equal(0.0)
    share = all_equal(1.0 / min(ROWS, pixels))
    mean[:] = 0.0
    squares[:] = 0.0
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            if first == 0:
                total = zero
                for pixel in range(last):
                    total = total + load(x, pixel * channels + channel)
                store(centre, channel, total * share)
            middle, block, block_squares = load(centre, channel), zero, zero
            for start in range(first, last, RUN):
                total, total_squares = zero, zero
                for pixel in range(start, min(start + RUN, last)):
                    value = load(x, pixel * channels + channel) - middle
                    total = total + value
                    total_squares = total_squares + value * value
                block = block + total
                block_squares = block_squares + total_squares
            add_in_float64(mean, channel, block)
            add_in_float64(squares, channel, block_squares)
    for channel in range(channels):
        distance = mean[channel] / pixels
        squares[channel] -= distance * mean[channel]
        mean[channel] = centre[channel] + distance


@compiled
def normalise(x: Any, channels: Any, factor: Any, shift: Any, kind: Any, y: Any) -> None:
    """Write f(factor·x + shift) into y, where f is the activation of this kind."""
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
    """Write Σ g and Σ g·(x − mean) of each channel, in float64, with g = dy·f′(factor·x + shift).

    g overwrites dy, except for ReLU: `normalise_gradient` computes its slope again.
    """
    pixels, zero = x.size // channels, all_equal(0.0)
    sums[:] = 0.0
    products[:] = 0.0
    for first in range(0, pixels, ROWS):
        last = min(first + ROWS, pixels)
        for channel in range(0, channels, WIDTH):
            scale, offset, middle = load(factor, channel), load(shift, channel), load(mean, channel)
            block, block_products = zero, zero
            for start in range(first, last, RUN):
                total, total_products = zero, zero
                for pixel in range(start, min(start + RUN, last)):
                    at = pixel * channels + channel
                    value, gradient = load(x, at), load(dy, at)
                    if kind == RELU:
                        gradient = where_at_least(value * scale + offset, zero, gradient, zero)
                    elif kind != NONE:
                        gradient = gradient * slope(value * scale + offset, kind)
                        store(dy, at, gradient)
                    total = total + gradient
                    total_products = total_products + gradient * (value - middle)
                block = block + total
                block_products = block_products + total_products
            add_in_float64(sums, channel, block)
            add_in_float64(products, channel, block_products)


@compiled
def normalise_gradient(
    x: Any, dy: Any, channels: Any, factor: Any, shift: Any, slope: Any, offset: Any, relu: Any
) -> None:
    """Write factor·g + slope·x + offset into dy. g: dy, but with relu 0 where factor·x + shift is negative."""
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
