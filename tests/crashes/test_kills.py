"""Training is killed at every moment: files are the old or the new ones, and going on ends at the same bits."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.store import store_of
from graphnn.storage.weights import load_weights
from graphnn.training.checkpoint import load_checkpoint

EPOCHS = 4
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="moments are watched, and processes found, as on Linux")
DOCUMENT = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "filters": 4, "kernel_size": 3},
        {"type": "BatchNormalization"},
        {"type": "ReLU"},
        {"type": "Flatten"},
        {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.1},
    "data": {"dataset": "digits"},
    "training": {
        "epochs": EPOCHS,
        "batch_size": 32,
        "keep_best": "validation_loss",
        "averaging": {"type": "exponential", "decay": 0.9},
    },
}
LIMITED = ("--limit", "300", "--quiet")


class Victims:
    """The process that runs commands in children and kills them."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output.txt"
        script = Path(__file__).with_name("victims.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(folder / "events")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)},
        )

    def run(self, *argv: str | Path, **moment: float) -> dict[str, Any]:
        """Run a command, killed at a moment or not, and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"argv": [str(each) for each in argv], "output": str(self.output), **moment}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert not answer["alive"], "a process was left"
        assert "Traceback" not in self.output.read_text(), self.output.read_text()
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(timeout=60) == 0
        self._process.stdout.close()


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victims]:
    started = Victims(tmp_path_factory.mktemp("victims"))
    yield started
    started.close()


class Scene:
    """A document with an older run, whose weights stand beside it, and what a new run of it gives."""

    def __init__(self, folder: Path, victims: Victims, document: Mapping[str, Any] = DOCUMENT) -> None:
        folder.mkdir()
        self.victims, self.folder = victims, folder
        self.document = folder / "net.json"
        self.weights, self.store = self.document.with_suffix(".npz"), store_of(self.document.with_suffix(".npz"))
        self.document.write_text(json.dumps({**document, "optimizer": {"type": "SGD"}}))
        assert victims.run("train", self.document, *LIMITED, "--threads", "1")["status"] == 0
        self.old = self.weights.read_bytes()
        self.document.write_text(json.dumps(document))

    def kill(self, options: Sequence[str], **moment: float) -> dict[str, Any]:
        """Train, killed at a moment, and check everything that must hold at once and after going on."""
        answer = self.victims.run("train", self.document, *LIMITED, *options, **moment)
        assert self.weights.read_bytes() in (self.old, self.new)
        for file in self.store.folder.glob("*/*.npz"):
            assert finite(file), file
        return answer

    def go_on(self, options: Sequence[str]) -> None:
        """Resume the killed run or, where it has nothing to go on from, start anew; check what is left."""
        unfinished = [run for run, facts in self.store.readable() if run.resumable(facts)]
        resume = ("--resume",) if unfinished else ()
        answer = self.victims.run("train", self.document, *LIMITED, *options, *resume)
        assert answer["status"] == 0, self.victims.output.read_text()
        assert self.weights.read_bytes() == self.new
        latest = self.store.runs()[-1]
        assert latest.weights.read_bytes() == self.new
        with latest.history.open() as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == [str(epoch + 1) for epoch in range(EPOCHS)]
        left = [each.name for each in self.folder.rglob("*") if ".tmp" in each.name]
        assert not left
        assert not [each for each in (latest.last, latest.best) if each.exists()]

    @property
    def new(self) -> bytes:
        """The weights of an undisturbed run."""
        if not hasattr(self, "_new"):
            other = self.folder / "undisturbed.npz"
            done = self.victims.run("train", self.document, *LIMITED, "--threads", "1", "--output", other)
            assert done["status"] == 0
            self._new = other.read_bytes()
        return self._new


def finite(file: Path) -> bool:
    """Whether a weights file or checkpoint can be read."""
    try:
        load_checkpoint(file) if file.name == "checkpoint.npz" else load_weights(file, check_finite=True)
    except WeightsError:
        return False
    return True


def moments(victims: Victims, folder: Path) -> int:
    """Return the number of moments of an undisturbed run."""
    scene = Scene(folder, victims)
    return int(victims.run("train", scene.document, *LIMITED, "--threads", "1")["events"])


def kill_all(victims: Victims, folder: Path, killed: list[dict[str, float]], options: Sequence[str]) -> int:
    """Kill a training at each moment, go on, and return how many were killed before their end."""
    count = 0
    for number, moment in enumerate(killed):
        scene = Scene(folder / str(number), victims)
        answer = scene.kill(options, **moment)
        count += answer["status"] == -9
        scene.go_on(options)
    return count


def test_a_run_that_is_killed_at_a_call_goes_on(victims: Victims, tmp_path: Path) -> None:
    last = moments(victims, tmp_path / "moments")
    chosen = [{"event": int(event)} for event in np.linspace(0, last - 1, 6)]
    assert kill_all(victims, tmp_path, chosen, ("--threads", "1")) == len(chosen)


@pytest.mark.long
def test_a_run_that_is_killed_at_any_call_goes_on(victims: Victims, tmp_path: Path) -> None:
    last = moments(victims, tmp_path / "moments")
    chosen = [{"event": float(event)} for event in np.unique(np.linspace(0, last - 1, 130).astype(int))]
    assert kill_all(victims, tmp_path, chosen, ("--threads", "1")) == len(chosen)


@pytest.mark.long
def test_a_run_that_is_killed_at_random_goes_on(victims: Victims, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    chosen = [{"seconds": float(seconds)} for seconds in rng.uniform(0.02, 0.2, 50)]
    assert kill_all(victims, tmp_path, chosen, ("--threads", "2")) >= 25


@pytest.mark.long
def test_a_run_whose_worker_is_killed_goes_on(victims: Victims, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number, seconds in enumerate(rng.uniform(0.05, 0.4, 20)):
        scene = Scene(tmp_path / str(number), victims)
        scene.kill(("--threads", "2"), worker=float(seconds))
        scene.go_on(("--threads", "2"))


KINDS: Mapping[str, dict[str, Any]] = {  # what a checkpoint within an epoch has to hold, besides the weights
    "averages and the best epoch": DOCUMENT,
    "a reduced rate, and early stopping": {
        **DOCUMENT,
        "optimizer": {
            "type": "Adam",
            "learning_rate": 0.05,
            "schedule": {"type": "reduce_on_plateau", "patience": 0, "factor": 0.5},
        },
        "training": {
            "epochs": 12,
            "batch_size": 32,
            "early_stopping": {"monitor": "validation_loss", "patience": 2},
            "keep_best": "validation_accuracy",
        },
    },
    "slow weights": {
        **DOCUMENT,
        "optimizer": {"type": "SGD", "learning_rate": 0.3, "schedule": {"type": "one_cycle"}},
        "training": {"epochs": 3.4, "batch_size": 32, "averaging": {"type": "lookahead"}},
    },
}


def kill_again_and_again(victims: Victims, folder: Path, kind: str, events: Sequence[int]) -> int:
    """Kill a run that saves itself after each step, resume and kill it again, and compare its end with another's.

    events: when it is killed, one after the other. Return how often it was killed.
    """
    scene, kills = Scene(folder, victims, KINDS[kind]), 0
    for event in [*events, None]:
        resumable = [run for run, facts in scene.store.readable() if run.resumable(facts)]
        options = ("--threads", "1", *(("--resume",) if resumable else ()))
        moment = {} if event is None else {"event": event, "saved_every": 0}
        status = victims.run("train", scene.document, *LIMITED, *options, **moment)["status"]
        if status == 0:
            break
        assert status == -9, victims.output.read_text()
        kills += 1
    run = scene.store.runs()[-1]
    assert scene.weights.read_bytes() == run.weights.read_bytes() == scene.new
    other = store_of(scene.folder / "undisturbed.npz").numbered(1)
    rows = [[line.rsplit(",", 2)[0] for line in each.history.read_text().split()] for each in (run, other)]
    assert rows[0] == rows[1]
    return kills


def test_a_run_that_is_killed_between_its_steps_goes_on(victims: Victims, tmp_path: Path) -> None:
    assert kill_again_and_again(victims, tmp_path / "scene", "averages and the best epoch", [150, 210]) == 2


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_killed_between_its_steps_goes_on_every_time(victims: Victims, tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(3)
    events = [[int(event) for event in rng.integers(20, 300, 20)] for _ in range(15)]
    kills = [kill_again_and_again(victims, tmp_path / str(number), kind, each) for number, each in enumerate(events)]
    assert sum(kills) > 30
