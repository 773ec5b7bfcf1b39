"""What tests of models share: points in three classes, and a small model for them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.layers.dense import Dense
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd_momentum import SGDMomentum


@pytest.fixture
def blobs() -> Callable[..., tuple[Any, Any]]:
    """Make points around three centres, with their labels."""

    def make(count: int, seed: int = 0) -> tuple[Any, Any]:
        draw = np.random.default_rng(seed)
        y = draw.integers(0, 3, count)
        return np.array([[4, 0], [0, 4], [-4, -4]])[y] + draw.normal(size=(count, 2)), y

    return make


@pytest.fixture
def classifier() -> Callable[..., Model]:
    """Make a small model for the blobs."""

    def make(**settings: Any) -> Model:
        model = Model(CrossEntropy(), SGDMomentum(0.05), **settings)
        model.add(Dense(8, input_shape=(2,)))
        model.add(ReLU())
        model.add(Dense(3, name="output"))
        model.add(Softmax())
        return model

    return make
