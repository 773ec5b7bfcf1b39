"""Models that are trained on augmented images, and measured over views of them."""

from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.datasets.loading import load
from graphnn.errors import DataError, GraphError, SpecError
from graphnn.layers.dense import Dense
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.training.samples import Samples

DIGITS = load("digits")
X, Y = (DIGITS.x_train / np.float32(255)).astype(np.float32), DIGITS.y_train


def linear(features: int = 64, **settings: Any) -> Model:
    """Return a linear model."""
    model = Model(CrossEntropy(), SGD(0.05), seed=3, **settings)
    model.add(Dense(10, input_shape=(features,)))
    model.add(Softmax())
    return model


def test_the_loss_of_a_step_is_that_of_the_augmented_images() -> None:
    """One step of all samples, from the same initial weights; the second fit draws other numbers."""
    kinds = [RandomFlip("alternating"), RandomTranslate(1, padding="zeros"), Cutout(3)]
    model = linear(augment=kinds)
    (first,) = model.fit(X, Y, batch_size=len(X))
    augmented, _ = Samples(X, Y).augmented(kinds, 3).take(np.arange(len(X)), (1, 8, 8), 0)
    assert not np.array_equal(augmented, X)
    figures = linear().evaluate(augmented, Y)
    assert first.training == pytest.approx({name: figures[name] for name in first.training}, rel=1e-5)
    expected = model.evaluate(Samples(X, Y).augmented(kinds, 4).take(np.arange(len(X)), (1, 8, 8), 0)[0], Y)
    (second,) = model.fit(X, Y, batch_size=len(X))
    assert second.training == pytest.approx({name: expected[name] for name in second.training}, rel=1e-5)


def test_views_are_averaged() -> None:
    model = linear()
    model.fit(X, Y, epochs=2)
    z = (np.log(model.predict(X)) + np.log(model.predict(X[..., ::-1]))) / 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = model.evaluate(X, Y, test_time_augmentation="flip")
    assert found["loss"] == pytest.approx(-np.log(p[np.arange(len(Y)), Y]).mean(), rel=1e-5)
    assert found["accuracy"] == pytest.approx((p.argmax(axis=1) == Y).mean())
    with pytest.raises(DataError, match='unknown views "twice"; known: none, flip, flip_translate'):
        model.evaluate(X, Y, test_time_augmentation="twice")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(GraphError, match=r"augmentations such as RandomFlip\(\), not of 'flip'"):
        linear(augment=["flip"])
    with pytest.raises(SpecError, match=r"data.augment\[1\].mode: must be one of"):
        linear(augment=[Cutout(), {"type": "RandomFlip", "mode": "never"}]).fit(X, Y)
    with pytest.raises(DataError, match="augment needs images, but the samples are vectors of 64"):
        linear(augment=[RandomFlip()]).fit(X.reshape(len(X), 64), Y)
    with pytest.raises(DataError, match="images of 1×8×8 are too small to be shifted by 8 pixels"):
        linear(augment=[RandomTranslate(8)]).fit(X, Y)
