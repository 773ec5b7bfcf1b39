"""Fixtures of the augmentation tests: draws, and augmenters."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.augmenter import Augmenter
from graphnn.augmentation.base import Augmentation, DrawKey, TrainingImages

Array = Any
Drawn = Callable[[Augmentation, int, int], tuple[Array, Array]]


@pytest.fixture
def lines() -> Callable[..., tuple[Array, Array]]:
    """Draw for one epoch the rows and columns of each image that an augmentation shows, or covers."""

    def draw(augmentation: Augmentation, count: int, shape: Sequence[int], epoch: int = 0, seed: int = 3) -> Any:
        transform: Any = augmentation.draw(
            DrawKey(seed, epoch, 0), TrainingImages(count, np.zeros((*shape[1:], shape[0])))
        )
        return transform.rows, transform.columns

    return draw


@pytest.fixture
def augmenter() -> Callable[..., Augmenter]:
    """Make an augmenter of images C×H×W whose mean image has one value."""

    def make(
        kinds: Sequence[Augmentation], count: int, shape: Sequence[int], mean: float = 7, dtype: Any = np.uint8
    ) -> Any:
        channels, height, width = shape
        return Augmenter(kinds, seed=3, count=count, mean=np.full((height, width, channels), mean, dtype))

    return make
