"""Inputs in the memory order and type of a data set, without more memory than they need."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import layout
from graphnn.datasets.layout import laid_out


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64, np.float16, np.bool_])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(7, 5), (7, 1, 2, 3), (7, 3, 2, 5), (7, 4, 1, 1), (1, 2, 3, 4)])
@pytest.mark.parametrize("target", [None, np.float32])
def test_values_stay_and_memory_is_in_order(shape: Any, dtype: Any, order: Any, target: Any) -> None:
    x = np.random.default_rng(1).integers(0, 200, shape).astype(dtype)
    found = laid_out(np.array(x, order=order), target)
    np.testing.assert_array_equal(found, x.astype(target or dtype))
    assert found.dtype == (target or dtype)
    assert (found.transpose(0, 2, 3, 1) if x.ndim == 4 else found).flags.c_contiguous


def test_blocks_that_do_not_divide_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BLOCK", 100)
    x = np.arange(7 * 24).reshape(7, 2, 3, 4).astype(np.uint8)
    np.testing.assert_array_equal(laid_out(x.copy()), x)
    np.testing.assert_array_equal(laid_out(x.copy(), np.float32), x.astype(np.float32))


def test_arrays_that_must_not_be_changed_are_copied() -> None:
    x = np.arange(24, dtype=np.uint8).reshape(1, 2, 3, 4)
    x.flags.writeable = False
    before = x.copy()
    np.testing.assert_array_equal(laid_out(x), before)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("shape", [(2000, 3, 32, 32), (2000, 1, 32, 96), (2000, 3072)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_inputs_that_keep_their_type_are_moved_where_they_lie(shape: Any, dtype: Any) -> None:
    x = np.zeros(shape, dtype)
    tracemalloc.start()
    found = laid_out(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.shares_memory(found, x)
    assert peak < 2**20 + 100_000 < x.nbytes
