"""Notes about settings that are allowed, but probably a mistake."""

from typing import Any

import pytest

from graphnn.graph.build import build_graph
from graphnn.graph.notes import notes
from graphnn.specification.spec import spec_from_values


def found_notes(dataset: str, shape: list[int], augment: list[str]) -> list[str]:
    """Return the notes on a document with these augmentations."""
    values: dict[str, Any] = {
        "input": {"shape": shape},
        "layers": [{"type": "Flatten"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": dataset, "augment": [{"type": name} for name in augment]},
        "training": {"epochs": 1},
    }
    values["data"] |= {"path": "mine.npz"} if dataset == "npz" else {}
    spec = spec_from_values(values, "net")
    return [str(note) for note in notes(spec, build_graph(spec))]


def test_mirrored_digits_give_a_note() -> None:
    assert found_notes("mnist", [1, 28, 28], ["RandomTranslate", "RandomFlip"]) == [
        "net: data.augment[1]: RandomFlip mirrors images, and a mirror image of mnist does not show what its label "
        "says; leave it out"
    ]


@pytest.mark.parametrize(("dataset", "shape"), [("cifar10", [3, 32, 32]), ("npz", [1, 8, 8])])
def test_other_images_may_be_mirrored(dataset: str, shape: list[int]) -> None:
    assert found_notes(dataset, shape, ["RandomFlip"]) == []


def test_augmentations_that_do_not_mirror_give_no_note() -> None:
    assert found_notes("digits", [1, 8, 8], ["RandomTranslate", "RandomAffine"]) == []
