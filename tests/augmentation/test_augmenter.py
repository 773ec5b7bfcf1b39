"""Lists of augmentations on images, against loops over single images."""

import threading
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.base import Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate

KINDS = (RandomFlip("alternating"), RandomTranslate(2), RandomTranslate(1, "zeros"), Cutout(3))
Make = Callable[..., Augmenter]


def naive(image: Any, augmentations: Sequence[Augmentation], index: int, count: int, epoch: int, mean: float) -> Any:
    """Return one image, C×H×W, after one augmentation at a time, computed pixel by pixel."""
    image = image.copy()
    height, width = image.shape[1:]
    for position, augmentation in enumerate(augmentations):
        before, image = image, np.zeros_like(image)
        images = TrainingImages(count, np.zeros((height, width, len(image))))
        transform: Any = augmentation.draw(DrawKey(3, epoch, position), images)
        rows, columns = transform.rows, transform.columns
        if isinstance(augmentation, Cutout):
            for r in range(height):
                for c in range(width):
                    image[:, r, c] = mean if rows[index, r] and columns[index, c] else before[:, r, c]
            continue
        for r in range(height):
            for c in range(width):
                if rows[index, r] < height and columns[index, c] < width:
                    image[:, r, c] = before[:, rows[index, r], columns[index, c]]
    return image


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 4, 7), (3, 6, 3), (2, 5, 5)], ids=str)
def test_any_list_does_what_its_members_do_in_turn(dtype: Any, shape: tuple[int, ...], augmenter: Make) -> None:
    count = 23
    rng = np.random.default_rng(1)
    images = rng.integers(1, 255, (count, *shape)).astype(dtype)
    for length in (1, 2, 3, 4):
        for number, kinds in enumerate(permutations(KINDS, length)):
            indices = rng.integers(0, count, 6)
            result = augmenter(kinds, count, shape, dtype=dtype).apply(images[indices], indices, number)
            assert result.dtype == dtype
            assert result.transpose(0, 2, 3, 1).flags.c_contiguous
            for index, found in zip(indices, result, strict=True):
                expected = naive(images[index], kinds, index, count, number, 7)
                np.testing.assert_array_equal(found, expected)


def test_the_mean_may_differ_from_pixel_to_pixel() -> None:
    mean = np.arange(2 * 3 * 2, dtype=np.float32).reshape(2, 3, 2)  # H×W×C
    augmenter = Augmenter([Cutout(2)], seed=0, count=50, mean=mean)
    result = augmenter.apply(np.full((50, 2, 2, 3), -1, np.float32), np.arange(50), 0).transpose(0, 2, 3, 1)
    covered = result != -1
    assert 0.3 < covered.mean() < 0.9
    np.testing.assert_array_equal(result[covered], np.broadcast_to(mean, result.shape)[covered])


def test_no_cut_into_pieces_and_no_order_changes_a_bit(augmenter: Make) -> None:
    images = np.random.default_rng(1).integers(0, 255, (40, 3, 6, 6)).astype(np.uint8)
    whole = augmenter(KINDS, 40, (3, 6, 6)).apply(images.copy(), np.arange(40), 5)
    other = augmenter(KINDS, 40, (3, 6, 6))
    other.apply(images.copy(), np.arange(40), 2)  # another epoch's draws, which are thrown away
    for indices in (np.arange(17), np.array([39]), np.array([20, 3, 3, 38])):
        np.testing.assert_array_equal(other.apply(images[indices], indices, 5), whole[indices])


def test_threads_may_share_one(augmenter: Make) -> None:
    """Each thread asks for another epoch again and again, so that they discard each other's draws."""
    images = np.random.default_rng(1).integers(0, 255, (300, 1, 6, 6)).astype(np.uint8)
    expected = [augmenter(KINDS, 300, (1, 6, 6)).apply(images.copy(), np.arange(300), epoch) for epoch in range(4)]
    shared, wrong = augmenter(KINDS, 300, (1, 6, 6)), []

    def work(epoch: int) -> None:
        for _ in range(100):
            if not np.array_equal(shared.apply(images.copy(), np.arange(300), epoch), expected[epoch]):
                wrong.append(epoch)

    threads = [threading.Thread(target=work, args=(epoch,)) for epoch in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
