"""Models whose first weights come from the training images, and models that do not train all of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.errors import GraphError, SpecError
from graphnn.initializers.patch_whitening import PatchWhitening
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.model.model import Model
from graphnn.optimizers.sgd import SGD
from graphnn.storage.weights import load_weights

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (40, 1, 6, 6)).astype(np.uint8)
Y = RNG.integers(0, 3, 40)


def whitened(normalize: str = "per_channel", **settings: Any) -> Model:
    """Return a small model that starts from its images."""
    model = Model(CrossEntropy(), SGD(), normalize=normalize)
    first = {"initializer": "patch_whitening", "trainable": {"weights": False}, **settings}
    model.add(Conv2D(8, kernel_size=2, input_shape=(1, 6, 6), name="white", **first))
    model.add(Flatten())
    model.add(Dense(3, initializer="he_uniform"))
    model.add(Softmax())
    return model


def test_the_first_fit_starts_from_its_images(tmp_path: Path) -> None:
    model = whitened()
    model.fit(X, Y, 8, 1)
    model.fit(X[::-1] // 2, Y, 8, 1)  # which is not the first
    model.save(tmp_path / "w.npz")
    images = Normalisation.fit(X, "per_channel").apply(X, (1, 6, 6))
    expected = PatchWhitening().values((8, 1, 2, 2), images).astype(np.float32)
    np.testing.assert_array_equal(load_weights(tmp_path / "w.npz").arrays["white/weights"], expected)
    other = whitened()
    other.load(tmp_path / "w.npz")
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert other.evaluate(X, Y) == model.evaluate(X, Y)


@pytest.mark.parametrize("normalize", ["none", "per_channel"])
def test_before_that_there_are_no_weights(normalize: str, tmp_path: Path) -> None:
    model = whitened(normalize)
    for call in (lambda: model.predict(X), lambda: model.evaluate(X, Y), lambda: model.save(tmp_path / "w.npz")):
        with pytest.raises(GraphError, match="first weights come from training images: fit first, or load weights"):
            call()
    assert "patch_whitening" in model.summary()
    assert len(model.fit(X, Y, 8, 1)) == 1


def test_weights_that_do_not_fit_leave_a_model_without_any(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", other=np.zeros(3, np.float32))
    model = whitened()
    with pytest.raises(GraphError, match="in the network, not in the file"):
        model.load(tmp_path / "w.npz")
    with pytest.raises(GraphError, match="fit first"):
        model.predict(X)


def test_a_model_refuses_unfit_layers_at_once() -> None:
    with pytest.raises(SpecError, match=r"layers\[0\].trainable.biases: .*has no \"biases\""):
        whitened(use_bias=False, trainable={"biases": False})
    model = whitened()
    with pytest.raises(SpecError, match=r"layers\[4\].initializer: .* makes the filters of a Conv2D"):
        model.add(Dense(3, initializer="patch_whitening"))


def test_there_and_back(tmp_path: Path) -> None:
    model = whitened(trainable={"biases": {"until_epoch": 2}, "weights": False})
    values = model.to_document(tmp_path / "m.json", data={"path": "d.npz"})
    first = values["layers"][0]
    assert first["initializer"] == "patch_whitening"
    assert first["trainable"] == {"biases": {"until_epoch": 2}, "weights": False}
    again = Model.from_document(tmp_path / "m.json")
    assert again.layers[0].settings() == {
        **model.layers[0].settings(),
        "initializer": {"type": "patch_whitening", "epsilon": 5e-4},
    }
    model.fit(X, Y, 8, 2)
    again.fit(X, Y, 8, 2)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
