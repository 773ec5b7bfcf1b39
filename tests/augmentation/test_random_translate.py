"""RandomTranslate: the shifts, and the values from outside the image."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.pixels import BLANK
from graphnn.augmentation.random_translate import RandomTranslate

Lines = Callable[..., tuple[Any, Any]]


def shifts(found: Any) -> Any:
    """Return how far each image of at least 3 rows is shifted, from its middle row, which is never reflected."""
    middle = found.shape[1] // 2
    return middle - found[:, middle]


def test_every_shift_is_as_likely_as_another_and_each_way_by_itself(lines: Lines) -> None:
    """10,000 draws from 25 pairs of shifts give each 400 times, with a standard deviation of 20."""
    rows, columns = lines(RandomTranslate(2), 10_000, (1, 9, 11))
    counts = np.zeros((5, 5), int)
    np.add.at(counts, (shifts(rows) + 2, shifts(columns) + 2), 1)
    assert counts.sum() == 10_000
    assert abs(counts - 400).max() < 4.5 * 20


def test_each_epoch_draws_anew(lines: Lines) -> None:
    first, second = (lines(RandomTranslate(2), 1000, (1, 9, 11), epoch)[0] for epoch in (0, 1))
    assert 0.1 < (shifts(first) == shifts(second)).mean() < 0.3


BY_HAND = {
    ("reflect", -2): [2, 3, 4, 3, 2],
    ("reflect", -1): [1, 2, 3, 4, 3],
    ("reflect", 0): [0, 1, 2, 3, 4],
    ("reflect", 1): [1, 0, 1, 2, 3],
    ("reflect", 2): [2, 1, 0, 1, 2],
    ("zeros", -2): [2, 3, 4, BLANK, BLANK],
    ("zeros", -1): [1, 2, 3, 4, BLANK],
    ("zeros", 0): [0, 1, 2, 3, 4],
    ("zeros", 1): [BLANK, 0, 1, 2, 3],
    ("zeros", 2): [BLANK, BLANK, 0, 1, 2],
}


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_by_hand(lines: Lines, padding: str) -> None:
    seen = set()
    for found in lines(RandomTranslate(2, padding), 200, (1, 5, 5)):
        for line, shift in zip(found.tolist(), shifts(found).tolist(), strict=True):
            assert line == BY_HAND[padding, shift]
            seen.add(shift)
    assert seen == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("size", [2, 3, 6])
def test_the_furthest_shift_reflects_as_numpy_does(lines: Lines, size: int) -> None:
    pixels = size - 1
    padded = np.pad(np.arange(size), pixels, mode="reflect")
    windows = {tuple(padded[start : start + size].tolist()) for start in range(2 * pixels + 1)}
    rows, columns = lines(RandomTranslate(pixels), 2000, (1, size, size))
    assert {tuple(line) for line in rows.tolist()} == windows
    assert {tuple(line) for line in columns.tolist()} == windows


def test_what_images_are_too_small_for() -> None:
    assert RandomTranslate(3).unfit((3, 4, 9)) is None
    for shape in ((3, 4, 9), (3, 9, 4)):
        assert "write pixels of at most 3" in str(RandomTranslate(4).unfit(shape))
    assert "leave RandomTranslate out" in str(RandomTranslate(1).unfit((3, 1, 9)))
