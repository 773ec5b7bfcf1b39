"""Shares out what nodes prepare for a step: each member computes a part of it, in memory that all members read."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.engine.folding import SHARED_SIZE
from graphnn.engine.stage import located
from graphnn.engine.workers import Team
from graphnn.engine.workspace import StepContext, Workspace
from graphnn.graph.graph import Node
from graphnn.layers.base import Preparation
from graphnn.layers.context import channels_last
from graphnn.parameters.parameters import Parameters
from graphnn.shared_memory import shared_zeros
from graphnn.types import Array, Shape


class SharedStepContext(StepContext):
    """The context in which a node prepares a step, whose memory is shared with all processes forked later."""

    def keep(self, name: str, shape: Shape, dtype: Any) -> Array:
        if (name, shape) not in self._kept:
            self._kept[name, shape] = channels_last(shared_zeros(math.prod(shape), dtype), shape)
        return self._kept[name, shape]


class SharedPreparation:
    """What the nodes of a graph prepare in parts, shared out evenly among the members of a team.

    nodes: all that prepare anything; those that do it in parts are taken. needs_dx: whether the gradient of a node's
    input is ever needed. prepared: the result of each, by node index; the same objects are valid in every step once
    `renew` has been called. A team of processes is forked after an object is made.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        parameters: Parameters,
        workspace: Workspace,
        team: Team,
        needs_dx: Callable[[Node], bool],
    ) -> None:
        self._team = team
        self.prepared: dict[int, Any] = {}
        found: list[tuple[Node, Preparation]] = []
        made: list[tuple[Node, SharedStepContext]] = []
        for node in nodes:
            ctx = SharedStepContext(workspace, node, training=True, needs_dx=needs_dx(node))
            parts = node.layer.preparations(parameters.values[node.name], ctx)
            found.extend((node, part) for part in parts)
            if parts:
                made.append((node, ctx))
        self._shares: list[list[tuple[Node, Preparation]]] = [[] for _ in range(team.size)]
        if team.size < 2 or sum(part.size for _, part in found) < SHARED_SIZE:
            return
        for node, ctx in made:
            with located(node), np.errstate(all="ignore"):  # what is not finite is looked for elsewhere
                self.prepared[node.index] = node.layer.prepare(parameters.values[node.name], ctx)
        loads = [0] * team.size
        for node, part in sorted(found, key=lambda each: each[1].size, reverse=True):
            least = loads.index(min(loads))
            self._shares[least].append((node, part))
            loads[least] += part.size

    def renew(self) -> None:
        """Bring what is prepared up to date with the parameters; every member of the team makes this call."""
        if self.prepared:
            self._team.run(self._renew_share, len(self._shares))

    def _renew_share(self, number: int) -> None:
        for node, part in self._shares[number]:
            with located(node):
                part.renew()
