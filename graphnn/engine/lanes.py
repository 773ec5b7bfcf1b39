"""Sums the gradients of the lanes of a batch, in the order of `engine/folding.py`, whoever computes which lane."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from graphnn.engine.folding import SHARED_SIZE, Folding
from graphnn.engine.workers import Team
from graphnn.graph.graph import Node
from graphnn.layers.base import Gradients
from graphnn.parameters.parameter import in_memory_order, in_order_of_memory
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array

TASK_SIZE = 2**16  # elements that one task adds up


def trained_size(nodes: Sequence[Node]) -> int:
    """Return the number of trainable elements of the nodes."""
    return sum(parameter.size for node in nodes for parameter in node.parameters if parameter.trainable)


class Lanes:
    """The sums of the gradients of one stage's nodes, in the buffers of a folding.

    memory: a flat array of at least `trained_size(nodes)` elements for each buffer but the first, which is
    `parameters.gradients` itself; shared by all members. trained: the names of the parameters that are trained, by node
    index.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        parameters: Parameters,
        memory: Sequence[Array],
        trained: Mapping[int, Collection[str]],
        plan: Folding,
    ) -> None:
        self._folding = plan
        self._sums: list[dict[str, dict[str, Array]]] = [{node.name: {} for node in nodes} for _ in range(plan.size)]
        flat: list[list[Array]] = [[] for _ in range(plan.size)]  # by buffer: the elements, in the same parts
        start = 0
        for node in nodes:
            for parameter in node.parameters:
                if parameter.name not in trained.get(node.index, ()):
                    continue
                gradient = self._sums[0][node.name][parameter.name] = parameters.gradients[node.name][parameter.name]
                flat[0].append(in_order_of_memory(gradient, parameter))
                for number in range(1, plan.size):
                    flat[number].append(memory[number - 1][start : start + parameter.size])
                    self._sums[number][node.name][parameter.name] = in_memory_order(flat[number][-1], parameter)
                start += parameter.size
        self._after: dict[int, list[tuple[Array, Array]]] = {}
        for lane, pairs in plan.after.items():
            added = self._after[lane] = []
            for to, source in pairs:
                if to == 0:  # the parameters' gradients do not lie side by side
                    added.extend(zip(flat[to], flat[source], strict=True))
                else:
                    added.append((memory[to - 1][:start], memory[source - 1][:start]))
        self._tasks = [
            [(flat[to][part][first : first + TASK_SIZE], flat[source][part][first : first + TASK_SIZE])
             for to, source in plan.across]
            for part in range(len(flat[0]))
            for first in range(0, flat[0][part].size, TASK_SIZE)
        ]  # fmt: skip
        self._shares = len(plan.across) * start > SHARED_SIZE

    def of(self, lane: int, node: Node) -> dict[str, Array]:
        """Return the sums of a node's gradients in a lane by parameter name, in the parameters' shapes."""
        return self._sums[self._folding.buffers[lane]][node.name]

    def add(self, lane: int, node: Node, gradients: Gradients, *, first: bool) -> None:
        """Add the gradients of a node for one piece to a lane; the first piece of a lane overwrites the sums.

        The first gradient is usually in the lane's memory already, because `PieceContext.gradient` returned that.
        Gradients of parameters that are not trained are ignored. Raises KeyError for a name that the node has not
        declared.
        """
        sums = self.of(lane, node)
        for name, gradient in gradients.items():
            total = sums.get(name)
            if total is None:
                if name not in [parameter.name for parameter in node.parameters]:
                    raise KeyError(name)
            elif not first:
                total += gradient
            elif gradient is not total:
                total[...] = gradient

    def finish(self, lane: int) -> None:
        """Add up what the member has all lanes of, now that it has computed all pieces of a lane."""
        for to, source in self._after.get(lane, ()):
            np.add(to, source, out=to)

    def reduce(self, team: Team) -> None:
        """Add up what several members have computed, once all are done; the team shares the work."""
        tasks = self._tasks
        if not self._folding.across:
            return

        def add_up(number: int) -> None:
            for to, source in tasks[number]:
                np.add(to, source, out=to)

        def add_all(_: int) -> None:
            for number in range(len(tasks)):
                add_up(number)

        if self._shares:
            team.run(add_up, len(tasks))
        else:
            team.run(add_all, 1)
