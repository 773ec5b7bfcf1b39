"""Whose weights stand beside a document after a run, and that none are lost."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FOUND, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.promotion import Destination
from graphnn.runs.store import RunStore
from graphnn.specification.spec import read_spec

Add = Callable[..., RunFolder]
Weights = Callable[..., Path]
OLD, NEW = 1.0, 2.0  # values of the weights that are there, and of those of the run

TRY = {"changes": ["--set training.epochs=9"]}
LIMITED = {"limit": 50, "samples": 150}
UNKNOWN, KEPT = "of no run", "of no run, and kept once before"

# What stands there (changes of the facts of its run), the facts of the run, changes of its document, and why what is
# there stays; None where the run replaces it.
RULES: dict[str, tuple[Any, dict[str, Any], dict[str, Any], str | None]] = {
    "a whole run after a whole one": ({}, {}, {}, None),
    "of a document that was edited": ({}, {}, {"optimizer": {"type": "SGD", "learning_rate": 0.05}}, None),
    "with more epochs": ({}, {"epochs": 4}, {"epochs": 4}, None),
    "with fewer epochs": ({}, {"epochs": 2}, {"epochs": 2}, "this run had only 2 epochs"),
    "with fewer, of a fraction": ({}, {"epochs": 1.5}, {"epochs": 1.5}, "this run had only 1.5 epochs"),
    "with fewer epochs, of a document that was edited": ({}, {"epochs": 2}, {"epochs": 2, "seed": 5}, None),
    "with fewer epochs than weights of no run": (UNKNOWN, {"epochs": 2}, {"epochs": 2}, "this run had only 2 epochs"),
    "with fewer epochs than a try": ({**TRY}, {"epochs": 2}, {"epochs": 2}, None),
    "a whole run after a try": (TRY, {}, {}, None),
    "a whole run on fewer samples than a try": ({**TRY, "samples": 9000}, {}, {}, None),
    "a whole run after one with a limit": (LIMITED, {}, {}, None),
    "a whole run after weights of no run": (UNKNOWN, {}, {}, None),
    "a try after nothing": (None, TRY, {}, None),
    "a limit after nothing": (None, LIMITED, {}, None),
    "a whole run after nothing": (None, {}, {}, None),
    "a try after a whole run": ({}, TRY, {}, "this run was a try (--set training.epochs=9)"),
    "a try of more samples after a whole run": (
        {},
        {**TRY, "samples": 9000},
        {},
        "this run was a try (--set training.epochs=9)",
    ),
    "a limit after a whole run": ({}, LIMITED, {}, "this run was a try (--limit 50)"),
    "both after a whole run": ({}, {**TRY, **LIMITED}, {}, "this run was a try (--limit 50 --set training.epochs=9)"),
    "a try after weights of no run": (UNKNOWN, TRY, {}, "this run was a try (--set training.epochs=9)"),
    "a try after weights that were kept": (KEPT, TRY, {}, "this run was a try (--set training.epochs=9)"),
    "a try after one of as many samples": (TRY, {**TRY, "seconds": 3.0}, {}, None),
    "a try after one of fewer samples": (LIMITED, TRY, {}, None),
    "a try after one of more samples": (TRY, LIMITED, {}, "this run was a try (--limit 50), trained for less"),
}


def resolved(root: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the digits document with 3 epochs, changed."""
    training = {key: changes[key] for key in ("epochs", "seed") if key in changes}
    values = read_spec(root / "models" / "digits.json").resolved()
    values["training"] |= {"epochs": 3, **training}
    return {**values, **{key: value for key, value in changes.items() if key not in training}}


@pytest.mark.parametrize("named", [False, True], ids=["beside", "by --output"])
@pytest.mark.parametrize("case", RULES)
def test_what_stands_beside_the_document(
    root: Path, store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, case: str, named: bool
) -> None:
    before, run_facts, changes, reason = RULES[case]
    place, old = tmp_path / "net.npz", resolved(root, {})
    if before in (UNKNOWN, KEPT):
        weights(place, OLD, document=old)
    elif before is not None:
        shutil.copy(add(replace(facts, **before), OLD, document=old).weights, place)
    if before == KEPT:
        add(replace(facts, state=FOUND), OLD, document=old)
    standing = place.read_bytes() if before is not None else None
    run = add(replace(facts, **run_facts), NEW, document=resolved(root, changes))
    new = run.weights.read_bytes()
    destination = Destination(place, named=named, promote="graphnn runs net.json --promote")
    said = destination.receive(run, run.facts(), resolved(root, changes), store)
    if reason is None or named:
        assert said is None
        assert place.read_bytes() == new
    else:
        name = "it was before this run" if before == UNKNOWN else "run 1 left it"
        assert said == (
            f"{place} stays as {name}: {reason}. To put this one there: graphnn runs net.json --promote {run.number}"
        )
        assert place.read_bytes() == standing
    kept = [each.weights.read_bytes() for each in store.runs()]
    assert new in kept
    assert standing in (None, *kept, place.read_bytes())


