"""How frozen normalisations stand in resolved documents, and what those of older versions mean."""

import json
from typing import Any

import pytest

from graphnn.specification.differences import ABSENT, Difference, differences, with_defaults
from graphnn.specification.fixed_statistics import REASON, fixes_statistics, with_moved_statistics
from graphnn.specification.spec import spec_from_values

BN = "BatchNormalization"
WHOLE = {"gamma": False, "beta": False, "statistics": False}
MOVING = {"gamma": False, "beta": False, "statistics": True}


def resolved(trainable: Any, **settings: Any) -> dict[str, Any]:
    """Return the resolved document of a network with two such normalisations, one inside a block."""
    layer = {"type": BN, "trainable": trainable, **settings}
    return spec_from_values(
        {
            "input": {"shape": [4]},
            "layers": [
                {**layer, "name": "first"},
                {"type": "Residual", "layers": [{**layer, "name": "inside"}, {"type": "ReLU"}]},
                {"type": "Dense", "units": 3, "trainable": False},
                {"type": "Softmax"},
            ],
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGD"},
            "data": {"dataset": "npz", "path": "/a.npz"},
            "training": {"epochs": 5},
        }
    ).resolved()


def as_written_before(document: dict[str, Any]) -> dict[str, Any]:
    """Return a resolved document as older versions wrote one with `"trainable": false`."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for layer in (copy["layers"][0], copy["layers"][1]["layers"][0]):
        layer["trainable"] = False
    return copy


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, WHOLE),
        ({"scale": False}, {"beta": False, "statistics": False}),
        ({"scale": False, "center": False}, {"statistics": False}),
    ],
)
def test_false_is_written_out(settings: Any, expected: Any) -> None:
    document = resolved(False, **settings)
    block = document["layers"][1]["layers"]
    assert document["layers"][0]["trainable"] == block[0]["trainable"] == expected
    assert document["layers"][2]["trainable"] is False  # of a Dense it means what it meant
    assert spec_from_values(document).resolved() == document
    assert with_moved_statistics(document) is document


@pytest.mark.parametrize("trainable", [True, {}, {"gamma": False}, MOVING])
def test_whatever_else_is_written_stays(trainable: Any) -> None:
    document = resolved(trainable)
    expected = trainable if trainable is True else {"statistics": True, **trainable}
    assert document["layers"][0]["trainable"] == expected
    assert not fixes_statistics(trainable)


def test_false_in_an_older_document_moved_the_statistics() -> None:
    older = as_written_before(resolved(False))
    assert with_defaults(older) == resolved({"gamma": False, "beta": False})
    assert differences(older, resolved(False)) == [
        Difference("layers[0].trainable.statistics", True, False, REASON),
        Difference("layers[1].layers[0].trainable.statistics", True, False, REASON),
    ]
    assert differences(older, resolved({"gamma": False, "beta": False})) == []
    without = resolved(False, scale=False, center=False)
    assert len(differences(as_written_before(without), without)) == 2


def test_the_reason_is_told_only_where_it_is_one() -> None:
    found = differences(as_written_before(resolved(False)), resolved(True))
    assert Difference("layers[0].trainable.statistics", True, ABSENT) in found
    assert not any(one.reason for one in found)


@pytest.mark.parametrize(
    "document", [None, [], {}, {"layers": None}, {"layers": [1, {"type": "Residual", "layers": 3}]}]
)
def test_what_is_no_document_stays_as_it_is(document: Any) -> None:
    assert with_moved_statistics(document) is document
