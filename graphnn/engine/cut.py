"""Cuts batches: into lanes, each a contiguous block of samples, and a block into pieces that fit the cache.

The cut follows from the document alone, never from the machine or the number of workers, because it decides the last
bits of every sum.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node

MOST_LANES = 32  # so many workers a step can have


# Input and output of the widest node for one piece. With pieces of 0.5, 1, 2 and 4 MiB, a step of models/cifar10.json
# took two processes 271, 260, 254 and 255 ms; two threads, which wait for one another at many calls, needed 0.78, 0.70
# and 0.69 of the time of 0.5 MiB with the larger pieces.
PIECE_BYTES = 2**22


# Most samples of a piece in networks of vectors, where each matrix product reads all weights. A step of 784-256-128-10
# on 512 samples took one thread 7.1 ms with pieces of 64, 5.6 with 128, 4.8 with 256.
VECTORS = 128


# From this many weights on, a dense layer halves the number of pieces in inference, because every piece reads them.
# With half the pieces, one thread took 11.8 ms instead of 12.8 for prediction with models/mnist_cnn.json.
HEAVY = 2**16


BLOCK_WORK = 2**23  # multiply-adds of a block in a stage; with fewer, a second worker gains no more than it costs


ELEMENT_WORK = 32  # multiply-adds that take as long as the element-wise operations on one number, forward and backward


# So many lanes a batch has where a stage's part of a block is worthwhile; more of them only where it is much more work,
# because matrix products of fewer rows are slower: with 32 lanes instead of 16, one thread took 197 ms instead of 178
# for a step of models/cifar10.json (8 lanes: 177).
LANES = 16
MUCH_WORK = 16 * BLOCK_WORK


# Multiply-adds that take as long as the gradient of one parameter in one more lane, which is written, added to another
# and read again; lanes may take a LANE_SHARE of the work of a step.
GRADIENT_COST = 48
LANE_SHARE = 0.1


# Multiply-adds from which a piece of images is worthwhile in inference, where each takes a third of the time. For 64
# samples with models/digits.json, one thread took 311 µs in pieces of 32, and 374 in pieces of 16. Vectors are cut as
# in training: two processes predict 128 samples of models/mnist.json in 0.40 ms, and one of them alone in 0.71.
INFERENCE_WORK = 2**24


INFERENCE_PIECES = 8  # pieces that a batch is cut into in inference, where they are worth handing over


@frozen_dataclass
class Cut:
    """How batches of up to `batch_size` samples are cut into blocks. lanes: the blocks of a full batch."""

    batch_size: int
    lanes: int

    def count(self, samples: int) -> int:
        """Return the number of blocks of a batch: fewer for a smaller batch, whose blocks are about as large."""
        return min(self.lanes, -(-samples * self.lanes // self.batch_size))

    def blocks(self, samples: int) -> list[slice]:
        """Return the blocks of a batch, in order; their sizes differ by one sample at most."""
        return evenly(slice(0, samples), self.count(samples))

    @property
    def block(self) -> int:
        """The samples of the largest block."""
        return -(-self.batch_size // self.lanes)


def evenly(samples: slice, count: int) -> list[slice]:
    """Return a slice cut into `count` slices, whose sizes differ by one at most."""
    size = samples.stop - samples.start
    ends = [samples.start + number * size // count for number in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def cut_of(stages: Sequence[Sequence[Node]], batch_size: int) -> Cut:
    """Return the cut for a network, given as the nodes of each stage.

    There are as many lanes as the batch has work for, a power of two, so that many workers and machines share evenly.
    Networks of vectors have few, because each lane reads all weights.
    """
    nodes = [node for stage in stages for node in stage]
    each = sum(node.multiply_adds + ELEMENT_WORK * math.prod(node.output_shape) for node in nodes)
    trained = sum(parameter.size for node in nodes for parameter in node.parameters if parameter.trainable)
    vectors = all(len(node.input_shape) == 1 for node in nodes)
    most = min(MOST_LANES, -(-batch_size // min(VECTORS, -(-batch_size // 2))) if vectors else batch_size)
    lanes = 1
    while 2 * lanes <= most:
        of_block = batch_size * each / (2 * lanes * len(stages))
        gradients = 2 * lanes * GRADIENT_COST * trained
        if of_block < (BLOCK_WORK if 2 * lanes <= LANES else MUCH_WORK):
            break
        if not vectors and gradients > LANE_SHARE * 3 * batch_size * each:
            break
        lanes *= 2
    return Cut(batch_size, lanes)


def training_piece(nodes: Sequence[Node], block: int) -> int:
    """Return the most samples of a piece of a block that runs through `nodes` in training: from 1 to `block`."""
    pieces = -(-block * widest_bytes(nodes) // PIECE_BYTES)
    return -(-block // min(block, pieces))


def inference_piece(nodes: Sequence[Node], batch_size: int) -> int:
    """Return the number of samples in a piece that runs through `nodes` in inference: from 1 to batch_size."""
    work = sum(node.multiply_adds + ELEMENT_WORK * math.prod(node.output_shape) for node in nodes)
    vectors = all(len(node.input_shape) == 1 for node in nodes)
    worthwhile = -(-(BLOCK_WORK if vectors else INFERENCE_WORK) // max(1, work))
    most = INFERENCE_PIECES // 2 if any(is_heavy(node) for node in nodes) else INFERENCE_PIECES
    shared_out = min(VECTORS, -(-batch_size // 2)) if vectors else -(-batch_size // most)
    piece = max(1, worthwhile, min(PIECE_BYTES // widest_bytes(nodes), shared_out))
    pieces = max(1, batch_size // piece)
    if pieces < most:  # a power of two is shared out evenly
        pieces = 2 ** int(math.log2(pieces))
        piece = -(-batch_size // pieces)
    return min(piece, batch_size)


def widest_bytes(nodes: Sequence[Node]) -> int:
    """Return the bytes of one sample at the widest node: its input and its output."""
    return max((4 * (math.prod(node.input_shape) + math.prod(node.output_shape)) for node in nodes), default=4)


def is_heavy(node: Node) -> bool:
    """Whether a node multiplies vectors by a large matrix of weights."""
    return len(node.input_shape) == 1 and node.multiply_adds >= HEAVY
