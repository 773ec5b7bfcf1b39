"""Damaged checkpoints are refused in one line, or hold exactly what was written."""

import runpy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.training.checkpoint import RunSettings, State, load_checkpoint

FOLDER = Path(__file__).parent
damaged_archive = runpy.run_path(str(FOLDER / "mutations.py"))["damaged_archive"]
named_outcomes: Callable[..., Counter[str]] = runpy.run_path(str(FOLDER / "outcomes.py"))["named_outcomes"]
MOST_MEMORY = 2**22  # bytes, for a file of 20 KB
Whole = tuple[State, RunSettings]


def outcome_of(path: Path, whole: Whole) -> str:
    """Return what came of loading a damaged checkpoint; fail where it is no error in one line, nor what was written."""
    try:
        state, settings = load_checkpoint(path)
    except WeightsError as error:
        (problem,) = error.problems
        assert str(problem).startswith(f"{path}: ")
        assert "\n" not in str(problem)
        assert str(problem).isprintable()
        return "refused"
    assert settings == whole[1]
    assert replace(state, arrays={}) == replace(whole[0], arrays={})
    assert list(state.arrays) == list(whole[0].arrays)
    assert all(np.array_equal(array, whole[0].arrays[name]) for name, array in state.arrays.items())
    return "whole"


def try_all(trained: Path, seeds: range) -> Counter[str]:
    path = trained.parent / "net.runs" / "0001" / "checkpoint.npz"
    whole = load_checkpoint(path)
    return named_outcomes(path, damaged_archive, seeds, lambda: outcome_of(path, whole), MOST_MEMORY)


def test_a_few_are_refused_or_whole(trained: Path) -> None:
    assert try_all(trained, range(40))["refused"] > 30


@pytest.mark.long
def test_many_are_refused_or_whole(trained: Path) -> None:
    print(try_all(trained, range(1000)))


def resume_all(trained: Path, seeds: range, train: Callable[..., tuple[int, str, str]]) -> None:
    """Resume from damaged checkpoints."""
    path = trained.parent / "net.runs" / "0001" / "checkpoint.npz"
    content = path.read_bytes()
    for seed in seeds:
        path.write_bytes(damaged_archive(content, seed))
        code, _, err = train("--resume", "--dry-run", "--quiet")
        if code:
            assert (code, err.count("\n")) == (2, 1), (seed, err)
            assert err.startswith(f"{path}: "), (seed, err)


def test_a_few_are_refused_by_resume(trained: Path, train: Callable[..., tuple[int, str, str]]) -> None:
    resume_all(trained, range(60, 66), train)


@pytest.mark.long
def test_many_are_refused_by_resume(trained: Path, train: Callable[..., tuple[int, str, str]]) -> None:
    resume_all(trained, range(300), train)
