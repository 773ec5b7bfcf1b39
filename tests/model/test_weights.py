"""Weights that a model saves and loads: what is in the file, and what a file that does not fit leaves alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import DataError, GraphError, WeightsError
from graphnn.layers.dense import Dense
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.storage.weights import load_weights, save_weights

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


def test_normalisation_comes_from_the_training_data_and_travels_with_the_weights(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    x, y = blobs(200)
    x = 1000 * x + 5000
    model = classifier(normalize="per_feature")
    model.fit(x, y, batch_size=20, epochs=3)
    assert model.evaluate(x, y)["accuracy"] > 0.9
    model.save(tmp_path / "blobs.npz")
    other = classifier(normalize="per_feature")
    with pytest.raises(GraphError, match="fit first, or load weights that have them"):
        other.predict(x)
    other.load(tmp_path / "blobs.npz")
    np.testing.assert_array_equal(other.predict(x), model.predict(x))


def test_weights_without_a_normalisation_do_not_keep_the_one_that_others_had(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    model = classifier(normalize="per_feature")
    model.fit(*blobs(64), batch_size=16, epochs=1)
    model.save(tmp_path / "blobs.npz")
    save_weights(tmp_path / "bare.npz", load_weights(tmp_path / "blobs.npz").arrays, {})
    model.load(tmp_path / "bare.npz")
    with pytest.raises(GraphError, match="fit first, or load weights that have them"):
        model.predict(np.ones((1, 2)))


def test_the_epochs_of_saved_weights_are_those_of_all_fits(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    model = classifier()
    for epochs in (2, 3):
        model.fit(*blobs(64), batch_size=16, epochs=epochs)
    model.save(tmp_path / "blobs.npz")
    assert load_weights(tmp_path / "blobs.npz").meta["metrics"]["epochs"] == 2 + 3


def test_weights_with_a_damaged_normalisation_are_refused_and_change_nothing(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    model = classifier(normalize="per_feature")
    model.fit(*blobs(64), batch_size=16, epochs=1)
    before = model.predict(np.ones((1, 2)))
    model.save(tmp_path / "blobs.npz")
    arrays = {name: array + 1 for name, array in load_weights(tmp_path / "blobs.npz").arrays.items()}
    damaged = {"mode": "per_feature", "shape": [2], "offset": [0, 0, 0], "divisor": [1]}
    save_weights(tmp_path / "damaged.npz", arrays, {"normalisation": damaged})
    with pytest.raises(DataError, match=r"damaged\.npz: the .* constants are damaged: offset has 3 numbers"):
        model.load(tmp_path / "damaged.npz")
    np.testing.assert_array_equal(model.predict(np.ones((1, 2))), before)


def test_weights_of_another_network_are_refused_and_change_nothing(classifier: Classifier, tmp_path: Path) -> None:
    classifier().save(tmp_path / "blobs.npz")
    other = Model(CrossEntropy(), SGD())
    other.add(Dense(3, name="output", input_shape=(2,)))
    other.add(Softmax())
    before = other.predict(np.ones((1, 2)))
    with pytest.raises(WeightsError, match="3×2 in the network, 3×8 in the file"):
        other.load(tmp_path / "blobs.npz")
    np.testing.assert_array_equal(other.predict(np.ones((1, 2))), before)


def test_the_saved_file_holds_the_document_and_the_last_metrics(
    classifier: Classifier, blobs: Blobs, tmp_path: Path
) -> None:
    model = classifier()
    model.fit(*blobs(64), batch_size=16, epochs=2)
    model.save(tmp_path / "blobs.npz")
    meta = load_weights(tmp_path / "blobs.npz").meta
    assert meta["document"]["training"] == {"epochs": 2, "batch_size": 16, "seed": 0, "drop_last": False}
    assert meta["document"]["data"]["path"] == "unknown.npz"
    assert meta["metrics"].keys() == {"epochs", "training"}
    assert meta["metrics"]["epochs"] == 2
    assert meta["classes"] is None
    assert meta["metrics"]["training"] == dict(model.history[-1].training)


def bytes_model(x: Any, y: Any) -> Model:
    """Return a model fitted to bytes, which are normalised."""
    model = Model(CrossEntropy(), SGD(0.01), normalize="per_channel")
    model.add(Dense(2, name="output", input_shape=(4,)))
    model.add(Softmax())
    model.fit(x, y, batch_size=10, epochs=1)
    return model


def test_inputs_of_another_scale_than_those_of_the_training_are_refused(tmp_path: Path) -> None:
    x = np.arange(256, dtype=np.uint8).reshape(64, 4)
    y = np.arange(64) % 2
    fitted = bytes_model(x, y)
    fitted.save(tmp_path / "w.npz")
    loaded = bytes_model(x, y)
    loaded.load(tmp_path / "w.npz")
    for model in (fitted, loaded):
        for call in (
            lambda one: one.predict(x / 255),
            lambda one: one.evaluate(x / 255, y),
            lambda one: one.fit(x / 255, y),
            lambda one: one.fit(x, y, x_valid=x / 255, y_valid=y),
        ):
            with pytest.raises(DataError, match=r"values lie in 0…1, those of the training inputs in 0…255"):
                call(model)
        assert len(model.predict(x[:1])) == 1  # darker by chance
        assert model.predict(x.astype(np.float64)).tolist() == model.predict(x).tolist()
    shares = bytes_model(x / 255, y)
    with pytest.raises(DataError, match="x: values lie in 0…255, those of the training inputs in 0…1"):
        shares.predict(x)


def test_loaded_weights_keep_what_they_were_trained_on(tmp_path: Path) -> None:
    x = np.arange(256, dtype=np.uint8).reshape(64, 4)
    model = bytes_model(x, np.arange(64) % 2)
    model.save(tmp_path / "w.npz")
    file = load_weights(tmp_path / "w.npz")
    data = {**file.meta["data"], "dataset": "npz", "seed": 3, "validation_split": 0.25, "limit": 9}
    save_weights(tmp_path / "w.npz", file.arrays, {**file.meta, "data": data, "classes": ["cat", "dog"]})
    model.load(tmp_path / "w.npz")
    model.save(tmp_path / "again.npz")
    again = load_weights(tmp_path / "again.npz").meta
    assert (again["data"], again["classes"]) == (data, ["cat", "dog"])
    model.fit(x, np.arange(64) % 2)
    model.save(tmp_path / "again.npz")
    again = load_weights(tmp_path / "again.npz").meta
    assert again["data"]["dataset"] is None
    assert again["classes"] is None
    save_weights(tmp_path / "w.npz", file.arrays, {**file.meta, "data": 5})
    before = model.predict(x)
    with pytest.raises(WeightsError, match="trained on is damaged"):
        model.load(tmp_path / "w.npz")
    np.testing.assert_array_equal(model.predict(x), before)


def test_large_numbers_are_normalised_as_exactly_as_small_ones() -> None:
    """Seconds of a minute in 2023."""
    x = np.random.default_rng(0).uniform(0, 60, (300, 4))
    y = (x[:, 0] > x[:, 1]).astype(int)
    found = []
    for inputs in (x, x + 1.7e9):
        model = Model(CrossEntropy(), SGD(0.1), normalize="per_feature")
        model.add(Dense(2, name="output", input_shape=(4,)))
        model.add(Softmax())
        model.fit(inputs, y, batch_size=10, epochs=3)
        found.append(model.predict(inputs))
    np.testing.assert_allclose(found[1], found[0], atol=1e-4)


@pytest.mark.parametrize("normalize", ["per_channel", "per_feature", "unit", "none"])
def test_grey_images_need_no_axis_of_channels(normalize: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 4, 5)).astype(np.uint8), rng.integers(0, 3, 40)

    def model() -> Model:
        made = Model(CrossEntropy(), SGD(learning_rate=0.1), normalize=normalize)
        made.add(Dense(3, input_shape=(20,)))
        made.add(Softmax())
        return made

    fitted, other, loaded = model(), model(), model()
    fitted.fit(x, y, epochs=2)
    other.fit(x[:, None], y, epochs=2)
    fitted.save(tmp_path / "w.npz")
    loaded.load(tmp_path / "w.npz")
    for each in (fitted, loaded):
        np.testing.assert_array_equal(each.predict(x), other.predict(x[:, None]))


def test_class_names_of_loaded_weights_are_kept_whatever_the_document(tmp_path: Path) -> None:
    values = {
        "input": {"shape": [64]},
        "layers": [{"type": "Dense", "units": 10}, {"type": "Softmax"}],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD", "learning_rate": 0.1},
        "data": {"dataset": "digits"},
        "training": {"epochs": 1, "batch_size": 32},
    }
    (tmp_path / "net.json").write_text(json.dumps(values))
    model = Model.from_document(tmp_path / "net.json")
    model.save(tmp_path / "new.npz")
    save_weights(tmp_path / "w.npz", load_weights(tmp_path / "new.npz").arrays, {"classes": ["a", "b"]})
    model.load(tmp_path / "w.npz")
    model.save(tmp_path / "again.npz")
    assert load_weights(tmp_path / "again.npz").meta["classes"] == ["a", "b"]


@pytest.mark.filterwarnings("error")
def test_inputs_of_float16_need_no_word() -> None:
    model = Model(CrossEntropy(), SGD(learning_rate=0.1))
    model.add(Dense(3, input_shape=(2,)))
    model.add(Softmax())
    assert model.predict(np.ones((4, 2), np.float16)).shape == (4, 3)
