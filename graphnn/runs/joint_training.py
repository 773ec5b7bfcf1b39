"""A training by several ranks: what they must have in common, refused at the start, and who says what."""

import atexit
import json
import os
import platform
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from graphnn.engine.plan import Plan, training_plan
from graphnn.engine.ranks import Ranks
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph
from graphnn.kernels.choice import kernels_named
from graphnn.machine.cores import available_cores
from graphnn.runs.data import TrainingData
from graphnn.specification.differences import differences
from graphnn.specification.spec import Spec
from graphnn.text.terminal import note
from graphnn.version import __version__

FAILED = 2  # the exit code of ranks that were refused


class JointStart:
    """What the ranks of a job have in common, compared once all have read the document and the data."""

    def __init__(self, ranks: Ranks | None) -> None:
        self._ranks = ranks
        self.compared = False  # whether the other ranks know how it is with this one
        self.reached = False

    def reach(self, spec: Spec, data: TrainingData, graph: Graph, kernels: str) -> str:
        """Compare with the other ranks, and return the name of the kernels that rank 0 has chosen.

        kernels: the choice of rank 0. Raises GraphError, in every rank, where they could not train together.
        """
        if self._ranks is None:
            return kernels
        self._compare(facts_of(spec, data, kernels))
        chosen = self._ranks.lead_by(lambda: kernels)
        plan = training_plan(graph, spec.training["batch_size"], kernels_named(chosen))
        check_count(self._ranks, plan)
        self.reached = True
        return chosen

    def fail(self, error: BaseException) -> None:
        """Let the other ranks know that this one cannot train."""
        if self._ranks is not None and not self.compared:
            self._compare({"problem": str(error) or type(error).__name__})

    def _compare(self, own: Mapping[str, Any]) -> None:
        assert self._ranks is not None
        self.compared = True
        first, *others = self._ranks.facts({"machine": platform.node(), **own})
        if self._ranks.rank == 0 and "problem" in own:
            return  # it is told as that of any command
        if "problem" in first:
            raise GraphError(str(first["problem"]))
        for rank, facts in enumerate(others, 1):
            where = f"rank {rank}, on {facts['machine']}"
            if "problem" in facts:
                raise GraphError(f"{where}: {facts['problem']}")
            check_equal(where, first, facts)
        for rank, facts in enumerate(others, 1):
            if self._ranks.rank == 0 and facts["processor"] != first["processor"]:
                note(
                    f"rank {rank} computes by the BLAS of another processor, {facts['processor']} rather than "
                    f"{first['processor']}, so the last bits are not those of a single machine"
                )


def facts_of(spec: Spec, data: TrainingData, kernels: str) -> dict[str, Any]:
    """Return what all ranks must have in common, and "processor", what they should."""
    blas: dict[str, str] = next((each for each in threadpool_info() if each["user_api"] == "blas"), {})
    return {
        "version": __version__,
        "numpy": version("numpy"),
        "BLAS": f"{blas.get('internal_api', 'unknown')} {blas.get('version', '')}",
        "document": json.loads(json.dumps(spec.resolved())),
        "digests": dict(data.provenance.digests),
        "limit": data.limit,
        "samples": [len(part) for part in data.parts],
        "processor": blas.get("architecture", ""),
    }


def check_equal(where: str, first: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Raise GraphError where a rank differs from the first in what all must have in common."""
    for name, called in (("version", "graphnn"), ("numpy", "numpy"), ("BLAS", "BLAS")):
        if other[name] != first[name]:
            raise GraphError(f"{where}: has {called} {other[name]}, and rank 0 has {first[name]}; install the same")
    if other["document"] != first["document"]:
        found = [each.text("at rank 0", "there") for each in differences(first["document"], other["document"])]
        said = f": {found[0]}" if found else ""
        raise GraphError(f"{where}: has another document than rank 0{said}; give all ranks the same file and options")
    for key in sorted(first["digests"].keys() | other["digests"].keys()):
        if other["digests"].get(key) != first["digests"].get(key):
            raise GraphError(f"{where}: has other data than rank 0 ({key}); give all ranks the same files")
    if (other["limit"], other["samples"]) != (first["limit"], first["samples"]):
        raise GraphError(f"{where}: uses other samples than rank 0; give all ranks the same options")


def check_count(ranks: Ranks, plan: Plan) -> None:
    """Raise GraphError where the blocks of a batch cannot be shared out evenly."""
    lanes = plan.cut.lanes
    if lanes % ranks.size:
        counts = [str(count) for count in range(2, lanes + 1) if lanes % count == 0]
        use = f"{', '.join(counts[:-1])} or {counts[-1]}" if len(counts) > 1 else "".join(counts) or "no more than 1"
        blocks = "1 block" if lanes == 1 else f"{lanes} blocks"
        raise GraphError(
            f"{ranks.size} ranks cannot share a batch of {plan.cut.batch_size:,} evenly, which is cut into {blocks}: "
            f"start {use}, with more --threads each"
        )


def threads_of_rank(ranks: Ranks | None) -> int | None:
    """Return how many threads a rank uses: its share of the cores of its machine; None for a process alone."""
    if ranks is None:
        return None
    machine = os.cpu_count() or 1
    return max(1, min(available_cores(), machine // ranks.on_this_machine))


@contextmanager
def leading(ranks: Ranks | None) -> Iterator[JointStart]:
    """A context for rank 0: an error before there is an joint ends the other ranks too."""
    joint = JointStart(ranks)
    try:
        yield joint
    except BaseException as error:
        joint.fail(error)
        if ranks is not None and joint.reached and not ranks.ended:
            atexit.register(ranks.abort, 1)  # once the message is printed
        raise


@contextmanager
def following(ranks: Ranks) -> Iterator[JointStart]:
    """A context for the other ranks, which print nothing, and leave it to rank 0 when to stop."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    joint, screen = JointStart(ranks), sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            yield joint
        except GraphError as error:
            if joint.reached:
                print(f"rank {ranks.rank}, on {platform.node()}: {error}", file=screen, flush=True)
                ranks.abort(error.exit_code)
            with suppress(GraphError):
                joint.fail(error)
            raise SystemExit(FAILED) from None  # rank 0 says why
        except BaseException as error:
            print(f"rank {ranks.rank}, on {platform.node()}: {type(error).__name__}: {error}", file=screen, flush=True)
            ranks.abort(1)
