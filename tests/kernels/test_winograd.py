"""Winograd's filtering against the reference convolution, with scratch full of NaN."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels import winograd
from graphnn.kernels.algorithms import IM2COL, im2col_seconds, winograd_seconds
from graphnn.kernels.convolution import Epilogue, Window, rotated
from graphnn.kernels.im2col import convolve as reference
from graphnn.kernels.im2col import convolve_backward as reference_backward
from graphnn.kernels.kernels import NUMPY
from graphnn.kernels.numba_algorithms import CompiledIm2col, CompiledWinograd
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.kernels.planar import Planar
from graphnn.kernels.winograd import MATRICES, Winograd

SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))
PADDING = st.tuples(st.integers(0, 3), st.integers(0, 3))
CHANNELS = st.one_of(st.integers(1, 4), st.sampled_from([16, 17, 24, 32]))


@pytest.fixture(scope="module", params=[Winograd(2), Winograd(4), CompiledWinograd()], ids=repr)
def algorithm(request):
    if isinstance(request.param, CompiledWinograd):
        pytest.importorskip("numba")
    return request.param


@pytest.mark.parametrize("tile", [2, 4])
def test_the_matrices_give_the_convolution_of_one_dimension(tile):
    """y = Aᵀ[(G w) ⊙ (Bᵀ d)], by hand: every output is the sum of three products."""
    B, G, A = (np.array(matrix, float) for matrix in MATRICES[tile])
    rng = np.random.default_rng(0)
    d, w = rng.normal(size=tile + 2), rng.normal(size=3)
    expected = [d[i] * w[0] + d[i + 1] * w[1] + d[i + 2] * w[2] for i in range(tile)]
    np.testing.assert_allclose(A @ ((G @ w) * (B @ d)), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 5), CHANNELS, st.integers(3, 13), st.integers(3, 13)),
    CHANNELS,
    PADDING,
    PADDING,
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([1, 3000, 2**20]),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
)
def test_equal_to_the_reference(
    kernels, algorithm, shape, filters, before, padding_after, after, block_bytes, last, dtype, seed
):
    """Forward and the weights' gradient, twice over the same memory: what one call leaves in it must not matter."""
    rng = np.random.default_rng(seed)
    window, padding = Window((3, 3), (1, 1), before, padding_after), (before, padding_after)
    scratch, tolerance = kernels.Scratch(), 3e-4 if dtype == np.float32 else 1e-10
    for _ in range(2):
        x, W = rng.normal(size=shape), rng.normal(size=(filters, shape[1], 3, 3))
        dy = rng.normal(size=(shape[0], filters, *window.output(shape[2:])))
        biases = rng.normal(size=filters).astype(dtype)
        x_in_order, dy_in_order = (kernels.channels_last(a, dtype) if last else a.astype(dtype) for a in (x, dy))
        W_in_order = np.ascontiguousarray(W.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1) if last else W
        y, untouched = kernels.placed(np.full(dy.shape, np.nan, dtype), "a piece")
        dW = np.full_like(W_in_order.astype(dtype), np.nan)
        with patch.object(winograd, "BLOCK_BYTES", block_bytes), patch.object(winograd, "LEAST_TILES", 1):
            U = algorithm.prepare(W_in_order.astype(dtype), lambda size: np.full(size, np.nan, dtype))
            algorithm.convolve(x_in_order, U, window, y, scratch, Epilogue(biases if after[0] else None, relu=after[1]))
            algorithm.weights_gradient(x_in_order, dy_in_order, window, dW, scratch)
        assert y.dtype == dW.dtype == dtype
        assert untouched()
        expected, (_, expected_dW) = reference(x, W, padding, (1, 1)), reference_backward(x, W, dy, padding, (1, 1))
        expected += biases[:, None, None] if after[0] else 0
        scale = np.abs(expected).max()
        expected = np.maximum(expected, 0) if after[1] else expected
        np.testing.assert_allclose(y / scale, expected / scale, 0, tolerance)
        scale = np.abs(expected_dW).max()
        np.testing.assert_allclose(dW / scale, expected_dW / scale, 0, tolerance)


