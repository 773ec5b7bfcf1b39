"""Settings that a document may have, although they are seldom meant."""

from typing import Any

import pytest

from graphnn.graph.notes import notes
from graphnn.specification.spec import spec_from_values


def told(dataset: str, shape: list[int], augment: list[str]) -> list[str]:
    """Return the notes on a document with these augmentations."""
    values: dict[str, Any] = {
        "input": {"shape": shape},
        "layers": [{"type": "Flatten"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": dataset, "augment": [{"type": name} for name in augment]},
        "training": {"epochs": 1},
    }
    values["data"] |= {"path": "own.npz"} if dataset == "npz" else {}
    return list(notes(spec_from_values(values)))


def test_digits_that_are_mirrored_are_told() -> None:
    assert told("mnist", [1, 28, 28], ["RandomTranslate", "RandomFlip"]) == [
        "data.augment[1]: RandomFlip mirrors images, and a mirror image of mnist does not show what its label says"
    ]


@pytest.mark.parametrize(("dataset", "shape"), [("cifar10", [3, 32, 32]), ("npz", [1, 8, 8])])
def test_other_images_may_be_mirrored(dataset: str, shape: list[int]) -> None:
    assert told(dataset, shape, ["RandomFlip"]) == []


def test_what_does_not_mirror_is_no_matter() -> None:
    assert told("digits", [1, 8, 8], ["RandomTranslate", "RandomAffine", "Cutout"]) == []
