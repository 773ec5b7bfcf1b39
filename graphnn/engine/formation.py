"""Forms the team of an engine, anew where processes must see something new, and lets it carry out requests."""

from typing import Any

import numpy as np

from graphnn.engine import blas_memory
from graphnn.engine.crew import Crew
from graphnn.engine.handover import DirectHandover, Handover, SharedHandover
from graphnn.engine.processes import Processes, can_fork
from graphnn.engine.program import Program
from graphnn.engine.ranks import Ranks
from graphnn.engine.requests import Request
from graphnn.engine.source import Source
from graphnn.engine.waiting import Lost
from graphnn.engine.workers import Workers
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.text.working import go_on
from graphnn.types import Array, Shape


class LostProcess(GraphError):
    """A process of the team has ended; the other ranks still wait for this one."""


class Formation:
    """The team of one engine, with the handover to it; there is none before it is needed, and after `disband`.

    threads: its members. at_once: the most samples that are handed over. dtype: of the parameters. ranks: the others
    that compute the same program. sources: those that all members have; common: how many of these all ranks have.
    """

    def __init__(
        self, program: Program, graph: Graph, dtype: Any, *, threads: int, at_once: int, ranks: Ranks | None
    ) -> None:
        self.program, self.threads = program, threads
        self._graph, self._dtype, self._at_once, self._ranks = graph, dtype, at_once, ranks
        self.sources: list[Source] = []
        self.common = 0
        self.team: Workers | Processes | None = None
        self._handover: Handover | None = None

    @property
    def processes(self) -> int:
        """The number of processes in the team; 1 for threads, and where there is no team."""
        return self.team.size if isinstance(self.team, Processes) else 1

    def carry_out(self, request: Request) -> Array | None:
        """Let all members of the team carry out a request; return its result."""
        team = self.team
        if isinstance(team, Workers):
            return self.program.carry_out(request)
        assert team is not None
        try:
            team.exchange(request)
            return self.program.carry_out(request)
        except GraphError:
            raise  # every process raised it at the same point
        except Lost as error:
            self.disband()
            raise LostProcess(f"a process of the engine was lost: {error}") from error
        except BaseException:
            self.disband()  # the other processes still wait for this one
            raise

    def ready(self) -> Handover:
        """Return the handover to the team, which is formed if there is none."""
        return self._handover or self.form()

    def form(self, targets: Shape = (), targets_dtype: Any = np.int64) -> Handover:
        """Form the team, and return the handover to it, for targets of one shape and dtype."""
        if self.threads == 1 or not can_fork():
            workers = self.team = Workers(self.threads)
            handover: Handover = DirectHandover(self._at_once, self._graph, self._dtype, self.sources)
            handover.common = self.common
            self.program.join(Crew(workers, self._ranks), handover)
            workers.run(self._fill_blas_memory, self.threads)
        else:
            processes = self.team = Processes(self.threads)
            handover = SharedHandover(self._at_once, self._graph, self._dtype, self.sources, targets, targets_dtype)
            handover.common = self.common
            self.program.join(Crew(processes, self._ranks), handover)
            try:
                processes.fork(lambda: self._serve(processes))
            except Lost as error:
                self.disband()
                raise GraphError(f"the engine cannot use {self.threads} threads: {error}") from error
            go_on()
            self._fill_blas_memory(processes.rank)
        self._handover = handover
        return handover

    def _fill_blas_memory(self, _: int) -> None:
        blas_memory.fill(self._dtype)

    def _serve(self, team: Processes) -> None:
        """Carry out the requests of the first process, in a process forked from it; never returns."""
        self.program.detach()
        self._fill_blas_memory(team.rank)
        while True:
            request: Request = team.exchange(None)[0]
            self.program.refresh()
            try:
                self.program.carry_out(request)
            except GraphError:
                continue  # the first process raises the same error, and reports it

    def disband(self) -> None:
        """End the team."""
        if self.team is not None:
            self.team.close()
        self.program.unbind()
        self.team = self._handover = None
