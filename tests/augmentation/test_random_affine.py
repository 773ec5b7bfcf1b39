"""RandomAffine: the matrices drawn, images by hand, and the interpolation against a loop over single pixels."""

import math
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.base import Augmentation, DrawKey, TrainingImages
from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.pixels import resampled
from graphnn.augmentation.random_affine import RandomAffine
from graphnn.augmentation.random_translate import RandomTranslate

LETTER = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)[None, :, :, None]


def matrices(*rows: Any) -> Any:
    """Return one source matrix for one image."""
    return np.array([rows], np.float32)


def naive(image: Any, source: Any, padding: str) -> Any:
    """Return one image, H×W×C, resampled in float64, one pixel after another."""
    height, width, channels = image.shape
    result = np.zeros(image.shape)
    for r in range(height):
        for c in range(width):
            y, x = r - (height - 1) / 2, c - (width - 1) / 2
            row = source[0, 0] * y + source[0, 1] * x + (height - 1) / 2
            column = source[1, 0] * y + source[1, 1] * x + (width - 1) / 2
            for line in (math.floor(row), math.floor(row) + 1):
                for place in (math.floor(column), math.floor(column) + 1):
                    share = (1 - abs(row - line)) * (1 - abs(column - place))
                    result[r, c] += share * pixel(image, line, place, padding)
    assert channels == result.shape[2]
    return result


def pixel(image: Any, row: int, column: int, padding: str) -> Any:
    """Return a pixel inside or outside of an image."""
    height, width, _ = image.shape
    if padding == "zeros":
        return image[row, column] if 0 <= row < height and 0 <= column < width else 0
    return image[inside(row, height), inside(column, width)]


def inside(line: int, size: int) -> int:
    """Return the index inside the image of which one outside is the reflection, edge by edge."""
    while size > 1 and not 0 <= line < size:
        line = -line if line < 0 else 2 * (size - 1) - line
    return line if size > 1 else 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("padding", ["zeros", "reflect"])
@pytest.mark.parametrize("shape", [(5, 8, 1), (6, 3, 3), (1, 4, 2), (1, 1, 1)], ids=str)
def test_interpolation_against_a_loop(shape: tuple[int, ...], padding: str, dtype: Any) -> None:
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (20, *shape)).astype(dtype)
    sources = rng.uniform(-3, 3, (20, 2, 2)).astype(np.float32)
    result = resampled(images, sources, padding)
    assert result.dtype == dtype
    for image, source, found in zip(images, sources, result, strict=True):
        assert np.abs(found - naive(image.astype(float), source, padding)).max() <= (
            0.501 if dtype == np.uint8 else 0.01
        )


def test_by_hand() -> None:
    turned = resampled(LETTER, matrices([0, -1], [1, 0]), "zeros")  # a quarter to the right
    assert turned[0, :, :, 0].tolist() == [[7, 4, 1], [8, 5, 2], [9, 6, 3]]
    small = resampled(LETTER, matrices([2, 0], [0, 2]), "zeros")  # half as large
    assert small[0, :, :, 0].tolist() == [[0, 0, 0], [0, 5, 0], [0, 0, 0]]
    mirrored = resampled(LETTER, matrices([2, 0], [0, 2]), "reflect")
    assert mirrored[0, :, :, 0].tolist() == [[5, 5, 5], [5, 5, 5], [5, 5, 5]]
    large = resampled(LETTER.astype(np.float32), matrices([0.5, 0], [0, 0.5]), "zeros")
    assert large[0, :, :, 0].tolist() == [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]
    same = resampled(LETTER, matrices([1, 0], [0, 1]), "zeros")
    assert same.tolist() == LETTER.tolist()


def drawn(kind: Augmentation, key: DrawKey, count: int, height: int = 1, width: int = 1) -> Any:
    """Return the transform that an augmentation draws for `count` images in one epoch."""
    return kind.draw(key, TrainingImages(count, np.zeros((height, width, 1))))


