"""Parameters: two flat vectors, weights first, every parameter on a cache line and in the memory order it asks for."""

import numpy as np
import pytest

from graphnn.initializers.constant import ones, zeros
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import ALIGNMENT, Parameters, padded

CONV = Parameter("weights", (2, 3, 1, 2), zeros, Role.WEIGHT, memory_order=(2, 3, 1, 0))
DECLARED = {
    "conv": (CONV, Parameter("biases", (2,), zeros, Role.BIAS)),
    "relu": (),
    "bn": (Parameter("gamma", (2,), ones, Role.SCALE), Parameter("running_mean", (2,), zeros, Role.STATISTIC)),
    "head": (Parameter("weights", (4, 5), zeros, Role.WEIGHT), Parameter("biases", (4,), zeros, Role.BIAS)),
}


@pytest.fixture
def parameters():
    return Parameters(DECLARED)


def test_shapes_and_dtype(parameters):
    assert parameters.dtype == np.float32
    for node, own in DECLARED.items():
        assert list(parameters.values[node]) == [p.name for p in own]
        assert list(parameters.gradients[node]) == [p.name for p in own if p.trainable]
        for p in own:
            assert parameters.values[node][p.name].shape == p.shape
            assert parameters.values[node][p.name].dtype == np.float32
    assert Parameters(DECLARED, np.float64).gradients["head"]["weights"].dtype == np.float64


def test_names_stand_in_the_declared_order(parameters):
    expected = ["conv/weights", "conv/biases", "bn/gamma", "bn/running_mean", "head/weights", "head/biases"]
    assert list(parameters.named()) == expected
    assert list(parameters.running) == ["bn/running_mean"]
    assert parameters.named()["bn/running_mean"] is parameters.running["bn/running_mean"]


def test_weights_stand_first(parameters):
    """12 and 20 numbers take 16 and 32; then biases, gamma, biases."""
    assert parameters.vector.size == parameters.gradient.size == 48 + 3 * 16
    parameters.vector[: 16 + 32] = 1
    for name, array in parameters.named().items():
        assert (array == (1 if name.endswith("weights") else 0)).all(), name


def test_every_trained_parameter_is_a_view_of_its_own_place(parameters):
    for vector, arrays in ((parameters.vector, parameters.values), (parameters.gradient, parameters.gradients)):
        places = set()
        for node, own in DECLARED.items():
            for p in own:
                if not p.trainable:
                    assert not np.shares_memory(parameters.values[node][p.name], vector)
                    continue
                vector[...] = 0
                arrays[node][p.name][...] = 1
                (found,) = np.nonzero(vector)
                assert found.size == p.size
                assert found[0] % ALIGNMENT == 0
                assert found[-1] - found[0] == p.size - 1
                assert places.isdisjoint(found)
                places |= set(found.tolist())


def test_the_memory_order_that_a_layer_asks_for(parameters):
    """(D, C, Kh, Kw) over Kh, Kw, C, D."""
    for array in (parameters.values["conv"]["weights"], parameters.gradients["conv"]["weights"]):
        assert array.transpose(2, 3, 1, 0).flags.c_contiguous
    parameters.vector[:12] = np.arange(12)
    assert parameters.values["conv"]["weights"][1, 2, 0, 1] == ((0 * 2 + 1) * 3 + 2) * 2 + 1
    assert parameters.values["head"]["weights"].flags.c_contiguous


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 16), (16, 16), (17, 32)])
def test_padded(size, expected):
    assert padded(size) == expected


def test_the_role_says_what_stands_first_and_not_the_name():
    declared = [Parameter(name, (1,), zeros, role) for name, role in (("weights", Role.SCALE), ("kernel", Role.WEIGHT))]
    assert list(Parameters({"a": declared}).slices) == ["a/kernel", "a/weights"]


def test_a_statistic_is_never_trained():
    declared = [Parameter("a", (1,), zeros, role) for role in Role]
    assert [each.role for each in declared if not each.trainable] == [Role.STATISTIC]


def test_nothing_to_train():
    parameters = Parameters({"relu": (), "bn": (Parameter("running_mean", (3,), zeros, Role.STATISTIC),)})
    assert parameters.vector.size == 0
    assert parameters.gradients == {"relu": {}, "bn": {}}
    assert parameters.named().keys() == {"bn/running_mean"}


def test_stretches_say_where_each_trained_parameter_lies(parameters):
    assert list(parameters.slices) == ["conv/weights", "head/weights", "conv/biases", "bn/gamma", "head/biases"]
    assert parameters.slices["head/weights"] == slice(16, 36)
    for name, elements in parameters.slices.items():
        parameters.vector[...] = 0
        parameters.vector[elements] = 1
        for other, array in parameters.named().items():
            assert (array == (other == name)).all()
    assert parameters.until_epoch == {}


def test_what_is_not_trained_lies_apart():
    weights = Parameter("weights", (2, 3), zeros, Role.WEIGHT, trainable=False)
    biases = Parameter("biases", (2,), zeros, Role.BIAS, until_epoch=3)
    parameters = Parameters({"first": (weights, biases)})
    assert parameters.vector.size == 16
    assert list(parameters.running) == ["first/weights"]
    assert list(parameters.slices) == ["first/biases"]
    assert parameters.until_epoch == {"first/biases": 3}
    assert list(parameters.named()) == ["first/weights", "first/biases"]
