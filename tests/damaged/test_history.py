"""Damaged tables of a history are refused in one line that names the file, or read as records."""

import runpy
from collections import Counter
from pathlib import Path

import pytest

from graphnn.errors import WeightsError
from graphnn.training.history import read_history

damaged = runpy.run_path(str(Path(__file__).with_name("mutations.py")))["damaged"]


def try_all(trained: Path, seeds: range) -> Counter[str]:
    path = trained.parent / "net.runs" / "0001" / "history.csv"
    content, whole = path.read_bytes(), read_history(path)
    outcomes: Counter[str] = Counter()
    for seed in seeds:
        path.write_bytes(damaged(content, seed))
        try:
            found = read_history(path)
        except WeightsError as error:
            (problem,) = error.problems
            outcomes["refused"] += str(problem).startswith(str(path)) and str(problem).isprintable()
            continue
        assert [record.epoch for record in found] == list(range(1, len(found) + 1)), seed
        outcomes["whole" if found == whole else "shorter" if found == whole[: len(found)] else "other numbers"] += 1
    assert outcomes.total() == len(seeds)
    return outcomes


def test_a_few_are_refused_or_read(trained: Path) -> None:
    assert try_all(trained, range(40))["refused"] > 5


@pytest.mark.long
def test_many_are_refused_or_read(trained: Path) -> None:
    print(try_all(trained, range(1000)))
