"""The history as an array: exact, with and without validation."""

import math
import struct
from typing import Any

import numpy as np
import pytest

from graphnn.training.history import Record
from graphnn.training.history_array import history_array, history_from

METRICS = ("loss", "accuracy")
HISTORY = [
    Record(1, {"loss": 0.1 + 0.2, "accuracy": 1 / 3}, None, 1e-3, 2.5, 1e-300),
    Record(2, {"loss": 5e-324, "accuracy": 0.0}, {"accuracy": 1.0, "loss": math.pi}, 0.1, 1e15 + 0.125, 1e300),
    Record(3, {"loss": -0.0, "accuracy": 1.0}, None, 0.0, 0.0, 0.0),
]


def test_a_history_comes_back_to_the_last_bit() -> None:
    array, names = history_array(HISTORY)
    assert array.shape == (7 + 9 + 7,)
    assert array.dtype == np.float64
    assert names == [{"epochs": 3, "metrics": ["loss", "accuracy"], "validation": ["accuracy", "loss"]}]
    found = history_from(array, names)
    assert found == HISTORY
    assert struct.pack("<d", found[2].training["loss"]) == struct.pack("<d", -0.0)
    assert history_array(found)[0].tobytes() == array.tobytes()


def test_metrics_that_a_later_version_added_are_not_in_earlier_epochs() -> None:
    later = Record(
        4, {"loss": 0.5, "accuracy": 0.5, "r2": 1.0}, {"loss": 0.5, "accuracy": 0.5, "r2": 0.5}, 1.0, 2.0, 3.0
    )
    array, names = history_array([*HISTORY, later])
    assert [(span["epochs"], len(span["metrics"])) for span in names] == [(3, 2), (1, 3)]
    assert history_from(array, names) == [*HISTORY, later]


def test_metrics_of_validation_alone() -> None:
    history = [
        Record(epoch, {"loss": 0.5}, None if epoch == 2 else {"loss": 0.25, "macro_f1": epoch / 7}, 0.1, 1.0, 1.0)
        for epoch in (1, 2, 3)
    ]
    array, names = history_array(history)
    assert names == [{"epochs": 3, "metrics": ["loss"], "validation": ["loss", "macro_f1"]}]
    assert history_from(array, names) == history
    assert history[0].metrics == ("loss", "macro_f1")


def test_older_versions_had_the_metrics_of_training_twice_in_every_record() -> None:
    numbers = np.array([1, 0, 0.1, 2, 3, 0.5, 0.25, math.nan, math.nan, 2, 1, 0.2, 4, 5, 0.5, 0.75, 0.125, 1.0])
    assert history_from(numbers, [{"epochs": 2, "metrics": ["loss", "accuracy"]}]) == [
        Record(1, {"loss": 0.5, "accuracy": 0.25}, None, 0.1, 2, 3),
        Record(2, {"loss": 0.5, "accuracy": 0.75}, {"loss": 0.125, "accuracy": 1.0}, 0.2, 4, 5),
    ]


def test_what_is_not_a_number_stays_so() -> None:
    history = [Record(1, {"r2": math.nan}, {"r2": math.nan}, 0.1, 1.0, 1.0)]
    (record,) = history_from(*history_array(history))
    assert record.validation is not None
    assert math.isnan(record.training["r2"])
    assert math.isnan(record.validation["r2"])


def test_a_history_without_records_comes_back() -> None:
    assert history_from(*history_array([])) == []


NUMBERS, NAMES = history_array(HISTORY)


@pytest.mark.parametrize(
    ("array", "names"),
    [
        (NUMBERS[:-1], NAMES),
        (NUMBERS.reshape(1, 23), NAMES),
        (NUMBERS.view(np.int64), NAMES),
        (NUMBERS[::-1], NAMES),
        (NUMBERS[7:], [{**NAMES[0], "epochs": 2}]),
        (NUMBERS, [{**NAMES[0], "epochs": 4}]),
        (NUMBERS, [{**NAMES[0], "epochs": 2}]),
        (NUMBERS, [{"epochs": 3, "metrics": METRICS}]),
        (NUMBERS, []),
        (np.full(27, np.nan), NAMES),
    ],
)
def test_what_is_no_history_is_refused(array: np.ndarray, names: Any) -> None:
    with pytest.raises(ValueError, match="its history "):
        history_from(array, names)
