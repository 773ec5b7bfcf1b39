"""Images and draws, as the augmentation tests use them."""

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
    """What an augmentation draws for one epoch: the lines of each image that it shows, or covers."""

    def draw(augmentation: Augmentation, count: int, shape: Sequence[int], epoch: int = 0, seed: int = 3) -> Any:
        step: Any = augmentation.step(DrawKey(seed, epoch, 0), TrainingImages(count, np.zeros((*shape[1:], shape[0]))))
        return step.rows, step.columns

    return draw


@pytest.fixture
def augmenter() -> Callable[..., Augmenter]:
    """Make an augmenter of images C×H×W whose mean is the same everywhere."""

    def make(
        kinds: Sequence[Augmentation], count: int, shape: Sequence[int], mean: float = 7, dtype: Any = np.uint8
    ) -> Any:
        channels, height, width = shape
        return Augmenter(kinds, seed=3, count=count, mean=np.full((height, width, channels), mean, dtype))

    return make
