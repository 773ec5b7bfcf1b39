"""RandomFlip: which images are mirrored, and when."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.base import DrawKey, TrainingImages
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.transforms import Remap

COUNT = 4000
Lines = Callable[..., tuple[Any, Any]]


def mirrored(lines: Lines, mode: str, epoch: int, seed: int = 3) -> Any:
    """Return which of COUNT images are mirrored, after checking that each is mirrored as a whole or not at all."""
    rows, columns = lines(RandomFlip(mode), COUNT, (3, 2, 5), epoch, seed)
    assert (rows == [0, 1]).all()
    kept, turned = (columns == [0, 1, 2, 3, 4]).all(axis=1), (columns == [4, 3, 2, 1, 0]).all(axis=1)
    assert (kept != turned).all()
    return turned


@pytest.mark.parametrize("mode", ["random", "alternating"])
@pytest.mark.parametrize("epoch", [0, 1, 6])
def test_about_half_of_the_images_are_mirrored(lines: Lines, mode: str, epoch: int) -> None:
    """The standard deviation of 4,000 draws at ½ is 32."""
    assert abs(mirrored(lines, mode, epoch).sum() - COUNT / 2) < 4 * 32


def test_random_draws_each_epoch_anew(lines: Lines) -> None:
    first, second = (mirrored(lines, "random", epoch) for epoch in (0, 1))
    assert abs((first == second).sum() - COUNT / 2) < 4 * 32


@pytest.mark.parametrize("epoch", [255, 256, 257, 100_000])
def test_alternating_goes_on_in_long_runs(lines: Lines, epoch: int) -> None:
    np.testing.assert_array_equal(mirrored(lines, "alternating", epoch), mirrored(lines, "alternating", epoch % 2))


def test_alternating_shows_the_other_side_in_every_second_epoch(lines: Lines) -> None:
    epochs = [mirrored(lines, "alternating", epoch) for epoch in range(4)]
    np.testing.assert_array_equal(epochs[1], ~epochs[0])
    np.testing.assert_array_equal(epochs[2], epochs[0])
    np.testing.assert_array_equal(epochs[3], epochs[1])


@pytest.mark.parametrize("mode", ["random", "alternating"])
def test_seeds_and_positions_draw_differently(lines: Lines, mode: str) -> None:
    first = mirrored(lines, mode, 0)
    assert 0.4 < (first == mirrored(lines, mode, 0, seed=4)).mean() < 0.6
    second = RandomFlip(mode).draw(DrawKey(3, 0, 1), TrainingImages(COUNT, np.zeros((2, 5, 3))))
    assert 0.4 < (first == (second.columns[:, 0] == 4)).mean() < 0.6


def test_the_draws_keep_their_values(lines: Lines) -> None:
    """They are part of every result."""
    assert mirrored(lines, "random", 2)[:12].astype(int).tolist() == [0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1]
    assert mirrored(lines, "alternating", 2)[:12].astype(int).tolist() == [0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1]


def test_by_hand() -> None:
    """A second flip mirrors the result of the first."""
    shown = Remap(np.zeros((6, 1), np.int32), np.array([[4, 3, 2]] * 6))
    both = shown.followed_by(RandomFlip().draw(DrawKey(0, 0, 0), TrainingImages(6, np.zeros((1, 3, 1)))))
    assert isinstance(both, Remap)
    assert {tuple(row) for row in both.columns.tolist()} == {(4, 3, 2), (2, 3, 4)}
