"""The facts of a run: what run.json keeps of them, and what is said where it holds something else."""

import importlib.metadata
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FINISHED, INTERRUPTED, STATES, TRAINING, RunFacts, numbers_of, versions


def test_facts_are_read_as_they_were_written(tmp_path: Path, facts: RunFacts) -> None:
    every = replace(
        facts,
        state=INTERRUPTED,
        ended="2026-11-27T11:00:00+0000",
        changes=["--set training.epochs=1.5"],
        limit=100,
        epochs=1.5,
        seconds=0.25,
        figures={"training": {"loss": None, "accuracy": 1.0}},
        goes_on_from=2,
        message="the disk is fűll",
    )
    for written in (facts, every):
        written.save(tmp_path / "run.json")
        assert RunFacts.load(tmp_path / "run.json") == written
    assert "the disk is fűll" in (tmp_path / "run.json").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_whole_run_has_no_limit_and_no_changes(facts: RunFacts) -> None:
    assert facts.whole
    assert not replace(facts, limit=1000).whole
    tried = replace(facts, limit=50, changes=["--set a=1", "--set b=2"])
    assert not tried.whole
    assert not replace(facts, changes=["--set a=1"]).whole
    assert tried.shortened == "--limit 50 --set a=1 --set b=2"
    assert replace(facts, changes=["--set a=1"]).shortened == "--set a=1"


def test_a_run_that_goes_on_is_in_training_again(facts: RunFacts) -> None:
    before = replace(facts, state=INTERRUPTED, ended="now", message="why")
    after = before.changed(epochs=7)
    assert (after.state, after.ended, after.message, after.epochs) == (TRAINING, None, None, 7)
    assert (after.started, after.done, after.figures) == (before.started, before.done, before.figures)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run_version": 0}, "run_version is 0, but this program knows 1 only"),
        (
            {"state": "done"},
            "state is 'done', where one of training, interrupted, failed, diverged, pruned, finished",
        ),
        ({"state": ["training"]}, "state is ['training']"),
        ({"command": 3}, "3 is no str"),
        ({"versions": None}, "None is no dict"),
        ({"versions": {"numpy": 2}}, "2 is no str"),
        ({"started": None}, "None is no str"),
        ({"changes": "--set"}, "'--set' is no list"),
        ({"changes": [4]}, "4 is no str"),
        ({"data": []}, "[] is no dict"),
        ({"limit": 1.5}, "1.5 is no int"),
        ({"epochs": "3"}, "'3' is no number"),
        ({"epochs": math.inf}, "inf is no number"),
        ({"epochs": True}, "True is no number"),
        ({"done": None}, "None is no int"),
        ({"samples": 1.0}, "1.0 is no int"),
        ({"seconds": math.nan}, "nan is no number"),
        ({"figures": 5}, "5 is no dict"),
        ({"figures": {"test": 0.5}}, "0.5 is no dict"),
        ({"figures": {"test": {"loss": "0"}}}, "'0' is no number"),
        ({"goes_on_from": "1"}, "'1' is no int"),
        ({"message": 1}, "1 is no str"),
    ],
)
def test_damaged_facts_are_said_with_their_file(
    tmp_path: Path, facts: RunFacts, change: dict[str, Any], message: str
) -> None:
    file = tmp_path / "run.json"
    facts.save(file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(WeightsError, match=re.escape(f"{file}: cannot be read: damaged: {message}")):
        RunFacts.load(file)


@pytest.mark.parametrize("key", ["run_version", "state", "limit", "figures", "message"])
def test_a_missing_fact_is_named(tmp_path: Path, facts: RunFacts, key: str) -> None:
    file = tmp_path / "run.json"
    facts.save(file)
    values = json.loads(file.read_text())
    del values[key]
    file.write_text(json.dumps(values))
    with pytest.raises(WeightsError, match=f"damaged: '{key}' is missing"):
        RunFacts.load(file)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"a"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_damaged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run.json"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"run.json: cannot be read: damaged: "):
        RunFacts.load(file)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"run.json: cannot be read: No such file"):
        RunFacts.load(tmp_path / "run.json")
    (tmp_path / "run.json").mkdir()
    with pytest.raises(WeightsError, match=r"run.json: is a folder, not a regular file"):
        RunFacts.load(tmp_path / "run.json")


def test_figures_of_unknown_metadata(tmp_path: Path, facts: RunFacts) -> None:
    """Those that are no finite numbers are None, which run.json can hold."""
    found = numbers_of({"epochs": 3, "test": {"loss": math.nan, "accuracy": 1, "name": "x", "yes": True, "e": 1e400}})
    assert found == {"test": {"loss": None, "accuracy": 1.0, "name": None, "yes": None, "e": None}}
    replace(facts, figures=found).save(tmp_path / "run.json")
    assert RunFacts.load(tmp_path / "run.json").figures == found
    for nothing in (None, 5, [], "text", {"test": 3}):
        assert numbers_of(nothing) == {}


def test_each_state_can_be_read(tmp_path: Path, facts: RunFacts) -> None:
    for state in STATES:
        replace(facts, state=state).save(tmp_path / "run.json")
        assert RunFacts.load(tmp_path / "run.json").state == state
    assert FINISHED in STATES


def test_the_version_of_numba_is_known_where_it_computes() -> None:
    assert "numba" not in versions("numpy")
    assert versions("numba")["numba"] == importlib.metadata.version("numba")
