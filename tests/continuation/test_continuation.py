"""A run that is interrupted anywhere ends like one that was not: the same bits, and each epoch once."""

import random
import re
import runpy
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.stopping import SIGNALS, StopRequest

DOCUMENTS: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("documents.py")))
Run = Callable[..., Any]
SHORT = (12, 14, 25, 27, 30, 38)  # each kind of state that a run carries over matters in one of them
LONG = [case for case in range(56) if case not in SHORT]
INTERRUPTED = {number + 128 for number in SIGNALS}
SENDING = """
import os, sys
from graphnn.commands.main import main
from graphnn.runs.stopping import StopRequest

at, number, calls, asked = int(sys.argv[1]), int(sys.argv[2]), 0, StopRequest.__call__

def counted(request):
    global calls
    calls += 1
    if calls == at:
        os.kill(os.getpid(), number)
    return asked(request)

StopRequest.__call__ = counted
sys.exit(main(sys.argv[3:]))
"""


@contextmanager
def asked(answer: Callable[[int], bool]) -> Iterator[list[int]]:
    """A context in which a run is told whether to stop by the number of its question; yields the questions so far."""
    questions = [0]

    def ask(request: StopRequest) -> bool:
        questions[0] += 1
        return answer(questions[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StopRequest, "__call__", ask)
        yield questions


def epochs(shown: str) -> list[str]:
    """Return the lines of the epochs, without the seconds that they took."""
    return [re.sub(r"\s+[\d.]+ s$", "", line) for line in shown.splitlines() if line.startswith("epoch ")]


def interrupted(graphnn: Run, python: Run, command: list[str | Path], at: int, number: int | None) -> Any:
    """Run a command and interrupt it at a question of the run whether to stop: by the answer, or by a real signal."""
    if number is not None:
        return python("-c", SENDING, str(at), str(number), *command)
    with asked(lambda question: question == at):
        return graphnn(*command)


def check(case: int, folder: Path, graphnn: Run, python: Run, *, signals: float = 0) -> None:
    """Train the document with this number without interruption, then with one or more, and compare.

    signals: the share of the interruptions that are real signals, to a process of its own.
    """
    draws, chosen, document = random.Random(case), DOCUMENTS["choice"](case), DOCUMENTS["write"](folder, case)
    kernels = chosen["kernels"] if find_spec("numba") else "numpy"
    command = ["train", document, "--kernels", kernels]
    command += [] if chosen["limit"] is None else ["--limit", str(chosen["limit"])]
    with asked(lambda question: False) as questions:
        whole = graphnn(*command, "--output", folder / "whole.npz", "--threads", "1")
    assert whole.returncode == 0, whole.stderr
    shown, left = "", questions[0]
    command += ["--output", folder / "part.npz"]
    for _ in range(draws.randint(1, 3)):
        at = draws.randint(1, left)
        number = draws.choice(SIGNALS) if draws.random() < signals else None
        done = interrupted(graphnn, python, [*command, "--threads", draws.choice("12")], at, number)
        assert done.returncode in INTERRUPTED, (case, at, number, done.stderr)
        assert "Traceback" not in done.stderr
        shown, left = shown + done.stdout, max(1, left - at)
        command += [] if "--resume" in command else ["--resume"]
    done = graphnn(*command, "--threads", draws.choice("12"))
    assert done.returncode == 0, (case, done.stderr)
    assert (folder / "part.npz").read_bytes() == (folder / "whole.npz").read_bytes(), case
    assert epochs(shown + done.stdout) == epochs(whole.stdout), case
    final = [[line for line in each.stdout.splitlines() if line.startswith("Final ")] for each in (done, whole)]
    assert final[0] == final[1] != []


@pytest.mark.parametrize("case", SHORT)
def test_an_interruption_changes_nothing(case: int, tmp_path: Path, graphnn: Run, python: Run) -> None:
    check(case, tmp_path, graphnn, python)


@pytest.mark.long
@pytest.mark.parametrize("case", LONG)
def test_fifty_interruptions_change_nothing(case: int, tmp_path: Path, graphnn: Run, python: Run) -> None:
    check(case, tmp_path, graphnn, python, signals=0.2)


def test_all_that_a_run_carries_over_comes_up() -> None:
    chosen = [DOCUMENTS["choice"](case) for case in LONG]
    for name, kinds in (
        ("optimizer", DOCUMENTS["OPTIMIZERS"]),
        ("schedule", DOCUMENTS["SCHEDULES"]),
        ("augment", DOCUMENTS["AUGMENTATIONS"]),
        ("averaging", DOCUMENTS["AVERAGINGS"]),
        *((name, [False, True]) for name in ("whitened", "grouped", "drop_last", "early_stopping")),
        ("keep_best", [None, "validation_loss", "validation_accuracy"]),
        ("views", ["none", "flip"]),
        ("limit", [None, 70]),
        ("kernels", ["numpy", "numba"]),
        ("epochs", [3, 2.5, 5, 4.25]),
    ):
        counts = [sum(each[name] == kind for each in chosen) for kind in kinds]
        assert min(counts) >= 5, (name, counts)
    assert set(SIGNALS) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU}
