"""Convolutions of inference, bound to memory, with every algorithm for the output, against the reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels import direct
from graphnn.kernels.convolution import Epilogue, Window
from graphnn.kernels.direct import Direct
from graphnn.kernels.im2col import convolve as reference
from graphnn.kernels.im2col import determine_padding
from graphnn.kernels.im2col_gemm import Im2col
from graphnn.kernels.kernels import NUMPY
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.kernels.planar import Planar
from graphnn.kernels.winograd import Winograd

pytest.importorskip("numba")


@st.composite
def cases(draw):
    """Sizes (n, C, H, W), filters D around multiples of sixteen, and a window of which at least one fits."""
    kernel = draw(st.sampled_from([(3, 3), (1, 1), (2, 3), (5, 1)]))
    if draw(st.booleans()):
        before, after = determine_padding(kernel, "same")
    else:
        before, after = (draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in range(2))
    size = [draw(st.integers(max(1, kernel[a] - before[a] - after[a]), 8)) for a in (0, 1)]
    strides = draw(st.sampled_from([(1, 1), (2, 1), (2, 3)]))
    channels, filters = draw(st.sampled_from([1, 3, 5, 16, 17])), draw(st.sampled_from([1, 15, 16, 17, 32, 35]))
    return (draw(st.integers(1, 5)), channels, *size), filters, Window(kernel, strides, before, after)


@settings(max_examples=60, deadline=None)
@given(
    cases(),
    st.sampled_from(["channels last", "c order"]),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([np.float32, np.float32, np.float64]),
    st.sampled_from([1, 2000, 2**18]),
    st.integers(0, 2**32),
)
def test_equal_to_the_reference(kernels, case, order, after, dtype, block_bytes, seed):
    """Several times with other values in the same memory, for what is bound must read what is there then."""
    shape, filters, window = case
    rng = np.random.default_rng(seed)
    W, biases = rng.normal(size=(filters, shape[1], *window.kernel)).astype(dtype), rng.normal(size=filters)
    epilogue = Epilogue(biases.astype(dtype) if after[0] else None, relu=after[1])
    x, untouched = kernels.placed(np.zeros(shape, dtype), order)
    y = kernels.channels_last(np.full((shape[0], filters, *window.output(shape[2:])), np.nan), dtype)
    algorithms = [Direct(), Im2col(), Planar()]
    if window.kernel == (3, 3) and window.strides == (1, 1):
        algorithms.append(Winograd(2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(direct, "FRAMES", block_bytes)
        steps = []
        for algorithm in algorithms:
            prepared = algorithm.prepare(W, lambda size: np.full(size, np.nan, dtype))
            if algorithm.parts(shape[1], filters) == [every := slice(0, shape[1])]:
                same = algorithm.prepare(W, lambda size: np.full(size, np.nan, dtype), every)
                np.testing.assert_array_equal(same, prepared)
            steps.append(algorithm.bind(x, prepared, window, y, kernels.Scratch(), epilogue))
    for _ in range(2):
        x[...] = rng.normal(size=shape)
        expected = reference(x.astype(np.float64), W, (window.before, window.after), window.strides)
        expected += epilogue.biases[:, None, None] if after[0] else 0
        expected = np.maximum(expected, 0) if after[1] else expected
        for step in steps:
            y[...] = np.nan
            step()
            np.testing.assert_allclose(y, expected, rtol=0, atol=1e-4 if dtype == np.float32 else 1e-11)
    assert untouched()


@pytest.mark.parametrize("operations", [NUMPY, NUMBA], ids=lambda each: each.name)
def test_few_images_take_an_algorithm_that_reads_few_weights(operations):
    """Winograd's weights are four times as large, and it starts 36 products."""
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    for size, channels in (((7, 7), 256), ((8, 8), 16)):
        assert not isinstance(operations.forward_algorithm(1, window, channels, size, channels), Winograd)
    assert isinstance(operations.forward_algorithm(64, window, 256, (7, 7), 256), Winograd)


def test_one_channel_is_not_gathered_by_compiled_code():
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    assert NUMBA.forward_algorithm(1, window, 1, (8, 8), 16) == Direct()
    assert NUMBA.forward_algorithm(1, window, 1, (8, 8), 8) == Planar()
