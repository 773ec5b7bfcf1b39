"""BuiltLayer: the stateful interface over one layer."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, ShapeError, SpecError
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.flatten import Flatten
from graphnn.layers.relu import ReLU

REQUIRED: dict[str, dict[str, Any]] = {
    "Dense": {"units": 3},
    "Conv2D": {"filters": 3},
    "Dropout": {"rate": 0.5},
    "Scale": {"factor": 0.5},
    "Residual": {"layers": [Conv2D(2), BatchNormalization()]},
}
VECTORS = {"Dense", "Softmax"}


def small_layer(type_name: str) -> tuple[Any, np.ndarray[Any, Any]]:
    """Return a built layer of the type and a batch for it."""
    shape = (6,) if type_name in VECTORS else (2, 4, 4)
    layer = LAYERS[type_name](**REQUIRED.get(type_name, {})).build(shape, seed=5)
    return layer, np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)


def test_dense_forward_and_backward() -> None:
    layer = Dense(2, input_shape=(3,)).build(dtype=np.float64)
    layer.weights = [[1, 0, -1], [2, 1, 0]]
    layer.biases = [0.5, 0]
    assert (layer.input_shape, layer.output_shape) == ((3,), (2,))
    np.testing.assert_array_equal(layer.forward([[1, 2, 3]]), [[-1.5, 4]])
    np.testing.assert_array_equal(layer.forward_inputs, [[1, 2, 3]])
    np.testing.assert_array_equal(layer.backward([[1, 10]]), [[21, 10, -1]])
    np.testing.assert_array_equal(layer.weights_grad, [[1, 2, 3], [10, 20, 30]])
    np.testing.assert_array_equal(layer.biases_grad, [1, 10])
    assert set(layer.parameters) == set(layer.gradients) == {"weights", "biases"}


@pytest.mark.parametrize("type_name", sorted(LAYERS))
def test_arrays_that_are_given_stay_as_they_are(type_name: str) -> None:
    layer, x = small_layer(type_name)
    given = x.copy()
    y = layer.forward(x)
    dy = np.ones_like(y)
    layer.backward(dy)
    np.testing.assert_array_equal(x, given)
    np.testing.assert_array_equal(dy, np.ones_like(y))


@pytest.mark.parametrize("type_name", sorted(LAYERS))
def test_arrays_that_the_caller_overwrites_between_calls_change_nothing(type_name: str) -> None:
    layer, x = small_layer(type_name)
    dy = np.random.default_rng(1).normal(size=layer.forward(x).shape).astype(np.float32)
    expected = layer.backward(dy)
    layer.draws = 0
    y = layer.forward(x)
    x[...] = 9
    y[...] = 9
    np.testing.assert_array_equal(layer.backward(dy), expected)


@pytest.mark.parametrize("type_name", sorted(LAYERS))
def test_gradients_are_named_and_shaped_as_the_trained_parameters(type_name: str) -> None:
    layer, x = small_layer(type_name)
    assert layer.backward(layer.forward(x)).shape == x.shape
    declared = [p for p in layer.layer.parameters(layer.input_shape) if p.trainable]
    assert {name: array.shape for name, array in layer.gradients.items()} == {p.name: p.shape for p in declared}


def test_the_dtype_is_float32_unless_another_is_asked_for() -> None:
    single, double = Dense(2).build((3,)), Dense(2).build((3,), dtype=np.float64)
    assert single.forward(np.ones((1, 3))).dtype == single.weights.dtype == np.float32
    assert double.forward(np.ones((1, 3), np.float32)).dtype == double.weights.dtype == np.float64


def test_the_seed_fixes_the_first_weights() -> None:
    first, same, other = (Dense(4).build((3,), seed=seed).weights for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_layer_builds_any_number_of_times_each_with_other_arrays() -> None:
    layer = Dense(2, input_shape=(3,))
    first, second = layer.build(), layer.build()
    first.weights = np.zeros((2, 3))
    assert np.any(second.weights)


def test_convolution_weights_are_channels_first_over_the_memory_order_of_the_kernel() -> None:
    layer = Conv2D(5, kernel_size=(3, 2), input_shape=(4, 8, 8)).build()
    assert layer.weights.shape == (5, 4, 3, 2)
    assert layer.weights.transpose(2, 3, 1, 0).flags.c_contiguous
    values = np.arange(120.0).reshape(5, 4, 3, 2)
    layer.weights = values
    np.testing.assert_array_equal(layer.parameters["weights"], values)
    assert layer.weights.transpose(2, 3, 1, 0).flags.c_contiguous


def test_dropout_draws_anew_in_each_training_step_and_scales_in_inference() -> None:
    layer, x = Dropout(0.5).build((1000,)), np.ones((1, 1000))
    first, second = layer.forward(x), layer.forward(x)
    assert not np.array_equal(first, second)
    layer.draws = 0
    np.testing.assert_array_equal(layer.forward(x), first)
    layer.is_training = False
    np.testing.assert_array_equal(layer.forward(x), 0.5 * x)
    assert layer.draws == 1


def test_batch_normalization_keeps_running_statistics() -> None:
    layer = BatchNormalization(momentum=0.5).build((1,), dtype=np.float64)
    layer.forward([[1.0], [3.0]])
    assert (layer.running_mean[0], layer.running_variance[0]) == (1.0, 1.0)
    layer.backward([[1.0], [2.0]])
    with pytest.raises(AttributeError, match="no 'running_mean_grad'"):
        _ = layer.running_mean_grad


def test_backward_needs_a_forward_each_time() -> None:
    layer = ReLU().build((2,))
    with pytest.raises(GraphError, match=r"ReLU: backward was called before forward; call forward\(x\) first"):
        layer.backward([[1, 1]])
    layer.backward(layer.forward([[1, -1]]))
    with pytest.raises(GraphError, match="backward was called a second time"):
        layer.backward([[1, 1]])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((5, 63)), r"Dense takes a batch N×64, but x is 5×63"),
        (np.ones(64), r"Dense takes a batch N×64, but x is 64"),
        (1.0, r"Dense takes a batch N×64, but x is a single number"),
        ([["a"] * 64], r"Dense takes numbers, but x holds <U1"),
    ],
)
def test_inputs_that_do_not_fit(x: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Dense(10).build((64,)).forward(x)


def test_a_gradient_of_another_shape_than_the_output() -> None:
    layer = Dense(10).build((64,))
    layer.forward(np.ones((5, 64)))
    with pytest.raises(ShapeError, match="Dense: dy must be 5×10, as forward's result, but it is 5×9"):
        layer.backward(np.ones((5, 9)))


def test_a_parameter_takes_values_of_its_shape_only() -> None:
    layer = Dense(10).build((64,))
    with pytest.raises(ShapeError, match="Dense: weights must be 10×64, but it is 64×10"):
        layer.weights = np.ones((64, 10))


def test_a_setting_is_not_changed_without_effect() -> None:
    """As by the habit of Keras, where a layer can be frozen after it is built."""
    layer = BatchNormalization().build((3,))
    with pytest.raises(
        AttributeError, match=r"trainable is a setting.*BatchNormalization\(…, trainable=False\)\.build"
    ):
        layer.trainable = False
    with pytest.raises(AttributeError, match="momentum is a setting"):
        layer.momentum = 0.5
    layer.is_training = False
    layer.label = "mine"
    assert (layer.is_training, layer.label, layer.layer.trainable) == (False, "mine", True)


def test_unknown_attributes_name_the_parameters() -> None:
    with pytest.raises(AttributeError, match="no 'weight'; its parameters: weights, biases"):
        _ = Dense(10).build((64,)).weight
    with pytest.raises(AttributeError, match=r"no 'weights'$"):
        _ = ReLU().build((64,)).weights


def test_gradients_are_unknown_until_backward_and_after_another_forward() -> None:
    layer = Dense(2).build((2,))
    assert not hasattr(layer, "weights_grad")
    layer.backward(layer.forward([[1, 2]]))
    assert layer.weights_grad.shape == (2, 2)
    layer.forward([[1, 2]])
    with pytest.raises(AttributeError, match=r"Dense: weights_grad is known after forward\(x\) and backward\(dy\)"):
        _ = layer.weights_grad


def test_a_built_layer_can_be_copied() -> None:
    layer = Dense(2).build((2,))
    twin = copy.deepcopy(layer)
    layer.weights = np.zeros((2, 2))
    assert np.any(twin.weights)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, r"Flatten needs the shape of its input: build\(\(64,\)\), or input_shape=\(64,\) on the layer"),
        (5, "not 5"),
        ((), r"not \(\)"),
        ("64", "not '64'"),
        ((3, 0, 2), r"not \(3, 0, 2\)"),
        ((True,), r"not \(True,\)"),
    ],
)
def test_input_shapes_that_are_none(shape: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Flatten().build(shape)


def test_an_input_shape_given_twice_must_agree() -> None:
    assert Dense(2, input_shape=(3,)).build((3,)).input_shape == (3,)
    with pytest.raises(ShapeError, match="Dense was made with input_shape 3, but is to be built for 4"):
        Dense(2, input_shape=(3,)).build((4,))


def test_a_layer_that_cannot_take_the_shape() -> None:
    with pytest.raises(ShapeError, match="Dense needs a vector, but the input gives 2×3×4; put Flatten or"):
        Dense(2).build((2, 3, 4))


@dataclass(frozen=True)
class Blocking(Layer):
    """A layer that is not registered and returns no gradient of its input."""

    def forward(self, params: Any, x: Any, ctx: Any) -> Any:
        return x, lambda dy: (None, {})


def test_a_layer_without_a_definition_can_be_built_too() -> None:
    layer = Blocking().build((2,))
    np.testing.assert_array_equal(layer.forward([[1, 2]]), [[1, 2]])
    with pytest.raises(GraphError, match="Blocking: backward gave no gradient of its input"):
        layer.backward([[1, 1]])


def test_options_are_checked_as_in_a_document() -> None:
    with pytest.raises(SpecError, match=r"Dense\.units: must be at least 1, found -3"):
        Dense(-3)


@pytest.mark.parametrize("type_name", sorted(LAYERS))
def test_the_output_of_the_last_forward_stays_whatever_is_done_with_it(type_name: str) -> None:
    layer, x = small_layer(type_name)
    assert layer.forward_outputs is None
    y = layer.forward(x)
    expected = y.copy()
    y[...] = -1
    layer.backward(np.ones_like(y))
    np.testing.assert_array_equal(layer.forward_outputs, expected)
    np.testing.assert_array_equal(layer.forward_inputs, x)


def test_the_running_variance_is_also_called_running_var() -> None:
    layer = BatchNormalization().build((2,))
    assert layer.running_var is layer.running_variance
    layer.running_var = [4, 9]
    np.testing.assert_array_equal(layer.parameters["running_variance"], [4, 9])
    assert "running_var" not in vars(layer)
    with pytest.raises(AttributeError, match="no 'running_var'; its parameters: weights, biases"):
        _ = Dense(1).build((1,)).running_var


@pytest.mark.parametrize("dtype", ["int32", "float16", np.longdouble, complex, None, "x"])
def test_arrays_of_other_types_are_refused(dtype: Any) -> None:
    with pytest.raises(GraphError, match='dtype must be "float32" or "float64"'):
        Dense(2).build((3,), dtype=dtype)


def test_what_is_no_real_number_is_refused() -> None:
    layer = Dense(2).build((3,))
    with pytest.raises(ShapeError, match="Dense takes numbers, but x has masked values; fill them"):
        layer.forward(np.ma.masked_array(np.ones((2, 3)), mask=np.eye(2, 3)))
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="Dense takes numbers, but dy holds complex128"):
        layer.backward(np.ones((2, 2), complex))
    with pytest.raises(ShapeError, match="Dense takes numbers, but weights holds complex128"):
        layer.weights = np.ones((2, 3), complex)
