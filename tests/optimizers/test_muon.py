"""Muon by hand-worked literals and against its formula in float64."""

import numpy as np
import pytest

from graphnn.errors import ShapeError
from graphnn.initializers.constant import zeros
from graphnn.optimizers.muon import Muon, orthogonalised
from graphnn.optimizers.updater import matrix
from graphnn.parameters.parameter import Parameter, Role, in_memory_order

A, B, C = 3.4445, -4.7750, 2.0315


def polynomial(s, steps):
    """Return what the iterations make of one singular value."""
    for _ in range(steps):
        s = A * s + B * s**3 + C * s**5
    return s


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (1, 4), (4, 1)])
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_the_singular_vectors_stay_and_the_values_follow_the_polynomial(shape, steps):
    rng = np.random.default_rng(0)
    G = rng.normal(size=shape)
    before = G.copy()
    U, s, Vh = np.linalg.svd(G, full_matrices=False)
    expected = (U * polynomial(s / np.sqrt((s**2).sum()), steps)) @ Vh
    np.testing.assert_allclose(orthogonalised(G, steps), expected, rtol=1e-5, atol=1e-6)  # 1e-7 beside the norm
    np.testing.assert_array_equal(G, before)


def test_five_steps_bring_singular_values_near_one():
    s = np.linalg.svd(orthogonalised(np.random.default_rng(1).normal(size=(20, 60)), 5), compute_uv=False)
    assert 0.5 < s.min() <= s.max() < 1.3


def test_two_steps_worked_out_by_hand():
    """One row: its only singular value is 1, which one iteration makes a + b + c = 0.701.

    W = [3, 4] has the norm 5, which becomes √1. First I = [0, 2], G = I + ½I = [0, 3]; W = [0.6, 0.8 − 0.0701].
    Then I = [0, 1] + [4, 0]; G = [4, 0] + [2, ½]; W is scaled to norm 1 again.
    """
    one = A + B + C
    update = Muon(0.1, momentum=0.5, steps=1).get_parameter_updater((1, 2))
    first = update(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]]))
    np.testing.assert_allclose(first, [[0.6, 0.8 - 0.1 * one]], rtol=1e-6)
    second = update(first, np.array([[4.0, 0.0]]))
    direction = np.array([[6.0, 0.5]]) / np.hypot(6.0, 0.5)
    np.testing.assert_allclose(second, first / np.linalg.norm(first) - 0.1 * one * direction, rtol=1e-6)


def test_without_nesterov_the_step_is_made_of_the_inertia():
    one = A + B + C
    update = Muon(0.1, momentum=0.5, nesterov=False, steps=1).get_parameter_updater((1, 2))
    first = update(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))
    np.testing.assert_allclose(first, [[1.0, -0.1 * one]], rtol=1e-6)
    second = update(first, np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(
        second, first / np.linalg.norm(first) - 0.1 * one * np.array([[1, 1]]) / np.sqrt(2), rtol=1e-6
    )


def test_a_convolution_is_filters_by_inputs_and_gets_the_norm_root_of_filters():
    rng = np.random.default_rng(2)
    W, g = rng.normal(size=(6, 2, 3, 3)), rng.normal(size=(6, 2, 3, 3))
    new = Muon(1e-9).get_parameter_updater(W.shape)(W, g)
    np.testing.assert_allclose(new, W * np.sqrt(6) / np.linalg.norm(W), rtol=1e-6, atol=1e-7)


def test_weights_of_zero_stay_finite():
    new = Muon(0.1, steps=1).get_parameter_updater((1, 2))(np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(new, [[-0.1 * (A + B + C), 0.0]], rtol=1e-6)
    still = Muon(0.1).get_parameter_updater((2, 2))(np.eye(2), np.zeros((2, 2)))
    np.testing.assert_allclose(still, np.eye(2))


@pytest.mark.parametrize(
    ("shape", "order"), [((5, 2, 3, 3), (2, 3, 1, 0)), ((4, 3), (1, 0)), ((4, 3), None), ((3, 2, 2, 1), None)]
)
def test_the_matrix_of_a_stretch_is_a_view_with_the_filters_first(shape, order):
    parameter = Parameter("weights", shape, zeros, Role.WEIGHT, memory_order=order)
    flat = np.arange(parameter.size, dtype=np.float32)
    seen, logical = matrix(flat, parameter), in_memory_order(flat, parameter)
    assert seen.shape == (shape[0], parameter.size // shape[0])
    assert np.shares_memory(seen, flat)
    for row, own in zip(seen, logical, strict=True):
        assert sorted(row.tolist()) == sorted(own.ravel().tolist())


def test_the_order_of_the_inputs_does_not_matter():
    rng = np.random.default_rng(3)
    G, order = rng.normal(size=(4, 10)), rng.permutation(10)
    np.testing.assert_allclose(orthogonalised(G[:, order], 3), orthogonalised(G, 3)[:, order], rtol=1e-12)


def test_float32_comes_near_float64():
    rng = np.random.default_rng(4)
    G = rng.normal(size=(64, 576))
    single = orthogonalised(G.astype(np.float32), 3)
    assert single.dtype == np.float32
    assert np.abs(single - orthogonalised(G, 3)).max() < 1e-5


def test_vectors_are_refused():
    with pytest.raises(ShapeError, match="Muon needs a parameter of two axes or more, not one of 7"):
        Muon().get_parameter_updater((7,))
