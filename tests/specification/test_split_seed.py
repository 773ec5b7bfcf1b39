"""What older documents and files mean, now that data.seed splits the data and training.seed no longer does."""

import json
from typing import Any

import pytest

from graphnn.specification.differences import Difference, differences, with_defaults
from graphnn.specification.spec import parse_spec, spec_from_values
from graphnn.specification.split_seed import both_older, holds_out, moved_split, with_split_seed

VALUES: dict[str, Any] = {
    "input": {"shape": [64]},
    "layers": [{"type": "Dense", "units": 10}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 5, "seed": 4},
}


def resolved(**data: Any) -> dict[str, Any]:
    """Return the document, resolved, with these settings of its data."""
    return spec_from_values({**VALUES, "data": {**VALUES["data"], **data}}).resolved()


def as_written_before(document: dict[str, Any]) -> dict[str, Any]:
    """Return a resolved document as older versions wrote it."""
    return {**document, "data": {key: value for key, value in document["data"].items() if key != "seed"}}


def said(*overrides: str, training: Any = VALUES["training"], **data: Any) -> str | None:
    """Return the note about the text of a document."""
    text = json.dumps({**VALUES, "data": {**VALUES["data"], **data}, "training": training})
    finding = moved_split(parse_spec(text, overrides=overrides))
    return None if finding is None else finding.message


def test_an_older_resolved_document_gets_the_seed_that_split_its_data() -> None:
    now = resolved(seed=4)
    assert with_split_seed(as_written_before(now)) == now
    assert with_defaults(as_written_before(now)) == now
    assert with_split_seed(now) is now


@pytest.mark.parametrize("damaged", [None, 5, [], {}, {"data": 5, "training": {"seed": 1}}, {"data": {}}])
def test_what_is_no_document_stays_as_it_is(damaged: Any) -> None:
    assert with_split_seed(damaged) is damaged
    assert not both_older(spec_from_values(VALUES), damaged)
    assert not holds_out(damaged)


def test_a_split_by_another_seed_is_a_difference_with_its_reason() -> None:
    old = as_written_before(resolved())
    assert differences(old, resolved(seed=4)) == []
    reason = 'older versions split by training.seed, so "data": {"seed": 4} is the same split'
    assert differences(old, resolved()) == [Difference("data.seed", 4, 0, reason)]
    (difference,) = differences(old, resolved())
    assert difference.text("there", "now") == f"data.seed: 4 there, 0 now; {reason}"
    assert differences(resolved(), resolved(seed=1)) == [Difference("data.seed", 0, 1)]


def test_an_older_file_beside_a_document_that_writes_no_seed_of_the_data() -> None:
    old = as_written_before(resolved())
    assert both_older(spec_from_values(VALUES), old)
    assert not both_older(spec_from_values(VALUES), resolved())
    for spec in (spec_from_values(resolved()), spec_from_values(VALUES, overrides=["data.seed=0"])):
        assert not both_older(spec, old)


def test_a_text_that_was_split_by_its_training_seed_gets_a_note() -> None:
    text = said()
    assert text is not None
    assert text.startswith("4 no longer chooses the validation part; data.seed does, which is 0 unless it is written.")
    assert '"seed": 4 in data for the part of older versions' in text
    assert said("training.epochs=2") == text


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ((), {"training": {"epochs": 5}}),
        ((), {"training": {"epochs": 5, "seed": 0}}),
        ((), {"seed": 0}),
        ((), {"seed": 4}),
        ((), {"validation_split": 0}),
        (("training.seed=7",), {}),
        (("training.seed=7",), {"training": {"epochs": 5}}),
        (("data.seed=4",), {}),
        (('training={"epochs": 1, "seed": 3}',), {"training": {"epochs": 5}}),
    ],
)
def test_others_get_none(overrides: tuple[str, ...], changes: dict[str, Any]) -> None:
    assert said(*overrides, **changes) is None
