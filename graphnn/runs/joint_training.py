"""A training by several ranks: how they begin together, who says what, and how all end where one fails."""

import atexit
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from graphnn.engine.plan import training_plan
from graphnn.engine.ranks import Ranks
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.kernels.choice import kernels_named
from graphnn.kernels.kernels import Kernels
from graphnn.machine.cores import available_cores
from graphnn.runs.data import TrainingData
from graphnn.runs.joint_facts import RefusedRanks, check_count, check_equal, facts_of, machine
from graphnn.runs.reading import DocumentSource
from graphnn.specification.spec import Spec
from graphnn.text.terminal import note, showable

# mpirun sends the signal that stops a run also where another rank has ended
STOPPING = ".\nWhere a rank has ended, --resume goes on from the last checkpoint"


class JointStart:
    """How far this process and the other ranks have begun a training together. ranks: None for a process alone."""

    def __init__(self, ranks: Ranks | None) -> None:
        self.ranks = ranks
        self.compared = False  # whether the other ranks know how it is with this one
        self.together = False  # whether the ranks have found that they can train together

    @property
    def follows(self) -> bool:
        """Whether another rank leads this one."""
        return self.ranks is not None and self.ranks.rank > 0

    def reach(
        self, source: DocumentSource, spec: Spec, data: TrainingData, graph: Graph, kernels: Kernels | None = None
    ) -> Kernels:
        """Compare with the other ranks, and return the kernels that rank 0 has chosen.

        kernels: the choice of rank 0. Raises RefusedRanks, in every rank, where they could not train together.
        """
        if self.ranks is None:
            assert kernels is not None
            return kernels
        first = self._compare(facts_of(source, spec, data, "" if kernels is None else kernels.name))
        self.together = True
        chosen = kernels_named(first["kernels"])
        check_count(self.ranks.size, training_plan(graph, spec.training["batch_size"], chosen))
        return chosen

    def fail(self, error: BaseException) -> None:
        """Let the other ranks know that this one cannot train, unless they know already how it is with it."""
        if self.ranks is not None and not self.compared:
            with suppress(RefusedRanks):
                self._compare({"problem": str(error) or type(error).__name__})

    def _compare(self, own: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell the others what this rank says of itself, and return what rank 0 does. Raises RefusedRanks."""
        assert self.ranks is not None
        self.compared = True
        first, *others = self.ranks.facts({"machine": machine(), **own})
        if "problem" in first:
            raise RefusedRanks(str(first["problem"]))
        for rank, facts in enumerate(others, 1):
            check_equal(f"rank {rank}, on {facts['machine']}", first, facts)
        for rank, facts in enumerate(others, 1):
            if facts["processor"] != first["processor"]:
                note(
                    f"rank {rank} computes by the BLAS of another processor, {facts['processor']} rather than "
                    f"{first['processor']}, so the last bits are not those of a single machine"
                )
        return first


def threads_of_rank(ranks: Ranks | None) -> int | None:
    """Return how many threads a rank uses: its share of the cores of its machine; None for a process alone."""
    if ranks is None:
        return None
    cores = os.cpu_count() or 1
    return max(1, min(available_cores(), cores // ranks.on_this_machine))


@contextmanager
def jointly(ranks: Ranks | None) -> Iterator[JointStart]:
    """A context in which this process trains, as one of several ranks, or alone.

    Rank 0 prints and raises what a process alone does; an error ends all ranks. The others print nothing but their own
    failure while all train, and end this process where they cannot go on.
    """
    joint = JointStart(ranks)
    with following(ranks, joint) if ranks is not None and ranks.rank else leading(joint):
        yield joint


@contextmanager
def leading(joint: JointStart) -> Iterator[None]:
    """A context for rank 0, whose lines mpirun passes on, where they show at once."""
    if joint.ranks is not None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        yield
    except BaseException as error:
        joint.fail(error)
        ranks = joint.ranks
        if ranks is not None and joint.together and not (ranks.ended or isinstance(error, RefusedRanks)):
            atexit.register(ranks.abort, exit_code(error))  # once the message is printed
        raise


@contextmanager
def following(ranks: Ranks, joint: JointStart) -> Iterator[None]:
    """A context for another rank: it leaves to rank 0 when to stop, and what to print of what concerns all."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    screen = sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            yield
        except RefusedRanks:
            raise SystemExit(0) from None  # rank 0 says why, and its exit code is that of the job
        except BaseException as error:
            if joint.together:
                said = error if isinstance(error, GraphError) else f"{type(error).__name__}: {error}"
                print(showable(f"rank {ranks.rank}, on {machine()}: {said}"), file=screen, flush=True)
                ranks.abort(exit_code(error))
            joint.fail(error)
            raise SystemExit(0) from None


def exit_code(error: BaseException) -> int:
    """Return the exit code of a job that an error in one rank has ended."""
    return error.exit_code if isinstance(error, GraphError) else 1
