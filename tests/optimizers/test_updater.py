"""Groups of parameters: which takes which, at which rate and decay, by which optimizer, until when."""

import numpy as np
import pytest

from graphnn.initializers.constant import zeros
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.groups import ParameterGroup, closest_pattern, members, unused
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rates import Rates
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import Parameters
from graphnn.schedules.constant import Constant
from graphnn.schedules.one_cycle import OneCycle
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau

NAMES = ["a/weights", "b/weights", "a/biases", "b/biases"]


@pytest.fixture
def parameters():
    """Two layers of weights and biases, all values and gradients 1."""
    weights = Parameter("weights", (2, 3), zeros, Role.WEIGHT, memory_order=(1, 0))
    declared = (weights, Parameter("biases", (2,), zeros, Role.BIAS))
    made = Parameters({"a": declared, "b": declared})
    made.vector[...] = made.gradient[...] = 1
    return made


def values(parameters):
    """Return the first number of each parameter."""
    return {name: float(array.flat[0]) for name, array in parameters.named().items()}


def test_the_first_pattern_that_matches_takes_a_parameter():
    assert members(["a/*", "*/biases"], NAMES) == [0, None, 0, 1]
    assert members(["*/biases", "a/*"], NAMES) == [1, None, 0, 0]
    assert members(["?/weights", "[a]/*"], NAMES) == [0, 0, 1, None]
    assert members(["A/*"], NAMES) == [None] * 4  # upper and lower case differ


def test_a_pattern_that_takes_nothing_is_explained():
    reasons = unused(["*/biases", "b/biases", "a/bias", "c/mean"], NAMES, ["c/mean"])
    assert reasons.keys() == {1, 2, 3}
    assert "groups[0]" in reasons[1]
    assert 'did you mean "a/biases"?' in reasons[2]
    assert "not trained" in reasons[3]
    assert unused(["x"], [], []) == {0: "matches no parameter; no parameter is trained"}
    many = [f"conv{n}/{kind}" for n in range(9) for kind in ("weights", "biases")]
    for pattern, meant in (
        ("conv*/weight", "conv*/weights"),
        ("conv/biases", "conv*/biases"),
        ("vonc3/biases", "conv3/biases"),
        ("*/bias", "*/biases"),
        ("weight", "*/weights"),
        ("cnv3/weigths", "conv3/weights"),
    ):
        assert closest_pattern(pattern, many) == meant, pattern
    assert unused(["conv*/weight"], many, [])[0].endswith("conv3/weights, conv3/biases, …")


def test_rates_and_decays_of_groups(parameters):
    """1 − α(g + λ·1): α is 0.5, for the biases of a 1; λ 0.5 for weights, for the biases of b 0.25."""
    groups = [
        ParameterGroup(match="a/biases", learning_rate_scale=2),
        ParameterGroup(match="b/*s", weight_decay_scale=0.5),
    ]
    optimizer = SGD(0.5, weight_decay=0.5)
    Updater(optimizer, parameters, groups).step(*Rates(optimizer, Constant(), groups).at(0, 1, 1))
    assert values(parameters) == {"a/weights": 0.25, "b/weights": 0.375, "a/biases": 0.0, "b/biases": 0.375}


def test_a_group_with_an_optimizer_and_a_schedule_of_its_own(parameters):
    groups = [
        ParameterGroup(match="b/*", optimizer=SGDMomentum(0.25, momentum=0.5), schedule=OneCycle(start_scale=0.0))
    ]
    optimizer = SGD(0.5)
    rates = Rates(optimizer, Constant(), groups)
    assert rates.at(0, 1, 8) == (0.5, 0.0)
    assert rates.at(2, 1, 8) == (0.5, 0.25)
    updater = Updater(optimizer, parameters, groups)
    assert list(updater.state) == ["inertia"]
    for step in (1, 2):
        parameters.gradient[...] = 1
        updater.step(*rates.at(step, 1, 8))
    # b: I = 0.125, then 0.0625 + 0.25
    assert values(parameters) == {"a/weights": 0.0, "b/weights": 0.5625, "a/biases": 0.0, "b/biases": 0.5625}


def test_muon_takes_a_matrix_and_leaves_the_rest_to_the_others(parameters):
    groups = [ParameterGroup(match="*/weights", optimizer=Muon(0.1))]
    updater = Updater(Adam(0.5, epsilon=1e-30), parameters, groups)
    expected = Muon(0.1).get_parameter_updater((2, 3))(np.ones((2, 3)), np.ones((2, 3)))
    updater.step(0.5, 0.1)
    for name in ("a", "b"):
        np.testing.assert_allclose(parameters.values[name]["weights"], expected, rtol=1e-5)
        np.testing.assert_allclose(parameters.values[name]["biases"], 0.5, rtol=1e-6)


def test_a_parameter_that_is_trained_for_some_epochs_stays_then(parameters):
    parameters.until_epoch["a/weights"] = 2
    updater = Updater(SGD(), parameters)
    for epoch in range(4):
        parameters.gradient[...] = 1
        updater.step(0.125, epoch=epoch)
    assert values(parameters) == {"a/weights": 0.75, "b/weights": 0.5, "a/biases": 0.5, "b/biases": 0.5}


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_cover_every_element_once(parameters, count):
    groups = [ParameterGroup(match="b/weights", optimizer=Muon()), ParameterGroup(match="a/biases")]
    updater = Updater(SGDMomentum(weight_decay=0.1), parameters, groups)
    seen = np.zeros(parameters.vector.size, int)
    for part in updater.parts(count):
        for segment in part:
            seen[segment.start : segment.end] += 1
    for name, place in parameters.slices.items():
        assert (seen[place] == 1).all(), name
    assert seen.max() == 1


def test_matrices_are_shared_out_by_their_work():
    rows = (6, 6, 4, 4, 2)
    layers = {
        name: (Parameter("weights", (count, 8), zeros, Role.WEIGHT, memory_order=(1, 0)),)
        for name, count in zip("abcde", rows, strict=True)
    }
    updater = Updater(Muon(), Parameters(layers))
    shared = [[segment.parameter.shape[0] for segment in part] for part in updater.parts(2)]
    assert shared == [[6, 4, 2], [6, 4]]  # work 288 + 128 + 32, and 288 + 128
    assert [len(part) for part in updater.parts(9)] == [1] * 5


def test_alike_neighbours_are_updated_as_one(parameters):
    assert len(Updater(SGD(), parameters).segments) == 1
    assert len(Updater(SGD(weight_decay=0.1), parameters).segments) == 2
    assert len(Updater(SGD(), parameters, [ParameterGroup(match="b/weights")]).segments) == 3


def test_what_schedules_have_learnt_comes_back():
    def made():
        groups = [
            ParameterGroup(match="a", schedule=ReduceOnPlateau(factor=0.25, patience=1)),
            ParameterGroup(match="b", learning_rate_scale=2),
        ]
        return Rates(SGD(1.0), ReduceOnPlateau(factor=0.5, patience=2), groups)

    rates = made()
    for loss in (1.0, 2.0, 3.0):
        rates.observe({"loss": loss})
    assert rates.at(0, 1, 9) == (0.5, 0.0625, 1.0)
    again = made()
    again.restore(rates.state())
    assert again.at(0, 1, 9) == rates.at(0, 1, 9)
    assert Rates(SGD(1.0), Constant()).state() == {}
