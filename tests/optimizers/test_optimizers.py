"""Optimizers by hand-worked sequences and against independent formulas in float64."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from graphnn.errors import ShapeError
from graphnn.initializers.constant import zeros
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.adamw import AdamW
from graphnn.optimizers.base import BLOCK, OPTIMIZERS, clip, norm
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rmsprop import RMSprop
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import Parameters


def test_sgd(sequence):
    assert sequence(SGD(0.5), 1.0, [1.0, -2.0, 4.0]) == [0.5, 1.5, -0.5]


def test_sgd_with_decay(sequence):
    """g + λP: 1 + 0.5·1, then 0 + 0.5·0.25."""
    assert sequence(SGD(0.5, weight_decay=0.5), 1.0, [1.0, 0.0]) == [0.25, 0.1875]


def test_momentum(sequence):
    """I: 0.5, 0.25 + 0.5 = 0.75, 0.375 − 1 = −0.625."""
    optimizer = SGDMomentum(0.5, momentum=0.5)
    assert sequence(optimizer, 1.0, [1.0, 1.0, -2.0]) == [0.5, -0.25, 0.375]


def test_momentum_keeps_the_rate_of_its_time():
    """The learning rate is inside the inertia: a later, lower rate does not scale what is in motion."""
    P, inertia = np.zeros(1), {"inertia": np.zeros(1)}
    for step, rate in enumerate((1.0, 0.25), start=1):
        SGDMomentum(momentum=0.5).update(P, np.ones(1), inertia, learning_rate=rate, step=step, weight_decay=0.0)
    assert P.tolist() == [-1.75]
    assert inertia["inertia"].tolist() == [0.75]


def test_nesterov(sequence):
    """I: 0.5, 0.75, −0.625 as before; the steps are ½I + ½g: 0.75, 0.875, −1.3125."""
    optimizer = SGDMomentum(0.5, momentum=0.5, nesterov=True)
    assert sequence(optimizer, 1.0, [1.0, 1.0, -2.0]) == [0.25, -0.625, 0.6875]


def test_momentum_with_decay(sequence):
    """g: 1 + 0.5·1 = 1.5, I = 0.75, P = 0.25; g: 0.125, I = 0.375 + 0.0625, P = −0.1875."""
    optimizer = SGDMomentum(0.5, momentum=0.5, weight_decay=0.5)
    assert sequence(optimizer, 1.0, [1.0, 0.0]) == [0.25, -0.1875]


def test_adam(sequence):
    """The first step is α for any gradient; then m̂ = (0.25·2 − 0.5·1)/0.75 = 0, so that P stays.

    Third, with β₁ = β₂ = ½ and g = 1: m = 0.5, v = 1/4·(½·4) + ½·(½·1) + ½ = 1.25; m̂ = 4/7, v̂ = 10/7.
    """
    optimizer = Adam(0.5, beta_1=0.5, beta_2=0.5, epsilon=1e-30)
    expected = [1.5, 1.5, 1.5 - 0.5 * (4 / 7) / math.sqrt(10 / 7)]
    assert sequence(optimizer, 2.0, [2.0, -1.0, 1.0]) == pytest.approx(expected, rel=1e-14)


def test_the_epsilon_of_adam_stands_beside_the_corrected_root(sequence):
    """v̂ = 9 after one step whatever β₂: 3/(3 + 1)."""
    assert sequence(Adam(1.0, epsilon=1.0), 0.0, [3.0]) == pytest.approx([-0.75], rel=1e-14)


def test_adam_adds_decay_to_the_gradient_and_adamw_does_not(sequence):
    """With g = 0 Adam sees the decay as its only gradient and takes a whole step α; AdamW shrinks by αλ."""
    assert sequence(Adam(0.5, weight_decay=0.1, epsilon=1e-30), 2.0, [0.0]) == pytest.approx([1.5])
    assert sequence(AdamW(0.5, weight_decay=0.1), 2.0, [0.0, 0.0]) == pytest.approx([1.9, 1.805])
    assert sequence(AdamW(0.5, weight_decay=0.1, epsilon=1e-30), 2.0, [7.0]) == pytest.approx([1.9 - 0.5])


def test_rmsprop(sequence):
    """v: ½·4 = 2; ½·2 + ½·16 = 9 and the step ½·4/(3 + 1)."""
    optimizer = RMSprop(0.5, rho=0.5, epsilon=1.0)
    first = 1 - 0.5 * 2 / (math.sqrt(2) + 1)
    assert sequence(optimizer, 1.0, [2.0, 4.0]) == pytest.approx([first, first - 0.5], rel=1e-14)
    decayed = 1 - 0.5 * 2 / (math.sqrt(2) + 1)  # 1 + 1·1 = 2
    assert sequence(RMSprop(0.5, rho=0.5, epsilon=1.0, weight_decay=1.0), 1.0, [1.0]) == pytest.approx([decayed])


def plain(optimizer, P, gradients, rate):
    """Return P after all gradients, by the textbook's formulas."""
    I = m = v = np.zeros_like(P)  # noqa: E741 - the formula's name
    o, decay = optimizer, optimizer.weight_decay
    for t, g in enumerate(gradients, start=1):
        if isinstance(o, AdamW):
            P = P - rate * decay * P
        else:
            g = g + decay * P
        if isinstance(o, Adam):
            m = o.beta_1 * m + (1 - o.beta_1) * g
            v = o.beta_2 * v + (1 - o.beta_2) * g**2
            P = P - rate * (m / (1 - o.beta_1**t)) / (np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon)
        elif isinstance(o, RMSprop):
            v = o.rho * v + (1 - o.rho) * g**2
            P = P - rate * g / (np.sqrt(v) + o.epsilon)
        elif isinstance(o, SGDMomentum):
            I = o.momentum * I + rate * g  # noqa: E741
            P = P - (o.momentum * I + rate * g if o.nesterov else I)
        else:
            P = P - rate * g
    return P


