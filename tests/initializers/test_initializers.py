"""Initializers: moments and bounds, identity, and whitened patches."""

import math

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from graphnn.errors import GraphError, SpecError
from graphnn.initializers import base, patch_whitening
from graphnn.initializers.base import INITIALIZERS, fans, initial_values, initializer_from, initializer_values
from graphnn.initializers.constant import ConstantInitializer, ones, zeros
from graphnn.initializers.identity import Identity
from graphnn.initializers.normal import Normal
from graphnn.initializers.patch_whitening import PatchWhitening, second_moments
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.specification.sections import Section

DENSE, CONV = (400, 300), (60, 40, 3, 5)


def draw(name, shape, seed=0, **options):
    return INITIALIZERS[name](**options)(shape, np.random.default_rng(seed))


def test_constants():
    rng = np.random.default_rng(0)
    assert zeros((2, 3), rng).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert ones((2,), rng).tolist() == [1, 1]
    assert ConstantInitializer(-0.25)((2, 1), rng).tolist() == [[-0.25], [-0.25]]
    assert draw("constant", (1, 2, 1, 1)).tolist() == [[[[0]], [[0]]]]
    assert {each((), rng).dtype for each in (zeros, ones)} == {np.dtype(np.float64)}
    assert rng.random() == np.random.default_rng(0).random()  # nothing was drawn


def test_a_constant_makes_the_outputs_sums_of_the_inputs():
    layer = Dense(2, initializer={"type": "constant", "value": 0.5}).build((3,))
    assert layer.forward(np.array([[1.0, 2, 3], [-1, 0, 5]])).tolist() == [[3, 3], [2, 2]]


def test_fans():
    assert fans((4, 7)) == (7, 4)
    assert fans((4, 7, 3, 5)) == (7 * 15, 4 * 15)


@pytest.mark.parametrize(
    ("name", "shape", "variance"),
    [
        ("he_normal", DENSE, 2 / 300),
        ("he_normal", CONV, 2 / (40 * 15)),
        ("he_uniform", DENSE, 2 / 300),
        ("he_uniform", CONV, 2 / (40 * 15)),
        ("glorot_normal", DENSE, 2 / 700),
        ("glorot_normal", CONV, 2 / (100 * 15)),
        ("glorot_uniform", DENSE, 2 / 700),
        ("glorot_uniform", CONV, 2 / (100 * 15)),
        ("normal", CONV, 0.05**2),
    ],
)
def test_moments(name, shape, variance):
    """For about 10^5 draws, the mean within 4 standard errors; the largest value tells normal from uniform."""
    drawn = draw(name, shape)
    assert drawn.shape == shape
    assert abs(drawn.mean()) < 4 * math.sqrt(variance / drawn.size)
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    largest = np.abs(drawn).max() / math.sqrt(variance)
    assert (1.7 < largest <= math.sqrt(3)) if name.endswith("uniform") else largest > 3.5
    assert (drawn == draw(name, shape)).all()
    assert not (drawn == draw(name, shape, seed=1)).any()


def test_the_default_draws_what_it_always_drew():
    """Weights files, figures and the runs of users depend on these bits."""
    expected = np.random.default_rng(3).normal(0.0, math.sqrt(2 / 12), (5, 3, 2, 2))
    assert (draw("he_normal", (5, 3, 2, 2), seed=3) == expected).all()
    assert Dense(3).weight_initializer == Conv2D(3).weight_initializer == INITIALIZERS["he_normal"]()


def test_the_deviation_of_normal():
    drawn = draw("normal", DENSE, deviation=3)
    np.testing.assert_allclose(drawn, 60 * draw("normal", DENSE), rtol=1e-14)
    assert (draw("normal", DENSE, deviation=0) == 0).all()


def test_identity_by_hand():
    weights = draw("identity", (3, 2, 3, 1))
    assert weights[0].tolist() == [[[0], [1], [0]], [[0], [0], [0]]]
    assert weights[1].tolist() == [[[0], [0], [0]], [[0], [1], [0]]]
    assert (np.abs(weights[2]) <= 1 / math.sqrt(6)).all()
    assert (weights[2] != 0).all()
    fewer = draw("identity", (2, 3))
    assert fewer.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_the_rest_of_identity_is_uniform():
    rest = draw("identity", (500, 30, 3, 3))[30:]
    assert rest.var() == pytest.approx(1 / 270 / 3, rel=0.03)
    assert 0.99 < np.abs(rest).max() * math.sqrt(270) <= 1


@pytest.mark.parametrize("kernel", [1, 3, (5, 3)])
@pytest.mark.parametrize("filters", [2, 3, 7])
def test_identity_passes_images_through(kernel, filters):
    layer = Conv2D(filters, kernel_size=kernel, use_bias=False, initializer="identity")
    built = layer.build((3, 6, 5))
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32)
    kept = min(filters, 3)
    np.testing.assert_array_equal(built.forward(x)[:, :kept], x[:, :kept])


def test_identity_passes_vectors_through():
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    np.testing.assert_array_equal(Dense(7, initializer="identity").build((5,)).forward(x)[:, :5], x)


