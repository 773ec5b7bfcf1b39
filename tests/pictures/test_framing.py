"""Ink is scaled and placed in the form of a data set."""

import numpy as np
import pytest

from graphnn.datasets.digits import INK as DIGITS
from graphnn.datasets.loading import load
from graphnn.datasets.mnist import INK as MNIST
from graphnn.pictures.framing import framed, has_form, stroke_width, thickened
from graphnn.types import Array


def seven(height: int, width: int, pen: int) -> Array:
    """Return a bar above another one at the right."""
    ink = np.zeros((height, width), np.float32)
    ink[:pen] = ink[:, -pen:] = 1
    return ink


def centre(image: Array) -> list[float]:
    """Return the centre of mass; the middle of the first pixel is at 0.5."""
    return [
        float((image.sum(axis=axis) * (np.arange(len(image)) + 0.5)).sum() / image.sum(dtype=float)) for axis in (1, 0)
    ]


@pytest.mark.parametrize(("height", "width"), [(100, 60), (60, 100), (80, 50), (9, 4), (400, 3)])
def test_the_longer_side_is_20_and_the_centre_of_mass_in_pixel_14(height: int, width: int) -> None:
    image = framed(seven(height, width, max(1, min(height, width) // 8)), MNIST, 28)
    rows, columns = np.nonzero(image.any(axis=1))[0], np.nonzero(image.any(axis=0))[0]
    sides = (len(rows), len(columns))
    assert (image.shape, image.dtype, image.max()) == ((28, 28), np.uint8, 255)
    assert max(sides) == 20
    assert min(sides) == max(1, round(20 * min(height, width) / max(height, width)))
    assert [int(value) for value in centre(image)] == [14, 14]


def test_scaling_by_whole_pixels_gives_their_means() -> None:
    ink = np.kron(np.arange(1, 21, dtype=np.float32)[:, None] / 20 * np.ones((1, 8), np.float32), np.ones((3, 3)))
    image = framed(ink.astype(np.float32), MNIST, 28)
    rows = np.flatnonzero(image.any(axis=1))
    np.testing.assert_array_equal(image[rows, 14], np.round(np.arange(1, 21) / 20 * 255))


def test_ink_does_not_leave_the_image_where_its_mass_is_far_from_its_middle() -> None:
    ink = np.full((20, 20), 0.01, np.float32)
    ink[:2] = 1
    image = framed(ink, MNIST, 28)
    assert np.flatnonzero(image.any(axis=1)).tolist() == list(range(8, 28))


def test_digits_count_the_pixels_of_blocks() -> None:
    ink = np.ones((64, 24), np.float32)  # becomes 32×12, from column 10 of 32
    row = [0, 0, 128, 255, 255, 128, 0, 0]  # columns 10 and 11 are half of a block
    assert framed(ink, DIGITS, 8).tolist() == [row] * 8
    wide = framed(np.ones((10, 40), np.float32), DIGITS, 8)  # narrowed to 32×20, from column 6
    assert wide.tolist() == [[0, 128, 255, 255, 255, 255, 128, 0]] * 8


def test_images_of_the_data_set_have_its_form_and_others_have_not() -> None:
    images = load("digits").x_test[:, 0]
    assert all(has_form(image, DIGITS) for image in images)
    made = framed(seven(50, 30, 6), MNIST, 28)
    assert has_form(made, MNIST)
    assert not has_form(np.roll(made, 3, axis=0), MNIST)
    assert not has_form(np.zeros((28, 28), np.uint8), MNIST)
    smaller = np.zeros((28, 28), np.uint8)
    smaller[9:19, 11:17] = made[4:24:2, 8:20:2]
    assert not has_form(smaller, MNIST)


@pytest.mark.parametrize("pen", [3, 8, 20])
def test_the_width_of_strokes(pen: int) -> None:
    y, x = np.mgrid[:240, :240]
    ring = np.abs(np.hypot(y - 120, x - 120) - 80) <= pen / 2
    assert stroke_width(ring.astype(np.float32)) == pytest.approx(pen, rel=0.1)


def test_thin_strokes_become_as_thick_as_the_thinnest_of_the_data_set() -> None:
    y, x = np.mgrid[:200, :200]
    ring = (np.abs(np.hypot(y - 100, x - 100) - 95) <= 1.5).astype(np.float32)
    thicker = thickened(ring, MNIST)
    assert stroke_width(thicker) * 20 / max(thicker.shape) == pytest.approx(MNIST.thinnest, rel=0.15)
    thick = (np.abs(np.hypot(y - 100, x - 100) - 85) <= 12).astype(np.float32)
    assert thickened(thick, MNIST) is thick
