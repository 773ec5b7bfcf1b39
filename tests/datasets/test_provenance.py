"""Provenance: its way through a weights file, and damaged ones."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.base import Dataset
from graphnn.datasets.provenance import Provenance
from graphnn.errors import WeightsError

X, Y = np.array([[0, 3], [200, 7]], np.uint8), np.array([0, 1])
DATA = Dataset("a", X, Y, X[:1], Y[:1], ("cat", "dog"))
KNOWN = Provenance.of("npz", DATA, seed=3, validation_split=0.25, limit=7)
DOCUMENT: dict[str, Any] = {"data": {"dataset": "digits", "validation_split": 0.1}, "training": {"seed": 5}}


def test_it_comes_back_from_json() -> None:
    assert (KNOWN.dtype, KNOWN.range) == ("uint8", (0, 200))
    assert Provenance.from_meta({"data": json.loads(json.dumps(KNOWN.to_json()))}, "w.npz") == KNOWN


def test_it_says_whether_the_test_part_was_drawn() -> None:
    drawn = Provenance.of("npz", replace(DATA, test_drawn=True), seed=3, validation_split=0.25, limit=7)
    assert Provenance.from_meta({"data": drawn.to_json()}, "w.npz") == drawn != KNOWN


def test_further_arrays_widen_the_range() -> None:
    first = Provenance.of_arrays(X, None)
    assert (first.dataset, first.range) == (None, (0, 200))
    assert Provenance.of_arrays(X - 1.0, first).range == (-1, 200)
    assert Provenance.of_arrays(X[:1], first).range == (0, 200)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": 5},
        {"digests": None},
        {"digests": {"training data": 5}},
        {"digests": ["a"]},
        {"seed": "3"},
        {"seed": True},
        {"seed": -1},
        {"seed": None},
        {"validation_split": "0.1"},
        {"validation_split": 1.5},
        {"validation_split": None},
        {"limit": 0},
        {"limit": 2.5},
        {"dtype": 8},
        {"test_drawn": 1},
        {"range": 5},
        {"range": [0]},
        {"range": [1, 0]},
        {"range": [0, "1"]},
        {"range": [0, 10**400]},
        {"range": [0, float("nan")]},
    ],
)
def test_damaged_values_are_one_clear_error(change: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=r"^w.npz: what it says of the data it was trained on is damaged: ") as error:
        Provenance.from_meta({"data": {**KNOWN.to_json(), **change}}, "w.npz")
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("data", [None, 5, [], "digits", {}])
def test_something_else_is_one_clear_error(data: Any) -> None:
    with pytest.raises(WeightsError, match="is damaged"):
        Provenance.from_meta({"data": data}, "w.npz")


@pytest.mark.parametrize("key", list(KNOWN.to_json()))
def test_a_missing_value_is_named(key: str) -> None:
    values = {name: value for name, value in KNOWN.to_json().items() if name != key}
    with pytest.raises(WeightsError, match=f"'{key}' is missing"):
        Provenance.from_meta({"data": values}, "w.npz")


def test_older_files_say_what_their_document_says() -> None:
    found = Provenance.from_meta({"document": DOCUMENT}, "w.npz")
    assert found == Provenance("digits", seed=5, validation_split=0.1)
    newer = {**DOCUMENT, "data": {**DOCUMENT["data"], "seed": 2}}
    assert Provenance.from_meta({"document": newer}, "w.npz") == Provenance("digits", seed=2, validation_split=0.1)
    bytes_of = {"document": DOCUMENT, "normalisation": {"divisor": [255.0]}}
    found = Provenance.from_meta(bytes_of, "w.npz")
    assert found is not None
    assert (found.dtype, found.range) == ("uint8", (0, 255))
    found = Provenance.from_meta({"document": DOCUMENT, "normalisation": {"divisor": [0.3]}}, "w.npz")
    assert found is not None
    assert found.range is None
    python = {**DOCUMENT, "data": {"dataset": "npz", "path": "unknown.npz", "validation_split": 0.0}}
    found = Provenance.from_meta({"document": python}, "w.npz")
    assert found is not None
    assert found.dataset is None


@pytest.mark.parametrize("document", [None, 5, {}, {"data": {"dataset": "digits"}}, {"data": 5}])
def test_older_files_may_say_nothing(document: Any) -> None:
    assert Provenance.from_meta({"document": document}, "w.npz") is None
    assert Provenance.from_meta({}, "w.npz") is None
