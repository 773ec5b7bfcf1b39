"""The digits that come with the package."""

import hashlib

import numpy as np
import pytest

from graphnn.datasets.digits import FILE, Digits, stretched
from graphnn.datasets.loading import load


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_parts_have_the_published_number_of_images(digits):
    assert (len(digits.x_train), len(digits.x_test)) == (1437, 360)
    assert (len(digits.y_train), len(digits.y_test)) == (1437, 360)
    assert digits.shape == Digits.facts.shape == (1, 8, 8)
    assert digits.classes == tuple("0123456789")


def test_labels_are_those_of_the_published_test_part(digits):
    # the counts of each digit in optdigits.tes, from its description
    published = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(np.concatenate([digits.y_train, digits.y_test])).tolist() == published
    assert digits.y_train.dtype == np.int64
    assert np.bincount(digits.y_test).min() >= 24  # shuffled: each digit is in the test part


def test_images_are_bytes_over_their_whole_range(digits):
    for x in (digits.x_train, digits.x_test):
        assert x.dtype == np.uint8
        assert x.transpose(0, 2, 3, 1).flags.c_contiguous
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 255


def test_sixteen_steps_are_stretched_evenly():
    assert stretched(np.arange(17)).tolist() == [
        0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255
    ]  # fmt: skip


def test_first_published_image_is_there(digits):
    # the first line of optdigits.tes: a zero
    rows = [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    x = np.concatenate([digits.x_train, digits.x_test])
    y = np.concatenate([digits.y_train, digits.y_test])
    (place,) = np.flatnonzero((x[:, 0] == stretched(np.array(rows))).all(axis=(1, 2)))
    assert y[place] == 0


def test_shipped_file_is_small_and_unchanged():
    content = FILE.read_bytes()
    assert len(content) < 100_000
    assert hashlib.sha256(content).hexdigest() == "9843c59028df2bb34c7e07e355928069215f26654cbf14deeca77d846c7fc0c7"


def test_parts_share_no_image(digits):
    train = {image.tobytes() for image in digits.x_train}
    assert not any(image.tobytes() in train for image in digits.x_test)