VARIANTS = [
    SGD(0.1),
    SGD(0.1, weight_decay=0.3),
    SGDMomentum(0.1),
    SGDMomentum(0.1, 0.8, True, weight_decay=0.3),
    Adam(),
    Adam(0.01, weight_decay=0.3),
    AdamW(0.01),
    AdamW(0.01, weight_decay=0.3),
    RMSprop(),
    RMSprop(0.01, weight_decay=0.3),
]


@pytest.mark.parametrize("optimizer", VARIANTS, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_flat_vectors_of_several_blocks_equal_the_formulas(optimizer, dtype, tolerance):
    rng = np.random.default_rng(0)
    size = 2 * BLOCK + 17
    start, gradients = rng.normal(size=size).astype(dtype), rng.normal(size=(5, size)).astype(dtype)
    P, state = start.copy(), {slot: np.zeros(size, dtype) for slot in optimizer.slots}
    memory = P.ctypes.data
    for step, gradient in enumerate(gradients, start=1):
        rate, decay = optimizer.learning_rate, optimizer.weight_decay
        optimizer.update(P, gradient.copy(), state, learning_rate=rate, step=step, weight_decay=decay)
    expected = plain(optimizer, start.astype(np.float64), gradients.astype(np.float64), optimizer.learning_rate)
    assert np.max(np.abs(P - expected)) <= tolerance
    assert (P.dtype, P.ctypes.data) == (dtype, memory)


@pytest.mark.parametrize("optimizer", VARIANTS, ids=str)
def test_an_updater_for_one_array_leaves_its_arguments_alone(optimizer):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(2, 3, 2)), rng.normal(size=(4, 2, 3, 2))
    updater, P = optimizer.get_parameter_updater((2, 3, 2)), start
    for gradient in gradients:
        before = P.copy(), gradient.copy()
        new = updater(P, gradient)
        assert (before[0] == P).all()
        assert (gradient == before[1]).all()
        P = new
    np.testing.assert_allclose(P, plain(optimizer, start, gradients, optimizer.learning_rate), rtol=1e-12)


def test_updaters_of_one_optimizer_are_independent():
    optimizer = SGDMomentum(0.5, momentum=0.5)
    one, other = optimizer.get_parameter_updater((1,)), optimizer.get_parameter_updater((1,))
    one(np.zeros(1), np.ones(1))
    assert other(np.zeros(1), np.ones(1)).tolist() == [-0.5]


def test_an_updater_keeps_the_dtype_and_checks_the_shape():
    updater = SGD(0.5).get_parameter_updater((2,))
    assert updater(np.zeros(2, np.float32), np.ones(2)).dtype == np.float32
    with pytest.raises(ShapeError, match=r"for 2, not a gradient of \(3,\)"):
        updater(np.zeros(2), np.zeros(3))
    with pytest.raises(ShapeError, match=r"for 2, not a parameter of \(2, 1\)"):
        updater(np.zeros((2, 1)), np.zeros(2))


def test_an_updater_decays_matrices_and_leaves_vectors():
    for decay_biases, expected in ((False, 1.0), (True, 0.75)):
        optimizer = SGD(0.5, weight_decay=0.5, decay_biases=decay_biases)
        assert optimizer.get_parameter_updater((1,))(np.ones(1), np.zeros(1)).tolist() == [expected]
        assert optimizer.get_parameter_updater((1, 1))(np.ones((1, 1)), np.zeros((1, 1))).tolist() == [[0.75]]


