"""Inputs keep their digits: whatever the units and the zero of a column, it is normalised alike, or refused by name."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.loading import load
from graphnn.datasets.precision import loses_nothing
from graphnn.datasets.preparation import Normalisation
from graphnn.errors import DataError
from graphnn.types import Array

SIZE = 200


def column(rng: np.random.Generator) -> Array:
    """Return float64 values of one of some distributions, with a deviation of about 1."""
    return [
        rng.normal(size=SIZE),
        rng.integers(0, 3, SIZE).astype(np.float64),
        rng.exponential(size=SIZE),
        np.where(rng.random(SIZE) < 0.05, 5.0, 0.0) + (np.arange(SIZE) == 0),
    ][rng.integers(4)]


def changed(values: Array, rng: np.random.Generator) -> Array:
    """Return values · scale + offset for a random scale and an offset of up to 1e12 deviations."""
    scale = 10.0 ** rng.uniform(-30, 22)
    offset = rng.choice((0.0, 1.0, -1.0)) * 10.0 ** rng.uniform(-3, 12)
    return scale * (values + offset)


def inputs(x: Array, mode: str) -> Array | str:
    """Return the normalised inputs, or the message where they are refused."""
    try:
        return Normalisation.fit(x, mode).apply(x, (3,))
    except DataError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(300))
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_an_affine_change_of_a_column_changes_no_input_or_is_refused_by_name(
    seed: int, kind: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    plain = np.stack([column(rng) for _ in range(3)], axis=1)
    other = plain.copy()
    other[:, 1] = changed(plain[:, 1], rng)
    found = inputs(other if kind == "memory" else stored(tmp_path, other), "per_feature")
    if isinstance(found, str):  # float64 itself keeps fewer than seven digits of a deviation
        assert np.abs(other[:, 1]).max() > 1e9 * other[:, 1].std()
        assert "column 1 " in found
    else:
        np.testing.assert_allclose(found, inputs(plain, "per_feature"), atol=1e-5, rtol=1e-5)


def stored(folder: Path, x: Array) -> Array:
    """Return x as it is loaded from a file."""
    y = np.arange(len(x)) % 2
    np.savez(folder / "a.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    return load("npz", path=folder / "a.npz").x_train


@pytest.mark.parametrize("seed", range(100))
def test_an_affine_change_of_all_inputs_changes_none_in_unit_or_is_refused_by_name(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = np.stack([column(rng) for _ in range(3)], axis=1)
    other = changed(plain, rng)
    found = inputs(other, "unit")
    if isinstance(found, str):  # "unit" subtracts one number from all columns, and float32 has too few digits of some
        assert np.abs(other).max() > 1e4 * other.std()
        assert "column " in found
    else:
        np.testing.assert_allclose(found, inputs(plain, "unit"), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", ["per_channel", "none", "unit"])
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_a_column_whose_variation_float32_would_lose_is_named(mode: str, dtype: Any) -> None:
    """Seconds of a minute in 2023, beside a small number."""
    seconds = 1_700_000_000 + np.arange(61)
    x = np.stack([np.arange(61) % 5, seconds], axis=1).astype(dtype)
    with pytest.raises(DataError, match=rf'column 1 of the inputs .*"{mode}".*"per_feature"; or subtract 1700000000'):
        Normalisation.fit(x, mode)
    Normalisation.fit(x, "per_feature")
    images = x.reshape(61, 2, 1, 1)
    if mode != "per_channel":
        with pytest.raises(DataError, match="column 1 "):
            Normalisation.fit(images, mode)
    x[:, 1] = 2023
    Normalisation.fit(x, mode)


def test_timestamps_are_as_good_as_seconds() -> None:
    seconds = np.arange(61).repeat(2).reshape(61, 2)
    plain = Normalisation.fit(seconds.astype(np.uint8), "per_feature").apply(seconds.astype(np.uint8), (2,))
    for x in (seconds + 1.7e9, seconds + 1_700_000_000, (seconds + 2**38).astype(np.uint64)):
        np.testing.assert_allclose(Normalisation.fit(x, "per_feature").apply(x, (2,)), plain, atol=1e-6)
    with pytest.raises(DataError, match=r"column 0 of the inputs varies by 60 from .* \(and 1 more are such\)"):
        Normalisation.fit(seconds + 2**60, "per_feature")


def test_numbers_that_differ_by_rounding_alone_are_constant() -> None:
    tenths = np.array([[0.1 + 0.2, 1.0], [0.3, 2.0]])
    for mode in ("per_feature", "per_channel", "unit", "none"):
        y = Normalisation.fit(tenths, mode).apply(tenths, (2,))
        assert y[0, 0] == pytest.approx(y[1, 0])


@pytest.mark.parametrize(("values", "kept"), [(0.1 + np.arange(8) / 7, True), (1000 + np.arange(8), True)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_ordinary_numbers_are_stored_as_float32(values: Array, kept: bool, order: str, tmp_path: Path) -> None:
    x = np.stack([values, np.full(8, 0.1)], axis=1).astype(f"{order}f8")
    assert loses_nothing(x) == kept
    assert stored(tmp_path, x).dtype == np.float32


@pytest.mark.parametrize(
    "values",
    [
        1.7e9 + np.arange(8),
        0.1 + np.arange(8) * 1e-9,
        2**24 + np.arange(8),
        2.0**30 + 128 * np.arange(8),  # exact in float32, but like rounding errors in it
    ],
)
def test_numbers_that_float32_would_round_or_seem_to_are_stored_as_they_are(values: Array, tmp_path: Path) -> None:
    found = stored(tmp_path, np.stack([values, values], axis=1))
    assert found.dtype == values.dtype
    assert found[:, 0].tolist() == values.tolist()


def test_float32_with_large_means_is_normalised_in_float64() -> None:
    """16,777,216 ± 8: neighbours are 1 or 2 apart, and float32 cannot hold their mean."""
    rng = np.random.default_rng(0)
    x = (2.0**24 + rng.integers(-8, 8, (500, 2))).astype(np.float32)
    exact = x.astype(np.float64)
    expected = (exact - exact.mean(0)) / exact.std(0)
    np.testing.assert_allclose(Normalisation.fit(x, "per_feature").apply(x, (2,)), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("mode", ["per_channel", "per_feature", "unit", "none"])
def test_ordinary_inputs_are_normalised_in_float32_to_the_bit(dtype: Any, mode: str) -> None:
    x = np.random.default_rng(1).integers(0, 256, (50, 12)).astype(dtype)
    fitted = Normalisation.fit(x, mode)
    offset, divisor = (np.array(values, np.float32) for values in (fitted.offset, fitted.divisor))
    np.testing.assert_array_equal(fitted.apply(x, (12,)), (x.astype(np.float32) - offset) / divisor)
    assert not math.isclose(fitted.divisor[0], 1.0) or mode == "none"


@pytest.mark.parametrize("mode", ["per_channel", "per_feature", "unit"])
@pytest.mark.parametrize("kind", ["memory", "file", "float32"])
@pytest.mark.parametrize("power", [-38, -40, -42, -100, -139, -149, -160, -200, -320])
def test_numbers_of_any_smallness_are_normalised_or_refused_by_name(
    power: int, kind: str, mode: str, tmp_path: Path
) -> None:
    x = np.random.default_rng(0).normal(size=(SIZE, 3)) * 10.0**power
    if kind == "float32":
        x = x.astype(np.float32)
        if not x.any():
            return
    plain = x / x.std(dtype=np.float64) if power > -140 else x
    found = inputs(x if kind != "file" else stored(tmp_path, x), mode)
    if power <= -149:
        assert isinstance(found, str)
        assert "of the inputs varies by" in found
        assert found.endswith("such small numbers are lost; take another unit")
    else:
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, inputs(plain, mode), atol=1e-5)


def test_small_numbers_are_refused_where_nothing_normalises_them() -> None:
    found = inputs(np.random.default_rng(0).normal(size=(SIZE, 3)) * 1e-60, "none")
    assert isinstance(found, str)
    assert found.endswith("such small numbers are lost; take another unit")


def test_an_integer_to_subtract_has_all_its_digits() -> None:
    x = np.int64(2**63 - 1) - np.arange(60)[:, None]
    x = np.repeat(x, 3, axis=1)
    found = inputs(x, "per_feature")
    assert isinstance(found, str)
    assert found.endswith(f"or subtract {2**63 - 60} from it")


def test_float32_of_the_other_byte_order_is_refused_alike() -> None:
    x = np.random.default_rng(0).random((SIZE, 3)) + np.array([0, 0, 1e7])
    found = inputs(x.astype(">f4"), "per_channel")
    assert isinstance(found, str)
    assert found == inputs(x.astype("<f4"), "per_channel")


def test_subtracting_is_advised_where_it_helps_alone() -> None:
    rng = np.random.default_rng(0)
    small = np.stack([1e9 * rng.normal(size=SIZE), rng.normal(size=SIZE)], axis=1)
    with pytest.raises(DataError, match="column 1 of the inputs") as error:
        Normalisation.fit(small, "per_channel")
    assert str(error.value).endswith('set data.normalize to "per_feature"')
