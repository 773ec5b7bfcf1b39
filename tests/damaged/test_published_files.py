"""Damaged files of MNIST and CIFAR-10 never load without a word: they are refused, or a note says what is not known."""

import gzip
import hashlib
import runpy
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import cifar10, cifar_files, cifar_set, mnist
from graphnn.datasets.base import Dataset
from graphnn.datasets.loading import load

FOLDER = Path(__file__).parent
MUTATIONS, OUTCOMES = (runpy.run_path(str(FOLDER / f"{name}.py")) for name in ("mutations", "outcomes"))
RNG = np.random.default_rng(8)
MEMORY = 8_000_000
KINDS = ("idx", "zipped idx", "batch", "batch with known checksums")
Set = tuple[Path, Callable[[], Dataset]]


def idx(array: Any) -> bytes:
    """Return an IDX file of bytes."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + np.asarray(array, np.uint8).tobytes()


def small_mnist(folder: Path, patch: pytest.MonkeyPatch, *, zipped: bool) -> Set:
    """Write MNIST of eight images, known as the published one; return a file of it, and what loads it."""
    arrays = {
        "train-images-idx3-ubyte": RNG.integers(0, 256, (5, 28, 28)),
        "train-labels-idx1-ubyte": np.array([5, 0, 4, 1, 9]),
        "t10k-images-idx3-ubyte": RNG.integers(0, 256, (3, 28, 28)),
        "t10k-labels-idx1-ubyte": np.array([7, 2, 1]),
    }
    contents = {name: idx(array) for name, array in arrays.items()}
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content) if zipped else content)
    known = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}
    patch.setattr(mnist, "UNPACKED", known)
    chosen = f"t10k-labels-idx1-ubyte{'.gz' if zipped else ''}"
    return folder / chosen, lambda: load("mnist", data_dir=folder)


def small_cifar10(folder: Path, patch: pytest.MonkeyPatch, *, checksums: bool) -> Set:
    """Write CIFAR-10 of ten images a file; return a file of it, and what loads it."""
    patch.setattr(cifar10, "RECORDS", 10)
    sums = ""
    for name in cifar10.files().batches:
        records = RNG.integers(0, 256, (10, 3073), dtype=np.uint8)
        records[:, 0] = RNG.permutation(10)
        (folder / name).write_bytes(records.tobytes())
        sums += f"{hashlib.sha256(records.tobytes()).hexdigest()}  {name}\n"
    if checksums:
        (folder / cifar_files.SUMS).write_text(sums)
    return folder / cifar10.TRAIN[2], lambda: load("cifar10", data_dir=folder)


def prepared(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Set:
    """Return a file of a small data set, and what loads that."""
    if kind.endswith("idx"):
        return small_mnist(folder, patch, zipped=kind.startswith("zipped"))
    return small_cifar10(folder, patch, checksums=kind.endswith("checksums"))


def try_all(kind: str, seeds: range, folder: Path, patch: pytest.MonkeyPatch) -> Counter[str]:
    """Try damaged files of one kind. What loads without a note must be what was written."""
    path, read = prepared(kind, folder, patch)
    first, content = read(), path.read_bytes()
    if kind != "batch":
        assert first.notes == ()

    def fault() -> str | None:
        data = read()
        pairs = ((getattr(data, name), getattr(first, name)) for name in ("x_train", "y_train", "x_test", "y_test"))
        same = all(np.array_equal(one, other) for one, other in pairs)
        return None if same or data.notes else "other values, and no note"

    found: Counter[str] = OUTCOMES["outcomes"](content, MUTATIONS["damaged"], seeds, path, fault, MEMORY)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_thirty_damaged_files(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert try_all(kind, range(30), tmp_path, monkeypatch)["refused"] >= 10


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_damaged_files(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = try_all(kind, range(1000, 2000), tmp_path, monkeypatch)
    assert found["refused"] >= 500
    if kind.endswith("checksums"):
        assert found["loaded"] == 0


def test_a_silent_load_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the other tests demand fails where it should."""
    monkeypatch.setattr(cifar_set, "check_sums", lambda *_: None)
    with pytest.raises(AssertionError, match="other values, and no note"):
        try_all("batch with known checksums", range(30), tmp_path, monkeypatch)
