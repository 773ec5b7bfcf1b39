"""Models whose targets are their own inputs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.errors import DataError, SpecError
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.sigmoid import Sigmoid
from graphnn.losses.base import Loss
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.model.model import Model
from graphnn.optimizers.adam import Adam

X = np.random.default_rng(0).integers(0, 256, (50, 12)).astype(np.float32)


def autoencoder(loss: Loss, **settings: Any) -> Model:
    model = Model(loss, Adam(), targets="inputs", **settings)
    model.add(Dense(4, input_shape=(12,)))
    model.add(Dense(12))
    if isinstance(loss, BinaryCrossEntropy):
        model.add(Sigmoid())
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_fitted_as_to_the_same_targets(dtype: str) -> None:
    model = autoencoder(MeanSquaredError(), normalize="per_feature", dtype=dtype)
    x = X.astype(dtype)
    model.fit(x, epochs=3, batch_size=16, x_valid=x[:20])
    given = Model(MeanSquaredError(), Adam(), dtype=dtype)
    for layer in model.layers:
        given.add(layer)
    assert model._normalisation is not None
    normalised = model._normalisation.apply(x, (12,), dtype=dtype)
    given.fit(normalised, normalised, 16, 3, normalised[:20], normalised[:20])
    assert [record.validation for record in model.history] == [record.validation for record in given.history]
    np.testing.assert_array_equal(model.predict(x), given.predict(normalised))
    assert model.evaluate(x) == given.evaluate(normalised, normalised)
    assert set(model.evaluate(x)) == {"loss", "mean_absolute_error", "r2"}


def test_shares_have_no_accuracy(tmp_path: Path) -> None:
    model = autoencoder(BinaryCrossEntropy(), normalize="unit")
    (record,) = model.fit(X)
    assert set(record.training) == set(model.evaluate(X)) == {"loss"}
    values = model.to_document(tmp_path / "net.json", data={"dataset": "npz", "path": "own.npz"})
    assert values["loss"] == {"type": "BinaryCrossEntropy"}
    assert json.loads((tmp_path / "net.json").read_text())["data"]["targets"] == "inputs"
    again = Model.from_document(tmp_path / "net.json")
    model.save(tmp_path / "w.npz")
    again.load(tmp_path / "w.npz")
    assert again.evaluate(X) == model.evaluate(X)


def test_images_may_be_covered() -> None:
    model = Model(MeanSquaredError(), Adam(), targets="inputs", normalize="unit", augment=[Cutout(size=2)])
    model.add(Conv2D(1, 3, input_shape=(1, 6, 6)))
    images = np.full((30, 1, 6, 6), 100, np.uint8)
    images[:, :, ::2] = 20
    first, *_, last = model.fit(images, epochs=40, batch_size=10)
    assert last.training["loss"] < first.training["loss"] / 2


def test_what_it_does_not_take_is_refused() -> None:
    with pytest.raises(DataError, match="y_train is not used, because the targets of the model are its inputs"):
        autoencoder(MeanSquaredError()).fit(X, X)
    with pytest.raises(DataError, match="y_valid is not used"):
        autoencoder(MeanSquaredError()).fit(X, x_valid=X, y_valid=X)
    with pytest.raises(DataError, match="x_train is missing"):
        autoencoder(MeanSquaredError()).fit(None)
    with pytest.raises(DataError, match="x_train holds no samples"):
        autoencoder(MeanSquaredError()).fit(X[:0])
    with pytest.raises(DataError, match=r"x_train runs from 0 to 255, but BinaryCrossEntropy needs inputs in 0…1"):
        autoencoder(BinaryCrossEntropy(), normalize="none").fit(X)
    other = Model(MeanSquaredError(), Adam(), targets="labels")
    other.add(Dense(12, input_shape=(12,)))
    with pytest.raises(SpecError, match='targets: must be one of "inputs"'):
        other.fit(X, X)
    usual = Model(MeanSquaredError(), Adam())
    usual.add(Dense(12, input_shape=(12,)))
    with pytest.raises(DataError, match="x_train and y_train go together"):
        usual.fit(X)