def test_an_updater_clips_its_gradient():
    updater = SGD(1.0, clip_norm=1.0).get_parameter_updater((2,))
    np.testing.assert_allclose(updater(np.zeros(2), np.array([3.0, 4.0])), [-0.6, -0.8])


@pytest.fixture
def two_nodes():
    """Two layers of weights and biases, all values and gradients 1."""
    declared = (Parameter("weights", (2, 3), zeros, Role.WEIGHT), Parameter("biases", (2,), zeros, Role.BIAS))
    parameters = Parameters({"a": declared, "b": declared})
    for name in ("a", "b"):
        for own in ("weights", "biases"):
            parameters.values[name][own][...] = 1
            parameters.gradients[name][own][...] = 1
    return parameters


def test_the_updater_decays_weights_alone(two_nodes):
    Updater(SGD(weight_decay=0.5), two_nodes).step(0.5)
    for own in two_nodes.values.values():
        assert (own["weights"] == 0.25).all()
        assert (own["biases"] == 0.5).all()


def test_the_updater_decays_everything_on_demand(two_nodes):
    Updater(SGD(weight_decay=0.5, decay_biases=True), two_nodes).step(0.5)
    for own in two_nodes.values.values():
        assert (own["weights"] == 0.25).all()
        assert (own["biases"] == 0.25).all()


def test_adamw_decays_weights_alone(two_nodes):
    updater = Updater(AdamW(weight_decay=0.5, epsilon=1e-30), two_nodes)
    updater.step(0.5)
    for own in two_nodes.values.values():
        np.testing.assert_allclose(own["weights"], 0.25, rtol=1e-6)
        np.testing.assert_allclose(own["biases"], 0.5, rtol=1e-6)


def test_the_updater_clips_the_global_norm(two_nodes):
    """16 gradients of 1 have the norm 4."""
    Updater(SGD(clip_norm=1.0), two_nodes).step(1.0)
    for own in two_nodes.values.values():
        assert (own["weights"] == 0.75).all()
        assert (own["biases"] == 0.75).all()


def test_the_updater_does_not_lengthen_a_gradient(two_nodes):
    Updater(SGD(clip_norm=100.0), two_nodes).step(1.0)
    assert (two_nodes.values["a"]["weights"] == 0).all()


@pytest.mark.parametrize("optimizer", [SGDMomentum(0.1), Adam(weight_decay=0.1), RMSprop()], ids=str)
def test_an_updater_goes_on_from_its_saved_state(optimizer):
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(6, 32)).astype(np.float32)

    def begin():
        parameters = Parameters({"a": (Parameter("weights", (4, 8), zeros, Role.WEIGHT),)})
        return parameters, Updater(optimizer, parameters)

    def go(parameters, updater, part):
        for gradient in part:
            parameters.gradient[...] = gradient
            updater.step(0.1)

    whole, updater = begin()
    go(whole, updater, gradients)
    first, updater = begin()
    go(first, updater, gradients[:3])
    saved = {slot: array.copy() for slot, array in updater.state.items()}
    second, resumed = begin()
    second.vector[...] = first.vector
    resumed.steps = updater.steps
    for slot, array in saved.items():
        resumed.state[slot][...] = array
    go(second, resumed, gradients[3:])
    assert resumed.steps == 6
    assert second.vector.tobytes() == whole.vector.tobytes()


def test_norm():
    assert norm(np.array([3.0, 4.0])) == 5
    assert norm(np.zeros(0)) == 0
    assert norm(np.full(3 * BLOCK, 1e30, np.float32)) == pytest.approx(1e30 * math.sqrt(3 * BLOCK), rel=1e-6)
    assert norm(np.full(4, 1e-30, np.float32)) == pytest.approx(2e-30, rel=1e-6)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_gradient_that_is_not_finite_is_not_hidden(value):
    gradient = np.array([1.0, value])
    clip(gradient, 0.5)
    np.testing.assert_array_equal(gradient, [1.0, value])


def test_types_and_defaults():
    muon = {"learning_rate": 0.24, "clip_norm": None, "momentum": 0.6, "nesterov": True, "steps": 3}
    assert asdict(Muon()) == muon
    assert [OPTIMIZERS[name]().type for name in OPTIMIZERS] == list(OPTIMIZERS)
    common = {"learning_rate": 0.001, "weight_decay": 0.0, "decay_biases": False, "clip_norm": None}
    adam = {**common, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    assert asdict(SGD()) == {**common, "learning_rate": 0.01}
    assert asdict(SGDMomentum()) == {**common, "learning_rate": 0.01, "momentum": 0.9, "nesterov": False}
    assert asdict(Adam()) == adam
    assert asdict(AdamW(clip_norm=2.0)) == {**adam, "weight_decay": 0.01, "clip_norm": 2.0}
    assert asdict(RMSprop()) == {**common, "rho": 0.9, "epsilon": 1e-8}
