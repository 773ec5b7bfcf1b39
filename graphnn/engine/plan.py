"""How a graph is run: the stages between barriers, and the pieces that a batch is cut into.

Everything here follows from the document alone, never from the machine or the number of threads: a cut decides the last
bits of every sum.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from graphnn.engine.fusion import merge, unmerged
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.choice import installed, kernels_named
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import BatchwiseLayer

LANES = 8  # accumulators of gradients, each summing its own pieces in order; also the tasks that cores share out


# Input and output of the widest node of a piece. A step of models/cifar10.json took two processes 271, 260, 254 and
# 255 ms with pieces of 0.5, 1, 2 and 4 MiB, and two threads, which wait for one another at many calls, 0.78, 0.70 and
# 0.69 of the time of 0.5 MiB with the larger ones.
PIECE_BYTES = 2**22


# Rows of a matrix product: each reads all weights. One step of 784-256-128-10 on 512 samples took one thread 7.1 ms in
# pieces of 64, 5.6 in those of 128, 4.8 in those of 256.
VECTORS = 128


# Weights of a dense layer that every piece reads, and whose gradient every lane adds: after convolutions, half as many
# pieces then. One thread took 56.0 ms for a step of models/mnist_cnn.json instead of 58.2, 11.8 for prediction instead
# of 12.8.
HEAVY = 2**16


PIECE_WORK = 2**23  # multiply-adds; below that, handing a piece to a thread costs as much as a second thread gains


ELEMENT_WORK = 32  # multiply-adds that take as long as the element-wise passes, both ways, over one number


@dataclass(frozen=True)
class Stage:
    """A run of nodes that one piece passes without waiting for any other.

    entry: the batch-wise node that is applied first, None in the first stage. nodes: sample-wise. exit: the batch-wise
    node whose sums are gathered last, before the barrier, None in the last stage. piece: samples in a piece.
    """

    entry: Node | None
    nodes: tuple[Node, ...]
    exit: Node | None
    piece: int

    @property
    def last(self) -> Node | None:
        """The node whose output is handed on at the exit; None where the stage passes on what it is given."""
        return self.nodes[-1] if self.nodes else self.entry

    def recomputes(self, samples: int) -> bool:
        """Whether backward lets the entry give its output anew, so that it need not be kept for the whole batch.

        That pays where a lane has several pieces, which then share memory: inspect says 1.1 GiB instead of 1.6 for
        models/cifar10_wide.json.
        """
        layer = None if self.entry is None else self.entry.layer
        repeatable = isinstance(layer, BatchwiseLayer) and layer.repeatable
        return repeatable and bool(self.nodes) and samples > LANES * self.piece

    def cut(self, samples: int) -> list[slice]:
        """Return the pieces of a batch of so many samples: all of `piece` samples, the last perhaps of fewer."""
        return [slice(start, min(start + self.piece, samples)) for start in range(0, samples, self.piece)]


@dataclass(frozen=True)
class Plan:
    """How training steps are run: stages in order, a barrier between each and the next.

    logits: whether the loss takes the last node's place and is computed from its input. trained: the names of the
    parameters that are trained in the epoch, by index of the nodes that have any; what only other parameters need is
    left out of backward.
    """

    stages: tuple[Stage, ...]
    logits: bool
    trained: Mapping[int, frozenset[str]]

    def at(self, epoch: int) -> "Plan":
        """Return the plan of another epoch, counted from 0: the same stages, and backward to what is still trained."""
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
        """The index of the first node with a trained parameter; that after the last node where there is none."""
        return min(self.trained, default=1 + max((node.index for node in self.nodes), default=-1))

    def trained_of(self, node: Node) -> frozenset[str]:
        """Return the names of a node's parameters that are trained."""
        return self.trained.get(node.index, frozenset())

    def trains(self, node: Node) -> bool:
        """Whether backward reaches the node."""
        return node.index >= self.first_trained

    def needs_dx(self, node: Node) -> bool:
        """Whether something before the node is trained, so that the gradient of its input is asked for."""
        return node.index > self.first_trained


def piece_size(nodes: Sequence[Node], batch_size: int) -> int:
    """Return how many samples a piece has that runs through `nodes`: from 1 to batch_size."""
    widest = max((4 * (math.prod(node.input_shape) + math.prod(node.output_shape)) for node in nodes), default=4)
    work = sum(node.multiply_adds + ELEMENT_WORK * math.prod(node.output_shape) for node in nodes)
    worthwhile = -(-PIECE_WORK // max(1, work))
    vectors = all(len(node.input_shape) == 1 for node in nodes)
    lanes = LANES // 2 if any(is_heavy(node) for node in nodes) else LANES
    shared_out = min(VECTORS, -(-batch_size // 2)) if vectors else -(-batch_size // lanes)
    piece = max(1, worthwhile, min(PIECE_BYTES // widest, shared_out))
    pieces = max(1, batch_size // piece)
    if pieces < lanes:  # a power of two shares out evenly
        pieces = 2 ** int(math.log2(pieces))
        piece = -(-batch_size // pieces)
    return min(piece, batch_size)


def is_heavy(node: Node) -> bool:
    """Whether a node multiplies each sample, as one row, by many weights."""
    return len(node.input_shape) == 1 and node.multiply_adds >= HEAVY


def training_plan(graph: Graph, batch_size: int, kernels: Kernels) -> Plan:
    """Return the plan of a training step."""
    logits = fuses(graph)
    nodes = merge(graph.nodes[:-1] if logits else graph.nodes, kernels, training=True)
    stages: list[Stage] = []
    entry: Node | None = None
    run: list[Node] = []
    for node in (*nodes, None):
        if node is not None and not isinstance(node.layer, BatchwiseLayer):
            run.append(node)
            continue
        whole = [member for member in (entry, *run, node) if member is not None]
        members = unmerged(whole)  # the cut is the same, merged or not
        stages.append(Stage(entry, tuple(run), node, piece_size(members, batch_size)))
        entry, run = node, []
    return Plan(tuple(stages), logits, trained_in(0, nodes))


def trained_in(epoch: int, nodes: Iterable[Node]) -> dict[int, frozenset[str]]:
    """Return the names of the parameters that are trained in an epoch, by node index; of nodes that have any."""
    names = {node.index: frozenset(own.name for own in node.parameters if own.trained_in(epoch)) for node in nodes}
    return {index: own for index, own in names.items() if own}


def fuses(graph: Graph) -> bool:
    """Whether the loss is computed together with the last node, from its input."""
    fused = graph.loss.fused_with
    return fused is not None and isinstance(graph.nodes[-1].layer, fused)


def kernels_for(graph: Graph, name: str | None = None) -> Kernels:
    """Return the kernels of a name, by default the fastest installed; networks without images have numpy's only."""
    images = any(len(node.input_shape) == 3 for node in graph.nodes)
    return kernels_named(name or (installed() if images else "numpy"))
