"""Samples as stored, and what a network gets of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.augmentation.views import View
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


AUGMENTATIONS = (RandomFlip(), RandomTranslate(1), Cutout(1))


def augmented_alone(samples: Samples, position: int, epoch: int) -> Any:
    """Return one augmented sample as stored, by an augmenter of its own that is asked for nothing else."""
    mean = np.array([1, 2], np.uint8)  # of each channel, as NORMALISATION says
    augmenter = Augmenter(AUGMENTATIONS, seed=4, count=len(samples), mean=np.broadcast_to(mean, (4, 3, 2)))
    stored = samples.x[[position if samples.indices is None else samples.indices[position]]]
    return augmenter.apply(stored, np.array([position]), epoch)


@pytest.mark.parametrize("shape", [(2, 4, 3), (24,)], ids=str)
@pytest.mark.parametrize("block", [1, 50, 2**17])
@pytest.mark.parametrize("memory", ["channels last", "channels first"])
@pytest.mark.parametrize("indices", [None, np.array([4, 2, 0])], ids=str)
def test_training_images_are_augmented_before_they_are_normalised(
    shape: tuple[int, ...], block: int, memory: str, indices: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their position in the part, whatever else is picked with them."""
    x = np.ascontiguousarray(X) if memory == "channels first" else X
    plain = Samples(x, np.arange(5), indices, NORMALISATION)
    samples = plain.augmented(AUGMENTATIONS, 4)
    before, chosen = x.copy(), np.array([1, 1, 0, 2])
    monkeypatch.setattr(samples_module, "BLOCK", block)
    for epoch in (0, 3):
        taken, targets = samples.take(chosen, shape, epoch)
        alone = np.concatenate([augmented_alone(plain, position, epoch) for position in chosen])
        np.testing.assert_array_equal(taken, NORMALISATION.apply(alone, shape))
        np.testing.assert_array_equal(targets, plain.targets(chosen))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(samples.take(chosen, shape)[0], plain.take(chosen, shape)[0])  # in inference
    assert not np.array_equal(samples.take(chosen, shape, 0)[0], plain.take(chosen, shape)[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("mode", ["per_channel", "per_feature", "unit", "none"])
def test_what_is_covered_is_about_zero_once_normalised(mode: str, dtype: Any) -> None:
    """Up to the rounding of bytes, by half of one."""
    x = np.random.default_rng(0).integers(0, 256, (40, 3, 6, 5)).astype(dtype)
    indices = np.arange(30)
    normalisation = Normalisation.fit(x, mode, indices)
    samples = Samples(x, np.zeros(40), indices, normalisation).augmented([Cutout(5)], 0)
    plain, _ = samples.take(indices, (3, 6, 5))
    taken, _ = samples.take(indices, (3, 6, 5), 0)
    covered = taken != plain
    assert 0.2 < covered.mean() < 0.9
    axes = 0 if mode == "per_feature" else (0, 2, 3)
    mean = np.broadcast_to(plain.mean(axis=axes, keepdims=True), plain.shape)
    rounding = 0.5 if dtype == np.uint8 else 1e-4
    assert np.max(abs(taken - mean)[covered]) <= 1.01 * rounding / min(normalisation.divisor)
    if mode.startswith("per_"):
        assert np.max(abs(taken[covered])) <= 1.01 * rounding / min(normalisation.divisor)


def test_nothing_to_do_leaves_the_samples_as_they_are() -> None:
    samples = Samples(X, np.arange(5))
    assert samples.augmented([], 0) is samples


def test_what_cannot_be_augmented_is_refused() -> None:
    with pytest.raises(DataError, match="augment needs images, but the samples are vectors of 24"):
        Samples(X.reshape(5, 24), np.arange(5)).augmented([RandomFlip()], 0)
    with pytest.raises(DataError, match="images of 2×4×3 are too small to be shifted by 3 pixels"):
        Samples(X, np.arange(5)).augmented([RandomFlip(), RandomTranslate(3)], 0)


@pytest.mark.parametrize("shape", [(2, 4, 3), (24,)], ids=str)
def test_a_view_is_for_testing_alone(shape: tuple[int, ...]) -> None:
    plain = Samples(X, np.arange(5), np.array([4, 2, 0]), NORMALISATION)
    seen, chosen = replace(plain, view=View(mirrored=True)), np.array([2, 0])
    expected = NORMALISATION.apply(np.ascontiguousarray(X[[0, 4]][..., ::-1]), shape)
    np.testing.assert_array_equal(seen.take(chosen, shape)[0], expected)
    np.testing.assert_array_equal(seen.take(chosen, shape, 0)[0], plain.take(chosen, shape)[0])


def test_inputs_as_targets_are_normalised_and_keep_the_shape_of_images() -> None:
    samples = Samples(X, np.arange(5), np.array([4, 2, 0]), NORMALISATION, learns_inputs=True)
    inputs, targets = samples.take(np.array([2, 0]), (24,))
    assert targets.shape == (2, 2, 4, 3)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets.reshape(2, 24), inputs)
    np.testing.assert_array_equal(targets, NORMALISATION.apply(X[[0, 4]], (2, 4, 3)))


def test_inputs_as_targets_are_moved_alike_but_not_hidden() -> None:
    moving = [RandomFlip(), RandomTranslate(pixels=2)]
    images = np.random.default_rng(1).integers(0, 256, (40, 9, 9, 3), dtype=np.uint8).transpose(0, 3, 1, 2)
    positions = np.arange(40)
    plain = Samples(images, np.zeros(40), learns_inputs=True)
    hidden, shown = plain.augmented([moving[0], Cutout(size=4), moving[1]], 3).take(positions, (3, 9, 9), 1)
    differs = (hidden != shown).any(axis=1)
    assert (differs.any(axis=(1, 2)) & (differs.sum(axis=(1, 2)) < 40)).all()
    moved, same = plain.augmented([moving[0], moving[1]], 3).take(positions, (3, 9, 9), 1)
    np.testing.assert_array_equal(moved, same)
    assert (moved != images).any()
    np.testing.assert_array_equal(*plain.augmented(moving, 3).take(positions, (3, 9, 9)))
