"""Runs inference: outputs and losses of any number of samples, a piece at a time, with nothing kept for backward."""

from collections.abc import Callable

import numpy as np

from graphnn.engine.batch import Batch, Feed, Take, feed
from graphnn.engine.bound import BoundChain
from graphnn.engine.crew import Crew
from graphnn.engine.cut import inference_piece
from graphnn.engine.fusion import fuse
from graphnn.engine.plan import loss_takes_logits
from graphnn.engine.preparation import PreparedNode, Watched, unchanged
from graphnn.engine.workspace import Workspace
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array

BOUND = 64  # sizes of pieces for which chains are kept bound: some ten KiB each
CHUNK = 256  # samples of a pass, rounded up to whole batches: a smaller one costs calls, a larger one memory

NOT_BOUND: tuple[int, BoundChain | None] = (-1, None)


def at_once(batch_size: int, samples: int | None = None) -> int:
    """Return the number of samples that inference computes at once: whole batches of at least CHUNK in all.

    samples: how many there are, where it is known.
    """
    most = batch_size * -(-CHUNK // batch_size)
    return most if samples is None else max(1, min(most, samples))


class Chain:
    """Nodes that each piece passes one after the other. piece: samples in a piece.

    version: counts the changes of parameters; what is bound to those of another version is of no use.
    """

    def __init__(self, nodes: tuple[PreparedNode, ...], piece: int) -> None:
        self.nodes, self.piece, self.version = nodes, piece, 0
        self._watched: list[Watched] = []

    def refresh(self) -> None:
        """Prepare the nodes again whose parameters have changed."""
        if self.version and unchanged(self._watched):
            return
        for each in self.nodes:
            each.refresh()
        self._watched = [watched for each in self.nodes for watched in each.watched or ()]
        self.version += 1


class InferencePass:
    """Runs a graph in inference as a member of a team: batch normalisation by running statistics, nothing drawn.

    Every member makes the same calls with the same arguments. batch_size: that of training, on which the size of a
    piece depends in inference too.
    """

    def __init__(
        self, graph: Graph, parameters: Parameters, batch_size: int, kernels: Kernels, workspace: Workspace
    ) -> None:
        self._graph, self._parameters, self._kernels, self._workspace = graph, parameters, kernels, workspace
        self._batch_size = batch_size
        self._to_output = self._chain(graph.nodes)
        self._to_loss = self._chain(graph.nodes[:-1] if loss_takes_logits(graph) else graph.nodes)
        self._crews: dict[bool, Crew] = {}  # by whether this rank computes alone
        self._losses = np.empty(0)

    def _chain(self, nodes: tuple[Node, ...]) -> Chain:
        """Return the nodes made ready to run, fused where one layer can do the work of several."""
        fused = fuse(nodes, self._kernels, training=False)
        ready = tuple(PreparedNode(node, self._parameters, self._workspace) for node in fused)
        return Chain(ready, inference_piece(nodes, self._batch_size))

    def pieces(self, n: int) -> int:
        """Return the number of pieces of n samples."""
        return -(-n // self._to_loss.piece)

    def join(self, crew: Crew) -> None:
        """Work with this crew from now on."""
        self._crews = {False: crew, True: Crew(crew.team)}
        most = self._workspace.batch_size  # fewer than batch_size only where there are no more samples
        chunk = at_once(self._batch_size, most if most < self._batch_size else None)
        size = self._graph.loss.layout(self._graph.output_shape).size
        self._losses = shared_zeros((self.pieces(chunk), size), "f8")

    def predict(self, x: Array, out: Array) -> None:
        """Write the outputs for x, n×(input shape), into `out`, n×(output shape); the team's members share both."""
        self._run(len(x), x.__getitem__, self._to_output, writing(out), alone=True)

    def loss_inputs(self, batch: Batch, out: Array, *, alone: bool) -> None:
        """Write the inputs of the loss into `out`, n×(output shape), which the members of the team share.

        alone: whether other ranks compute nothing of the batch.
        """
        self._run(len(batch), self._feed(batch).inputs, self._to_loss, writing(out), out, alone=alone)

    def evaluate(self, batch: Batch, out: Array | None = None, *, alone: bool) -> Array:
        """Return the loss's partial sums over the batch. out, alone: as in `loss_inputs`; None: not needed."""
        loss, logits, n = self._graph.loss, loss_takes_logits(self._graph), len(batch)
        samples = self._feed(batch)

        def measure(number: int, piece: slice, value: Array) -> None:
            if out is not None:
                out[piece] = value
            self._losses[number] = loss.piece(samples.targets(piece), value, n, logits=logits, dy=None)

        pieces = self._run(n, samples.inputs, self._to_loss, measure, out, self._losses, alone=alone)
        return np.asarray(np.sum(self._losses[:pieces], axis=0))

    def _feed(self, batch: Batch) -> Feed:
        """Return what delivers the pieces of a batch for the loss."""
        return feed(batch, lambda piece: self._bound(self._to_loss, piece.stop - piece.start).x, None)

    def _bound(self, chain: Chain, count: int) -> BoundChain:
        """Return a chain bound to the memory of this thread, for pieces of `count` samples."""
        memory, key = self._workspace.thread, (chain, count)
        found: BoundChain | None
        version, found = memory.bound.get(key, NOT_BOUND)
        if found is None or version != chain.version:
            shape = (count, *self._graph.input_shape)
            found = BoundChain(chain.nodes, self._workspace, memory.next_slot(shape, self._parameters.dtype))
            if len(memory.bound) >= BOUND:
                del memory.bound[next(iter(memory.bound))]
            memory.bound[key] = (chain.version, found)
        return found

    @np.errstate(all="ignore")  # values that are not finite are looked for and reported elsewhere
    def _run(
        self,
        n: int,
        inputs: Take,
        chain: Chain,
        use: Callable[[int, slice, Array], None],
        *results: Array | None,
        alone: bool,
    ) -> int:
        """Run n samples through the nodes, and call use(number, piece, output) of each piece; return their number.

        results: what `use` writes to, with n rows or one for each piece.
        """
        chain.refresh()
        pieces = [slice(start, min(start + chain.piece, n)) for start in range(0, n, chain.piece)]

        def run(number: int) -> None:
            piece = pieces[number]
            given = inputs(piece)
            use(number, piece, self._bound(chain, piece.stop - piece.start).run(given))

        by_sample, by_piece = [0, *(piece.stop for piece in pieces)], range(len(pieces) + 1)
        tables = [(each, by_piece if each is self._losses else by_sample) for each in results if each is not None]
        self._crews[alone].run(run, len(pieces), tables=tables)
        return len(pieces)


def writing(out: Array) -> Callable[[int, slice, Array], None]:
    """Return a function that writes the output of a piece into its rows of `out`."""

    def write(_: int, piece: slice, value: Array) -> None:
        out[piece] = value

    return write
