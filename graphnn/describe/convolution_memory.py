"""The scratch memory of convolutions: gathered windows, padded images, and transformed tiles."""

import math
from collections import Counter

from graphnn.engine.plan import Plan, Stage
from graphnn.graph.graph import Node
from graphnn.kernels.convolution import BLOCK_BYTES, Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.kernels import Kernels
from graphnn.kernels.winograd import Winograd
from graphnn.layers.conv2d import Conv2D

FLOAT = 4  # bytes of a float32
Uses = Counter[str]  # elements by what they are used for


def convolution_scratch(plan: Plan, kernels: Kernels) -> int:
    """Return the elements of scratch that one process needs for the convolutions of a plan.

    Convolutions use the memory of each use in turn, which is as large as the largest takes; each has padded images of
    its own, whose margins stay zero.
    """
    shared, padded = Uses(), 0
    for stage in plan.stages:
        for node in stage.nodes:
            if isinstance(node.layer, Conv2D):
                shares, own = scratch_of(node, node.layer, stage, kernels, needs_dx=plan.needs_dx(node))
                shared, padded = shared | shares, padded + own  # the larger count of each use
    return shared.total() + padded


def scratch_of(node: Node, layer: Conv2D, stage: Stage, kernels: Kernels, *, needs_dx: bool) -> tuple[Uses, int]:
    """Return the elements that a convolution shares with others, by use, and those of its padded images."""
    algorithms, window = layer.algorithms(node.input_shape, kernels), layer.window
    channels, height, width = node.input_shape
    filters, *output = node.output_shape
    weights = layer.filters * channels * math.prod(window.kernel)
    shared, padded = windows(window, channels, (height, width), stage.piece, filters, algorithms.forward)
    shared["gradient of a block"] = weights
    if needs_dx and window.rotated is not None:
        size = (output[0], output[1])
        back, of_gradient = windows(window.rotated, filters, size, stage.piece, channels, algorithms.input_gradient)
        return shared | back, padded + of_gradient
    if needs_dx:
        contributions = stage.piece * math.prod(output) * channels * math.prod(window.kernel)
        shared["contributions"] = contributions
        shared["padded gradient"] = stage.piece * with_padding(window, channels, (height, width))
    return shared, padded


def windows(window: Window, channels: int, size: Pair, piece: int, filters: int, algorithm: object) -> tuple[Uses, int]:
    """Return the elements of the windows, or the tiles, of one block of images, and of these with their padding."""
    if window.pointwise:
        return Uses(), 0
    output = window.output(size)
    if isinstance(algorithm, Winograd):
        return tiles_and_frame(output, channels, filters, piece, algorithm), 0
    of_image = math.prod(output) * math.prod(window.kernel) * channels
    images = in_block(piece, of_image, BLOCK_BYTES)
    return Uses({"windows": images * of_image}), images * with_padding(window, channels, size)


def tiles_and_frame(output: Pair, channels: int, filters: int, piece: int, algorithm: Winograd) -> Uses:
    """Return the elements of the transformed tiles of one block, and of its images and their gradient with a margin."""
    rows, columns = (-(-side // algorithm.tile) for side in output)
    widest = max(channels, filters)
    images, strips = algorithm.blocks(piece, rows, columns, FLOAT * widest)
    together = images[0].stop
    pixels = (rows * algorithm.tile + 2) * (columns * algorithm.tile + 2)
    of_tiles = strips[0].stop * columns * together * algorithm.points * widest
    return Uses({"tiles": 4 * of_tiles, "frames": together * pixels * (channels + filters)})


def in_block(piece: int, of_image: int, most_bytes: int) -> int:
    """Return how many images of a piece are in a block of at most so many bytes; at least one is."""
    return min(piece, max(1, most_bytes // max(1, FLOAT * of_image)))


def with_padding(window: Window, channels: int, size: Pair) -> int:
    """Return the elements of one image with its padding; 0 where it has none."""
    if not any((*window.before, *window.after)):
        return 0
    sides = zip(size, window.before, window.after, strict=True)
    return channels * math.prod(side + before + after for side, before, after in sides)
