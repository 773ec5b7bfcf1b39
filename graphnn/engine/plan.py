"""Plans how a graph is run: the stages between barriers, and the pieces that a batch is cut into.

The plan follows from the document alone, never from the machine or the number of threads, because the cut decides the
last bits of every sum.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from graphnn.engine.fusion import fuse, unfused
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.choice import fastest, kernels_named
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import BatchwiseLayer

LANES = 8  # accumulators of gradients, each summing its pieces in order; also the most tasks of a training pass


# Input and output of the widest node for one piece. With pieces of 0.5, 1, 2 and 4 MiB, a step of models/cifar10.json
# took two processes 271, 260, 254 and 255 ms; two threads, which wait for one another at many calls, needed 0.78, 0.70
# and 0.69 of the time of 0.5 MiB with the larger pieces.
PIECE_BYTES = 2**22


# Most samples of a piece in networks of vectors, where each matrix product reads all weights. A step of 784-256-128-10
# on 512 samples took one thread 7.1 ms with pieces of 64, 5.6 with 128, 4.8 with 256.
VECTORS = 128


# From this many weights on, a dense layer halves the number of pieces, because every piece reads them and every lane
# adds their gradient. With half the pieces, one thread took 56.0 ms instead of 58.2 for a step of
# models/mnist_cnn.json, and 11.8 instead of 12.8 for prediction.
HEAVY = 2**16


PIECE_WORK = 2**23  # multiply-adds; below that, handing a piece to a thread costs as much as a second thread gains


ELEMENT_WORK = 32  # multiply-adds that take as long as the element-wise operations on one number, forward and backward


@frozen_dataclass
class Stage:
    """A run of nodes that one piece passes without waiting for any other.

    entry: the batch-wise node that is applied first; None in the first stage. nodes: sample-wise. exit: the batch-wise
    node whose partial sums are computed last, before the barrier; None in the last stage. piece: samples in a piece.
    """

    entry: Node | None
    nodes: tuple[Node, ...]
    exit: Node | None
    piece: int

    @property
    def last(self) -> Node | None:
        """The node whose output the next stage takes; None where the stage passes its input on."""
        return self.nodes[-1] if self.nodes else self.entry

    def recomputes(self, samples: int) -> bool:
        """Whether backward computes the entry's output again, so that it need not be kept for the whole batch.

        It pays where a lane has several pieces, which then share memory: models/cifar10_wide.json needs 1.1 GiB instead
        of 1.6.
        """
        layer = None if self.entry is None else self.entry.layer
        repeatable = isinstance(layer, BatchwiseLayer) and layer.repeatable
        return repeatable and bool(self.nodes) and samples > LANES * self.piece

    def pieces(self, samples: int) -> int:
        """Return the number of pieces of a batch."""
        return -(-samples // self.piece)

    def cut(self, samples: int) -> list[slice]:
        """Return the slices of the pieces of a batch: each of `piece` samples, but the last may be smaller."""
        return [slice(start, min(start + self.piece, samples)) for start in range(0, samples, self.piece)]


@frozen_dataclass
class Plan:
    """How training steps are run: stages in order, a barrier between each and the next.

    logits: whether the loss is computed together with the last node, from that node's input; no stage has the node
    then. trained: the names of the parameters trained in the epoch, by node index; nodes without any are left out, and
    so is everything in backward that no trained parameter needs.
    """

    stages: tuple[Stage, ...]
    logits: bool
    trained: Mapping[int, frozenset[str]]

    def at(self, epoch: int) -> "Plan":
        """Return the plan of an epoch, counted from 0: the same stages, with the parameters trained in that epoch."""
        return replace(self, trained=trained_in(epoch, self.nodes))

    @property
    def nodes(self) -> Iterator[Node]:
        """All nodes of the stages, in order."""
        for stage in self.stages:
            yield from stage.nodes
            if stage.exit is not None:
                yield stage.exit

    @cached_property
    def first_trained(self) -> int:
        """The index of the first node with a trained parameter; one past the last node where none has any."""
        return min(self.trained, default=1 + max((node.index for node in self.nodes), default=-1))

    def trained_of(self, node: Node) -> frozenset[str]:
        """Return the names of a node's trained parameters."""
        return self.trained.get(node.index, frozenset())

    def trains(self, node: Node) -> bool:
        """Whether backward reaches the node."""
        return node.index >= self.first_trained

    def needs_dx(self, node: Node) -> bool:
        """Whether a node before this one is trained, so that the gradient of its input is needed."""
        return node.index > self.first_trained


