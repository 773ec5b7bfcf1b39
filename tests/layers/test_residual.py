"""Residual as one layer: by hand, by plain loops, by differences, built by hand, and what it refuses."""

import re

import numpy as np
import pytest

from graphnn.errors import GraphError, ShapeError, SpecError
from graphnn.layers.average_pooling_2d import AveragePooling2D
from graphnn.layers.base import UnfitInput
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.flatten import Flatten
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual, fitting_shortcut
from graphnn.layers.tanh import Tanh


def test_identity_by_hand(checks):
    """y = max(x, 0) + x: 2x where x is positive, else x."""
    checks.literal(Residual([ReLU()]), [[-2, 3]], [[-2, 6]], [[5, 7]], [[5, 14]], rtol=0, atol=0)


def test_settings_of_layers_inside_are_checked():
    inner = Conv2D(4, kernel_size=2, padding="same", initializer="identity")
    found = list(Residual([ReLU(), inner]).findings((4, 8, 8)))
    assert [finding.path for finding in found] == [("layers", 1, *one.path) for one in inner.findings((4, 8, 8))]
    assert found
    with pytest.raises(SpecError):
        Residual([inner]).build((4, 8, 8))


def test_shortcut_by_hand(checks):
    """y = (3x₁ + 1, 3x₁ − 1) + (x₁ + 2x₂, −x₂)."""
    block = Residual([Flatten(), Dense(2)], [Dense(2, use_bias=False)])
    params = {
        "layers.1.weights": [[3, 0], [3, 0]],
        "layers.1.biases": [1, -1],
        "shortcut.0.weights": [[1, 2], [0, -1]],
    }
    gradients = {
        "layers.1.weights": [[10 * 2, 10 * 5], [1 * 2, 1 * 5]],
        "layers.1.biases": [10, 1],
        "shortcut.0.weights": [[10 * 2, 10 * 5], [1 * 2, 1 * 5]],
    }
    y, dx = [[7 + 12, 5 - 5]], [[33 + 10, 20 - 1]]
    checks.literal(block, [[2, 5]], y, [[10, 1]], dx, params=params, gradients=gradients)


