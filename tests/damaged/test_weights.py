"""Damaged weights are refused in one line, or hold exactly what was written: never a traceback, nor other numbers."""

import runpy
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import load_trained
from graphnn.storage.weights import WeightsFile, load_meta, load_weights

FOLDER = Path(__file__).parent
damaged_archive = runpy.run_path(str(FOLDER / "mutations.py"))["damaged_archive"]
named_outcomes: Callable[..., Counter[str]] = runpy.run_path(str(FOLDER / "outcomes.py"))["named_outcomes"]
MOST_MEMORY = 2**22  # bytes, for a file of 20 KB


def outcome_of(path: Path, whole: WeightsFile) -> str:
    """Return what came of loading a damaged file. Fails where it is neither an error in one line nor what was written.

    A file that lost its description as a whole is one of arrays alone, as other programs write them.
    """
    try:
        found = load_weights(path)
    except WeightsError as error:
        (problem,) = error.problems
        assert str(problem).startswith(f"{path}: ")
        assert "\n" not in str(problem)
        assert str(problem).isprintable()
        return "refused"
    if found.meta:
        assert list(found.arrays) == list(whole.arrays)
        assert found.meta == whole.meta
        assert found.note is None
    for name, array in found.arrays.items():
        if found.meta or name in whole.arrays:
            assert array.tobytes() == whole.arrays[name].tobytes()
            assert array.shape == whole.arrays[name].shape
    return "whole" if found.meta else "without description"


def try_all(trained: Path, seeds: range) -> Counter[str]:
    path = trained.with_suffix(".npz")
    whole = load_weights(path)

    def outcome() -> str:
        found = outcome_of(path, whole)
        if found == "whole":
            assert load_meta(path)
        return found

    return named_outcomes(path, damaged_archive, seeds, outcome, MOST_MEMORY)


def test_a_few_are_refused_or_whole(trained: Path) -> None:
    assert try_all(trained, range(40))["refused"] > 30


@pytest.mark.long
def test_many_are_refused_or_whole(trained: Path) -> None:
    print(try_all(trained, range(1000)))


def load_all(trained: Path, seeds: range) -> None:
    """Load damaged weights as `evaluate` and `predict` do."""
    path, source = trained.with_suffix(".npz"), DocumentSource(trained)
    content, whole = path.read_bytes(), load_trained(source, None, "evaluate")
    refused = []  # whether each refusal names the file
    for seed in seeds:
        path.write_bytes(damaged_archive(content, seed))
        try:
            found = load_trained(source, None, "evaluate")
        except GraphError as error:
            refused.append(str(error).startswith(f"{path}: "))
            continue
        assert found.parameters.vector.tobytes() == whole.parameters.vector.tobytes(), seed
        assert (found.normalisation, found.meta) == (whole.normalisation, whole.meta), seed
    assert all(refused)


def test_a_few_are_refused_by_evaluate(trained: Path) -> None:
    load_all(trained, range(40, 60))


@pytest.mark.long
def test_many_are_refused_by_evaluate(trained: Path) -> None:
    load_all(trained, range(1000))


@pytest.mark.parametrize("seed", range(60, 64))
def test_evaluate_ends_with_one_message(trained: Path, seed: int, graphnn: Callable[..., Any]) -> None:
    path, copy = trained.with_suffix(".npz"), trained.with_name("copy.npz")
    shutil.copy(path, copy)
    path.write_bytes(damaged_archive(path.read_bytes(), seed))
    done = graphnn("evaluate", trained)
    if done.returncode:
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{path}: ")
    else:
        assert done.stdout.replace(str(path), "") == graphnn("evaluate", trained, "--weights", copy).stdout.replace(
            str(copy), ""
        )
