"""The course's functions by hand: padding, the order of rows and columns, overlaps; the convolution made of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphnn.kernels import col2im, determine_padding, get_im2col_indices, im2col
from graphnn.kernels.im2col import convolve, convolve_backward, output_size, pair, sides

ONE = np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])
TWO = np.stack([ONE, ONE + 100])  # two samples of 2×2×3


@pytest.mark.parametrize(
    ("kernel", "mode", "expected"),
    [
        (1, "same", (0, 0)),
        (2, "same", (0, 1)),
        (3, "same", (1, 1)),
        (4, "same", (1, 2)),
        (5, "same", (2, 2)),
        (3, "valid", (0, 0)),
        (4, "valid", (0, 0)),
        (3, 0, (0, 0)),
        (3, 2, (2, 2)),
        ((3, 4), "same", ((1, 1), (1, 2))),
        ((2, 5), "valid", ((0, 0), (0, 0))),
        ((3, 4), 2, ((2, 2), (2, 2))),
        ((3, 4), (2, 0), ((2, 0), (2, 0))),
        ((3, 4), [1, 5], ((1, 5), (1, 5))),
        ((3, 4), ("same", "valid"), ((1, 0), (1, 0))),
    ],
)
def test_padding(kernel, mode, expected):
    assert determine_padding(kernel, mode) == expected


@pytest.mark.parametrize("kernel", range(1, 9))
def test_same_keeps_the_size(kernel):
    assert output_size(10, kernel, 1, *determine_padding(kernel, "same")) == 10


@pytest.mark.parametrize(("kernel", "mode"), [(3, "full"), (3, -1), (3, 1.0), (3, None), (3, (1, 1)), ((3, 3), "SAME")])
def test_another_mode_is_refused(kernel, mode):
    with pytest.raises(ValueError, match='padding must be "same", "valid" or an integer ≥ 0, not'):
        determine_padding(kernel, mode)


def test_padding_needs_one_mode_for_each_axis():
    with pytest.raises(ValueError, match="argument"):
        determine_padding((3, 3), (1, 1, 1))


def test_pairs_and_sides():
    assert pair(3) == (3, 3)
    assert pair((3, 4)) == (3, 4)
    assert sides(2) == ((2, 2), (2, 2))
    assert sides((1, 2)) == ((1, 1), (2, 2))
    assert sides(((1, 2), (3, 4))) == ((1, 2), (3, 4))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((5, 3, 1, 0, 0), 3), ((5, 3, 2, 0, 0), 2), ((6, 3, 2, 0, 0), 2), ((6, 3, 2, 0, 1), 3), ((2, 3, 1, 0, 0), 0)],
)
def test_output_size(sizes, expected):
    assert output_size(*sizes) == expected


def test_indices_by_hand():
    """Two channels of 2×3, a 2×2 window: rows by channel, kernel row, kernel column; two positions side by side."""
    k, i, j = get_im2col_indices((7, 2, 2, 3), 2)
    assert k.tolist() == [[0], [0], [0], [0], [1], [1], [1], [1]]
    assert i.tolist() == [[0, 0], [0, 0], [1, 1], [1, 1]] * 2
    assert j.tolist() == [[0, 1], [1, 2], [0, 1], [1, 2]] * 2


def test_indices_count_from_the_corner_of_the_padded_image():
    # with a row above and a column after: 3×4; rows 0 and 2, columns 0 and 2
    k, i, j = get_im2col_indices((1, 1, 2, 3), (1, 2), padding=((1, 0), (0, 1)), stride=(2, 2))
    assert k.tolist() == [[0], [0]]
    assert i.tolist() == [[0, 0, 2, 2]] * 2
    assert j.tolist() == [[0, 2, 0, 2], [1, 3, 1, 3]]


def test_im2col_by_hand():
    """Columns are ordered by position, then by sample."""
    assert im2col(TWO, 2).tolist() == [
        [1, 101, 2, 102],
        [2, 102, 3, 103],
        [4, 104, 5, 105],
        [5, 105, 6, 106],
        [7, 107, 8, 108],
        [8, 108, 9, 109],
        [10, 110, 11, 111],
        [11, 111, 12, 112],
    ]


def test_im2col_with_padding_on_one_side_only():
    x = np.array([[[[1, 2]]]])
    assert im2col(x, (1, 2), ((0, 0), (0, 1))).tolist() == [[1, 2], [2, 0]]
    assert im2col(x, (1, 2), ((0, 1), (0, 0))).tolist() == [[0, 1], [1, 2]]
    assert im2col(x, (2, 1), ((1, 0), (0, 0))).tolist() == [[0, 0], [1, 2]]


def test_im2col_with_strides():
    x = np.arange(20).reshape(1, 1, 4, 5)
    assert im2col(x, 1, 0, 2).tolist() == [[0, 2, 4, 10, 12, 14]]
    assert im2col(x, (1, 2), 0, (3, 2)).tolist() == [[0, 2, 15, 17], [1, 3, 16, 18]]


def test_im2col_with_padding_given_as_numbers():
    x = np.ones((1, 1, 1, 1))
    assert im2col(x, 1, 1).tolist() == [[0, 0, 0, 0, 1, 0, 0, 0, 0]]
    assert im2col(x, 2, (0, 1)).tolist() == [[1], [0], [0], [0]]  # as determine_padding(2, "same") gives it


def test_col2im_adds_overlaps():
    shape = (1, 1, 3, 3)
    assert col2im(np.ones((4, 4)), shape, 2).tolist() == [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]
    assert col2im(np.ones((4, 1)), shape, 2, 0, 2).tolist() == [[[[1, 1, 0], [1, 1, 0], [0, 0, 0]]]]


def test_col2im_by_hand():
    """Two samples of one row; what is added to the padding is dropped."""
    columns = np.array([[1, 10, 2, 20], [3, 30, 4, 40]])  # window positions × (output position, sample)
    found = col2im(columns, (2, 1, 1, 2), (1, 2), ((0, 0), (0, 1)))
    assert found.tolist() == [[[[1, 2 + 3]]], [[[10, 20 + 30]]]]


@st.composite
def cases(draw):
    """A shape, a kernel, a padding and strides for which at least one window fits."""
    n, channels = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    before, after = (draw(st.tuples(st.integers(0, 4), st.integers(0, 4))) for _ in range(2))
    size = [draw(st.integers(max(1, kernel[a] - before[a] - after[a]), 6)) for a in (0, 1)]
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return (n, channels, *size), kernel, (before, after), stride


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 2**32))
def test_col2im_is_the_adjoint_of_im2col(case, seed):
    """<im2col(x), c> = <x, col2im(c)> for any x and c."""
    shape, *window = case
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape)
    columns = im2col(x, *window)
    c = rng.normal(size=columns.shape)
    back = col2im(c, shape, *window)
    assert back.shape == shape
    np.testing.assert_allclose(np.vdot(columns, c), np.vdot(x, back), rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(1, 3), st.integers(0, 2**32))
def test_the_reference_convolution_is_the_plain_loop(kernels, case, filters, seed):
    shape, kernel, (before, after), stride = case
    rng = np.random.default_rng(seed)
    x, W = rng.normal(size=shape), rng.normal(size=(filters, shape[1], *kernel))
    (expected,) = kernels.naive_convolution(x, W, None, stride, before, after)
    y = convolve(x, W, (before, after), stride)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    dy = rng.normal(size=y.shape)
    dx, dW = convolve_backward(x, W, dy, (before, after), stride)
    expected_dx, expected_dW = kernels.naive_convolution(x, W, dy, stride, before, after)
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dW, expected_dW, rtol=1e-12, atol=1e-12)
