"""Finding the run that a training would repeat, among runs that are made by hand."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.datasets.digest import TEST, TRAINING
from graphnn.runs import known_runs
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, FOUND, INTERRUPTED, RunFacts
from graphnn.runs.facts import TRAINING as IN_TRAINING
from graphnn.runs.folder import RunFolder
from graphnn.runs.known_runs import KnownRuns
from graphnn.runs.store import RunStore
from graphnn.specification.spec import spec_from_values
from graphnn.training.checkpoint import RunSettings

DATA = {TRAINING: "a", TEST: "b"}
VALIDATED = {"validation": {"loss": 1.0}}
FACTS = RunFacts(
    state=FINISHED,
    command="",
    versions={},
    started="",
    data=DATA,
    limit=None,
    kernels="numpy",
    epochs=3,
    done=3,
    samples=0,
    figures=VALIDATED,
)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A store without runs."""
    return RunStore(tmp_path / "net.runs")


@pytest.fixture
def resolved(small: dict[str, Any]) -> dict[str, Any]:
    """The small document with all its defaults."""
    return spec_from_values(small).resolved()


def made(store: RunStore, document: Mapping[str, Any], *files: str, **facts: Any) -> RunFolder:
    """Make a run with a document, empty files of these names, and facts that differ from FACTS."""
    run = store.make()
    run.document.write_text(json.dumps(document))
    for name in files:
        (run.path / name).touch()
    replace(FACTS, **facts).save(run.facts_file)
    return run


def found(store: RunStore, wanted: RunSettings, *parts: str) -> int | None:
    """Return the number of the run that is found."""
    known = KnownRuns(store).find(wanted, parts or ("validation",))
    return None if known is None else known.run.number


def settings(document: Mapping[str, Any], **changes: Any) -> RunSettings:
    """Return the settings of FACTS with changes."""
    return replace(RunSettings(document, DATA, None, "numpy"), **changes)


def test_a_run_with_the_same_settings_is_found(store: RunStore, resolved: dict[str, Any]) -> None:
    assert found(store, settings(resolved)) is None
    made(store, resolved)
    wanted = settings(resolved)
    assert found(store, wanted) == 1
    for other in (replace(wanted, limit=100), replace(wanted, kernels="numba"), replace(wanted, data={TRAINING: "c"})):
        assert found(store, other) is None
    for section, key, value in (("training", "epochs", 4), ("optimizer", "momentum", 0.8), ("data", "augment", None)):
        changed = {**resolved, section: {**resolved[section], key: value}}
        assert found(store, settings(changed)) is None
    for key in ("name", "description"):
        assert found(store, settings({**resolved, key: "other"})) == 1


def test_the_test_part_and_views_count_where_they_are_measured(store: RunStore, resolved: dict[str, Any]) -> None:
    made(store, resolved, figures={**VALIDATED, "test": {"loss": 2.0}})
    other = settings(resolved, data={**DATA, TEST: "c"})
    assert (found(store, other), found(store, other, "test")) == (1, None)
    resolved["evaluation"]["test_time_augmentation"] = "flip"
    assert found(store, settings(resolved), "validation", "validation with flip") == 1


def test_settings_that_an_older_version_did_not_have_count_as_their_defaults(
    store: RunStore, resolved: dict[str, Any]
) -> None:
    older = json.loads(json.dumps(resolved))
    del older["training"]["drop_last"], older["evaluation"], older["layers"][0]["use_bias"]
    made(store, older)
    assert found(store, settings(resolved)) == 1
    resolved["layers"][0]["use_bias"] = False
    assert found(store, settings(resolved)) is None
    resolved["optimizer"]["type"] = "of a plugin that is not named"
    made(store, resolved)
    assert found(store, settings(resolved)) == 2


def test_no_document_is_checked_to_find_those_of_this_version(
    store: RunStore, resolved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking one takes 10 ms or more, and there may be hundreds of runs, each compared with dozens of trainings."""
    checked: list[Any] = []
    monkeypatch.setattr(known_runs, "with_defaults", lambda document, plugins: checked.append(document) or document)
    documents = [{**resolved, "training": {**resolved["training"], "seed": seed}} for seed in range(30)]
    documents += [{**each, "layers": each["layers"][:3] + each["layers"][4:]} for each in documents]
    for each in documents:
        made(store, each)
    runs = KnownRuns(store)
    assert [runs.find(settings(each), ["validation"]).run.number for each in documents] == [*range(1, 61)]  # type: ignore[union-attr]
    assert not checked
    part = {**resolved, "training": {"epochs": 3, "batch_size": 64, "seed": 1}}
    made(store, part)
    runs = KnownRuns(store)
    runs.find(settings(documents[1]), ["validation"]), runs.find(settings(documents[1]), ["validation"])
    assert checked == [part]


def test_the_run_that_needs_least_is_found(store: RunStore, resolved: dict[str, Any]) -> None:
    wanted = settings(resolved)
    made(store, resolved, state=FAILED, figures={})
    made(store, resolved, state=FOUND, figures={})
    assert found(store, wanted) is None  # nothing to go on from
    for count, (files, facts) in enumerate(
        (
            ((), {"figures": {}}),  # finished, its weights removed, not measured
            (("checkpoint.npz",), {"state": INTERRUPTED, "figures": {}}),
            (("checkpoint.npz",), {"state": IN_TRAINING, "figures": {}}),  # killed
            ((), {"state": DIVERGED, "done": 1}),
            (("weights.npz",), {"figures": {}}),
            ((), {}),  # measured; its weights are not needed
        ),
        start=3,
    ):
        made(store, resolved, *files, **facts)
        assert found(store, wanted) == count
    made(store, resolved, "checkpoint.npz", state=INTERRUPTED)
    assert found(store, wanted) == 8
    assert found(store, wanted, "test") == 7
    made(store, resolved)
    assert found(store, wanted) == 10


def test_a_run_that_diverged_on_the_other_part_alone_goes_on(store: RunStore, resolved: dict[str, Any]) -> None:
    made(store, resolved, "checkpoint.npz", state=DIVERGED, message="the loss over the test part is inf")
    known = KnownRuns(store).find(settings(resolved), ["validation"])
    assert known is not None
    assert (known.diverged, known.unfinished) == (False, True)


def test_a_run_that_is_being_trained_is_found_before_its_first_checkpoint(
    store: RunStore, resolved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(store, resolved, state=IN_TRAINING, figures={})
    assert found(store, settings(resolved)) is None
    monkeypatch.setattr(RunFolder, "running", lambda run: True)
    assert found(store, settings(resolved)) == 1


def test_runs_that_started_from_other_weights_or_are_damaged_are_not_known(
    store: RunStore, resolved: dict[str, Any]
) -> None:
    made(store, resolved, init_from="w.npz")
    for text in ("", "[]", "[" * 100_000, "\udcff"):
        run = made(store, resolved)
        run.document.write_text(text, errors="surrogateescape")
    made(store, resolved).document.unlink()
    made(store, resolved).facts_file.write_text('{"run_version": 1}')
    assert found(store, settings(resolved)) is None
    made(store, resolved)
    assert found(store, settings(resolved)) == 8
