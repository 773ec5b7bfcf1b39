"""Models that compute in float64: from the inputs to the predictions, with weights files in float32 all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.errors import DataError, GraphError, WeightsError
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.model.model import Model
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.sgd import SGD
from graphnn.training.observer import Stop
from graphnn.training.trainer import Trainer
from graphnn.types import Array

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]

PLAIN = ["data.normalize=none"]


@pytest.mark.parametrize("dtype", ["float64", "f8", float, np.float64, np.dtype(np.float64)])
def test_the_forms_of_a_dtype(dtype: Any, classifier: Classifier, blobs: Blobs) -> None:
    assert classifier(dtype=dtype).predict(blobs(4)[0]).dtype == np.float64
    assert classifier().predict(blobs(4)[0]).dtype == np.float32


@pytest.mark.parametrize(
    "dtype", ["float16", "double precision", "int64", int, None, ">f8", 64, np.complex128, "f4,f4"]
)
def test_other_dtypes_are_refused(dtype: Any) -> None:
    with pytest.raises(GraphError, match='dtype must be "float32" or "float64", not '):
        Model(MeanSquaredError(), SGD(), dtype=dtype)


def whole(dtype: str) -> Model:
    """Return a model of images with normalised inputs."""
    model = Model(MeanSquaredError(), Adam(), normalize="per_channel", dtype=dtype)
    for layer in (Conv2D(16, input_shape=(2, 5, 5)), BatchNormalization(), Conv2D(16), Flatten(), Dense(1)):
        model.add(layer)
    return model


def test_nothing_on_the_way_is_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    trainers: list[Trainer] = []
    begin = Trainer.run

    def run(self: Trainer, stop: Stop) -> bool:
        trainers.append(self)
        return begin(self, stop)

    monkeypatch.setattr(Trainer, "run", run)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 2, 5, 5)), rng.normal(size=(12, 1))
    model = whole("float64")
    averaging = ExponentialAveraging(decay=0.5)
    model.fit(x, y, 4, 2, x, y, averaging=averaging, keep_best="validation_loss", threads=1)
    arrays = trainers[0].state().arrays
    assert {name.partition("/")[0] for name in arrays} == {"parameters", "running", "optimizer", "average", "best"}
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float64)}
    assert rounded(model.predict(x, threads=1)) > 0.9
    assert rounded(np.concatenate([array.ravel() for array in arrays.values()])) > 0.9


def rounded(values: Array) -> float:
    """Return the share of the values that float32 would round."""
    return float(np.mean(values != values.astype(np.float32)))


def test_inputs_are_normalised_in_float64() -> None:
    rng = np.random.default_rng(0)
    x, y = 1e6 + rng.normal(size=(12, 2, 5, 5)), rng.normal(size=(12, 1))
    losses = []
    for shift in (0, 1e6):
        model = whole("float64")
        losses.append(model.fit(x - shift, y, 4, 1, threads=1)[0].training["loss"])
    np.testing.assert_allclose(losses[0], losses[1], 1e-7)


def test_the_range_of_inputs_is_that_of_the_dtype(classifier: Classifier) -> None:
    x = np.array([[1e39, 0]])
    with np.errstate(all="ignore"):
        assert np.isfinite(classifier(dtype="float64").predict(x)).all()
    with pytest.raises(DataError, match="x holds numbers that are not finite in float32"):
        classifier().predict(x)
    with pytest.raises(DataError, match="x holds numbers that are not finite in float64"):
        classifier(dtype="float64").predict([[np.inf, 0]])


def test_weights_files_are_float32(classifier: Classifier, blobs: Blobs, tmp_path: Path) -> None:
    model = classifier(dtype="float64")
    x, y = blobs(30)
    model.fit(x, y, 10, 1)
    model.save(tmp_path / "w.npz")
    other = classifier()
    other.load(tmp_path / "w.npz")
    found = other.predict(x)
    np.testing.assert_allclose(found, model.predict(x), 1e-4, 1e-6)
    model.load(tmp_path / "w.npz")
    assert model.predict(x).dtype == np.float64
    model.save(tmp_path / "again.npz")
    with np.load(tmp_path / "w.npz") as before, np.load(tmp_path / "again.npz") as after:
        for name in before.files[:-1]:
            assert before[name].dtype == np.float32
            np.testing.assert_array_equal(after[name], before[name])


def test_weights_that_float32_cannot_hold_are_not_saved(tmp_path: Path) -> None:
    model = Model(MeanSquaredError(), SGD(1e37), dtype="float64")
    model.add(Dense(1, input_shape=(1,), name="dense"))
    model.fit([[100.0]], [[1e4]], 1, 1)
    with pytest.raises(WeightsError, match='"dense/weights" holds values beyond the range of float32'):
        model.save(tmp_path / "w.npz")
    assert not (tmp_path / "w.npz").exists()


def test_a_document_in_float64(root: Path) -> None:
    file = root / "models/digits.json"
    x = np.random.default_rng(0).random((3, 1, 8, 8))
    single, double = (Model.from_document(file, overrides=PLAIN, dtype=each) for each in ("float32", "float64"))
    found, exact = single.predict(x, threads=1), double.predict(x, threads=1)
    assert exact.dtype == np.float64
    np.testing.assert_allclose(found, exact, 1e-3, 1e-6)
    assert np.abs(found - exact).max() > 0


def test_views_are_averaged_in_float64() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 2, 5, 5)), rng.normal(size=(3, 1))
    model = Model(MeanSquaredError(), SGD(), dtype="float64")
    for layer in (Conv2D(3, input_shape=(2, 5, 5)), Flatten(), Dense(1)):
        model.add(layer)
    mean = (model.predict(x) + model.predict(x[..., ::-1])) / 2
    loss = model.evaluate(x, y, test_time_augmentation="flip")["loss"]
    np.testing.assert_allclose(loss, np.square(mean - y).mean(), 1e-12)
