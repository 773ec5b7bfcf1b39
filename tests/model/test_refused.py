"""Models, and fits of a Model, that cannot be: each is refused before the first step, with the reason."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.errors import DataError, GraphError, SpecError
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.training.monitor import EarlyStopping
from graphnn.training.observer import Silent

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


def test_fit_refuses_an_unknown_metric(classifier: Classifier, blobs: Blobs) -> None:
    with pytest.raises(DataError, match="validation_loss is watched, but there are no samples to validate on"):
        classifier().fit(*blobs(64), early_stopping=EarlyStopping())
    with pytest.raises(SpecError, match="keep_best"):
        classifier().fit(*blobs(64), keep_best="accuracy")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CrossEntropy, SGD()), "a Model takes a loss such as CrossEntropy"),
        ((CrossEntropy(), 0.01), "a Model takes an optimizer such as"),
        ((CrossEntropy(), SGD(), "cosine"), "schedule such as Cosine"),
    ],
)
def test_a_model_is_made_of_a_loss_and_an_optimizer(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        Model(*arguments)


def test_a_model_without_layers_says_how_to_add_one(blobs: Blobs) -> None:
    model = Model(CrossEntropy(), SGD())
    assert model.output_shape is None
    for call in (model.summary, model.spec, lambda: model.fit(*blobs(3), batch_size=1, epochs=1)):
        with pytest.raises(GraphError, match="no layers yet; the first is for example"):
            call()


def test_no_layer_is_added_to_weights_that_exist(classifier: Classifier) -> None:
    model = classifier()
    model.predict(np.zeros((1, 2)))
    with pytest.raises(GraphError, match="the weights exist already"):
        model.add(ReLU())


X, Y = np.random.default_rng(0).normal(size=(10, 2)), np.arange(10) % 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": 0}, SpecError, "epochs"),
        ({"batch_size": 2.5}, SpecError, "batch_size"),
        ({"y_train": Y + 1}, DataError, "y_train: the labels run from"),
        (
            {"y_train": Y[:5]},
            DataError,
            "x_train and y_train need the same number of samples, at least 1, but have 10 and 5",
        ),
        ({"y_train": 3}, DataError, "but have 10 and a single number"),
        ({"x_train": X[:0], "y_train": Y[:0]}, DataError, "at least 1, but have 0 and 0"),
        ({"x_train": X[:, :1]}, DataError, "x_train"),
        ({"x_train": X[:, 0]}, DataError, "x_train must be a batch N×2, but it is 10"),
        ({"x_train": X.astype(str)}, DataError, "x_train must hold numbers, but it holds <U"),
        ({"x_train": np.where(X > 0, X, np.nan)}, DataError, "x_train holds numbers that are not finite"),
        ({"x_train": X * 1e300}, DataError, "x_train holds numbers that are not finite in float32"),
        ({"x_train": [[1, 2], [3]]}, DataError, "x_train must be an array"),
        ({"y_train": [1, [2]]}, DataError, "y_train must be an array"),
        ({"threads": 0}, GraphError, "threads must be at least 1, not 0"),
        ({"x_valid": X}, DataError, "x_valid and y_valid go together"),
        ({"x_valid": X, "y_valid": Y + 9}, DataError, "y_valid: the labels run from"),
    ],
)
def test_fits_that_cannot_be(
    classifier: Classifier, arguments: dict[str, Any], error: type[GraphError], message: str
) -> None:
    usual = {"x_train": X, "y_train": Y, "batch_size": 5, "epochs": 1}
    with pytest.raises(error, match=message):
        classifier().fit(**{**usual, **arguments})


def test_a_fit_that_cannot_be_leaves_the_model_as_it_was(classifier: Classifier) -> None:
    model = classifier()
    with pytest.raises(SpecError, match="batch_size"):
        model.fit(X, Y, batch_size=0, epochs=1)
    model.fit(X, Y, batch_size=np.int64(5), epochs=np.int64(1))
    assert model.evaluate(X, Y).keys() == {"loss", "accuracy", "macro_f1"}


def test_a_model_whose_parts_do_not_fit_is_refused_when_it_is_built() -> None:
    model = Model(CrossEntropy(), SGD())
    model.add(Dense(3, input_shape=(2,)))
    with pytest.raises(SpecError, match="Softmax"):
        model.summary()


def test_a_batch_of_one_value_a_channel_is_refused_before_the_first_step(blobs: Any) -> None:
    model = Model(CrossEntropy(), SGDMomentum(0.05))
    for layer in (Dense(4, input_shape=(2,)), BatchNormalization(name="norm"), Dense(3), Softmax()):
        model.add(layer)
    steps: list[Any] = []

    class Counting(Silent):
        def step_done(self, trainer: Any) -> None:
            steps.append(trainer.step)

    with pytest.raises(DataError, match=r'"norm": BatchNormalization needs .* last batch of an epoch has 1 sample'):
        model.fit(*blobs(33), batch_size=16, observer=Counting())
    assert (steps, model.history) == ([], [])
    model.fit(*blobs(33), batch_size=16, drop_last=True, observer=Counting())
    assert len(steps) == 2
