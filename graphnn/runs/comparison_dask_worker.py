"""What a worker of Dask does for a comparison: a training in its own process, and what is asked of it before."""

import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from graphnn.errors import GraphError
from graphnn.runs.comparison import Training
from graphnn.runs.comparison_training import STOPPED, ComparisonWork
from graphnn.runs.comparison_worker import EPOCH, FAILED, OVER, SAID, ordered
from graphnn.storage.locks import InUse, claim
from graphnn.storage.regular_files import open_regular
from graphnn.training.history import Record
from graphnn.version import __version__

SEEN_WITHIN = 2.0  # seconds in which a file of another machine is to be seen, for file systems that look seldom
PAUSE = 0.1

BEGUN = "begun"  # an event besides SAID and EPOCH
ELSEWHERE = "elsewhere"  # a result besides OVER and FAILED: this worker cannot, let another one

TRAINING = threading.Lock()  # one training at a time: its locks on files belong to the process
TO_STOP: set[str] = set()  # keys of tasks that are to stop


def fitness(probe: Path, *, locked: bool) -> tuple[str, str | None]:
    """Return the version of graphnn that a worker has, and what `seen` says."""
    return __version__, seen(probe, locked=locked)


def seen(probe: Path, *, locked: bool) -> str | None:
    """Return why this worker cannot train into the folder of a file, in words after its name; "" for a doubt.

    None where all is well. probe: a file that another process has just made there. locked: whether that has locked it.
    """
    end = time.monotonic() + SEEN_WITHIN
    while not is_there(probe):
        if time.monotonic() >= end:
            return f"does not see {probe.parent}"
        time.sleep(PAUSE)
        with suppress(OSError):
            next(probe.parent.iterdir(), None)  # which makes some file systems look
    if not os.access(probe.parent, os.W_OK):
        return f"cannot write to {probe.parent}"
    try:
        with open_regular(probe) as file:
            claim(file, shared=True)
    except InUse:
        return None
    return "" if locked else None


def is_there(file: Path) -> bool:
    """Whether a file is there, and this process may see it."""
    try:
        return file.exists()
    except OSError:
        return False


def ask_to_stop(keys: Iterable[str]) -> None:
    """Let trainings stop, if they are those of this worker."""
    TO_STOP.update(keys)


def carry_out(key: str, topic: str, version: str, work: ComparisonWork, training: Training) -> tuple[str, Any]:
    """Carry out a training in the process of this worker, as a task of Dask, with all of its threads.

    key: of the task. topic: of the events that tell of it. version: of graphnn where it was ordered. Returns OVER with
    the training, how it ended and its epochs; FAILED with an error; or ELSEWHERE.
    """
    from distributed import get_worker

    worker = get_worker()
    if version != __version__ or not TRAINING.acquire(blocking=False):
        return ELSEWHERE, None
    records = list[Record]()

    def tell(kind: str, value: Any) -> None:
        worker.log_event(topic, {"key": key, "kind": kind, "value": value})

    def epoch_done(record: Record) -> None:
        records.append(record)
        tell(EPOCH, asdict(record))

    def unwanted() -> bool:
        """Whether nobody waits for the result: the one who ordered it is gone, or this worker is given up."""
        task = worker.state.tasks.get(key)
        return task is None or task.state != "executing" or worker.status.name not in ("running", "paused")

    try:
        tell(BEGUN, worker.address)
        work = replace(work, threads=work.threads or worker.state.nthreads)
        result, how = ordered(
            work,
            training,
            said=lambda text: tell(SAID, text),
            epoch_done=epoch_done,
            stop=lambda: key in TO_STOP or unwanted(),
        )
    except GraphError as error:
        return FAILED, GraphError(*error.problems)
    except (OSError, MemoryError) as error:
        return FAILED, error
    finally:
        TRAINING.release()
    if how == STOPPED and key not in TO_STOP:
        return ELSEWHERE, None
    return OVER, (result, how, records)
