"""However one rank of a training ends, all end soon, with one line of ours, and a checkpoint to go on from."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import train as train_command
from graphnn.training.checkpoint import load_checkpoint

Start = Callable[..., Any]
Run = Callable[..., Any]
SECONDS = 5  # after which nothing is left; of a job's own, as others may have all cores
TRAIN = "tools/train.py"
EPOCHS = 300


@pytest.fixture
def document(tmp_path: Path, small: dict[str, Any]) -> Path:
    """A document of two lanes, in a folder of its own, whose training takes longer than any test."""
    small["layers"][0]["units"] = 1024
    small["training"] |= {"epochs": EPOCHS, "batch_size": 512}
    small["data"] |= {"validation_split": 0.1}
    file = tmp_path / "net.json"
    file.write_text(json.dumps(small), encoding="utf-8")
    return file


class Job:
    """A training by two ranks that has shown an epoch."""

    def __init__(self, start: Start, document: Path, *more: str) -> None:
        self.run = document.with_suffix(".runs") / "0001"
        self.process = start(2, TRAIN, document, "--kernels", "numpy", "--plain", *more)
        self.shown = [self.process.stdout.readline()]
        while self.shown[-1] and not self.shown[-1].startswith("epoch "):
            self.shown.append(self.process.stdout.readline())
        assert self.shown[-1], self.process.communicate()
        self.ranks = sorted(children(self.process.pid))
        self.members = {rank: children(rank) for rank in self.ranks}

    def ended(self) -> tuple[str, float]:
        """Wait until all has ended; return what was said on stderr, and the seconds that it took."""
        start = time.monotonic()
        _, said = self.process.communicate(timeout=60)
        seconds = time.monotonic() - start
        for pid in [*self.ranks, *(each for members in self.members.values() for each in members)]:
            while running(pid) and time.monotonic() - start < 30:
                time.sleep(0.01)
            assert not running(pid)
        return said, max(seconds, time.monotonic() - start)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    text = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(word) for word in text.split()]


def running(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def own_lines(said: str) -> list[str]:
    """Return the lines that graphnn has printed, outside of what mpirun frames."""
    found, inside = [], False
    for line in said.splitlines():
        framed = line.startswith("-----")
        inside ^= framed
        if line.strip() and not (inside or framed or line.startswith("[")):
            found.append(line)
    return found


def check_going_on(document: Path, run: Path) -> None:
    """Check that the checkpoint is whole, and that a process alone goes on from it."""
    state, _ = load_checkpoint(run / "checkpoint.npz")
    assert state.epoch >= 1
    assert (
        train_command.main([str(document), "--resume", "--quiet", "--set", f"training.epochs={state.epoch + 1}"]) == 0
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_is_killed(start_ranks: Start, document: Path, rank: int) -> None:
    job = Job(start_ranks, document)
    os.kill(job.ranks[rank], signal.SIGKILL)
    said, seconds = job.ended()
    assert job.process.returncode != 0
    assert seconds < SECONDS
    assert len(own_lines(said)) <= 2, said  # those of the rank that mpirun has stopped then
    assert "Traceback" not in said
    check_going_on(document, job.run)


def test_a_member_of_a_rank_that_is_killed(start_ranks: Start, document: Path) -> None:
    job = Job(start_ranks, document, "--threads", "2")
    os.kill(next(iter(job.members.values()))[0], signal.SIGKILL)
    said, seconds = job.ended()
    assert job.process.returncode == 2
    assert seconds < SECONDS
    assert said.count("a process of the engine was lost: process 2 of the team was ended by SIGKILL") == 1
    check_going_on(document, job.run)


def test_a_job_that_is_stopped_is_saved(start_ranks: Start, document: Path) -> None:
    job = Job(start_ranks, document)
    job.process.send_signal(signal.SIGINT)
    said, seconds = job.ended()
    assert seconds < SECONDS
    first, second, *more = own_lines(said)
    assert first == "Stopping after this step and saving; once more stops at once."
    assert second == "Where a rank has ended, --resume goes on from the last checkpoint."
    if more:  # mpirun has waited until it was done
        assert more[0].startswith("Interrupted in epoch ")
    check_going_on(document, job.run)


WRONG = """
import sys
from graphnn.commands.main import main
from graphnn.engine.engine import Engine
from graphnn.errors import DataError
from graphnn.machine.launchers import launched
from graphnn.training.samples import Samples

update, inputs = Engine.update_here, Samples.inputs

def updated(engine, rates, *, epoch):
    update(engine, rates, epoch=epoch)
    if epoch == 1:
        engine.parameters.vector[3] += 1

def read(samples, positions, out, epoch):
    if epoch == 1:
        raise DataError("a picture cannot be read")
    inputs(samples, positions, out, epoch)

if launched()[1] and sys.argv[1] == "values":
    Engine.update_here = updated
if launched()[1] and sys.argv[1] == "data":
    Samples.inputs = read
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("what", "code", "expected"),
    [
        ("values", 2, "rank 1 has other values of hidden/weights than rank 0 after epoch 2"),
        ("data", 2, "a picture cannot be read"),
        ("nothing", 3, "the loss is nan in epoch 1 of"),
    ],
)
def test_what_ends_a_training(ranks: Run, document: Path, what: str, code: int, expected: str) -> None:
    """A rank that computes otherwise, one that cannot read what it needs, and steps that are too large."""
    more = ["--set", "optimizer.learning_rate=1e38"] if what == "nothing" else []
    done = ranks(2, "-c", WRONG, what, "train", document, "--kernels", "numpy", "--quiet", *more)
    assert done.returncode == code, done.stderr
    assert done.stderr.count(expected) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "MPI_ABORT" not in done.stderr