def test_whitening_by_hand():
    """Patches (3, 0), (0, 2), (0, 2): M has 3 and 8/3 on its diagonal. With ε = 1, divisors 2 and √(11/3)."""
    images = np.array([[[[3, 0]]], [[[0, 2]]], [[[0, 2]]]], np.float32)
    W = PatchWhitening(epsilon=1).values((4, 1, 1, 2), images)
    a, b = 1 / 2, 1 / math.sqrt(11 / 3)
    np.testing.assert_allclose(W.reshape(4, 2), [[a, 0], [0, b], [-a, 0], [0, -b]], rtol=1e-14, atol=1e-15)


def test_second_moments_against_a_loop(monkeypatch):
    images = np.random.default_rng(1).normal(size=(7, 2, 5, 4))
    expected, count = np.zeros((12, 12)), 0
    for image in images:
        for i in range(4):
            for j in range(2):
                patch = image[:, i : i + 2, j : j + 3].ravel()
                expected += np.outer(patch, patch)
                count += 1
    assert count == 7 * 8
    for block in (1, 200, 2**20):  # one image at a time, two, all
        monkeypatch.setattr(patch_whitening, "BLOCK", block)
        np.testing.assert_allclose(second_moments(images, (2, 2, 3)), expected / count, rtol=1e-12, atol=1e-14)


@pytest.fixture(scope="module")
def photographs():
    """Smooth images, whose neighbouring pixels are similar."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(300, 3, 12, 12)).cumsum(2).cumsum(3) / 5 + 1).astype(np.float32)


def test_patches_come_out_white(photographs):
    W = PatchWhitening(epsilon=1e-9).values((24, 3, 2, 2), photographs)
    half = W[:12].reshape(12, 12)
    np.testing.assert_array_equal(W[12:], -W[:12])
    moments = second_moments(photographs, (3, 2, 2))
    np.testing.assert_allclose(half @ moments @ half.T, np.eye(12), atol=1e-6)
    sizes = np.linalg.norm(half, axis=1)
    assert (np.diff(sizes) > 0).all()  # the largest eigenvalue, and so the shortest filter, first
    for row in half:
        assert row[np.argmax(np.abs(row))] > 0


def test_whitening_gives_the_same_bits_on_any_number_of_threads(photographs, monkeypatch):
    """BLAS has one thread while the eigenvectors are computed, and the previous number again afterwards."""
    made, at_work, plain = [], [], np.linalg.eigh

    def watched(matrix):
        at_work.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return plain(matrix)

    monkeypatch.setattr(np.linalg, "eigh", watched)
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            made.append(PatchWhitening().values((24, 3, 2, 2), photographs))
            assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {threads}
    assert set(at_work) == {1}
    assert made[0].tobytes() == made[1].tobytes()
    assert made[0].dtype == np.float64


def test_whitening_looks_at_the_first_images_only(photographs, monkeypatch):
    monkeypatch.setattr(base, "IMAGES", 100)
    rng = np.random.default_rng(0)
    found = initial_values(PatchWhitening(), (24, 3, 2, 2), rng, photographs)
    assert (found == PatchWhitening().values((24, 3, 2, 2), photographs[:100])).all()


@pytest.mark.parametrize("images", [None, np.zeros((0, 3, 8, 8))])
def test_whitening_without_images(images):
    with pytest.raises(GraphError, match='"patch_whitening" needs training images, but there are none here'):
        initial_values(PatchWhitening(), (24, 3, 2, 2), np.random.default_rng(0), images)


def test_what_does_not_fit():
    def told(initializer, shape, input_shape=(3, 8, 8)):
        return [(finding.path, finding.message) for finding in initializer.findings(shape, input_shape)]

    assert told(PatchWhitening(), (24, 3, 2, 2)) == told(Identity(), (9, 3, 3, 1)) == told(Normal(), (3, 3)) == []
    ((path, message),) = told(PatchWhitening(), (12, 3, 2, 2))
    assert (path, message) == (("filters",), '"patch_whitening" makes 2·3·2·2 = 24 filters, not 12; write 24')
    assert [path for path, _ in told(PatchWhitening(), (4, 2), (2,))] == [("initializer",)]
    assert [path for path, _ in told(PatchWhitening(), (162, 3, 9, 3))] == [("initializer",)]
    assert [path for path, _ in told(Identity(), (9, 3, 3, 2))] == [("kernel_size",)]


def test_every_way_of_naming_an_initializer():
    given = ["normal", {"type": "normal"}, Section("normal", {}, ()), Section("normal", {"deviation": 0.05}, ())]
    assert [initializer_values(each) for each in given] == [
        "normal", "normal", "normal", {"type": "normal", "deviation": 0.05},
    ]  # fmt: skip
    assert {initializer_from(initializer_values(each)) for each in given} == {Normal()}
    assert initializer_from({"type": "normal", "deviation": 2, "description": "wide"}) == Normal(2)
    with pytest.raises(SpecError, match='unknown initializer "he_norma"; did you mean "he_normal"'):
        initializer_from("he_norma")
