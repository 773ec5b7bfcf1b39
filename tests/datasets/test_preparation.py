"""Normalisation: its constants, its application, its way through JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphnn.datasets import preparation
from graphnn.datasets.base import channels_last
from graphnn.datasets.preparation import Normalisation
from graphnn.errors import DataError

MODES = ["per_channel", "per_feature", "unit", "none"]


def images(n=10, channels=3, height=4, width=5, dtype=np.uint8):
    rng = np.random.default_rng(4)
    values = rng.integers(0, 256, (n, height, width, channels))
    return channels_last(values.astype(dtype))


def vectors(n=10, features=6):
    return np.random.default_rng(5).normal(3, 2, (n, features)).astype(np.float32)


def test_per_channel_by_hand():
    x = channels_last(np.array([[[[0, 10], [4, 10]]], [[[8, 10], [4, 10]]]], np.uint8))  # 2×2×1×2
    fitted = Normalisation.fit(x, "per_channel")
    assert fitted.offset == (4.0, 10.0)
    assert fitted.divisor == (8**0.5, 1.0)  # a deviation of zero counts as 1
    y = fitted.apply(x, (2, 1, 2))
    np.testing.assert_allclose(y[:, 0, 0], np.array([[-4, 0], [4, 0]]) / 8**0.5, rtol=1e-6)
    np.testing.assert_array_equal(y[:, 1], 0)


@pytest.mark.parametrize("x", [images(), images(dtype=np.float32), vectors(), images(3000), vectors(60000, 5)])
@pytest.mark.parametrize("mode", MODES)
def test_against_the_plain_expression_in_float64(x, mode):
    exact = x.astype(np.float64)
    if mode == "per_channel":
        axes = (0, 2, 3) if x.ndim == 4 else (0, 1)
        offset, divisor = exact.mean(axes, keepdims=True), exact.std(axes, keepdims=True)
    elif mode == "per_feature":
        offset, divisor = exact.mean(0, keepdims=True), exact.std(0, keepdims=True)
    elif mode == "unit":
        low, high = (0, 255) if x.dtype == np.uint8 else (exact.min(), exact.max())
        offset, divisor = low, high - low
    else:
        offset, divisor = 0, 1
    expected = (exact - offset) / divisor
    fitted = Normalisation.fit(x, mode)
    y = fitted.apply(x, x.shape[1:])
    assert y.dtype == np.float32
    assert y.shape == x.shape
    assert preparation.in_memory_order(y).flags.c_contiguous
    np.testing.assert_allclose(y, expected, rtol=2e-6, atol=2e-6)
    if x.ndim == 4:
        flat = fitted.apply(x, (x[0].size,))
        assert flat.flags.c_contiguous
        np.testing.assert_array_equal(flat, y.reshape(len(x), -1))


def test_bytes_fill_zero_to_one_in_unit():
    x = np.array([[0, 51, 255]], np.uint8)
    assert Normalisation.fit(x[:, :1].repeat(3, 1), "unit").apply(x, (3,)).tolist() == [[0.0, np.float32(0.2), 1.0]]


def test_floats_fill_zero_to_one_in_unit():
    x = np.array([[-2, 0.5], [3, 1]], np.float32)
    np.testing.assert_allclose(Normalisation.fit(x, "unit").apply(x, (2,)), [[0, 0.5], [1, 0.6]], rtol=1e-6)


@pytest.mark.parametrize("mode", ["per_channel", "per_feature", "unit"])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 1e-42])
def test_constant_data_become_zero_and_stay_finite(mode, value):
    x = np.full((7, 3), value, np.float32)
    fitted = Normalisation.fit(x, mode)
    assert set(fitted.divisor) == {1.0}
    np.testing.assert_array_equal(fitted.apply(x, (3,)), 0)


@pytest.mark.parametrize("value", [1e6, -1e6])
def test_what_differs_by_rounding_alone_counts_as_constant(value):
    """Two neighbouring float32: around a million, 1/16 apart."""
    x = np.array([[value], [np.nextafter(np.float32(value), np.float32(0))]], np.float32)
    assert abs(x[0, 0] - x[1, 0]) == 1 / 16
    assert Normalisation.fit(x, "per_feature").divisor == (1.0,)


def test_constants_come_from_the_chosen_samples_alone():
    x = images()
    chosen = np.array([7, 2, 5])
    for mode in MODES:
        assert Normalisation.fit(x, mode, chosen) == Normalisation.fit(x[np.sort(chosen)], mode)
    assert Normalisation.fit(x, "per_channel", chosen) != Normalisation.fit(x, "per_channel")


def test_images_in_any_memory_order_give_the_same():
    x = images()
    fitted = Normalisation.fit(x, "per_feature")
    other = np.ascontiguousarray(x)
    assert not preparation.in_memory_order(other).flags.c_contiguous
    np.testing.assert_array_equal(fitted.apply(other, (3, 4, 5)), fitted.apply(x, (3, 4, 5)))
    assert Normalisation.fit(other, "per_feature") == fitted


def test_memory_is_reused():
    x = images()
    fitted = Normalisation.fit(x, "per_channel")
    for shape in ((3, 4, 5), (60,)):
        expected = fitted.apply(x, shape)
        out = fitted.apply(x[::-1], shape)
        assert fitted.apply(x, shape, out=out) is out
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    "out",
    [
        np.empty((10, 3, 4, 5), np.float32),  # not channels last
        channels_last(np.empty((10, 4, 5, 3), np.float16)),
        channels_last(np.empty((9, 4, 5, 3), np.float32)),
        np.empty((10, 60), np.float32),
    ],
)
def test_unfit_memory_is_refused(out):
    with pytest.raises(ValueError, match=r"out must be 10×3×4×5 of float32"):
        Normalisation.fit(images(), "none").apply(images(), (3, 4, 5), out=out)


def test_no_samples_give_none():
    assert Normalisation.fit(images(), "per_channel").apply(images(0), (3, 4, 5)).shape == (0, 3, 4, 5)


def test_other_shapes_are_refused():
    fitted = Normalisation.fit(images(), "unit")
    with pytest.raises(DataError, match="the samples are 1×4×5, but the normalisation is for 3×4×5"):
        fitted.apply(images(channels=1), (3, 4, 5))
    with pytest.raises(DataError, match="the samples of the data are 3×4×5, but the network's input is 3×5×4"):
        fitted.apply(images(), (3, 5, 4))


def test_unknown_mode_and_empty_part_are_refused():
    with pytest.raises(
        DataError, match='unknown normalisation "zscore"; known: auto, per_channel, per_feature, unit, none'
    ):
        Normalisation.fit(images(), "zscore")
    with pytest.raises(DataError, match="there are no training samples"):
        Normalisation.fit(images(0), "per_channel")


@pytest.mark.parametrize("x", [images(), vectors()])
@pytest.mark.parametrize("mode", MODES)
def test_json_brings_back_every_bit(x, mode):
    fitted = Normalisation.fit(x, mode)
    again = Normalisation.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    np.testing.assert_array_equal(again.apply(x, x.shape[1:]), fitted.apply(x, x.shape[1:]))


@given(offset=st.floats(-1e150, 1e150), divisor=st.floats(1e-150, 1e150))
def test_any_constants_survive_json(offset, divisor):
    constants = Normalisation("per_channel", (4,), (offset,), (divisor,))
    assert Normalisation.from_json(json.loads(json.dumps(constants.to_json()))) == constants


GOOD = {"mode": "per_channel", "shape": [3, 4, 5], "offset": [1.0, 2.0, 3.0], "divisor": [1.0, 1.0, 1.0]}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (None, "found None, where mode, shape, offset, divisor are needed"),
        ([], "found [], where mode, shape, offset, divisor are needed"),
        ({}, "found nothing, where mode, shape, offset, divisor are needed"),
        *(
            ({key: value for key, value in GOOD.items() if key != left_out}, "where mode, shape, offset, divisor are")
            for left_out in GOOD
        ),
        ({**GOOD, "scale": 1}, "found mode, shape, offset, divisor, scale, where"),
        ({**GOOD, "mode": "zscore"}, "mode is 'zscore', where one of per_channel, per_feature, unit, none is needed"),
        ({**GOOD, "mode": ["unit"]}, "mode is ['unit'], where one of"),
        *(
            ({**GOOD, "shape": shape}, f"shape is {shape!r}, where the size of a vector or of C×H×W is needed")
            for shape in ([3, 4], [3, 4, 0], [], [3, 4, "5"], [3, 4, True], [3, 4, 5.0], 3, None, "abc")
        ),
        ({**GOOD, "offset": [1.0, 2.0]}, 'offset has 2 numbers, where "per_channel" of 3×4×5 needs 3'),
        ({**GOOD, "offset": [1.0] * 60}, 'offset has 60 numbers, where "per_channel" of 3×4×5 needs 3'),
        ({**GOOD, "mode": "per_feature"}, 'offset has 3 numbers, where "per_feature" of 3×4×5 needs 60'),
        ({**GOOD, "mode": "unit"}, 'offset has 3 numbers, where "unit" of 3×4×5 needs 1'),
        ({**GOOD, "shape": [3]}, 'offset has 3 numbers, where "per_channel" of 3 needs 1'),
        ({**GOOD, "divisor": []}, 'divisor has 0 numbers, where "per_channel" of 3×4×5 needs 3'),
        ({**GOOD, "divisor": None}, 'divisor is None, where "per_channel" of 3×4×5 needs 3'),
        *(
            ({**GOOD, "offset": [0, value, 0]}, f"offset[1] is {value!r:.40}, where a number from -1e+150 to 1e+150 is")
            for value in ("1", None, True, float("nan"), float("inf"), 1e300, 10**400, [1.0])
        ),
        *(
            ({**GOOD, "divisor": [1, 1, value]}, f"divisor[2] is {value!r:.40}, where a number from 1e-150 to 1e+150")
            for value in (0.0, -1.0, 1e300, -float("inf"), float("nan"), "2", 1e-300, None)
        ),
        (
            {"mode": "none", "shape": [2], "offset": [1.0], "divisor": [1.0]},
            '"none" has the offset 1.0 and the divisor 1.0, where 0 and 1 are needed',
        ),
    ],
)
def test_damaged_constants_are_told(values, problem):
    with pytest.raises(DataError) as refused:
        Normalisation.from_json(values)
    assert str(refused.value).startswith("the normalisation's constants are damaged: ")
    assert problem in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("mode", ["per_channel", "per_feature", "unit"])
def test_numbers_whose_constants_could_not_be_read_again_are_refused(mode):
    x = np.linspace(1, 2, 12).reshape(6, 2)
    assert Normalisation.from_json(Normalisation.fit(x * 1e149, mode).to_json()).mode == mode
    with pytest.raises(DataError, match=r"column \d of the inputs varies .*: such large numbers overflow"):
        Normalisation.fit(x * 1e200, mode)
    assert Normalisation.fit(x * 1e200, "none").offset == (0.0,)
