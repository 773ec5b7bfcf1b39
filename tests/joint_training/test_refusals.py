"""Ranks that cannot train together are refused at the start: once, by rank 0, with what differs, and nothing is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
TRAIN = "tools/train.py"


@pytest.fixture
def line(document: Path) -> list[str | Path]:
    """The command line of a short training of a small network, whose batches have 4 lanes."""
    values = json.loads(document.read_text(encoding="utf-8"))
    values["training"] |= {"epochs": 1, "batch_size": 512}
    document.write_text(json.dumps(values), encoding="utf-8")
    return [TRAIN, document, "--quiet", "--kernels", "numpy"]


def refused(done: Any, *said: str, code: int = 2) -> None:
    """Check that a job has ended with one message, which says so."""
    own = message(done)
    assert done.returncode == code, done.stderr
    assert len(own) == 1, own
    for part in said:
        assert part in own[0]


def message(done: Any) -> list[str]:
    """Return the lines of graphnn on stderr: those before mpirun says that a process has ended."""
    text = done.stderr.partition("-" * 20)[0].partition("=" * 20)[0]
    return [each for each in text.splitlines() if each.strip()]


def test_ranks_that_do_not_share_the_blocks_evenly(ranks: Run, line: list[str | Path], document: Path) -> None:
    refused(ranks(3, *line), "3 ranks cannot share a batch of 512 evenly, which is cut into 4 blocks: start 2 or 4, with")
    assert not document.with_suffix(".npz").exists()
    assert not list(document.with_suffix(".runs").glob("0*"))


def test_one_rank_is_a_process_alone(ranks: Run, line: list[str | Path], document: Path) -> None:
    done = ranks(1, *line)
    assert done.returncode == 0, done.stderr
    assert document.with_suffix(".npz").exists()
