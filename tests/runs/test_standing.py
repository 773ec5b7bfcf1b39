"""What stands beside a document: weights of a run, of another origin, or what is no weights file and stays."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import FOUND, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.standing import standing, weights_meta
from graphnn.runs.store import RunStore

Add = Callable[..., RunFolder]
Weights = Callable[..., Path]


def test_nothing_stands_there(store: RunStore, tmp_path: Path) -> None:
    assert standing(tmp_path / "net.npz", store) is None


def test_weights_are_of_the_run_with_the_same_bytes(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path
) -> None:
    document = {"training": {"epochs": 3}}
    runs = [add(facts, value, document=document) for value in (1.0, 2.0, 2.0, 3.0)]
    add(facts)
    for value, number in ((1.0, 1), (2.0, 3), (3.0, 4)):
        found = standing(weights(tmp_path / "net.npz", value, document=document), store)
        assert found is not None
        assert (found.run, found.facts, found.document) == (runs[number - 1], facts, document)
        assert found.name == f"run {number} left it"
        assert found.whole
    found = standing(weights(tmp_path / "net.npz", 4.0), store)
    assert found is not None
    assert (found.run, found.facts, found.document, found.name) == (None, None, None, "it was before this run")


def test_weights_of_the_same_size_and_time_are_told_apart(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path
) -> None:
    run, place = add(facts, 1.0), weights(tmp_path / "net.npz", 2.0)
    for file in (run.weights, place):
        os.utime(file, (1_000_000, 1_000_000))
    assert run.weights.stat().st_size == place.stat().st_size
    found = standing(place, store)
    assert found is not None
    assert found.run is None


def test_weights_are_of_a_whole_run_if_they_are_of_several(
    store: RunStore, add: Add, facts: RunFacts, tmp_path: Path
) -> None:
    """A limit that leaves nothing out gives the same weights as none."""
    whole = add(facts, 1.0)
    tried = add(replace(facts, limit=100_000), 1.0)
    shutil.copy(tried.weights, tmp_path / "net.npz")
    found = standing(tmp_path / "net.npz", store)
    assert found is not None
    assert found.run == whole
    assert found.whole


@pytest.mark.parametrize("limit", [None, 50])
def test_whether_weights_of_unknown_origin_may_be_whole(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path, limit: int | None
) -> None:
    file = weights(tmp_path / "net.npz", 1.0, data={"limit": limit})
    for _ in range(2):  # then as they were kept
        found = standing(file, store)
        assert found is not None
        assert found.facts is None
        assert found.whole == (limit is None)
        add(replace(facts, state=FOUND, samples=0), 1.0, data={"limit": limit})
    for odd in ({}, {"data": None}, {"data": 5}, {"document": "text"}):
        found = standing(weights(tmp_path / "net.npz", 2.0, **odd), store)
        assert found is not None
        assert found.whole
        assert found.document is None


def test_runs_that_cannot_be_read_are_passed_over(
    store: RunStore, add: Add, facts: RunFacts, weights: Weights, tmp_path: Path
) -> None:
    add(facts, 1.0).facts_file.write_text("{")
    found = standing(weights(tmp_path / "net.npz", 1.0), store)
    assert found is not None
    assert found.run is None


def test_what_is_no_weights_file_is_not_replaced(tmp_path: Path) -> None:
    def refused(message: str) -> None:
        with pytest.raises(WeightsError, match=re.escape(f"{file}: {message}")) as caught:
            weights_meta(file)
        assert len(str(caught.value).splitlines()) == 1

    file = tmp_path / "net.npz"
    elsewhere = "; write the weights elsewhere with --output, or move it"
    np.savez(file, x=[1], y=[2])
    refused(
        f"holds arrays (x, y) without graphnn's description of them, so it is no file of weights; "
        f"it is not replaced{elsewhere}"
    )
    np.savez(file, **{name: np.zeros(1) for name in "abcdef"})
    refused("holds arrays (a, b, c, …) without")
    np.savez(file)
    refused("holds arrays (none) without")
    for content, message in (
        (b"", "not an .npz archive"),
        (b"text", "not an .npz archive"),
        (b"PK\x03\x04", "the .npz archive is damaged or truncated"),
    ):
        file.write_bytes(content)
        refused(message)
        assert file.read_bytes() == content
    file.unlink()
    file.mkdir()
    refused(f"is a folder, not a regular file; it is not replaced{elsewhere}")
    file.rmdir()
    file.symlink_to(tmp_path / "nowhere")
    refused(f"is a link to {tmp_path / 'nowhere'}, which does not exist; it is not replaced")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no fifos")
def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.npz")
    with pytest.raises(WeightsError, match="is a fifo, not a regular file"):
        weights_meta(tmp_path / "net.npz")


def test_weights_behind_a_link_are_weights(weights: Weights, tmp_path: Path) -> None:
    weights(tmp_path / "real.npz", 1.0, note="text")
    (tmp_path / "net.npz").symlink_to("real.npz")
    meta = weights_meta(tmp_path / "net.npz")
    assert meta is not None
    assert meta["note"] == "text"