def test_rounding_stays_near_what_the_design_allows(kernels, algorithm):
    """1e-5 of the largest output in float32, with many channels."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(2, 128, 8, 8)), rng.normal(size=(128, 128, 3, 3))
    expected = reference(x, W, ((1, 1), (1, 1)), (1, 1))
    y = kernels.channels_last(np.empty(expected.shape, np.float32))
    U = algorithm.prepare(W.astype(np.float32), lambda size: np.empty(size, np.float32))
    algorithm.convolve(kernels.channels_last(x, np.float32), U, SAME, y, kernels.Scratch())
    assert np.abs(y - expected).max() / np.abs(expected).max() < (2e-6 if algorithm.tile == 2 else 2e-5)


@pytest.mark.parametrize(
    ("channels", "filters", "step"),
    [  # one part of few kernels, four of 8,192 or more, and none with more than that
        (16, 32, 16),
        (64, 64, 64),
        (48, 96, 48),
        (64, 128, 16),
        (128, 64, 32),
        (256, 256, 32),
        (3, 3000, 1),
        (1, 9000, 1),
    ],
)
def test_parts_have_about_as_many_channels_each(algorithm, channels, filters, step):
    assert algorithm.parts(channels, filters) == [
        slice(start, min(channels, start + step)) for start in range(0, channels, step)
    ]


@pytest.mark.parametrize("size", [(64, 128), (128, 130), (3, 3000), (16, 16)], ids=str)
@pytest.mark.parametrize("of", [lambda W: W, rotated], ids=["as they are", "rotated"])
def test_parts_have_the_bits_of_the_whole(kernels, algorithm, size, of):
    channels, filters = size
    W = of(kernels.channels_last(np.random.default_rng(0).normal(size=(filters, channels, 3, 3)), np.float32))
    memory = np.full(algorithm.points * W.shape[0] * W.shape[1], np.nan, np.float32)
    for part in algorithm.parts(W.shape[1], W.shape[0]):
        before = np.isnan(memory).sum()
        algorithm.prepare(W, lambda size: memory, part)
        assert before - np.isnan(memory).sum() == algorithm.points * W[:, part, 0, 0].size
    whole = algorithm.prepare(W, lambda size: np.full(size, np.nan, np.float32))
    np.testing.assert_array_equal(memory.reshape(whole.shape), whole)


def test_the_choice_follows_from_shapes():
    assert NUMPY.algorithms(Window((1, 1)), 64, (8, 8), 64).forward.name == "GEMM"
    assert NUMPY.algorithms(Window((5, 5)), 64, (8, 8), 64).forward == IM2COL
    strided = NUMPY.algorithms(Window((3, 3), (2, 2), (1, 1), (1, 1)), 64, (8, 8), 64)
    assert (strided.forward, strided.input_gradient, strided.weights_gradient) == (IM2COL, None, IM2COL)
    assert NUMPY.algorithms(SAME, 5, (32, 32), 32).forward == IM2COL
    assert NUMPY.algorithms(SAME, 4, (32, 32), 32).forward == Planar()
    wide = NUMPY.algorithms(SAME, 128, (8, 8), 128)
    assert wide.forward == wide.input_gradient == wide.weights_gradient == Winograd(4)
    assert NUMPY.algorithms(SAME, 128, (2, 2), 128).forward == Winograd(
        2
    )  # a tile of 4×4 would be three quarters waste


def test_the_choice_of_the_compiled_ones_follows_from_shapes():
    """The choice does not need numba to be installed."""
    assert NUMBA.algorithms(Window((1, 1)), 64, (8, 8), 64).forward.name == "GEMM"
    strided = NUMBA.algorithms(Window((3, 3), (2, 2), (1, 1), (1, 1)), 64, (8, 8), 64)
    assert (strided.forward, strided.input_gradient, strided.weights_gradient) == (
        CompiledIm2col(),
        None,
        CompiledIm2col(),
    )
    first = NUMBA.algorithms(SAME, 5, (32, 32), 32)
    assert first.forward == first.weights_gradient == CompiledIm2col()
    wide = NUMBA.algorithms(SAME, 64, (16, 16), 64)
    assert wide.forward == wide.input_gradient == wide.weights_gradient == CompiledWinograd()
    odd = NUMBA.algorithms(SAME, 24, (31, 31), 100)
    assert odd.forward == odd.input_gradient == odd.weights_gradient == CompiledWinograd()
    assert type(NUMBA.algorithms(SAME, 15, (16, 16), 100).forward) is not CompiledWinograd  # they fill no vector


def test_estimates_grow_with_the_work():
    for seconds in (im2col_seconds, lambda *sizes: winograd_seconds(4, *sizes, gradient=False)):
        once = seconds(32, (16, 16), 32)
        assert seconds(64, (16, 16), 32) > once < seconds(32, (16, 16), 64)
        assert seconds(32, (32, 16), 32) == pytest.approx(2 * once)
    assert winograd_seconds(4, 9, (8, 8), 9, gradient=True) > winograd_seconds(4, 9, (8, 8), 9, gradient=False)
