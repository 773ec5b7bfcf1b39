"""Agreement of data with weights: class names and scales. The commands are tried in tests/commands/test_provenance."""

from typing import Any

import numpy as np
import pytest

from graphnn.datasets.agreement import class_names_note, far_text, scale_problem
from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError
from graphnn.types import Array

ANIMALS = ("cat", "dog", "emu")


@pytest.mark.parametrize(
    ("trained", "found"),
    [(ANIMALS, ANIMALS), (ANIMALS, ANIMALS[:2]), (None, ANIMALS), (ANIMALS, None), (("0", "1"), ("0", "1"))],
)
def test_the_same_names_need_no_word(trained: Any, found: Any) -> None:
    assert class_names_note(trained, found) is None


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (("dog", "cat", "emu"), r"label 0 is dog in the data, but cat in the weights: the classes have another order"),
        (("cat", "emu"), r"label 1 is emu in the data, but dog in the weights: the classes have another order"),
        (("cat", "dog", "ant"), r"label 2 is ant in the data, but emu in the weights: the classes are others"),
        ((*ANIMALS, "fox"), r"label 3 is fox in the data, but no class in the weights: the classes are others"),
    ],
)
def test_the_first_label_of_another_name_is_said(found: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        class_names_note(ANIMALS, found)


def test_the_renumbering_that_is_suggested_is_right() -> None:
    found = ("emu", "cat", "dog")
    with pytest.raises(DataError, match=r"y = np.array\(\[2, 0, 1\]\)\[y\]") as error:
        class_names_note(ANIMALS, found)
    assert "class_names = ['cat', 'dog', 'emu']" in str(error.value)
    y = np.array([0, 1, 2])
    assert [ANIMALS[label] for label in np.array([2, 0, 1])[y]] == [found[label] for label in y]


@pytest.mark.parametrize(("trained", "found"), [(ANIMALS, ("0", "1", "2")), (("0", "1", "2"), ANIMALS)])
def test_numbers_and_names_cannot_be_compared(trained: Any, found: Any) -> None:
    note = class_names_note(trained, found)
    assert note is not None
    assert "their order cannot be compared" in note


def test_labels_beyond_those_of_the_weights_are_said() -> None:
    note = class_names_note(("0", "1"), ("0", "1", "2"))
    assert note == "the labels go up to 2 in the data, but to 1 in the weights"


def test_a_further_training_may_have_other_classes() -> None:
    note = class_names_note(ANIMALS, ("fox", "dog", "emu"), others=True)
    assert note == "label 0 is fox in the data, but cat in the weights"
    with pytest.raises(DataError, match="another order"):
        class_names_note(ANIMALS, ("dog", "cat", "emu"), others=True)


BYTES = Provenance("npz", seed=0, validation_split=0, dtype="uint8", range=(0, 255))
FLOAT_BYTES = Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(0, 254))
SHARES = Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(0, 1))
SIGNED = Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(-1, 1))
DEEP = Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(5, 65534))
IMAGE = np.arange(256).reshape(1, 1, 16, 16)


@pytest.mark.parametrize(
    ("trained", "x"),
    [
        (BYTES, IMAGE / 255),
        (FLOAT_BYTES, IMAGE / 255),
        (SHARES, IMAGE.astype(np.uint8)),
        (SHARES, IMAGE.astype(np.float32)),
        (SIGNED, IMAGE),
        (BYTES, IMAGE / 127.5 - 1),
        (BYTES, (IMAGE - 100) / 50),
        (BYTES, IMAGE > 127),
        (FLOAT_BYTES, IMAGE / 127.5 - 1),
        (DEEP, IMAGE / 255),
        (DEEP, IMAGE / 127.5 - 1),
        (DEEP, np.repeat(IMAGE, 10, axis=0)),
        (BYTES, np.repeat(IMAGE // 128, 10, axis=0)),
        (SHARES, np.where(np.arange(40).reshape(20, 2) < 4, 20.5, 0.3)),
    ],
)
def test_shares_and_bytes_are_told_apart(trained: Provenance, x: Array) -> None:
    problem = scale_problem(trained, x)
    assert trained.range is not None
    found, known = (f"{low:g}…{high:g}" for low, high in ((x.min(), x.max()), trained.range))
    assert problem == f"values lie in {found}, those of the training inputs in {known}; scale them so"


@pytest.mark.parametrize(
    ("trained", "x"),
    [
        (BYTES, IMAGE // 20),  # dark
        (BYTES, IMAGE * 0),
        (BYTES, IMAGE // 128),  # black and nearly black
        (BYTES, IMAGE * 2),
        (BYTES, IMAGE[:0] / 255),
        (BYTES, np.zeros((20, 2))),
        (BYTES, np.ones((20, 2))),  # not images
        (FLOAT_BYTES, -IMAGE),
        (DEEP, IMAGE),  # dark
        (DEEP, IMAGE * 200),
        (DEEP, np.linspace(0, 1, 40).reshape(20, 2)),  # a table
        (SHARES, np.where(np.arange(100).reshape(50, 2) < 2, 20.5, 0.3)),  # an outlier in each column
        (SHARES, IMAGE / 600),
        (SHARES, IMAGE / 100),  # somewhat brighter
        (SIGNED, IMAGE / 255 - 0.5),
        (Provenance("npz", seed=0, validation_split=0), IMAGE),
        (Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(-40, 4000)), IMAGE / 255),
    ],
)
def test_other_ranges_may_be_meant(trained: Provenance, x: Array) -> None:
    assert scale_problem(trained, x) is None


def test_a_range_far_from_that_of_the_training_is_said() -> None:
    assert far_text((-3, 3), (0, 60)) == far_text((0, 0), (0, 0)) == far_text(None, (0, 1)) == ""
    assert far_text((-3, 3), (0, 61)) == "; its inputs lie in 0…61, those of the training in -3…3"
    assert far_text((0, 61), (-3, 3)) == "; its inputs lie in -3…3, those of the training in 0…61"
