"""The memory that loading a data file takes: compared with what there is before, and not more than needed."""

import tracemalloc

import numpy as np
import pytest

from graphnn.datasets import npz
from graphnn.datasets.loading import load
from graphnn.errors import DataError
from graphnn.metrics.outputs import Classes
from graphnn.storage.archives import Archive


@pytest.mark.parametrize("changed", [{}, {"fortran": True}, {"dtype": np.float64}])
def test_data_that_do_not_fit_are_refused_before_they_are_unpacked(write_npz, monkeypatch, changed):
    x = np.zeros((60, 400), changed.get("dtype", np.float32), order="F" if "fortran" in changed else "C")
    path = write_npz(x_train=x, y_train=np.arange(60), x_test=x[:3], class_names=np.array([str(i) for i in range(60)]))
    copies = 0 if not changed else 60 * 400 * 4
    needed = 63 * 400 * x.itemsize + 63 * 8 + 60 * 2 * 4 + copies
    with monkeypatch.context() as patch:
        patch.setattr(Archive, "read", None)
        patch.setattr(npz, "shortage", lambda bytes: "there are fewer" if bytes == needed else None)
        with pytest.raises(DataError) as refused:
            load("npz", path=path)
    size, total = ("187.5 KiB", "197.8 KiB") if x.itemsize == 8 else ("93.8 KiB", "99.4 KiB")
    more = ", and 93.8 KiB more to convert them" if copies else ""
    assert str(refused.value) == (
        f"{path}: x_train is 60×400 of {x.dtype}: {size} unpacked; all arrays take {total}{more}, but there are fewer"
    )
    monkeypatch.setattr(npz, "shortage", lambda bytes: "there are fewer" if bytes > needed else None)
    assert load("npz", path=path).shape == (400,)


@pytest.mark.parametrize(
    ("shape", "dtype", "targets"),
    [((4000, 3, 32, 32), np.uint8, False), ((1000, 3072), np.float32, False), ((500, 3072), np.float32, True)],
)
def test_types_that_stay_take_little_more_than_their_size(write_npz, shape, dtype, targets):
    x = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8).astype(dtype)
    y = x if targets else np.arange(len(x)) % 10
    path = write_npz(x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    tracemalloc.start()
    data = load("npz", path=path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(data.x_train, x)
    assert peak < path.stat().st_size + 4_000_000


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.float32])
def test_one_hot_rows_take_little_more_than_their_size(write_npz, dtype):
    y = np.eye(1000, dtype=dtype)[np.arange(8000) % 1000]
    x = np.zeros((8000, 1), np.float32)
    path = write_npz(x_train=x, y_train=y, x_test=x, y_test=y)
    tracemalloc.start()
    data = load("npz", path=path, outputs=Classes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.y_train.tolist() == (np.arange(8000) % 1000).tolist()
    assert peak < path.stat().st_size + 4_000_000
