"""A fit that fails leaves the model as it was before, in its weights, its normalisation and its document."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.errors import DataError, DivergenceError, GraphError
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


def bits(model: Model) -> dict[str, bytes]:
    """Return all values of a model's parameters."""
    assert model._network is not None
    return {name: array.tobytes() for name, array in model._network[1].named().items()}


def failing(model: Model, x: Any, y: Any, fault: str) -> None:
    """Try to fit a model in a way that fails, with inputs 100 times as large."""
    large = 100 * x + 3000
    if fault == "validation":
        with pytest.raises(DataError, match="x_valid and y_valid"):
            model.fit(large, y, batch_size=7, x_valid=x[:3], y_valid=y[:2])
    elif fault == "settings":
        with pytest.raises(GraphError, match="drop_last leaves nothing"):
            model.fit(large, y, batch_size=1000, drop_last=True)
    else:
        optimizer, model.optimizer = model.optimizer, SGD(1e30)
        with pytest.raises(DivergenceError):
            model.fit(large, y, batch_size=7, epochs=9)
        model.optimizer = optimizer


@pytest.mark.parametrize("fault", ["validation", "settings", "divergence"])
@pytest.mark.parametrize("fits", [0, 1])
def test_the_model_is_as_before(classifier: Classifier, blobs: Blobs, fault: str, fits: int) -> None:
    x, y = blobs(60)
    model, other = classifier(normalize="per_feature"), classifier(normalize="per_feature")
    for _ in range(fits):
        for each in (model, other):
            each.fit(x, y, batch_size=16)
    failing(model, x, y, fault)
    assert [record.training for record in model.history] == [record.training for record in other.history]
    assert model.spec() == other.spec()
    for each in (model, other):
        each.fit(x, y, batch_size=16, epochs=2)
    assert bits(model) == bits(other)
    assert model.predict(x).tobytes() == other.predict(x).tobytes()


def test_running_statistics_are_as_before() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    model = Model(MeanSquaredError(), SGD(0.01))
    model.add(Dense(4, input_shape=(3,)))
    model.add(BatchNormalization())
    model.add(Dense(1))
    model.fit(x, x[:, 0])
    before = bits(model)
    with pytest.raises(DivergenceError):
        model.fit(x, 1e30 * x[:, 0], batch_size=10, epochs=3)
    assert bits(model) == before


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_inputs_that_are_not_finite_are_refused_in_every_type(
    classifier: Classifier, blobs: Blobs, dtype: str, bad: float
) -> None:
    x, y = blobs(20)
    x = x.astype(dtype)
    x[3, 1] = bad
    model = classifier()
    for call in (lambda: model.predict(x), lambda: model.evaluate(x, y), lambda: model.fit(x, y)):
        with pytest.raises(DataError, match="not finite"):
            call()


def test_masked_values_are_refused(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(20)
    model = classifier()
    with pytest.raises(DataError, match=r"x has masked values, which no network can take; fill them, as by x.filled"):
        model.predict(np.ma.masked_greater(x, 1))
    with pytest.raises(DataError, match="y_train has masked values"):
        model.fit(x, np.ma.masked_equal(y, 2))
    assert model.predict(np.ma.masked_array(x)).tobytes() == model.predict(x).tobytes()
