"""Plans how a graph is run: the stages between barriers, and how batches are cut, all from the document alone."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from graphnn.engine.cut import ELEMENT_WORK, Cut, cut_of, evenly, training_piece
from graphnn.engine.fusion import fuse, unfused
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.choice import fastest, kernels_named
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import LAYERS
from graphnn.layers.bypass import Save


@frozen_dataclass
class Stage:
    """A run of nodes that one piece passes without waiting for any other.

    entry: the batch-wise node that is applied first; None in the first stage. nodes: sample-wise. exit: the batch-wise
    node whose partial sums are computed last, before the barrier; None in the last stage. piece: the most samples in a
    piece.
    """

    entry: Node | None
    nodes: tuple[Node, ...]
    exit: Node | None
    piece: int

    @property
    def last(self) -> Node | None:
        """The node whose output the next stage takes; None where the stage passes its input on."""
        return self.nodes[-1] if self.nodes else self.entry

    @cached_property
    def _lasting(self) -> "Lasting":
        return lasting(self.entry, self.nodes, self.exit)

    def is_brief(self, node: Node) -> bool:
        """Whether a node's output lasts only until the next piece is computed, in memory that pieces take in turn."""
        return node.index in self._lasting.brief

    def is_repeated(self, node: Node) -> bool:
        """Whether backward computes a node's output again, because it has not lasted."""
        return node.index in self._lasting.repeated

    def cut(self, block: slice) -> list[slice]:
        """Return the pieces of a block, whose sizes differ by one at most."""
        return evenly(block, -(-(block.stop - block.start) // self.piece))


@frozen_dataclass
class Lasting:
    """Whose outputs last for one piece alone, and whose of these are computed again, by node index."""

    brief: frozenset[int]
    repeated: frozenset[int]


def lasting(entry: Node | None, nodes: Sequence[Node], exit_node: Node | None) -> Lasting:
    """Return whose outputs in a stage need not be kept for the whole batch.

    In the last stage that is all, because each piece runs back at once. Elsewhere it is what backward does not read,
    and what can be computed again from what is at hand; with the outputs of all nodes kept, training
    models/cifar10_resnet.json took 1.4 times the memory.
    """
    chain = [node for node in (entry, *nodes) if node is not None]
    if exit_node is None:
        return Lasting(frozenset(node.index for node in chain), frozenset())
    brief: set[int] = set()
    repeated: set[int] = set()
    at_hand = True  # whether backward has the input of the node
    for position, node in enumerate(chain[:-1]):
        if node.layer.keeps_input:  # it has no output of its own
            at_hand = at_hand or not isinstance(node.layer, Save)
        elif not (reads(node, "output") or is_read(chain[position + 1 :])):
            brief.add(node.index)
            at_hand = False
        elif node.layer.repeatable and LAYERS.is_built_in(type(node.layer)) and at_hand:
            brief.add(node.index)
            repeated.add(node.index)
        else:
            at_hand = True
    return Lasting(frozenset(brief), frozenset(repeated))


def is_read(following: Sequence[Node]) -> bool:
    """Whether backward of the nodes that follow reads the input of the first of them, which Save passes on."""
    readers = (reads(node, "input") for node in following if not isinstance(node.layer, Save))
    return next(readers, False)


def reads(node: Node, what: str) -> bool:
    """Whether backward of a node reads its "input" or its "output".

    A layer of a plugin may, even where it is derived from one that does not.
    """
    return getattr(node.layer, f"reads_{what}") or not LAYERS.is_built_in(type(node.layer))


@frozen_dataclass
class Plan:
    """How training steps are run: stages in order, a barrier between each and the next.

    cut: of batches into lanes; a lane keeps its samples through all stages, forward and backward. logits: whether the
    loss is computed together with the last node, from that node's input; no stage has the node then. trained: the names
    of the parameters trained in the epoch, by node index; nodes without any are left out, and so is everything in
    backward that no trained parameter needs.
    """

    stages: tuple[Stage, ...]
    cut: Cut
    logits: bool
    trained: Mapping[int, frozenset[str]]

    def at(self, epoch: int) -> "Plan":
        """Return the plan of an epoch, counted from 0: the same stages, with the parameters trained in that epoch."""
        return replace(self, trained=trained_in(epoch, self.nodes))

    def pieces(self, stage: Stage, samples: int) -> list[list[slice]]:
        """Return the pieces of a batch in a stage, by lane."""
        return [stage.cut(block) for block in self.cut.blocks(samples)]

    def piece_count(self, stage: Stage, samples: int) -> int:
        """Return the number of pieces of a batch in a stage, without making them."""
        blocks = self.cut.count(samples)
        size, larger = divmod(samples, blocks)
        return larger * -(-(size + 1) // stage.piece) + (blocks - larger) * -(-size // stage.piece)

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


def training_plan(graph: Graph, batch_size: int, kernels: Kernels) -> Plan:
    """Return the plan of a training step."""
    logits = loss_takes_logits(graph)
    nodes = fuse(graph.nodes[:-1] if logits else graph.nodes, kernels, training=True)
    runs: list[tuple[Node | None, tuple[Node, ...], Node | None]] = []
    entry: Node | None = None
    run: list[Node] = []
    for node in (*nodes, None):
        if node is not None and not node.layer.batchwise:
            run.append(node)
            continue
        runs.append((entry, tuple(run), node))
        entry, run = node, []
    # the cut is the same, fused or not
    own = [unfused(each for each in (*run, last) if each is not None) for _, run, last in runs]
    passed = [unfused(each for each in (first, *run, last) if each is not None) for first, run, last in runs]
    cut = cut_of(own, batch_size)
    stages = [Stage(*run, training_piece(each, cut.block)) for run, each in zip(runs, passed, strict=True)]
    return Plan(tuple(stages), cut, logits, trained_in(0, nodes))


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