@pytest.mark.parametrize("there", [False, True], ids=["nothing is there", "a try is there"])
def test_a_try_takes_no_place_where_a_whole_run_is_kept(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path, there: bool
) -> None:
    place, latest = tmp_path / "net.npz", ""
    for value in (OLD, 3.0):
        latest = str(add(facts, value).number)
    add(facts)  # has lost its weights
    add(replace(facts, state=FOUND), 4.0)
    add(replace(facts, state="interrupted"), 5.0)
    if there:
        shutil.copy(add(replace(facts, **TRY), 6.0).weights, place)
    before = place.read_bytes() if there else None
    run = add(replace(facts, **TRY, samples=9000), NEW)
    said = Destination(place, promote="runs net.json --promote").receive(run, run.facts(), {}, store)
    tried = "this run was a try (--set training.epochs=9)"
    assert said == (
        f"{place} stays as run 6 left it: {tried}. To put this one there: runs net.json --promote 7"
        if there
        else f"{place} is not written: {tried}, and run {latest} is a whole one. To put that one there: "
        f"runs net.json --promote {latest}"
    )
    assert (place.read_bytes() if place.exists() else None) == before
    assert Destination(place, named=True).receive(run, run.facts(), {}, store) is None


def test_a_try_says_what_is_not_known_of_weights_with_a_limit(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path
) -> None:
    place = weights(tmp_path / "net.npz", OLD, data={"limit": 50})
    run = add(replace(facts, limit=60), NEW)
    said = Destination(place).receive(run, run.facts(), {}, store)
    assert said is not None
    assert "this run was a try (--limit 60), and the weights there may have seen more samples." in said
    run = add(facts, NEW)
    assert Destination(place).receive(run, run.facts(), {"training": {"epochs": 1}}, store) is None


def test_weights_of_no_run_are_kept_as_a_run(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = weights(tmp_path / "net.npz", OLD, metrics={"epochs": 4, "test": {"loss": 0.25}})
    before = place.read_bytes()
    run = add(facts, NEW)
    assert Destination(place).receive(run, facts, {}, store) is None
    kept = store.numbered(2)
    assert kept.weights.read_bytes() == before
    assert (kept.facts().state, kept.facts().figures) == (FOUND, {"test": {"loss": 0.25}})
    said = f"note: {place} was of no run that is known here; it is kept as run 2, in {kept.path}\n"
    assert capsys.readouterr().err == said
    shutil.copy(kept.weights, place)
    assert Destination(place).receive(run, facts, {}, store) is None
    assert len(store.runs()) == 2  # they are known now
    assert capsys.readouterr().err == ""


def test_a_link_stays_and_its_target_is_replaced(store: RunStore, add: Add, facts: RunFacts, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, place = tmp_path / "elsewhere" / "real.npz", tmp_path / "net.npz"
    shutil.copy(add(facts, OLD).weights, target)
    place.symlink_to(target)
    run = add(facts, NEW)
    assert Destination(place).receive(run, facts, {}, store) is None
    assert place.is_symlink()
    assert target.read_bytes() == run.weights.read_bytes()


def test_what_is_no_weights_file_stays_even_if_named(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path
) -> None:
    np.savez(tmp_path / "net.npz", x=[1])
    before = (tmp_path / "net.npz").read_bytes()
    for named in (False, True):
        with pytest.raises(WeightsError, match="so it is no file of weights; it is not replaced"):
            Destination(tmp_path / "net.npz", named=named).receive(add(facts, NEW), facts, {}, store)
    assert (tmp_path / "net.npz").read_bytes() == before


@pytest.mark.parametrize("document", [{}, {"training": 5}, {"training": {"epochs": "9"}}, {"training": {"epochs": 9}}])
def test_weights_of_an_odd_document_are_another_documents(
    root: Path, store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, document: Any
) -> None:
    place = weights(tmp_path / "net.npz", OLD, document=document)
    run = add(facts, NEW)
    assert Destination(place).receive(run, facts, resolved(root, {}), store) is None
    assert place.read_bytes() == run.weights.read_bytes()


def test_weights_that_cannot_be_written_are_said(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "net.npz"
    shutil.copy(add(facts, OLD).weights, place)
    before = place.read_bytes()
    run = add(facts, NEW)

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(WeightsError, match=r"net.npz: cannot be written: No space left"):
        Destination(place).receive(run, facts, {}, store)
    assert place.read_bytes() == before


def test_a_place_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    def refused(path: Path, message: str, data: Path | None = None) -> None:
        with pytest.raises(WeightsError, match=message):
            Destination(path).check(data=data)

    for name in ("net.json", "net", ".npz", "."):
        refused(tmp_path / name, "the name of a weights file ends in .npz")
    refused(Path(), "ends in .npz")
    refused(tmp_path / "none" / "net.npz", "there is no folder .*none; make it first")
    (tmp_path / "data.npz").write_text("")
    (tmp_path / "link.npz").symlink_to("data.npz")
    for name in ("data.npz", "link.npz"):
        refused(tmp_path / name, "this is the data set, which the weights would replace", tmp_path / "data.npz")
    Destination(tmp_path / "net.npz").check(data=tmp_path / "data.npz")
