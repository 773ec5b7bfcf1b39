"""The views of test-time augmentation."""

from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.views import VIEWS, View, unfit_for_views


def test_by_hand() -> None:
    """The edge is reflected and not repeated; positive shifts are down and to the right."""
    image = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)[None, None]
    expected = {
        (0, False): [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        (0, True): [[3, 2, 1], [6, 5, 4], [9, 8, 7]],
        (1, False): [[5, 4, 5], [2, 1, 2], [5, 4, 5]],
        (-1, False): [[5, 6, 5], [8, 9, 8], [5, 6, 5]],
        (-1, True): [[5, 6, 5], [8, 9, 8], [5, 6, 5]],
    }
    for (shift, mirrored), pixels in expected.items():
        assert View(shift, mirrored).apply(image)[0, 0].tolist() == pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 2, 7), (3, 6, 4)], ids=str)
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_view_is_a_window_of_the_padded_image(shape: tuple[int, ...], shift: int, dtype: Any) -> None:
    images = np.random.default_rng(1).integers(0, 255, (5, *shape)).astype(dtype)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    height, width = shape[1:]
    window = padded[:, :, 1 - shift : 1 - shift + height, 1 - shift : 1 - shift + width]
    np.testing.assert_array_equal(View(shift).apply(images), window)
    np.testing.assert_array_equal(View(shift, mirrored=True).apply(images), window[..., ::-1])


def test_the_weights_of_the_views() -> None:
    flip, crops = ({(view.shift, view.mirrored): weight for weight, view in VIEWS[name]} for name in VIEWS)
    assert flip == {(0, False): 0.5, (0, True): 0.5}
    assert crops == {
        (0, False): 0.25,
        (0, True): 0.25,
        (-1, False): 0.125,
        (-1, True): 0.125,
        (1, False): 0.125,
        (1, True): 0.125,
    }


def test_what_samples_are_too_small_for() -> None:
    assert unfit_for_views("flip", (1, 1, 1)) is None
    assert unfit_for_views("flip_translate", (1, 2, 2)) is None
    assert 'write "flip"' in str(unfit_for_views("flip_translate", (1, 1, 8)))
    for name in VIEWS:
        assert "needs images, but the samples are vectors of 64" in str(unfit_for_views(name, (64,)))
