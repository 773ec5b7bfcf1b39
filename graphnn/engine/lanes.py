"""The sums of gradients over the pieces of a batch, in an order that no number of threads changes."""

from collections.abc import Iterable, Sequence

from graphnn.engine.workers import Workers
from graphnn.graph import Node
from graphnn.layers.base import Gradients
from graphnn.parameters import Parameters, in_memory_order
from graphnn.types import Array

THREADED_SIZE = 2**20  # elements in all; waking the threads takes some 100 µs, as long as adding up half as many


def trained_size(nodes: Iterable[Node]) -> int:
    """Return the number of trainable elements of the nodes."""
    return sum(parameter.size for node in nodes for parameter in node.parameters if parameter.trainable)


class Lanes:
    """A fixed number of accumulators over the parameters of one stage; the first is `parameters.gradients` itself.

    Each lane adds up its own pieces in order, and the lanes are then added in order. One buffer a piece would take too
    much memory; one for all pieces would depend on which thread came first. memory: that of the lanes but the first.
    """

    def __init__(self, nodes: Sequence[Node], parameters: Parameters, memory: Sequence[Array]) -> None:
        self._sums = [{node.name: dict(parameters.gradients[node.name]) for node in nodes}]
        for lane in memory:
            views: dict[str, dict[str, Array]] = {}
            start = 0
            for node in nodes:
                own = views[node.name] = {}
                for parameter in node.parameters:
                    if parameter.trainable:
                        own[parameter.name] = in_memory_order(lane[start : start + parameter.size], parameter)
                        start += parameter.size
            self._sums.append(views)
        self._targets = [(node.name, name) for node in nodes for name in parameters.gradients[node.name]]

    def of(self, lane: int, node: Node) -> dict[str, Array]:
        """Return a lane's sums of one node's gradients by parameter name."""
        return self._sums[lane][node.name]

    def add(self, lane: int, node: Node, gradients: Gradients, *, first: bool) -> None:
        """Add one node's gradients of one piece to a lane; the first piece of a step overwrites.

        That first gradient is mostly there already, because `PieceContext.gradient` handed out the lane's own memory.
        """
        for name, gradient in gradients.items():
            own = self._sums[lane][node.name][name]
            if not first:
                own += gradient
            elif gradient is not own:
                own[...] = gradient

    def reduce(self, lanes: int, workers: Workers) -> None:
        """Add the other lanes to the first, which holds the parameters' gradients."""

        def add_up(index: int) -> None:
            node, name = self._targets[index]
            target = self._sums[0][node][name]
            for lane in range(1, lanes):
                target += self._sums[lane][node][name]

        size = sum(array.size for own in self._sums[0].values() for array in own.values())
        if size * lanes > THREADED_SIZE:
            workers.run(add_up, len(self._targets))
        else:
            for index in range(len(self._targets)):
                add_up(index)
