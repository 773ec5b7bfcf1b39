"""What tests of runs share: facts, and runs with weights, that no training has made; comparisons of two trainings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.runs.comparison import ComparisonRequest, planned
from graphnn.runs.comparison_elsewhere import Elsewhere
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.runs.executors import Ended, TrainingTask, opened
from graphnn.runs.facts import FINISHED, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.reading import DocumentSource
from graphnn.runs.store import RunStore, store_of
from graphnn.specification.variants import AS_IT_IS, Variant
from graphnn.storage.weights import save_weights
from graphnn.training.history import Record

FACTS = RunFacts(
    state=FINISHED,
    command="graphnn train net.json",
    versions={"numpy": "2.0"},
    started="2026-11-27T10:00:00+0000",
    changes=[],
    data={"training data": "ab"},
    limit=None,
    kernels="numpy",
    epochs=3,
    done=3,
    samples=300,
    figures={"test": {"loss": 0.5}},
)


@pytest.fixture
def facts() -> RunFacts:
    """The facts of a finished run of 3 epochs of 100 samples."""
    return FACTS


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """The store of the runs of net.json, which is not there yet."""
    return RunStore(tmp_path / "net.runs")


Weights = Callable[..., Path]


@pytest.fixture
def weights() -> Weights:
    """Write a weights file of one array with a value, and with metadata: weights(path, 1.0, document={…})."""

    def write(path: Path, value: float, **meta: Any) -> Path:
        save_weights(path, {"a/weights": np.full(3, value, np.float32)}, meta)
        return path

    return write


@pytest.fixture
def add(store: RunStore, weights: Weights) -> Callable[..., RunFolder]:
    """Make a run with facts, a checkpoint of no content and, for a value, weights: add(facts, 1.0, document={…})."""

    def make(facts: RunFacts, value: float | None = None, *, checkpoint: bool = True, **meta: Any) -> RunFolder:
        run = store.make()
        facts.save(run.facts_file)
        if checkpoint:
            run.checkpoint.write_bytes(b"")
        if value is not None:
            weights(run.weights, value, **meta)
        return run

    return make


HOLD = """
import sys, time
from graphnn.storage.locks import claim

file = open(sys.argv[1], "a")
claim(file)
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def held(start: Callable[..., Any]) -> Any:
    """Let another process hold the lock of a file, until the test ends or the process is killed."""
    processes = []

    def hold(file: Path) -> Any:
        process = start("-c", HOLD, file)
        processes.append(process)
        assert process.stdout.readline() == "held\n", process.communicate()
        return process

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


EPOCHS = 10
LONG = (f"training.epochs={EPOCHS}", "training.batch_size=8")  # long enough for something to be done meanwhile
Act = Callable[[Elsewhere, int], object]  # is given the executor and the number of the training


@pytest.fixture
def comparison(document: Path) -> ComparisonRequest:
    """A comparison of two seeds, in trainings of 10 epochs."""
    source = DocumentSource.of(document, LONG, ())
    variants = (Variant(AS_IT_IS),)
    return ComparisonRequest(document=source, variants=variants, store=store_of(document), seeds=(1, 2), limit=300)


@pytest.fixture
def carry_out() -> Callable[..., list[Ended]]:
    """Carry out a comparison, and return how each training ended, in their order: carry_out(request, acts, jobs=2).

    acts: what to do, once, by number of the training and epoch; a training stops where that returns False.
    """

    def run(request: ComparisonRequest, acts: dict[tuple[int, int], Act], **where: Any) -> list[Ended]:
        trainings = list(planned(request))
        with opened(
            ComparisonWork.of(request, "again"), TimeOfAll([each.epochs for each in trainings]), **where
        ) as executor:
            for position, training in enumerate(trainings):

                def epoch_done(record: Record, position: int = position) -> bool:
                    act = acts.pop((position, record.epoch), None)
                    return act is None or act(executor, position) is not False  # type: ignore[arg-type]

                executor.submit(TrainingTask(training, position, len(trainings)), epoch_done)
            return sorted(executor.results(), key=lambda each: each.task.position)

    return run
