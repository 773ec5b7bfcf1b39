"""The setting `trainable`: how it is declared and checked, and which gradients backward returns."""

import runpy
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from graphnn.errors import GraphError, SpecError
from graphnn.layers.base import LAYERS
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.trainable import TrainableLayer

layers_for = runpy.run_path(str(Path(__file__).parents[1] / "examples.py"))["layers_for"]
LAYERS_FOR = {shape: layers_for(shape) for shape in ((4, 6, 6), (12,))}
CASES = {
    name: (layer.settings(), shape)
    for shape, layers in LAYERS_FOR.items()
    for name, layer in layers.items()
    if isinstance(layer, TrainableLayer)
}


def trained_names(name):
    """Return the names of the parameters that a layer trains by default."""
    options, shape = CASES[name]
    return [each.name for each in LAYERS[name](**options).parameters(shape) if each.trainable]


PAIRS = [(name, parameter) for name in CASES for parameter in trained_names(name)]


def test_every_layer_with_trained_parameters_is_here():
    assert trained_names("Dense") == ["weights", "biases"]
    assert trained_names("BatchNormalization") == ["gamma", "beta"]
    for shape, layers in LAYERS_FOR.items():
        for name, layer in layers.items():
            assert any(each.trainable for each in layer.parameters(shape)) == (name in CASES), name


@pytest.mark.parametrize(("name", "parameter"), PAIRS)
def test_declarations(name, parameter):
    options, shape = CASES[name]

    def declared(trainable):
        layer = LAYERS[name](**{**options, "trainable": trainable})
        return {p.name: (p.trainable, p.until_epoch) for p in layer.parameters(shape)}

    usual = declared(True)
    trained = {each for each, (is_trained, _) in usual.items() if is_trained}
    assert declared({}) == declared({parameter: True}) == usual
    assert {each for each, (is_trained, _) in declared(False).items() if is_trained} == set()
    assert declared({parameter: False}) == {**usual, parameter: (False, None)}
    assert declared({parameter: {"until_epoch": 3}}) == {**usual, parameter: (True, 3)}
    assert trained == set(trained_names(name))


def test_trained_in():
    (weights, biases) = Dense(3, trainable={"weights": {"until_epoch": 2}, "biases": False}).parameters((4,))
    assert [weights.trained_in(epoch) for epoch in range(4)] == [True, True, False, False]
    assert not biases.trained_in(0)


@pytest.mark.parametrize(("name", "parameter"), [pair for pair in PAIRS if pair[0] != "BatchNormalization"])
def test_backward_leaves_out_gradients_that_are_not_needed(name, parameter, checks):
    """Batch-wise layers need both sums for dx; the engine ignores gradients that it does not need."""
    options, shape = CASES[name]
    layer = LAYERS[name](**options)
    x = checks.spread(3, *shape)
    dy, params = checks.spread(3, *layer.output_shape(shape), seed=5), checks.parameters(layer, x)
    whole = checks.run(layer, x, dy, params=params)
    ctx = Context(input_shape=x.shape[1:], training=True, trained={parameter})
    _, backward = layer.run(params, x, ctx)
    dx, gradients = backward(checks.channels_last(dy))
    np.testing.assert_array_equal(dx, whole.dx)
    assert list(gradients) == [parameter]
    np.testing.assert_array_equal(gradients[parameter], whole.gradients[parameter])


def test_a_built_layer_gives_the_gradients_of_trained_parameters():
    layer = BatchNormalization(trainable={"gamma": False}).build((3,))
    layer.forward(np.arange(6.0).reshape(2, 3))
    layer.backward(np.ones((2, 3)))
    assert list(layer.gradients) == ["beta"]
    with pytest.raises(AttributeError, match="gamma_grad"):
        _ = layer.gamma_grad


@pytest.mark.parametrize(
    ("make", "shape", "where", "message"),
    [
        (partial(Dense, 3, use_bias=False, trainable={"biases": False}), (4,), "Dense.trainable.biases", "has no"),
        (
            partial(BatchNormalization, scale=False, trainable={"gamma": True}),
            (4,),
            "gamma",
            'has no "gamma"; it has beta',
        ),
        (partial(Dense, 3, trainable={"weight": False}), (4,), "Dense.trainable", 'did you mean "weights"'),
        (
            partial(Dense, 3, trainable={"weights": {"until_epoch": 0}}),
            (4,),
            "until_epoch",
            "must be at least 1, found 0",
        ),
        (partial(Dense, 3, trainable="no"), (4,), "Dense.trainable", "expected true or false"),
        (partial(Dense, 3, initializer="he"), (4,), "Dense.initializer", "must be one of"),
        (partial(Dense, 3, initializer={"type": "normal", "deviation": -1}), (4,), "deviation", "must be at least 0"),
        (partial(Conv2D, 8, initializer="identity", kernel_size=2), (1, 4, 4), "kernel_size", "a kernel with a centre"),
        (partial(Conv2D, 8, initializer="patch_whitening"), (1, 4, 4), "Conv2D.filters", "makes 2·1·3·3 = 18 filters"),
    ],
)
def test_invalid_settings_cannot_be_built(make, shape, where, message):
    with pytest.raises(SpecError) as refused:
        make().build(shape)
    assert where in str(refused.value)
    assert message in str(refused.value)


def test_a_layer_by_itself_has_no_images_to_start_from():
    with pytest.raises(GraphError, match="needs training images, but there are none here"):
        Conv2D(8, kernel_size=2, initializer="patch_whitening").build((1, 4, 4))


def test_an_unknown_parameter_that_only_the_graph_finds():
    """The layer's error, for graphs that are made without a document."""
    layer = BatchNormalization.from_checked(center=False, scale=False, trainable={"gama": False})
    (finding,) = layer.findings((3,))
    assert (finding.path, finding.key) == (("trainable", "gama"), True)
    assert finding.message == 'with these settings BatchNormalization has no "gama"; it has statistics to train'
    (finding,) = BatchNormalization.from_checked(trainable={"gama": False}).findings((3,))
    assert finding.message.endswith('did you mean "gamma"?')
