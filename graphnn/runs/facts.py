"""RunFacts: what is known of a training apart from its figures by epoch; run.json in its folder."""

import json
import math
import platform
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np

from graphnn.datasets.provenance import number, optional, typed
from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.storage.replacing import replacing
from graphnn.version import __version__

RESUMED = re.compile(r"--resume \d+\b")
VERSION = 1  # of the layout of run.json

TRAINING = "training"  # it is running, or was killed
INTERRUPTED = "interrupted"
FAILED = "failed"
DIVERGED = "diverged"
FINISHED = "finished"
PRUNED = "pruned"  # by a search, which leaves it as it is
FOUND = "found"  # weights that stood beside the document, of no run known here
STATES = (TRAINING, INTERRUPTED, FAILED, DIVERGED, PRUNED, FINISHED, FOUND)
UNFINISHED = (TRAINING, INTERRUPTED, FAILED)  # states from which a run can go on


@frozen_dataclass(kw_only=True)
class RunFacts:
    """What is known of a run.

    state: one of STATES. command: that started it. changes: the options that made its document another than the one
    that is written. data: the digests of the parts of the data set. limit: that of --limit. epochs: how many it was to
    have; done: how many it has finished. samples: to be trained on in all epochs; one that is seen in several counts
    each time. started, ended: local times, ISO 8601. seconds: of all epochs. figures: by part and metric. goes_on_from:
    the number of the finished run whose end is its start. init_from: the weights file that it, or the first of the runs
    that it goes on from, started from. resume: the command that goes on with it. message: why it ended, where it
    diverged, failed or was pruned.

    A figure is None where it was not finite.
    """

    state: str
    command: str
    versions: Mapping[str, str]
    started: str
    ended: str | None = None
    changes: Sequence[str] = ()
    data: Mapping[str, str]
    limit: int | None
    kernels: str
    epochs: float
    done: int = 0
    samples: int
    seconds: float = 0.0
    figures: Mapping[str, Mapping[str, float | None]]
    goes_on_from: int | None = None
    init_from: str | None = None
    resume: str | None = None
    message: str | None = None

    @property
    def whole(self) -> bool:
        """Whether the run trains its document as it is written, on all samples."""
        return not self.changes and self.limit is None

    @property
    def shortened(self) -> str:
        """What makes it a try, as options: --limit 100 --set training.epochs=1."""
        limit = [] if self.limit is None else [f"--limit {self.limit}"]
        return " ".join([*limit, *self.changes])

    def changed(self, **changes: Any) -> Self:
        """Return the facts of the same run with changes, as those of one that is being trained."""
        return replace(self, **{"state": TRAINING, "ended": None, "message": None, **changes})

    def save(self, file: Path) -> None:
        """Write run.json whole. Raises OSError."""
        values = {"run_version": VERSION, **asdict(self), "figures": known_figures(self.figures)}
        with replacing(file) as stream:
            stream.write((json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode())

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return what `save` wrote. Raises WeightsError, with the name of the file, where it holds something else."""
        try:
            with open_regular(file) as stream:
                values = json.loads(stream.read())
            written_by = typed(values, dict)["run_version"]
            if type(written_by) is int and written_by > VERSION:
                raise WeightsError(
                    f"{file}: its run_version is {written_by}, but this program knows {VERSION} only; "
                    "a newer graphnn reads it"
                )
            return cls.from_json(values)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as problem:
            said = f"{problem} is missing" if isinstance(problem, KeyError) else problem
            reason = reading_problem(problem) if isinstance(problem, OSError) else f"cannot be read: damaged: {said}"
            raise WeightsError(f"{file}: {reason}") from problem

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Return the facts from their JSON values. Raises ValueError, TypeError or KeyError."""
        if typed(values, dict)["run_version"] != VERSION:
            raise ValueError(f"run_version is {values['run_version']!r}, but this program knows {VERSION} only")
        if values["state"] not in STATES:
            raise ValueError(f"state is {values['state']!r}, where one of {', '.join(STATES)} is needed")
        return cls(
            state=values["state"],
            command=typed(values["command"], str),
            versions=texts(values["versions"]),
            started=typed(values["started"], str),
            ended=optional(values["ended"], str),
            changes=[typed(change, str) for change in typed(values["changes"], list)],
            data=texts(values["data"]),
            limit=optional(values["limit"], int),
            kernels=typed(values["kernels"], str),
            epochs=number(values["epochs"]),
            done=typed(values["done"], int),
            samples=typed(values["samples"], int),
            seconds=number(values["seconds"]),
            figures={
                part: {name: None if value is None else number(value) for name, value in typed(figures, dict).items()}
                for part, figures in typed(values["figures"], dict).items()
            },
            goes_on_from=optional(values["goes_on_from"], int),
            init_from=optional(values["init_from"], str),
            resume=optional(values["resume"], str),
            message=optional(values["message"], str),
        )


def texts(values: Any) -> dict[str, str]:
    """Return a mapping of texts. Raises ValueError or TypeError for anything else."""
    return {key: typed(value, str) for key, value in typed(values, dict).items()}


def numbers_of(metrics: Any) -> dict[str, dict[str, float | None]]:
    """Return the figures by part in the metadata of weights, which may be from anywhere; None for those that are no
    number.
    """
    parts = metrics.items() if isinstance(metrics, dict) else ()
    return {
        part: {name: float(value) if is_finite(value) else None for name, value in figures.items()}
        for part, figures in parts
        if isinstance(figures, dict)
    }


def known_figures(figures: Mapping[str, Mapping[str, float | None]]) -> dict[str, dict[str, float | None]]:
    """Return figures by part with None for those that are undefined, because JSON has no NaN."""
    return {
        part: {name: value if is_finite(value) else None for name, value in each.items()}
        for part, each in figures.items()
    }


def epochs_of(document: Mapping[str, Any]) -> float | None:
    """Return the number of epochs in a resolved document, which may be from anywhere; None where it has none."""
    training = document.get("training")
    epochs = training.get("epochs") if isinstance(training, dict) else None
    return epochs if is_finite(epochs) else None


def is_finite(value: Any) -> bool:
    """Whether a JSON value is a finite number."""
    return type(value) in (int, float) and math.isfinite(value)


def own_command(resume: str, number: int, options: str = "") -> str:
    """Return the command that goes on with a run of this number, whose folder may have been copied or renamed since.

    options: further ones.
    """
    return RESUMED.sub(lambda _: f"--resume {number}{options}", resume, count=1)


def now() -> str:
    """Return the present time as `local_time` does."""
    return local_time(time.time())


def local_time(seconds: float) -> str:
    """Return a time in seconds since 1970 as a local time, ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))


def versions(kernels: str) -> dict[str, str]:
    """Return the versions of what computes. kernels: the name of those that do."""
    return {
        **({kernels: version(kernels)} if kernels == "numba" else {}),
        "graphnn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",  # platform() starts a process
    }
