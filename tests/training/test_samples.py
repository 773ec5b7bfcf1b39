"""Samples as stored, and what a network gets of them."""

from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.errors import DataError
from graphnn.training import samples as samples_module
from graphnn.training.samples import Samples

STORED = np.arange(5 * 4 * 3 * 2, dtype=np.uint8).reshape(5, 4, 3, 2)  # N×H×W×C
X = STORED.transpose(0, 3, 1, 2)
NORMALISATION = Normalisation("per_channel", (2, 4, 3), (1.0, 2.0), (4.0, 8.0))


def test_positions_count_within_the_part() -> None:
    samples = Samples(X, np.arange(5), np.array([4, 2, 0]))
    assert len(samples) == 3
    taken, targets = samples.take(np.array([2, 0]), (2, 4, 3))
    assert targets.tolist() == [0, 4]
    assert np.array_equal(taken, X[[0, 4]])
    assert samples.targets(np.array([1])).tolist() == [2]
    assert len(Samples(X, np.arange(5))) == 5


def test_images_are_taken_in_channels_last_memory() -> None:
    taken, _ = Samples(X, np.arange(5)).take(np.array([2, 0]), (2, 4, 3))
    assert taken.dtype == np.float32
    assert taken.transpose(0, 2, 3, 1).flags.c_contiguous


def test_inputs_are_normalised() -> None:
    """Sample 1 is stored as 24, 25, 26, …, channels in turn."""
    samples = Samples(X, np.arange(5), normalisation=NORMALISATION)
    taken, _ = samples.take(np.array([1]), (2, 4, 3))
    assert taken[0, 0, 0].tolist() == [23 / 4, 25 / 4, 27 / 4]
    assert taken[0, 1, 0].tolist() == [23 / 8, 25 / 8, 27 / 8]
    flat, _ = samples.take(np.array([1]), (24,))
    assert flat[0].tolist() == taken.reshape(24).tolist()


@pytest.mark.parametrize("shape", [(2, 4, 3), (24,)], ids=str)
@pytest.mark.parametrize("block", [1, 24, 50, 2**17])
@pytest.mark.parametrize("memory", ["channels last", "channels first", "every other"])
def test_blocks_and_memory_change_no_bit(
    shape: tuple[int, ...], block: int, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.ascontiguousarray(X) if memory == "channels first" else X
    if memory == "every other":
        x = X.repeat(2, axis=0)[::2]
    chosen = np.array([3, 3, 0, 4])
    expected = NORMALISATION.apply(X[chosen], shape)
    monkeypatch.setattr(samples_module, "BLOCK", block)
    taken, _ = Samples(x, np.arange(5), normalisation=NORMALISATION).take(chosen, shape)
    np.testing.assert_array_equal(taken, expected)


def test_only_the_memory_that_is_given_is_written() -> None:
    whole = np.full((4, 24), np.nan, np.float32)
    Samples(X.reshape(5, 24), np.arange(5)).inputs(np.array([1, 0]), whole[1:3], None)
    assert np.isnan(whole[[0, 3]]).all()
    np.testing.assert_array_equal(whole[1:3], X.reshape(5, 24)[[1, 0]])


def test_an_array_too_large_to_be_prepared_twice_is_never_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is picked at a time stays small, whatever is asked for at once."""
    sizes: list[int] = []
    plain_rows = samples_module.rows

    def spy(x: Any, chosen: Any) -> Any:
        picked = plain_rows(x, chosen)
        sizes.append(picked.nbytes)
        return picked

    monkeypatch.setattr(samples_module, "rows", spy)
    x = np.zeros((1000, 28 * 28), np.uint8)
    Samples(x, np.zeros(1000)).take(np.arange(1000), (784,))
    assert sum(sizes) == x.nbytes
    assert max(sizes) <= 2**17


def test_other_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="the samples of the data are 2×4×3, but the network's input is 25"):
        Samples(X, np.arange(5)).take(np.array([0]), (25,))
