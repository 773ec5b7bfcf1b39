"""Measuring one document: the sides in turn at one batch size, and training with several numbers of threads."""

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from graphnn.benchmark.remote import WorkerProcess
from graphnn.benchmark.task import ON_NUMPY, OUR_SIDES, OURS, Task
from graphnn.benchmark.timing import Effort, Times, in_turn
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.kernels import NUMPY
from graphnn.text.installing import extra_command

Say = Callable[[str], None]


@frozen_dataclass
class SideResult:
    """The measurements of one side.

    peak_bytes: the most memory that training takes. started: seconds from the start to the end of the first step.
    """

    name: str
    training: Times
    prediction: Times
    peak_bytes: int | None
    started: float


@frozen_dataclass
class Comparison:
    """The results of all sides at one batch size, ours first.

    differences: between graphnn and PyTorch, by precision; empty where PyTorch was not measured.
    """

    batch_size: int
    threads: int
    sides: tuple[SideResult, ...]
    differences: dict[str, dict[str, float]]
    torch_version: str | None

    @property
    def ours(self) -> SideResult:
        """Our first side, with the kernels that the task names."""
        return self.sides[0]

    def fastest(self, what: str) -> SideResult | None:
        """Return the fastest of the other sides in "training" or "prediction"; None where there is none."""
        return min(self.others, key=lambda side: float(getattr(side, what).median), default=None)

    @property
    def our_sides(self) -> tuple[SideResult, ...]:
        """Our sides, one for each kind of kernels."""
        return tuple(side for side in self.sides if side.name in OUR_SIDES)

    @property
    def others(self) -> tuple[SideResult, ...]:
        """The sides that are not ours."""
        return tuple(side for side in self.sides if side.name not in OUR_SIDES)

    def ratio(self, what: str, other: SideResult, ours: SideResult | None = None) -> float:
        """Return our time divided by another side's."""
        return float(getattr(ours or self.ours, what).median / getattr(other, what).median)


@frozen_dataclass
class Scaling:
    """The speed of training in images/s.

    rates: by number of threads. together: the sum over as many independent processes of one thread as the most threads.
    """

    rates: dict[int, float]
    together: float

    @property
    def share(self) -> float:
        """The speed of the most threads, relative to that of as many processes."""
        return self.rates[max(self.rates)] / self.together


def compare_sides(task: Task, effort: Effort, *, against_torch: bool, say: Say) -> Comparison:
    """Measure a document at one batch size, all sides in turn. against_torch: whether those of PyTorch are included."""
    differences: dict[str, Any] = {}
    _, graph = task.read()
    ours = [OURS] if kernels_for(graph, task.kernels) is NUMPY or task.kernels else [OURS, ON_NUMPY]
    version, names = None, ours
    with ExitStack() as stack:
        environment = {}
        if against_torch:
            require_torch()
            say("comparing loss, gradients and outputs with PyTorch")
            with WorkerProcess(task.at(side="check")) as check:
                differences = check.first
            with WorkerProcess(task.at(side="ways")) as ways:
                version, names = ways.first["version"], [*ours, *ways.first["ways"]]
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            # nothing is compiled before, nor by helpers, so that the start of the process includes compiling
            environment = {"TORCHINDUCTOR_CACHE_DIR": folder, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        remotes = {}
        for name in names:
            say(f"starting {name}")
            remotes[name] = stack.enter_context(WorkerProcess(task.at(side=name), environment))
            remotes[name].stop()
        groups = {name: [remote] for name, remote in remotes.items()}
        say("training")
        training = in_turn(groups, "train", effort)
        peaks = {name: peak(remote) for name, remote in remotes.items()}  # before prediction adds to them
        say("predicting")
        prediction = in_turn(groups, "predict", effort)
    sides = tuple(
        SideResult(name, training[name][0], prediction[name][0], peaks[name], remotes[name].started) for name in names
    )
    return Comparison(task.batch_size, task.threads, sides, differences, version)


def peak(remote: WorkerProcess) -> int | None:
    """Return the most memory, in bytes, that a stopped process has held; None where the system does not tell."""
    remote.go()
    found: int | None = remote.ask({"do": "memory"})["peak_bytes"]
    remote.stop()
    return found


def scaling(task: Task, threads: Sequence[int], effort: Effort, say: Say) -> Scaling:
    """Measure training with different numbers of threads, and with as many processes of one thread, in turn."""
    say(f"training with {', '.join(map(str, threads))} threads, and in {max(threads)} processes of one")
    with ExitStack() as stack:

        def start(number: int) -> WorkerProcess:
            remote = stack.enter_context(WorkerProcess(task.at(threads=number, side=OURS)))
            remote.stop()
            return remote

        groups = {str(number): [start(number)] for number in threads}
        groups["together"] = [start(1) for _ in range(max(threads))]
        found = in_turn(groups, "train", effort)
    rates = {name: sum(times.rate for times in members) for name, members in found.items()}
    return Scaling({number: rates[str(number)] for number in threads}, rates["together"])


def require_torch() -> None:
    """Raise GraphError where PyTorch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise GraphError(f"--against torch needs PyTorch, which is not installed here: {extra_command('torch')}")
