"""Evaluation of a part of the data from Python; the figures themselves are tested through the command."""

from pathlib import Path

import numpy as np
import pytest

from graphnn.errors import DataError
from graphnn.evaluation.evaluation import Evaluation, class_names, evaluate
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.training.samples import Samples
from graphnn.types import Array


@pytest.fixture
def graph() -> Graph:
    layers = [("out", LAYERS.find("Dense")(units=3)), ("softmax", LAYERS.find("Softmax")())]
    return chain(layers, (2,), CrossEntropy())


def evaluated(graph: Graph, x: Array, y: Array, indices: Array | None = None) -> Evaluation:
    samples = Samples(x.astype(np.float32), y, indices)
    where = Path("w.npz")
    return evaluate(graph, initialise(graph, 0), samples, part="test", weights=where, classes=None, batch_size=4)


def test_one_hot_targets_are_labels(graph: Graph) -> None:
    x, labels = np.random.default_rng(0).normal(size=(2000, 2)), np.arange(2000) % 3  # two preparations' worth
    by_label, by_row = evaluated(graph, x, labels), evaluated(graph, x, np.eye(3, dtype=np.float32)[labels])
    assert by_label.figures == pytest.approx(by_row.figures)
    assert by_label.scores == by_row.scores
    assert by_label.count == 2000


def test_only_the_chosen_samples_count(graph: Graph) -> None:
    x, labels = np.zeros((6, 2)), np.array([0, 1, 2, 2, 7, 7])
    result = evaluated(graph, x, labels, np.array([3, 0]))
    assert [score.support for score in result.scores] == [1, 0, 1]


def test_labels_that_the_network_cannot_give(graph: Graph) -> None:
    with pytest.raises(DataError, match="labels"):
        evaluated(graph, np.zeros((2, 2)), np.array([0, 3]))


def test_no_samples(graph: Graph) -> None:
    with pytest.raises(DataError, match="the test part holds no samples"):
        evaluated(graph, np.zeros((0, 2)), np.zeros(0, np.int64))


def test_names_that_are_not_as_many_as_the_outputs() -> None:
    assert class_names(["no", "yes"], 2) == ("no", "yes")
    assert class_names(["no", "yes"], 3) == ("no", "yes", "output 2")
    assert class_names(["0", "1"], 3) == ("0", "1", "2")
    assert class_names(["no", "yes"], 1) == ("0",)
    assert class_names(None, 1) == ("0",)
