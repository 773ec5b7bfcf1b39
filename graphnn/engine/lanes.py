"""Sums the gradients of the pieces of a batch, in an order that does not depend on the number of threads."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from graphnn.engine.workers import Team
from graphnn.graph.graph import Node
from graphnn.layers.base import Gradients
from graphnn.parameters.parameter import in_memory_order, in_order_of_memory
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array

TASK_SIZE = 2**16  # elements that one task adds up
SHARED_SIZE = 2**16  # elements in all; for fewer, sharing the work out costs more than it saves


def trained_size(nodes: Iterable[Node]) -> int:
    """Return the number of trainable elements of the nodes."""
    return sum(parameter.size for node in nodes for parameter in node.parameters if parameter.trainable)


class Lanes:
    """A fixed number of accumulators of the gradients of one stage; the first is `parameters.gradients` itself.

    Each lane adds up the gradients of its pieces in order, and the lanes are then added in order. One buffer for each
    piece would take too much memory; with one for all pieces the sum would depend on which thread came first.
    memory: a flat array of at least `trained_size(nodes)` elements for each lane but the first. trained: the names of
    the parameters that are trained, by node index.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        parameters: Parameters,
        memory: Sequence[Array],
        trained: Mapping[int, Collection[str]],
    ) -> None:
        self._sums: list[dict[str, dict[str, Array]]] = [{node.name: {} for node in nodes} for _ in (None, *memory)]
        self._tasks: list[list[Array]] = []  # for each task, the same elements of every lane
        start = 0
        for node in nodes:
            for parameter in node.parameters:
                if parameter.name not in trained.get(node.index, ()):
                    continue
                gradient = self._sums[0][node.name][parameter.name] = parameters.gradients[node.name][parameter.name]
                flat = [in_order_of_memory(gradient, parameter)]
                for number, lane in enumerate(memory, 1):
                    flat.append(lane[start : start + parameter.size])
                    self._sums[number][node.name][parameter.name] = in_memory_order(flat[-1], parameter)
                for first in range(0, parameter.size, TASK_SIZE):
                    self._tasks.append([each[first : first + TASK_SIZE] for each in flat])
                start += parameter.size

    def of(self, lane: int, node: Node) -> dict[str, Array]:
        """Return the sums of a node's gradients in a lane by parameter name, in the parameters' shapes."""
        return self._sums[lane][node.name]

    def add(self, lane: int, node: Node, gradients: Gradients, *, first: bool) -> None:
        """Add the gradients of a node for one piece to a lane; the first piece of a step overwrites the sums.

        The first gradient is usually in the lane's memory already, because `PieceContext.gradient` returned that.
        Gradients of parameters that are not trained are ignored. Raises KeyError for a name that the node has not
        declared.
        """
        for name, gradient in gradients.items():
            total = self._sums[lane][node.name].get(name)
            if total is None:
                if name not in [parameter.name for parameter in node.parameters]:
                    raise KeyError(name)
            elif not first:
                total += gradient
            elif gradient is not total:
                total[...] = gradient

    def reduce(self, lanes: int, team: Team) -> None:
        """Add the first `lanes` lanes up into lane 0, which is the parameters' gradients; the team shares the work."""
        if lanes == 1:
            return

        def add_up(tasks: Iterable[list[Array]]) -> None:
            for first, *others in tasks:
                for other in others[: lanes - 1]:
                    first += other

        if lanes * sum(task[0].size for task in self._tasks) > SHARED_SIZE:
            team.run(lambda number: add_up(self._tasks[number : number + 1]), len(self._tasks))
        else:
            team.run(lambda _: add_up(self._tasks), 1)
