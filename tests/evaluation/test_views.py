"""Figures of outputs that are averaged over views, against plain numpy."""

from typing import Any

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.engine import inference
from graphnn.engine.engine import Engine
from graphnn.errors import DataError
from graphnn.evaluation.views import averaged_sums, check_views
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.relu import ReLU
from graphnn.layers.sigmoid import Sigmoid
from graphnn.layers.softmax import Softmax
from graphnn.losses.base import Loss
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.training.samples import Samples

SHAPE, COUNT = (2, 5, 4), 37
rng = np.random.default_rng(3)
X = rng.integers(0, 256, (50, *SHAPE), np.uint8)
INDICES = np.arange(49, 49 - COUNT, -1)
PADDED = np.pad(X[INDICES], ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect") / 255
CROPS = {shift: PADDED[:, :, 1 - shift : 6 - shift, 1 - shift : 5 - shift] for shift in (-1, 0, 1)}
TARGETS: dict[str, Any] = {
    "CrossEntropy": rng.integers(0, 3, 50),
    "BinaryCrossEntropy": rng.integers(0, 2, (50, 3)).astype(np.float32),
    "MeanSquaredError": rng.normal(size=(50, 3)).astype(np.float32),
}
CASES: dict[str, tuple[Loss, list[Any]]] = {
    "CrossEntropy": (CrossEntropy(), [Softmax()]),
    "BinaryCrossEntropy": (BinaryCrossEntropy(), [Sigmoid()]),
    "MeanSquaredError": (MeanSquaredError(), []),
}


def network(name: str) -> Graph:
    """Return a small network on images that ends as a loss wants it."""
    loss, end = CASES[name]
    layers = [Conv2D(filters=4), ReLU(), Flatten(), Dense(units=3), *end]
    return chain([(str(number), layer) for number, layer in enumerate(layers)], SHAPE, loss)


def samples(name: str) -> Samples:
    """Return the samples of that network."""
    return Samples(X, TARGETS[name], INDICES, Normalisation("unit", SHAPE, (0.0,), (255.0,)))


def outputs(graph: Graph, images: Any) -> Any:
    """Return what the network without its last activation gives, in float64, one image at a time."""
    values = initialise(graph, 0, np.float64).values
    kernel, bias = values["0"]["weights"], values["0"]["biases"]
    result = []
    for image in np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1))):
        hidden = np.zeros((4, 5, 4))
        for row in range(5):
            for column in range(4):
                window = image[:, row : row + 3, column : column + 3]
                hidden[:, row, column] = np.maximum((kernel * window).sum(axis=(1, 2, 3)) + bias, 0)
        result.append(values["3"]["weights"] @ hidden.reshape(-1) + values["3"]["biases"])
    return np.array(result)


def expected(name: str, views: str) -> dict[str, float]:
    """Return the figures of the mean output."""
    graph = network(name)
    centre, left, right = (
        (outputs(graph, CROPS[shift]) + outputs(graph, CROPS[shift][..., ::-1])) / 2 for shift in (0, -1, 1)
    )
    z = centre if views == "flip" else centre / 2 + left / 4 + right / 4
    t = TARGETS[name][INDICES]
    if name == "CrossEntropy":
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return {"loss": -np.log(p[np.arange(COUNT), t]).mean(), "accuracy": (z.argmax(axis=1) == t).mean()}
    if name == "BinaryCrossEntropy":
        p = 1 / (1 + np.exp(-z))
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
        return {"loss": loss, "accuracy": ((z > 0) == (t > 0.5)).mean()}
    return {"loss": ((z - t) ** 2).mean(), "mean_absolute_error": abs(z - t).mean()}


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("views", ["flip", "flip_translate"])
@pytest.mark.parametrize("name", CASES)
def test_figures_are_those_of_the_mean_output(name: str, views: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where outputs are averaged a few samples at a time."""
    graph = network(name)
    figures = expected(name, views)
    for at_once in (1024, 10):
        monkeypatch.setattr(inference, "CHUNK", at_once)
        with Engine(graph, initialise(graph, 0), batch_size=8, threads=2) as engine:
            assert engine.threads == 2
            sums = averaged_sums(engine, samples(name), views)
        found = graph.summarise(np.asarray(sums), COUNT)
        for key, value in figures.items():
            assert found[key] == pytest.approx(value, rel=1e-5), key


@pytest.mark.usefixtures("small_pieces")
def test_no_number_of_threads_changes_a_bit() -> None:
    graph, found = network("CrossEntropy"), []
    for threads in (1, 2, 3):
        with Engine(graph, initialise(graph, 0), batch_size=8, threads=threads) as engine:
            assert engine.threads == threads
            found.append(averaged_sums(engine, samples("CrossEntropy"), "flip_translate"))
    np.testing.assert_array_equal(found[1:], found[:1] * 2)


def test_it_can_be_stopped_between_views() -> None:
    graph = network("CrossEntropy")
    asked = iter([False, False, False, True])
    with Engine(graph, initialise(graph, 0), batch_size=8, threads=1) as engine:
        assert averaged_sums(engine, samples("CrossEntropy"), "flip_translate", lambda: next(asked)) is None
    assert list(asked) == []


def test_views_that_samples_cannot_have_are_refused() -> None:
    check_views("none", (64,))
    check_views("flip", (1, 1, 8))
    with pytest.raises(DataError, match='"flip" needs images, but the samples are vectors of 64'):
        check_views("flip", (64,))
    with pytest.raises(DataError, match="are too small"):
        check_views("flip_translate", (1, 1, 8))
    with pytest.raises(DataError, match=r'unknown views "flips"; did you mean "flip"\?'):
        check_views("flips", (1, 8, 8))
