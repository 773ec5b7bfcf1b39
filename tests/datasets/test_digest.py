"""Digests: what they tell apart."""

from dataclasses import replace

import numpy as np
import pytest

from graphnn.datasets.base import Dataset
from graphnn.datasets.digest import CLASSES, TEST, TRAINING, differing, digest, digests


def test_a_digest_tells_values_types_and_shapes_but_not_memory() -> None:
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    turned = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert digest(x) == digest(turned)
    others = [x.astype(np.int64), x.reshape(2, 12), x[::-1]]
    assert len({digest(x), *(digest(other) for other in others)}) == 4
    assert digest(x, x) != digest(x)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (TRAINING, {"x_train": np.ones((4, 3))}),
        (TRAINING, {"y_train": np.array([0, 1, 1, 1])}),
        (TEST, {"x_test": np.ones((2, 3))}),
        (TEST, {"y_test": np.array([1, 1])}),
        (CLASSES, {"classes": ("dog", "cat")}),
        (CLASSES, {"classes": None}),
    ],
)
def test_each_part_of_a_data_set_has_a_digest_of_its_own(part: str, change: dict[str, object]) -> None:
    y = np.array([0, 1, 0, 1])
    data = Dataset("a", np.zeros((4, 3)), y, np.zeros((2, 3)), y[:2], ("cat", "dog"))
    before, now = digests(data), digests(replace(data, **change))  # type: ignore[arg-type]
    assert differing(before, now) == [part]
    assert differing({name: value for name, value in before.items() if name != part}, now) == []  # not known then
