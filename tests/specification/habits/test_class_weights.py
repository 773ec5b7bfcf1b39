"""Weights of classes by habit of other libraries, with losses that have them and with losses that have none."""

from typing import Any

import pytest

from graphnn.specification.habits import values_of_sections
from graphnn.specification.habits.advice import about_key
from graphnn.specification.schema import load_schema


def answer(monkeypatch: pytest.MonkeyPatch, key: str, value: Any, *, weighted: bool) -> str | None:
    monkeypatch.setattr(values_of_sections, "has_class_weights", lambda: weighted)
    return about_key(key, {key: value}, ("training",), {}, load_schema())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"0": 1, "1": 5.5}, '{"0": 1, "1": 5.5}'),
        ([1, 20], "[1, 20]"),
        ("balanced", '"balanced"'),
        (True, '"balanced"'),
    ],
)
def test_weights_of_classes_are_in_the_loss(value: Any, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = answer(monkeypatch, "class_weight", value, weighted=True)
    assert line == f'write "class_weights": {written} in loss'


@pytest.mark.parametrize("value", [[1], [-1, 2], "sqrt", None, {"a": "b"}])
def test_weights_that_are_none_are_told_by_an_example(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = answer(monkeypatch, "class_weight", value, weighted=True)
    assert line == 'write "class_weights": "balanced" in loss, or a list with a weight for each class'


def test_samples_have_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(answer(monkeypatch, "sample_weight", [1, 2], weighted=True)).startswith("leave it out: samples have no")


@pytest.mark.parametrize("key", ["class_weight", "sample_weight", "pos_weight"])
def test_losses_without_weights(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = answer(monkeypatch, key, [1, 2], weighted=False)
    assert line == "classes and samples cannot be given weights here; let the data repeat the samples that are too few"
