"""Times of steps, measured in turn: A B A B, so that a machine that slows down slows all of them down alike."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from graphnn.benchmark.remote import WorkerProcess
from graphnn.benchmark.worker import timed
from graphnn.frozen_dataclass import frozen_dataclass

PAUSE = 0.05  # seconds between stopping the others and a warm-up


@frozen_dataclass
class Effort:
    """How long to measure. rounds: the turns of each side. seconds: of a turn. warm_up: seconds before each turn."""

    rounds: int = 7
    seconds: float = 0.5
    warm_up: float = 0.1


QUICK = Effort(rounds=1, seconds=0.01, warm_up=0)


@frozen_dataclass
class Times:
    """The steps of one side. samples: in a step. seconds: of each step, of all rounds."""

    samples: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the seconds of a step."""
        return float(np.median(self.seconds))

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median: about half of all steps are within it."""
        low, high = np.percentile(self.seconds, [25, 75])
        return float((high - low) / 2 / self.median)

    @property
    def rate(self) -> float:
        """Samples a second, in the median step."""
        return self.samples / self.median


def in_turn(groups: Mapping[str, Sequence[WorkerProcess]], what: str, effort: Effort) -> dict[str, list[Times]]:
    """Return the times of all members of each group; the members of one group run at the same time, groups in turn.

    what: "train" or "predict". All are stopped before and after.
    """
    found: dict[str, list[list[float]]] = {name: [[] for _ in members] for name, members in groups.items()}
    request = {"do": what, "seconds": effort.seconds, "warm_up": effort.warm_up}
    for _ in range(effort.rounds):
        for name, members in groups.items():
            for member in members:
                member.go()
            time.sleep(PAUSE if effort.warm_up else 0)
            for member in members:
                member.send(request)
            for times, member in zip(found[name], members, strict=True):
                times += member.receive()["times"]
            for member in members:
                member.stop()
    return {
        name: [Times(member.task.batch_size, tuple(times)) for times, member in zip(found[name], members, strict=True)]
        for name, members in groups.items()
    }


def gemm_peak(seconds: float = 0.5, size: int = 1024, dtype: Any = np.float32) -> float:
    """Return the multiply-adds a second of one thread's best product of two square matrices: the peak of GEMM."""
    a = np.ones((size, size), dtype)
    out = np.empty_like(a)
    with threadpool_limits(1, "blas"):
        best = min(timed(lambda: np.matmul(a, a, out=out), seconds, least=2))
    return size**3 / best
