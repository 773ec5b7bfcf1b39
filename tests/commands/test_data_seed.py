"""data.seed splits the data for all seeds of training; runs of versions in which training.seed split them go on."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.datasets.provenance import Provenance
from graphnn.runs import run as training_run
from graphnn.runs.store import store_of
from graphnn.storage.weights import load_weights, save_weights
from graphnn.training.checkpoint import load_checkpoint, save_checkpoint

Graphnn = Callable[..., Any]
Train = Callable[..., tuple[int, str, str]]
NOTE = "training.seed: 1 no longer chooses the validation part; data.seed does, which is 0 unless it is written."
REASON = 'older versions split by training.seed, so "data": {"seed": 1} is the same split'


@pytest.fixture
def older(document: Path, small: dict[str, Any]) -> Path:
    """The document as for older versions: its training.seed is 1, and it has no data.seed."""
    del small["data"]["seed"]
    document.write_text(json.dumps(small), encoding="utf-8")
    return document


def checkpoint_as_written_before(file: Path) -> None:
    """Write a checkpoint anew as older versions did, whose documents had no data.seed."""
    state, settings = load_checkpoint(file)
    document = json.loads(json.dumps(settings.document))
    del document["data"]["seed"]
    save_checkpoint(file, state, replace(settings, document=document))


def as_written_before(file: Path) -> None:
    """Write weights anew as older versions did, whose documents had no data.seed."""
    found = load_weights(file)
    meta = json.loads(json.dumps(found.meta))
    del meta["document"]["data"]["seed"]
    save_weights(file, found.arrays, meta)


def split_of(weights: Path) -> tuple[int | None, float | None, int | None]:
    """Return how the data of weights were split: the seed, the fraction and the limit."""
    found = Provenance.from_meta(load_weights(weights).meta, weights)
    assert found is not None
    return found.seed, found.validation_split, found.limit


@pytest.mark.usefixtures("older")
def test_all_seeds_of_training_have_the_same_split(graphnn: Graphnn, document: Path) -> None:
    quick = ("--limit", "300", "--set", "training.epochs=1")
    found = graphnn("compare", document, "--seeds", "0,1,2", *quick)
    assert (found.returncode, found.stderr) == (0, "")
    runs = store_of(document.with_suffix(".npz")).runs()
    assert {split_of(run.weights) for run in runs} == {(0, 0.1, 300)}
    later = document.with_name("later.npz")
    first = runs[0].weights
    found = graphnn("train", document, "--seed", "2", "--init-from", first, "--output", later, *quick, "--quiet")
    assert (found.returncode, found.stderr) == (0, "")  # the samples that it validates on are new to those weights
    assert graphnn("train", document, "--set", "data.seed=2", "--output", later, *quick).returncode == 0
    assert split_of(later) == (2, 0.1, 300)


@pytest.mark.parametrize(
    ("command", "options", "count"),
    [
        ("train", [], 1),
        ("train", ["--dry-run"], 1),
        ("train", ["--seed", "1"], 0),
        ("train", ["--set", "data.seed=1"], 0),
        ("train", ["--set", "data.validation_split=0"], 0),
        ("compare", [], 1),
        ("compare", ["--seeds", "1,2"], 0),
        ("compare", ["--test"], 1),
        ("inspect", [], 0),
    ],
)
def test_the_note_about_another_split_comes_once_where_data_are_split(
    graphnn: Graphnn, older: Path, command: str, options: list[str], count: int
) -> None:
    quick = [] if command == "inspect" else ["--limit", "300", "--set", "training.epochs=1"]
    found = graphnn(command, older, *quick, *options)
    assert found.returncode == 0, found.stderr
    assert found.stderr.count("no longer chooses the validation part") == count
    if count:
        assert found.stderr.startswith(f"note: {older}:1:")
        assert NOTE in found.stderr


@pytest.mark.parametrize(("part", "count"), [("test", 0), ("validation", 1), ("train", 1)])
def test_weights_that_say_nothing_of_their_data_are_measured_with_the_note(
    graphnn: Graphnn, trained: Path, older: Path, part: str, count: int
) -> None:
    weights = trained.with_suffix(".npz")
    found = load_weights(weights)
    save_weights(weights, found.arrays, {"normalisation": found.meta["normalisation"]})
    err = graphnn("evaluate", older, "--split", part).stderr
    assert err.count(NOTE) == count


@pytest.mark.parametrize("part", ["test", "validation", "train"])
def test_older_weights_are_measured_on_their_own_split(
    graphnn: Graphnn, trained: Path, small: dict[str, Any], part: str
) -> None:
    evaluate = ("evaluate", trained, "--split", part, "--format", "json")
    before = graphnn(*evaluate)
    weights = trained.with_suffix(".npz")
    as_written_before(weights)
    notes = {}
    for seed in (None, 1, 0):
        small["data"] = {"dataset": "digits"} | ({} if seed is None else {"seed": seed})
        trained.write_text(json.dumps(small), encoding="utf-8")
        found = graphnn(*evaluate)
        assert (found.returncode, found.stdout) == (0, before.stdout)
        notes[seed] = found.stderr
    assert notes[None] == notes[1] == before.stderr == ""
    assert f"net.npz was trained from another document: data.seed: 1 there, 0 now; {REASON}" in notes[0]
    assert ("part is that of the training of the weights: data.seed 1" in notes[0]) == (part != "test")


def stopped_in_the_second_epoch(train: Train, patch: pytest.MonkeyPatch, *options: str) -> None:
    """Train, and stop after 30 steps."""
    asked = iter([False] * 30 + [True])
    with patch.context() as patched:
        patched.setattr(training_run.StopRequest, "__call__", lambda request: next(asked))
        assert train(*options)[0] == 130


@pytest.mark.parametrize("options", [(), ("--limit", "1200")])
def test_an_older_run_resumes_to_the_same_bits(
    train: Train, trained: Path, small: dict[str, Any], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    weights = trained.with_suffix(".npz")
    weights.unlink()
    shutil.rmtree(trained.with_suffix(".runs"))
    assert train(*options)[0] == 0
    whole = weights.read_bytes()
    stopped_in_the_second_epoch(train, monkeypatch, *options)
    checkpoint = store_of(weights).runs()[-1].checkpoint
    checkpoint_as_written_before(checkpoint)
    weights.unlink()
    small["data"] = {"dataset": "digits"}
    trained.write_text(json.dumps(small), encoding="utf-8")
    kept = checkpoint.read_bytes()
    code, _, err = train("--resume", *options)
    assert code == 2
    assert f"data.seed: 1 at the start, 0 now: {REASON}\n" in err
    assert (checkpoint.read_bytes(), weights.exists()) == (kept, False)
    small["data"]["seed"] = 1
    trained.write_text(json.dumps(small), encoding="utf-8")
    assert train("--resume", *options)[::2] == (0, "")
    assert weights.read_bytes() == whole


def test_an_older_run_without_a_validation_part_resumes_as_it_is(
    train: Train, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_samples = ("--set", "data.validation_split=0")
    assert train(*all_samples)[0] == 0
    weights = older.with_suffix(".npz")
    whole = weights.read_bytes()
    stopped_in_the_second_epoch(train, monkeypatch, *all_samples)
    checkpoint_as_written_before(store_of(weights).runs()[-1].checkpoint)
    weights.unlink()
    assert train("--resume", *all_samples)[::2] == (0, "")
    assert weights.read_bytes() == whole


def test_a_comparison_does_not_mix_splits(graphnn: Graphnn, older: Path) -> None:
    compare = ("compare", older, "--limit", "300", "--set", "training.epochs=1", "--seeds", "0,1")
    assert graphnn(*compare, "--set", "data.seed=1").returncode == 0
    store = store_of(older.with_suffix(".npz"))
    for run in store.runs():  # as older versions wrote them: seed 0 was split by 0, seed 1 by 1
        document = json.loads(run.document.read_text())
        del document["data"]["seed"]
        run.document.write_text(json.dumps(document))
    found = graphnn(*compare, "--set", "data.seed=1")
    assert found.returncode == 0
    assert "1 of 2: as it is, seed 0\n" in found.stdout
    assert "2 of 2: as it is, seed 1: run 2\n" in found.stdout
    found = graphnn(*compare)
    assert found.returncode == 0
    assert "1 of 2: as it is, seed 0: run 1\n" in found.stdout
    assert "2 of 2: as it is, seed 1\n" in found.stdout
    assert [split_of(run.weights)[0] for run in store.runs()] == [1, 1, 1, 0]
