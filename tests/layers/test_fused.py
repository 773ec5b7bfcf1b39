"""Fused layers compute the same as the layers that they replace, one after the other."""

from dataclasses import dataclass

import numpy as np
import pytest

from graphnn.kernels.kernels import NUMPY
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.elu import ELU
from graphnn.layers.folded import FoldedConv2D, FoldedDense
from graphnn.layers.fused import NormalizationGELU, NormalizationReLU, NormalizationSiLU, activated, fused
from graphnn.layers.gelu import GELU
from graphnn.layers.leaky_relu import LeakyReLU
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.silu import SiLU


def zeros_and_ones(shape):
    """Return −1, 0 and 1 with a mean of 0 and a variance of 2⁄3 in every channel, so that many results are zero."""
    values = np.resize([-1.0, 0.0, 1.0], shape[0])
    assert values.sum() == 0
    return np.broadcast_to(values.reshape(-1, *(1,) * (len(shape) - 1)), shape)


@pytest.mark.parametrize("shape", [(6, 16, 4, 5), (6, 3, 4, 5), (6, 16), (6, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [0.0, 0.5])
def test_normalisation_with_relu_equals_one_after_the_other(checks, operations, shape, dtype, beta):
    """dx passes where the normalised number is ≥ 0: at beta = 0 a third of them are 0 to the last bit."""
    x = checks.channels_last(zeros_and_ones(shape).astype(dtype))
    dy = np.random.default_rng(0).normal(size=shape).astype(dtype)
    params = {**checks.parameters(BatchNormalization(), x), "beta": np.full(shape[1], beta, dtype)}
    both = checks.run(NormalizationReLU(), x, dy, params=params, kernels=operations)
    normalised = checks.run(BatchNormalization(), x, params=params).y
    assert ((normalised == 0).mean() == 1 / 3) == (beta == 0)
    positive = checks.run(ReLU(), normalised, dy)
    first = checks.run(BatchNormalization(), x, positive.dx, params=params)
    tolerance = {"rtol": 0, "atol": 3e-5 if dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(both.y, positive.y, **tolerance)
    np.testing.assert_allclose(both.dx, first.dx, **tolerance)
    assert both.gradients.keys() == first.gradients.keys() == {"gamma", "beta"}
    for name, gradient in first.gradients.items():
        np.testing.assert_allclose(both.gradients[name], gradient, rtol=1e-4, atol=tolerance["atol"])


@pytest.mark.parametrize("shape", [(6, 16, 4, 5), (6, 3, 4, 5), (6, 16), (6, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [ReLU(), GELU(), SiLU()], ids=lambda layer: layer.type)
def test_normalisation_with_an_activation_equals_one_after_the_other(checks, operations, shape, dtype, activation):
    x = checks.spread(*shape).astype(dtype)
    dy = np.random.default_rng(0).normal(size=shape).astype(dtype)
    params = checks.parameters(BatchNormalization(), x)
    both = checks.run(activated(activation)(), x, dy, params=params, kernels=operations)
    after = checks.run(activation, checks.run(BatchNormalization(), x, params=params).y, dy)
    first = checks.run(BatchNormalization(), x, after.dx, params=params)
    tolerance = {"rtol": 0, "atol": 3e-5 if dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(both.y, after.y, **tolerance)
    np.testing.assert_allclose(both.dx, first.dx, **tolerance)
    for name, gradient in first.gradients.items():
        np.testing.assert_allclose(both.gradients[name], gradient, rtol=1e-4, atol=tolerance["atol"])
    tested = checks.run(activated(activation)(), x, params=params, training=False, kernels=operations).y
    alone = checks.run(BatchNormalization(), x, params=params, training=False).y
    np.testing.assert_allclose(tested, checks.run(activation, alone, training=False).y, **tolerance)


@pytest.mark.parametrize("kind", [NormalizationGELU, NormalizationSiLU])
@pytest.mark.parametrize("shape", [(5, 16, 3, 3), (40, 3)])
def test_gradients_of_normalisation_with_a_gate(checks, kind, shape):
    checks.gradients(kind(), checks.spread(*shape, seed=3))


def test_the_gradient_passes_at_zero_by_hand(checks, operations):
    """x = (−1, 1, 0) for 16 channels, γ = √(2⁄3) (ε = 0): y = max(x, 0), and the middle zero passes: Σ dy = 7 + 5."""
    x = np.repeat(np.array([[-1.0], [1], [0]], np.float32), 16, axis=1)
    dy = np.repeat(np.array([[100.0], [7], [5]], np.float32), 16, axis=1)
    layer = NormalizationReLU(epsilon=0.0)
    params = checks.parameters(layer, x)
    params["gamma"][...], params["beta"][...] = np.sqrt(2 / 3), 0
    result = checks.run(layer, x, dy, params=params, kernels=operations)
    np.testing.assert_allclose(result.y, np.maximum(x, 0), atol=1e-6)
    np.testing.assert_allclose(result.gradients["beta"], 12)
    np.testing.assert_allclose(result.gradients["gamma"], 7 * np.sqrt(3 / 2), rtol=1e-6)
    # dx = dy − mean(dy) − x·Σ(dy·x) / (3·2⁄3), of the dy (0, 7, 5)
    np.testing.assert_allclose(result.dx, np.repeat([[0 - 4 + 3.5], [7 - 4 - 3.5], [5 - 4]], 16, axis=1), atol=2e-6)


@pytest.mark.parametrize(("scale", "center"), [(True, True), (False, False)])
@pytest.mark.parametrize("shape", [(5, 16, 3, 3), (40, 3)])
def test_gradients_of_normalisation_with_relu(checks, shape, scale, center):
    checks.gradients(NormalizationReLU(scale=scale, center=center), checks.spread(*shape, seed=3), step=1e-7, rtol=1e-5)


FOLDS = [
    (Conv2D(filters=16), (4, 16, 6, 6)),
    (Conv2D(filters=16, use_bias=False), (4, 16, 6, 6)),
    (Conv2D(filters=5, kernel_size=(2, 3), strides=2), (4, 3, 7, 6)),
    (Conv2D(filters=6, kernel_size=1, use_bias=False), (4, 3, 5, 5)),
    (Dense(units=7), (4, 9)),
    (Dense(units=16, use_bias=False), (4, 9)),
]
NORMALISATIONS = [
    BatchNormalization(),
    BatchNormalization(scale=False),
    BatchNormalization(center=False, epsilon=1e-3),
    BatchNormalization(scale=False, center=False),
]
FOLLOWING = [[ReLU()], *([each] for each in NORMALISATIONS), *([each, ReLU()] for each in NORMALISATIONS)]


def run_in_turn(checks, layers, params, x, kernels):
    for layer in layers:
        given = {p.name: params[p.name] for p in layer.parameters(x.shape[1:])}
        x = checks.run(layer, x, params=given, training=False, kernels=kernels).y
    return x


@pytest.mark.parametrize(("layer", "shape"), FOLDS, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize("following", FOLLOWING, ids=lambda layers: " ".join(map(str, layers)))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_folded_equals_unfolded(checks, operations, layer, shape, following, dtype):
    """Return the parameters with running statistics that change the result; the given ones stay unchanged."""
    rng = np.random.default_rng(0)
    x = checks.spread(*shape).astype(dtype)
    params = checks.parameters(layer, x)
    whole = layer
    for each in following:
        params |= checks.parameters(each, np.empty((1, *layer.output_shape(shape[1:])), dtype))
        whole = fused(whole, each, operations, training=False)
    if "running_mean" in params:
        params["running_mean"][...] = rng.normal(size=params["running_mean"].shape)
        params["running_variance"][...] = rng.uniform(0.2, 3, params["running_variance"].shape)
    assert type(whole) is (FoldedConv2D if isinstance(layer, Conv2D) else FoldedDense)
    expected = run_in_turn(checks, [layer, *following], params, x, NUMPY)
    before = {name: value.copy() for name, value in params.items()}
    found = checks.run(whole, x, params=params, training=False, kernels=operations).y
    assert found.dtype == dtype
    tolerance = (1e-4 if dtype == np.float32 else 1e-12) * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)


def folded(*layers, kernels=NUMPY, training=False):
    """Return the fused layer after each layer in turn, or None."""
    whole = layers[0]
    for following in layers[1:]:
        whole = None if whole is None else fused(whole, following, kernels, training=training)
    return whole


@pytest.mark.parametrize("kernels", [NUMPY, NUMBA], ids=lambda each: each.name)
def test_layers_fused_for_inference(kernels):
    conv, dense, bn = Conv2D(filters=4, strides=2, name="c"), Dense(units=4), BatchNormalization(epsilon=1e-3, name="n")
    whole = folded(conv, bn, ReLU(), kernels=kernels)
    assert (whole.normalization, whole.relu, whole.strides, whole.filters, whole.name) == (bn, True, 2, 4, "c")
    assert folded(conv, ReLU(), kernels=kernels).normalization is None
    assert type(folded(dense, bn, ReLU(), kernels=kernels)) is FoldedDense
    assert type(folded(bn, ReLU(), kernels=kernels)) is NormalizationReLU
    assert type(folded(bn, GELU(), kernels=kernels)) is NormalizationGELU
    assert type(folded(bn, SiLU(), kernels=kernels)) is NormalizationSiLU
    assert folded(bn, ReLU(), kernels=kernels).settings() == bn.settings()
    for none in (
        (conv, bn, bn),
        (conv, ReLU(), bn),
        (conv, ReLU(), ReLU()),
        (conv, bn, ReLU(), bn),
        (bn, conv),
        (bn, bn),
        (bn, ReLU(), ReLU()),
        (ReLU(), bn),
        (conv, LeakyReLU()),
        (bn, ELU()),
        (bn, GELU("none")),
        (conv, GELU()),
        (conv, bn, SiLU()),
        (conv, MaxPooling2D()),
    ):
        assert folded(*none, kernels=kernels) is None


def test_layers_fused_for_training():
    """Activations are fused only where that saves a pass over memory, which numpy's kernels do not."""
    conv, bn = Conv2D(filters=4), BatchNormalization(momentum=0.8)
    assert type(folded(bn, ReLU(), kernels=NUMBA, training=True)) is NormalizationReLU
    assert folded(bn, ReLU(), kernels=NUMBA, training=True).momentum == 0.8
    assert type(folded(bn, GELU(), kernels=NUMBA, training=True)) is NormalizationGELU
    assert type(folded(bn, SiLU(), kernels=NUMBA, training=True)) is NormalizationSiLU
    for layers in ((conv, bn), (conv, ReLU()), (Dense(units=3), ReLU()), (bn, LeakyReLU()), (bn, GELU("none"))):
        assert folded(*layers, kernels=NUMBA, training=True) is None
    for following in (ReLU(), GELU(), SiLU()):
        assert folded(bn, following, kernels=NUMPY, training=True) is None


@dataclass(frozen=True)
class OwnConv2D(Conv2D):
    """A layer derived by a user, which may compute anything."""


@dataclass(frozen=True)
class OwnDense(Dense):
    """A layer derived by a user, which may compute anything."""


@dataclass(frozen=True)
class OwnNormalization(BatchNormalization):
    """A layer derived by a user, which may compute anything."""


class OwnReLU(ReLU):
    """A layer derived by a user, which may compute anything."""


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "layers",
    [
        (OwnConv2D(filters=3), BatchNormalization()),
        (OwnConv2D(filters=3), ReLU()),
        (OwnDense(units=3), ReLU()),
        (Conv2D(filters=3), OwnNormalization()),
        (Conv2D(filters=3), OwnReLU()),
        (Dense(units=3), OwnReLU()),
        (OwnNormalization(), ReLU()),
        (BatchNormalization(), OwnReLU()),
    ],
    ids=lambda layers: " ".join(layer.type for layer in layers),
)
def test_derived_layers_are_left_alone(layers, training):
    assert fused(*layers, NUMBA, training=training) is None
