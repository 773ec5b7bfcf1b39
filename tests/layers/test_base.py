"""The registry of layers, and how a layer says that an input does not fit."""

import numpy as np
import pytest

from graphnn.errors import ShapeError, SpecError
from graphnn.initializers.constant import zeros
from graphnn.layers.base import LAYERS, UnfitInput, register
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.layers.leaky_relu import LeakyReLU
from graphnn.parameters.parameter import Parameter, Role, in_memory_order, in_order_of_memory


def test_layers_are_found_by_type():
    assert LAYERS.find("Dense") is Dense
    assert Dense(3).type == "Dense"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("dense", "Dense"), ("LeakyRelu", "LeakyReLU"), ("Flaten", "Flatten"), ("max_pool_2d", "MaxPooling2D")],
)
def test_an_unknown_type_gets_a_suggestion(wrong, right):
    with pytest.raises(SpecError, match=f'unknown layer type "{wrong}"; did you mean "{right}"\\?$'):
        LAYERS.find(wrong)


def test_a_type_like_no_other_gets_the_list():
    with pytest.raises(SpecError, match=r'unknown layer type "Xyzzy123"; known: .*Conv2D, Dense, '):
        LAYERS.find("Xyzzy123")


def test_a_second_layer_of_one_name_is_refused():
    with pytest.raises(SpecError, match=r'"Dense" is registered already, by graphnn\.layers\.dense'):
        register(type("Dense", (Dense,), {}))
    assert LAYERS["Dense"] is Dense


def test_settings_are_the_properties_of_the_type():
    expected = {"units": 3, "use_bias": True, "initializer": "he_normal", "trainable": True}
    assert Dense(3, name="head", description="last").settings() == expected
    assert Flatten(input_shape=(1, 8, 8)).settings() == {}
    assert LeakyReLU(0.2) == LeakyReLU(negative_slope=0.2)


def test_an_unfit_input_names_its_source():
    with pytest.raises(ShapeError) as caught:
        Dense(3).output_shape((64, 8, 8))
    assert isinstance(caught.value, UnfitInput)
    hint = "put Flatten or GlobalAveragePooling before it"
    assert str(caught.value) == f"Dense needs a vector, but the input gives 64×8×8; {hint}"
    assert caught.value.message('"pool2"') == f'Dense needs a vector, but "pool2" gives 64×8×8; {hint}'
    assert Dense(3).unfit("more", (2,)).message("it") == "Dense needs more, but it gives 2"


def test_the_size_of_a_parameter():
    assert Parameter("weights", (2, 3, 4), lambda shape, rng: rng.normal(size=shape), Role.WEIGHT).size == 24


def test_in_memory_order():
    flat = np.arange(6)
    plain = in_memory_order(flat, Parameter("p", (2, 3), zeros, Role.SCALE))
    array = in_memory_order(flat, Parameter("p", (2, 3), zeros, Role.SCALE, memory_order=(1, 0)))
    assert plain.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert array.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert np.shares_memory(array, flat)
    for order in (None, (1, 0)):
        parameter = Parameter("p", (2, 3), zeros, Role.SCALE, memory_order=order)
        assert in_order_of_memory(in_memory_order(flat, parameter), parameter).tolist() == flat.tolist()
