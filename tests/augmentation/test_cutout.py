"""Cutout: the positions of the squares."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout

Lines = Callable[..., tuple[Any, Any]]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        (2, [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]),  # an even one reaches further up and left
        (3, [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]),
        (4, [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 1, 1, 1]]),
    ],
)
def test_by_hand(lines: Lines, size: int, expected: list[list[int]]) -> None:
    """For centres at 0, 1, 2 and 3 of 4 rows, and the same for columns."""
    for found in lines(Cutout(size), 300, (3, 4, 4)):
        assert {tuple(line) for line in found.astype(int).tolist()} == {tuple(line) for line in expected}


def test_every_centre_is_as_likely_as_another(lines: Lines) -> None:
    """8,000 draws from 20 centres give each 400 times, with a standard deviation of 20."""
    rows, columns = lines(Cutout(1), 8000, (3, 4, 5))
    assert (rows.sum(axis=1) == 1).all()
    assert (columns.sum(axis=1) == 1).all()
    counts = np.zeros((4, 5), int)
    np.add.at(counts, (rows.argmax(axis=1), columns.argmax(axis=1)), 1)
    assert abs(counts - 400).max() < 4.5 * 20


def test_each_epoch_draws_anew(lines: Lines) -> None:
    first, second = (lines(Cutout(1), 1000, (3, 4, 5), epoch)[0] for epoch in (0, 1))
    assert 0.15 < (first == second).all(axis=1).mean() < 0.35


def test_what_images_are_too_small_for() -> None:
    assert Cutout(4).unfit((3, 4, 9)) is None
    assert "write at most 4" in str(Cutout(5).unfit((3, 4, 9)))
