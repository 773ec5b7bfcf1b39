"""Where a run keeps its files: a new folder, or that of the run that goes on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FINISHED, INTERRUPTED, TRAINING, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.log import RunLog
from graphnn.runs.place import RunPlace
from graphnn.runs.store import RunStore
from graphnn.specification.spec import Spec, read_spec
from graphnn.training.checkpoint import RunSettings

Add = Callable[..., RunFolder]


@pytest.fixture
def spec(document: Path) -> Spec:
    """The spec of the small network."""
    return read_spec(document, overrides=("training.epochs=7",))


def begun(place: RunPlace, spec: Spec) -> RunFolder:
    """Open and close a run there, and return its folder."""
    settings = RunSettings(spec.resolved(), {"training data": "ab"}, 50, "numpy")
    with place.opened(spec, settings, samples=350, metrics=("loss",), validated=(), records=(), log=RunLog()) as files:
        return files.folder


def test_a_new_run_has_a_new_folder_and_facts(store: RunStore, spec: Spec, add: Add, facts: RunFacts) -> None:
    add(facts)
    place = RunPlace(store=store, command="graphnn train net.json", changes=("--set training.epochs=7",))
    run = begun(place, spec)
    found = run.facts()
    assert run.number == 2
    assert (found.state, found.command, found.changes) == (TRAINING, place.command, ["--set training.epochs=7"])
    assert (found.data, found.limit, found.kernels) == ({"training data": "ab"}, 50, "numpy")
    assert (found.epochs, found.done, found.samples, found.figures) == (7, 0, 350, {})
    assert (found.goes_on_from, found.ended) == (None, None)
    assert {"graphnn", "numpy", "python", "system"} == found.versions.keys()


def test_an_unfinished_run_goes_on_in_its_folder(store: RunStore, spec: Spec, add: Add, facts: RunFacts) -> None:
    before = replace(facts, state=INTERRUPTED, ended="now", message="why", done=2, changes=["--set a=1"])
    run = add(before)
    assert (
        begun(RunPlace(store=store, resumed=run, again=lambda number: f"again {number}", changes=("--set b=2",)), spec)
        == run
    )
    found = run.facts()
    assert (found.state, found.ended, found.message, found.done) == (TRAINING, None, None, 2)
    assert (found.epochs, found.samples, found.changes, found.resume) == (7, 350, ["--set b=2"], "again 1")
    assert found.command == before.command
    assert found.started == before.started
    assert len(store.runs()) == 1


def test_a_finished_run_goes_on_in_a_new_folder(store: RunStore, spec: Spec, add: Add, facts: RunFacts) -> None:
    first = add(facts, 1.0)
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    run = begun(RunPlace(store=store, goes_on_from=first), spec)
    assert (run.number, run.facts().goes_on_from) == (2, 1)
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before
    assert first.facts().state == FINISHED


def test_a_store_that_cannot_be_made_is_said(store: RunStore, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, *arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(WeightsError, match=r"net.runs: cannot be written: Permission denied"):
        begun(RunPlace(store=store), spec)
