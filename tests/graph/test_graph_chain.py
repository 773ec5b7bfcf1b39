"""A chain of layers: nodes and shapes without values; then parameters, each drawn by its key."""

import numpy as np
import pytest

from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import UnfitInput
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.randomness import Purpose, generator

NAMED = [
    ("conv", Conv2D(4)),
    ("bn", BatchNormalization()),
    ("relu", ReLU()),
    ("pool", MaxPooling2D()),
    ("flat", Flatten()),
    ("one", Dense(4)),
    ("two", Dense(4)),
]


@pytest.fixture
def graph():
    return chain(NAMED, (3, 8, 6), MeanSquaredError())


def test_nodes_and_shapes(graph):
    assert [(node.index, node.name, node.layer) for node in graph.nodes] == [
        (i, *named) for i, named in enumerate(NAMED)
    ]
    shapes = [(3, 8, 6), (4, 8, 6), (4, 8, 6), (4, 8, 6), (4, 4, 3), (48,), (4,), (4,)]
    assert [node.input_shape for node in graph.nodes] == shapes[:-1]
    assert [node.output_shape for node in graph.nodes] == shapes[1:]
    assert (graph.input_shape, graph.output_shape) == ((3, 8, 6), (4,))
    assert [p.name for p in graph.nodes[0].parameters] == ["weights", "biases"]
    assert graph.nodes[2].parameters == ()
    assert [node.multiply_adds for node in graph.nodes] == [4 * 27 * 48, 0, 0, 0, 0, 192, 16]


def test_a_layer_that_cannot_take_its_input():
    with pytest.raises(UnfitInput, match="Dense needs a vector, but the input gives 4×8×6") as caught:
        chain([NAMED[0], ("head", Dense(3))], (3, 8, 6), MeanSquaredError())
    assert caught.value.message('"conv"').startswith('Dense needs a vector, but "conv" gives 4×8×6; put Flatten')


def test_start_values(graph):
    parameters = initialise(graph, 0)
    named = parameters.named()
    assert list(named)[:3] == ["conv/weights", "conv/biases", "bn/gamma"]
    for name in ("conv/biases", "bn/beta", "bn/running_mean", "one/biases"):
        assert not named[name].any()
    for name in ("bn/gamma", "bn/running_variance"):
        assert (named[name] == 1).all()
    assert abs(named["conv/weights"].std() - np.sqrt(2 / 27)) < 0.05
    assert parameters.vector.dtype == np.float32
    assert not parameters.gradient.any()


def test_initial_values_follow_from_the_seed_and_the_position_in_the_graph(graph):
    """They depend neither on the dtype nor on the other layers."""
    one, again, other = (initialise(graph, seed).named() for seed in (5, 5, 6))
    for name, array in one.items():
        np.testing.assert_array_equal(array, again[name])
    assert not np.array_equal(one["conv/weights"], other["conv/weights"])
    assert not np.array_equal(one["one/weights"][:, :4], one["two/weights"])
    exact = initialise(graph, 5, np.float64).named()
    np.testing.assert_array_equal(exact["conv/weights"].astype(np.float32), one["conv/weights"])
    shorter = initialise(chain(NAMED[:1], (3, 8, 6), MeanSquaredError()), 5).named()
    np.testing.assert_array_equal(shorter["conv/weights"], one["conv/weights"])


def test_logical_order_decides_not_memory(graph):
    """The weights of a convolution are drawn as D×C×Kh×Kw, whatever order they are kept in."""
    weights = initialise(graph, 5, np.float64).values["conv"]["weights"]
    expected = generator(5, Purpose.INITIALISE, 0, 0).normal(0, np.sqrt(2 / 27), (4, 3, 3, 3))
    np.testing.assert_array_equal(weights, expected)
