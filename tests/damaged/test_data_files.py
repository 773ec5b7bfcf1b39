"""Damaged data files of the user's own load as they are, or are refused in one line that names the file."""

import io
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.base import Dataset
from graphnn.datasets.data_memory import data_memory
from graphnn.datasets.loading import load

FOLDER = Path(__file__).parent
MUTATIONS, OUTCOMES = (runpy.run_path(str(FOLDER / f"{name}.py")) for name in ("mutations", "outcomes"))
RNG = np.random.default_rng(7)
LABELS = {"y_train": np.arange(12) % 3, "y_test": np.arange(6) % 3}
ARRAYS: dict[str, dict[str, Any]] = {
    "vectors": {
        "x_train": RNG.normal(size=(12, 5)).astype(np.float32),
        "x_test": RNG.normal(size=(6, 5)).astype(np.float32),
        **LABELS,
        "class_names": np.array(["cat", "dog", "owl"]),
    },
    "images": {
        "x_train": RNG.integers(0, 256, (12, 3, 4, 4), dtype=np.uint8),
        "x_test": RNG.integers(0, 256, (6, 3, 4, 4), dtype=np.uint8),
        **LABELS,
    },
    "targets": {
        "x_train": np.asfortranarray(RNG.normal(size=(12, 5))),
        "x_test": RNG.normal(size=(6, 5)),
        "y_train": RNG.normal(size=(12, 2)),
        "y_test": RNG.normal(size=(6, 2)),
    },
}
MEMORY = 4_000_000  # bytes, of which a block that is read at a time takes 1 MiB


def archive(kind: str, *, compressed: bool) -> bytes:
    """Return a data file."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **ARRAYS[kind])
    return file.getvalue()


def fault_of(data: Dataset) -> str | None:
    """Return what is wrong with a data set that should not have been loaded so."""
    if len(data.x_train) != len(data.y_train) or len(data.x_test) != len(data.y_test):
        return "x and y differ in length"
    if not all(np.isfinite(array).all() for array in (data.x_train, data.y_train, data.x_test, data.y_test)):
        return "not finite"
    if data.x_train.shape[1:] != data.x_test.shape[1:]:
        return "the parts differ in shape"
    if data.classes is not None and not all(0 <= y.min() <= y.max() < len(data.classes) for y in labels(data)):
        return "labels beyond the classes"
    return None


def labels(data: Dataset) -> tuple[Any, Any]:
    """Return the labels of both parts."""
    return data.y_train, data.y_test


def changed(data: Dataset, first: Dataset) -> str | None:
    """Return which values are not those that were written, where only bytes were damaged."""
    pairs = {name: (getattr(data, name), getattr(first, name)) for name in ("x_train", "y_train", "x_test", "y_test")}
    others = [name for name, (one, other) in pairs.items() if not np.array_equal(one, other)]
    return f"other values in {', '.join(others)}" if others else None


def as_training_does(path: Path) -> Dataset:
    """Load a data file, after asking how much memory it takes."""
    data_memory("npz", path)
    return load("npz", path=path)


def try_all(kind: str, seeds: range, path: Path, *, compressed: bool) -> Counter[str]:
    """Try data files with damage to bytes, which checksums tell, and to members with right checksums."""
    content = archive(kind, compressed=compressed)
    path.write_bytes(content)
    first = load("npz", path=path)

    def read() -> str | None:
        data = as_training_does(path)
        return fault_of(data) or changed(data, first)

    def read_any() -> str | None:
        return fault_of(as_training_does(path))

    half = seeds[: len(seeds) // 2]
    found: Counter[str] = OUTCOMES["outcomes"](content, MUTATIONS["damaged"], half, path, read, MEMORY)
    rest = seeds[len(half) :]
    return found + OUTCOMES["outcomes"](content, MUTATIONS["damaged_archive"], rest, path, read_any, MEMORY)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ARRAYS)
def test_thirty_damaged_data_files(kind: str, compressed: bool, tmp_path: Path) -> None:
    found = try_all(kind, range(30), tmp_path / "own.npz", compressed=compressed)
    assert found["refused"] >= 10


@pytest.mark.long
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ARRAYS)
def test_a_thousand_damaged_data_files(kind: str, compressed: bool, tmp_path: Path) -> None:
    found = try_all(kind, range(1000, 2000), tmp_path / "own.npz", compressed=compressed)
    assert found["refused"] >= 500
    assert found["loaded"] >= 50


@pytest.mark.parametrize("fault", ["traceback", "silent", "memory", "pickle"])
def test_a_fault_is_seen(fault: str, tmp_path: Path) -> None:
    """What the other tests demand fails where it should."""
    path = tmp_path / "own.npz"
    content = archive("vectors", compressed=False)

    def read() -> str | None:
        if fault == "traceback":
            raise KeyError("x")
        if fault == "memory":
            bytearray(MEMORY + 1)
        if fault == "pickle":
            np.load(io.BytesIO(objects()), allow_pickle=True)
        return "other values" if fault == "silent" else None

    with pytest.raises(AssertionError, match="3 faults"):
        OUTCOMES["outcomes"](content, MUTATIONS["damaged"], range(3), path, read, MEMORY)


def objects() -> bytes:
    """Return a .npy file of pickled objects."""
    file = io.BytesIO()
    np.save(file, np.array([{}, None], dtype=object), allow_pickle=True)
    return file.getvalue()