def test_plain_loop(checks):
    """A convolution of single pixels with stride 2, and one of 3×3 after a ReLU, added pixel by pixel."""
    block = Residual([ReLU(), Conv2D(3, strides=2)], [Conv2D(3, 1, strides=2)])
    x = checks.spread(2, 2, 5, 4)
    params = checks.parameters(block, x)
    y = np.zeros((2, 3, 3, 2))
    padded = np.pad(np.maximum(x, 0), ((0, 0), (0, 0), (1, 1), (1, 1)))
    body, way = (params[f"{name}.weights"] for name in ("layers.1", "shortcut.0"))
    for n, d, i, j in np.ndindex(*y.shape):
        window = padded[n, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        y[n, d, i, j] = (body[d] * window).sum() + params["layers.1.biases"][d]
        y[n, d, i, j] += (way[d, :, 0, 0] * x[n, :, 2 * i, 2 * j]).sum() + params["shortcut.0.biases"][d]
    np.testing.assert_allclose(checks.run(block, x).y, y, 1e-12)


@pytest.mark.parametrize(
    "block",
    [
        Residual([Conv2D(3), BatchNormalization(), Tanh(), Conv2D(3), BatchNormalization()]),
        Residual([BatchNormalization(), Conv2D(4, strides=2)], [Conv2D(4, 1, strides=2), BatchNormalization()]),
        Residual([Residual([Conv2D(3), Tanh()]), Residual([Tanh()], [Conv2D(3, 1)])]),
        Residual([Tanh()], [Residual([Conv2D(3)])]),
    ],
)
def test_gradients(checks, block):
    checks.gradients(block, checks.spread(4, 3, 4, 5))


def test_shapes_parameters_and_work():
    block = Residual([Conv2D(8, strides=2), BatchNormalization()], [Conv2D(8, 1, strides=2, use_bias=False)])
    assert block.output_shape((3, 6, 7)) == (8, 3, 4)
    assert {p.name: p.shape for p in block.parameters((3, 6, 7))} == {
        "layers.0.weights": (8, 3, 3, 3),
        "layers.0.biases": (8,),
        "layers.1.gamma": (8,),
        "layers.1.beta": (8,),
        "layers.1.running_mean": (8,),
        "layers.1.running_variance": (8,),
        "shortcut.0.weights": (8, 3, 1, 1),
    }
    assert block.multiply_adds((3, 6, 7)) == 12 * 8 * (27 + 3)
    many = Residual([Dense(2, use_bias=False)] * 11)
    assert [p.name for p in many.parameters((2,))][9:] == ["layers.9.weights", "layers.10.weights"]


def test_equal_blocks_are_equal_whatever_list_they_were_made_of():
    assert Residual([ReLU()], []) == Residual((ReLU(),)) != Residual([Tanh()])
    assert hash(Residual([ReLU()])) == hash(Residual((ReLU(),)))


def test_built_by_hand():
    """In inference running statistics are used, in training they change; each Dropout inside draws another mask."""
    layer = Residual([Dense(4), BatchNormalization(), Dropout(0.5), Dropout(0.5)]).build((4,), dtype=np.float64)
    assert set(layer.gradients) == set()
    x = np.random.default_rng(0).normal(size=(50, 4))
    y = layer.forward(x)
    kept = (y != x).mean()
    assert 0.15 < kept < 0.35  # a quarter: both draws let it pass
    assert layer.parameters["layers.1.running_mean"].any()
    layer.backward(np.ones_like(y))
    assert layer.gradients.keys() == {"layers.0.weights", "layers.0.biases", "layers.1.gamma", "layers.1.beta"}
    layer.is_training = False
    np.testing.assert_allclose(layer.forward(x[:1]), layer.forward(x)[:1], 1e-12)


REFUSED = {
    "64×16×16, but are added to their input, which the input gives as 32×32×32; "
    'write "shortcut": [{"type": "Conv2D", "filters": 64, "kernel_size": 1, "strides": 2}]': Residual(
        [Conv2D(64, strides=2)]
    ),
    "the layers give 32×16×32, but the shortcut gives 32×32×32, and what is added must be of one shape; "
    'write "shortcut": [{"type": "Conv2D", "filters": 32, "kernel_size": 1, "strides": [2, 1]}]': Residual(
        [Conv2D(32, strides=(2, 1))], [Conv2D(32, 1)]
    ),
    'write "shortcut": [{"type": "MaxPooling2D", "pool_size": 3}, '
    '{"type": "Conv2D", "filters": 8, "kernel_size": 1}]': Residual([Conv2D(8), MaxPooling2D(3)]),
    'write "shortcut": [{"type": "AveragePooling2D", "strides": 1}]': Residual(
        [AveragePooling2D(2, strides=1), ReLU()]
    ),
    '; use "padding": "same" inside': Residual([AveragePooling2D(2, strides=1), Conv2D(32, 2, padding=(0, 1))]),
    "; put the layer that makes a vector of the image after the block": Residual([Flatten()]),
    "layers[1]: Dense needs a vector, but the Conv2D before it gives 4×32×32": Residual([Conv2D(4), Dense(3)]),
    'shortcut[1]: Dense needs a vector, but "way" gives 4×32×32': Residual([ReLU()], [Conv2D(4, name="way"), Dense(3)]),
    "layers[0].layers[0]: Dense needs a vector, but the input gives 32×32×32": Residual([Residual([Dense(3)])]),
    "layers[0]: ReLU needs the input_shape it was made with, 3×8×8, but the input gives 32×32×32": Residual(
        [ReLU(input_shape=(3, 8, 8))]
    ),
    "ReLU needs the input_shape it was made with, 32×8×8, but the input gives 32×32×32": Residual(
        [ReLU(input_shape=(32, 8, 8))]
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_shapes_that_do_not_fit(message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        REFUSED[message].build((32, 32, 32))


def test_the_place_of_branches_that_differ_is_told_from_the_outermost_block_on():
    differing = Residual([Conv2D(5)], [Conv2D(4)])
    message = (
        "the layers give 5×6×6, but the shortcut gives 4×6×6, and what is added must be of one shape; "
        'write "shortcut": [{"type": "Conv2D", "filters": 5, "kernel_size": 1}]'
    )
    for block, place in ((differing, ""), (Residual([ReLU(), differing]), "layers[1].shortcut: ")):
        with pytest.raises(UnfitInput) as refused:
            block.output_shape((3, 6, 6))
        assert refused.value.message("the input") == f"{place}{message}"


def test_what_is_no_layer():
    with pytest.raises(GraphError, match=r"layers of Residual takes layers such as \[ReLU\(\)\], .*did you mean ReLU"):
        Residual([ReLU])
    with pytest.raises(GraphError, match=r"shortcut of Residual takes layers such as .*, not 3$"):
        Residual([ReLU()], [3])
    assert Residual(ReLU()) == Residual([ReLU()])


def test_settings_inside_are_checked_like_a_document():
    with pytest.raises(SpecError, match=r"Residual\.layers: a block needs at least one layer"):
        Residual([])
    with pytest.raises(SpecError, match=r"Residual\.layers\[1\]\.layers\[0\]\.units: must be at least 1, found -3"):
        Residual([ReLU(), Residual.from_checked(layers=[Dense.from_checked(units=-3)])])


@pytest.mark.parametrize(
    ("shape", "wanted", "strides"),
    [
        ((3, 8, 8), (4, 8, 8), None),
        ((3, 8, 8), (4, 4, 4), 2),
        ((3, 9, 8), (4, 5, 4), 2),
        ((3, 9, 7), (4, 3, 7), [3, 1]),
        ((3, 7, 9), (4, 7, 3), [1, 3]),
        ((3, 7, 7), (4, 1, 1), 7),
    ],
)
def test_the_shortcut_that_would_fit_does(shape, wanted, strides):
    found = fitting_shortcut(shape, wanted)
    assert found.get("strides") == strides
    assert Conv2D(**{key: value for key, value in found.items() if key != "type"}).output_shape(shape) == wanted


def test_no_shortcut_makes_an_image_larger_or_of_a_vector():
    assert fitting_shortcut((3, 8, 8), (3, 9, 8)) is None
    assert fitting_shortcut((3, 8, 8), (3, 7, 7)) is None
    assert fitting_shortcut((3, 8, 8), (5,)) is None
    assert fitting_shortcut((3,), (5,)) == {"type": "Dense", "units": 5}