def piece_size(nodes: Sequence[Node], batch_size: int) -> int:
    """Return the number of samples in a piece that runs through `nodes`: from 1 to batch_size."""
    widest = max((4 * (math.prod(node.input_shape) + math.prod(node.output_shape)) for node in nodes), default=4)
    work = sum(node.multiply_adds + ELEMENT_WORK * math.prod(node.output_shape) for node in nodes)
    worthwhile = -(-PIECE_WORK // max(1, work))
    vectors = all(len(node.input_shape) == 1 for node in nodes)
    lanes = LANES // 2 if any(is_heavy(node) for node in nodes) else LANES
    shared_out = min(VECTORS, -(-batch_size // 2)) if vectors else -(-batch_size // lanes)
    piece = max(1, worthwhile, min(PIECE_BYTES // widest, shared_out))
    pieces = max(1, batch_size // piece)
    if pieces < lanes:  # a power of two is shared out evenly
        pieces = 2 ** int(math.log2(pieces))
        piece = -(-batch_size // pieces)
    return min(piece, batch_size)


def is_heavy(node: Node) -> bool:
    """Whether a node multiplies vectors by a large matrix of weights."""
    return len(node.input_shape) == 1 and node.multiply_adds >= HEAVY


def training_plan(graph: Graph, batch_size: int, kernels: Kernels) -> Plan:
    """Return the plan of a training step."""
    logits = loss_takes_logits(graph)
    nodes = fuse(graph.nodes[:-1] if logits else graph.nodes, kernels, training=True)
    stages: list[Stage] = []
    entry: Node | None = None
    run: list[Node] = []
    for node in (*nodes, None):
        if node is not None and not node.layer.batchwise:
            run.append(node)
            continue
        whole = [member for member in (entry, *run, node) if member is not None]
        members = unfused(whole)  # the cut is the same, fused or not
        stages.append(Stage(entry, tuple(run), node, piece_size(members, batch_size)))
        entry, run = node, []
    return Plan(tuple(stages), logits, trained_in(0, nodes))


def trained_in(epoch: int, nodes: Iterable[Node]) -> dict[int, frozenset[str]]:
    """Return the names of the parameters trained in an epoch, by node index; nodes without any are left out."""
    names = {node.index: frozenset(each.name for each in node.parameters if each.trained_in(epoch)) for node in nodes}
    return {index: trained for index, trained in names.items() if trained}


def loss_takes_logits(graph: Graph) -> bool:
    """Whether the loss is computed together with the last node, from its input."""
    fused = graph.loss.fused_with
    return fused is not None and isinstance(graph.nodes[-1].layer, fused)


def kernels_for(graph: Graph, name: str | None = None, work: float | None = None) -> Kernels:
    """Return the kernels of that name, by default the fastest for so much work, or numpy's in networks without images.

    work: multiply-adds of the whole training; None: a great many.
    """
    images = any(len(node.input_shape) == 3 for node in graph.nodes)
    return kernels_named(name or (fastest(work) if images else "numpy"))


def training_work(graph: Graph, samples: int, epochs: float) -> float:
    """Return about how many multiply-adds a training takes, forward and backward, from shapes and counts alone."""
    numbers = sum(math.prod(node.output_shape) for node in graph.nodes)
    return epochs * samples * (3 * sum(node.multiply_adds for node in graph.nodes) + ELEMENT_WORK * numbers)
