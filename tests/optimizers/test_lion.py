"""Lion by a hand-worked sequence, against the paper's algorithm in float64, and the decay by itself."""

import numpy as np
import pytest

from graphnn.optimizers.base import BLOCK
from graphnn.optimizers.lion import Lion


def test_by_hand(sequence):
    """With β₁ = ½ and β₂ = ¾, m is 0, 1, 1/2, 3/8, and c is 2, ½ − ½ = 0, ¼, 3/16 − 2.

    The second step is 0, because m and g cancel out; the third goes on by m alone.
    """
    optimizer = Lion(0.25, beta_1=0.5, beta_2=0.75)
    assert sequence(optimizer, 1.0, [4.0, -1.0, 0.0, -4.0]) == [0.75, 0.75, 0.5, 0.75]


def test_a_step_does_not_depend_on_the_size_of_the_gradient(sequence):
    assert sequence(Lion(0.5), 1.0, [1e-30]) == sequence(Lion(0.5), 1.0, [1e30]) == [0.5]


def test_the_decay_is_apart_from_the_gradient(sequence):
    """P − α(sign(c) + λP): 2 − ½(1 + ¼·2), then 1.25 − ½·¼·1.25, as no gradient comes after none."""
    assert sequence(Lion(0.5, weight_decay=0.25), 2.0, [3.0]) == [1.25]
    assert sequence(Lion(0.5, weight_decay=0.25), 1.25, [0.0]) == [1.25 - 0.5 * 0.25 * 1.25]


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_flat_vectors_of_several_blocks_equal_the_algorithm(decay, dtype, tolerance):
    optimizer, rate = Lion(beta_1=0.8, beta_2=0.95), 0.02
    rng = np.random.default_rng(0)
    P = rng.normal(size=2 * BLOCK + 7)
    gradients = rng.normal(size=(4, P.size)).astype(dtype)
    found, state = P.astype(dtype), {"mean": np.zeros(P.size, dtype)}
    m = np.zeros_like(P)
    for step, g in enumerate(gradients, start=1):
        optimizer.update(found, g.copy(), state, learning_rate=rate, step=step, weight_decay=decay)
        c = 0.8 * m + 0.2 * g.astype(np.float64)
        P = P - rate * (np.sign(c) + decay * P)
        m = 0.95 * m + 0.05 * g.astype(np.float64)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, P, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(state["mean"], m, rtol=10 * tolerance, atol=tolerance)


def test_the_defaults_of_the_paper():
    assert Lion() == Lion(0.0001, beta_1=0.9, beta_2=0.99, weight_decay=0.0)