def test_what_is_drawn() -> None:
    """Each matrix is the inverse of the definition's; rotation, zoom and shear are uniform in their ranges."""
    sources = drawn(RandomAffine(degrees=30, scale=0.2, shear=15), DrawKey(3, 2, 1), 4000).sources.astype(float)
    assert sources.shape == (4000, 2, 2)
    forward = np.linalg.inv(sources[:, ::-1, ::-1])  # on (x, y) in place of (row, column)
    angle = np.arctan2(forward[:, 1, 0], forward[:, 0, 0])
    zoom = np.hypot(forward[:, 1, 0], forward[:, 0, 0])
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    slanted = back @ forward / zoom[:, None, None]
    np.testing.assert_allclose(slanted[:, [0, 1, 1], [0, 0, 1]], np.tile([1.0, 0, 1], (4000, 1)), atol=1e-5)
    slant = np.arctan(slanted[:, 0, 1])
    for values, middle, reach in ((np.rad2deg(angle), 0, 30), (zoom, 1, 0.2), (np.rad2deg(slant), 0, 15)):
        evenly = (values - middle) / reach
        assert np.abs(evenly).max() <= 1 + 1e-4
        counts = np.histogram(evenly, 4, (-1.001, 1.001))[0]
        assert np.abs(counts - 1000).max() < 4.5 * 28
    assert np.abs(np.corrcoef([angle, zoom, slant]) - np.eye(3)).max() < 0.07


def test_epochs_places_and_seeds_draw_anew() -> None:
    kind = RandomAffine()
    first = drawn(kind, DrawKey(3, 0, 0), 10).sources
    for key in (DrawKey(3, 1, 0), DrawKey(3, 0, 1), DrawKey(4, 0, 0)):
        assert not np.isclose(drawn(kind, key, 10).sources, first).all(axis=(1, 2)).any()
    np.testing.assert_array_equal(drawn(kind, DrawKey(3, 0, 0), 10).sources, first)


def test_in_a_list_each_is_done_in_turn_and_no_cut_changes_a_bit() -> None:
    count, shape = 30, (2, 6, 7)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
    mean = np.full((6, 7, 2), 9, np.uint8)
    kinds = (RandomTranslate(1), RandomAffine(40, 0.3, 10, "zeros"), Cutout(2), RandomTranslate(2, "zeros"))
    whole = Augmenter(kinds, seed=3, count=count, mean=mean).apply(images.copy(), np.arange(count), 4)
    for indices in (np.arange(13), np.array([29]), np.array([5, 5, 0])):
        part = Augmenter(kinds, seed=3, count=count, mean=mean).apply(images[indices], indices, 4)
        np.testing.assert_array_equal(part, whole[indices])
    moved, warped, covered, last = (drawn(kind, DrawKey(3, 4, i), count, 6, 7) for i, kind in enumerate(kinds))
    for number in range(count):
        image = images[number].transpose(1, 2, 0)[moved.rows[number]][:, moved.columns[number]]
        image = np.rint(naive(image.astype(float), warped.sources[number], "zeros"))
        image[np.ix_(covered.rows[number], covered.columns[number])] = 9
        image = np.pad(image, ((0, 1), (0, 1), (0, 0)))
        image = image[last.rows[number].clip(None, 6)][:, last.columns[number].clip(None, 7)]
        assert np.abs(whole[number].transpose(1, 2, 0) - image).max() <= 1  # a half may be rounded either way


def test_large_means_of_float64_leave_the_differences_of_pixels() -> None:
    draw = np.random.default_rng(0)
    small = draw.random((1, 6, 6, 1))
    source = matrices([0.9, -0.2], [0.3, 1.1])
    found = resampled(small + 1e9, source, "reflect") - 1e9
    np.testing.assert_allclose(found, resampled(small, source, "reflect"), atol=1e-5)
