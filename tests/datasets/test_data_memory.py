"""The memory that samples take is known before they are loaded, and is no less than loading takes."""

import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.base import DATASETS
from graphnn.datasets.data_memory import UNKNOWN, DataMemory, data_memory
from graphnn.datasets.loading import load

IMAGES = (2000, 3, 20, 20)
SPARE = 3 * 2**20  # bytes: the chunks in which files are read and values looked through


def written(folder: Path, x: Any, y: Any = None) -> Path:
    y = np.arange(len(x)) % 7 if y is None else y
    np.savez(folder / "data.npz", x_train=x, y_train=y, x_test=x[:50], y_test=y[:50], other=np.zeros(10**6))
    return folder / "data.npz"


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((12_000, 200), np.uint8),
        ((12_000, 200), np.float32),
        ((12_000, 200), np.float64),
        ((12_000, 200), np.int16),
        ((3000, 28, 28), np.float32),
        ((3000, 1, 28, 28), np.float64),
        (IMAGES, np.uint8),
        (IMAGES, np.float32),
        (IMAGES, np.float64),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_loading_takes_no_more(tmp_path: Path, shape: tuple[int, ...], dtype: Any, order: Any) -> None:
    file = written(tmp_path, np.random.default_rng(0).integers(0, 200, shape).astype(dtype, order=order))
    said = data_memory("npz", file)
    tracemalloc.start()
    try:
        dataset = load("npz", path=file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    arrays = (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test)
    assert sum(array.nbytes for array in arrays) == said.stored
    assert said.stored <= said.loading
    assert said.samples == len(dataset.x_train) + len(dataset.x_test)
    assert 0.9 * said.loading < peak < said.loading + SPARE


def test_published_data() -> None:
    dataset, said = load("digits"), data_memory("digits", None)
    assert said.stored == sum(x.nbytes for x in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test))


def test_every_published_data_set_says_how_many_samples_it_has() -> None:
    counts = {name: dataset.facts.samples for name, dataset in DATASETS.items() if dataset.facts is not None}
    photographs, grey = (
        dict.fromkeys(("cifar10", "cifar100"), 60_000),
        dict.fromkeys(("fashion_mnist", "mnist"), 70_000),
    )
    assert counts == {**photographs, **grey, "digits": 1_797}
    assert data_memory("cifar10", None) == DataMemory(60_000 * 3080, 2 * 60_000 * 3080, 60_000)


def test_what_cannot_be_told(tmp_path: Path) -> None:
    """Loading says what is wrong with these; nothing hangs."""
    file = written(tmp_path, np.zeros((10, 3)))
    (tmp_path / "cut.npz").write_bytes(file.read_bytes()[:1000])
    np.savez(tmp_path / "less.npz", x_train=np.zeros((10, 3)))
    with zipfile.ZipFile(tmp_path / "header.npz", "w") as archive:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{key}.npy", b"\x93NUMPY\x01\x00\x0e\x00{'descr': 1}  \n")
    unclosed = {"brace": ")", "shape": ", }", "nothing": ""}  # what such a header ends with, or lacks
    for name, end in unclosed.items():
        with zipfile.ZipFile(tmp_path / f"{name}.npz", "w") as archive:
            for key in ("x_train", "y_train", "x_test", "y_test"):
                text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4{end}".encode().ljust(117) + b"\n"
                archive.writestr(f"{key}.npy", b"\x93NUMPY\x01\x00\x76\x00" + text)
    forged = tmp_path / "forged.npz"
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"(10, 3)", b"(99, 3)"))
    os.mkfifo(tmp_path / "pipe.npz")
    names = ("cut.npz", "less.npz", "header.npz", "forged.npz", "pipe.npz", "none.npz", ".")
    names += tuple(f"{name}.npz" for name in unclosed)
    assert [data_memory("npz", tmp_path / name) for name in names] == [UNKNOWN] * len(names)
    assert data_memory("npz", Path("/dev/zero")) == data_memory("npz", None) == UNKNOWN
