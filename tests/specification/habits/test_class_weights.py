"""Weights of classes by habit of other libraries, with losses that have them and with losses that have none."""

from typing import Any

import pytest

from graphnn.specification.habits.advice import about_key
from graphnn.specification.schema import load_schema


def answer(key: str, value: Any, loss: Any = "CrossEntropy", section: str = "training") -> str | None:
    document = {"loss": {"type": loss}}
    owner = {**document.get(section, {}), key: value}
    return about_key(key, owner, (section,), {**document, section: owner}, load_schema())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"0": 1, "1": 5.5}, '{"0": 1, "1": 5.5}'),
        ([1, 20], "[1, 20]"),
        ("balanced", '"balanced"'),
        (True, '"balanced"'),
    ],
)
@pytest.mark.parametrize("loss", ["CrossEntropy", "BinaryCrossEntropy"])
def test_weights_of_classes_are_in_the_loss(value: Any, written: str, loss: str) -> None:
    assert answer("class_weight", value, loss) == f'write "class_weights": {written} in loss'


@pytest.mark.parametrize("value", [[1], [-1, 2], "sqrt", None, {"a": "b"}])
def test_weights_that_are_none_are_told_by_an_example(value: Any) -> None:
    line = answer("class_weight", value)
    assert line == 'write "class_weights": "balanced" in loss, or a list with a weight for each class'


def test_samples_have_no_weights() -> None:
    assert str(answer("sample_weight", [1, 2])).startswith("leave it out: samples have no weights of their own")


@pytest.mark.parametrize("section", ["training", "loss"])
@pytest.mark.parametrize("key", ["class_weight", "pos_weight"])
def test_a_loss_without_weights_is_not_told_to_have_them(key: str, section: str) -> None:
    line = answer(key, [1, 2], "MeanSquaredError", section)
    assert line == "leave it out: CrossEntropy and BinaryCrossEntropy have weights of classes, this loss has none"


@pytest.mark.parametrize("loss", ["Unknown", None, ["x"]])
def test_where_the_loss_is_wrong_itself_the_line_is_told(loss: Any) -> None:
    assert answer("class_weight", [1, 2], loss) == 'write "class_weights": [1, 2] in loss'
