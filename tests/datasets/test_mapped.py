"""Inputs that stay in their file: they are as loaded ones to the last bit, and take no memory."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.datasets import array_files
from graphnn.datasets.base import Dataset
from graphnn.datasets.batches import rows
from graphnn.datasets.data_memory import data_memory
from graphnn.datasets.digest import digests
from graphnn.datasets.limit import limited
from graphnn.datasets.loading import load
from graphnn.datasets.mapped import MappedInputs
from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import range_of
from graphnn.errors import DataError
from graphnn.training.samples import Samples
from graphnn.types import Array

KINDS = {
    "bytes": lambda rng, shape: rng.integers(0, 256, shape, dtype=np.uint8),
    "float64": lambda rng, shape: rng.normal(3, 2, shape),
    "float64 that float32 cannot hold": lambda rng, shape: 1e6 + rng.normal(0, 0.01, shape),
    "big-endian": lambda rng, shape: rng.normal(0, 1, shape).astype(">f4"),
    "int16": lambda rng, shape: rng.integers(-900, 900, shape).astype(np.int16),
    "bool": lambda rng, shape: rng.integers(0, 2, shape).astype(bool),
    "float16": lambda rng, shape: rng.normal(0, 1, shape).astype(np.float16),
}
SHAPES = {"vectors": (7,), "grey images": (5, 4), "images": (3, 5, 4), "one channel": (1, 5, 4)}


@pytest.fixture
def mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let inputs of any size stay in their file."""
    monkeypatch.setattr(array_files, "MAPPED_FROM", 0)


def write(folder: Path, kind: str, shape: tuple[int, ...], *, whole: bool = False, count: int = 40) -> Path:
    """Write the same arrays as own.npz, not compressed, and as .npy files in own/; return the file."""
    rng = np.random.default_rng(4)
    arrays = {"x_train": KINDS[kind](rng, (count, *shape)), "y_train": np.arange(count) % 3}
    if not whole:
        arrays |= {"x_test": KINDS[kind](rng, (9, *shape)), "y_test": np.arange(9) % 3}
    np.savez(folder / "own.npz", **arrays)  # type: ignore[arg-type]
    (folder / "own").mkdir()
    for name, array in arrays.items():
        np.save(folder / "own" / f"{name}.npy", array)
    return folder / "own.npz"


def prepared(data: Dataset, mode: str) -> list[Any]:
    """Return what training makes of a data set, to compare bit by bit."""
    training = Samples(data.x_train, data.y_train, np.array([3, 1, 30, 2, 9]))
    normalisation = Normalisation.fit(data.x_train, mode, np.arange(2, 30))
    samples = Samples(data.x_train, data.y_train, training.indices, normalisation)
    inputs, labels = samples.take(np.array([4, 0, 2]), data.shape, 0)
    few = limited(data, 8, 1)
    return [
        digests(data), digests(few), normalisation.to_json(), inputs.tobytes(), inputs.strides, labels.tobytes(),
        range_of(data.x_train), data.x_train.dtype, data.x_train.nbytes, rows(data.x_test, np.array([1, 0])).tobytes(),
    ]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_mapped_samples_have_the_bits_of_loaded_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shape: tuple[int, ...]
) -> None:
    file = write(tmp_path, kind, shape)
    mode = "per_feature" if "cannot" in kind else "per_channel"
    loaded = load("npz", path=file)
    assert not isinstance(loaded.x_train, MappedInputs)
    expected = prepared(loaded, mode)
    assert prepared(load("npz", path=tmp_path / "own"), mode) == expected
    monkeypatch.setattr(array_files, "MAPPED_FROM", 0)
    for path in (file, tmp_path / "own"):
        mapped = load("npz", path=path)
        assert isinstance(mapped.x_train, MappedInputs)
        assert isinstance(mapped.x_test, MappedInputs)
        assert prepared(mapped, mode) == expected


@pytest.mark.parametrize("shape", [(7,), (3, 5, 4)])
def test_a_drawn_test_part_stays_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    file = write(tmp_path, "float64", shape, whole=True)
    loaded = load("npz", path=file, settings={"seed": 3})
    monkeypatch.setattr(array_files, "MAPPED_FROM", 0)
    mapped = load("npz", path=file, settings={"seed": 3})
    assert isinstance(mapped.x_test, MappedInputs)
    assert len(mapped.x_test) == 8
    assert prepared(mapped, "per_channel") == prepared(loaded, "per_channel")


@pytest.mark.usefixtures("mapping")
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_values_that_are_not_finite_are_found(tmp_path: Path, value: float) -> None:
    x = np.zeros((300_000, 2))
    x[250_000:250_003, 1] = value
    np.savez(tmp_path / "own.npz", x_train=x, y_train=np.arange(300_000) % 3, x_test=x[:5], y_test=np.zeros(5, int))
    with pytest.raises(DataError, match=r"x_train\[250000, 1\] is .*, not a finite float32; 3 values are not"):
        load("npz", path=tmp_path / "own.npz")


@pytest.mark.usefixtures("mapping")
def test_what_cannot_stay_in_the_file_is_loaded(tmp_path: Path) -> None:
    file = write(tmp_path, "bytes", (3, 5, 4))
    with np.load(file) as archive:
        arrays = dict(archive)
    expected = load("npz", path=file)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    turned = {name: np.asfortranarray(array) if name[0] == "x" else array for name, array in arrays.items()}
    np.savez(tmp_path / "turned.npz", **turned)
    for name in ("packed", "turned"):
        data = load("npz", path=tmp_path / f"{name}.npz")
        assert type(data.x_train) is np.ndarray
        assert digests(data) == digests(expected)


@pytest.mark.usefixtures("mapping")
@pytest.mark.parametrize("kind", ["bytes", "float64"])
def test_they_take_no_memory(tmp_path: Path, kind: str) -> None:
    count = 8000 if kind == "bytes" else 2000
    file = write(tmp_path, kind, (3, 32, 32), count=count)
    size = file.stat().st_size
    said = data_memory("npz", file)
    tracemalloc.start()
    data = load("npz", path=file)
    prepared(data, "per_channel")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20 < size / 2
    assert said.stored <= said.loading < 2**20
    assert said.samples == count + 9


def test_an_array_that_ends_early_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "MAPPED_FROM", 0)
    write(tmp_path, "bytes", (3, 5, 4))
    file = tmp_path / "own" / "x_train.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"x_train\.npy: cannot be read: 40×3×5×4 of uint8 need 2,400 bytes, not 2,399"):
        load("npz", path=tmp_path / "own")


@pytest.mark.usefixtures("mapping")
def test_samples_that_were_taken_can_be_changed(tmp_path: Path) -> None:
    data = load("npz", path=write(tmp_path, "bytes", (7,)))
    taken = data.x_train[:3]
    taken[...] = 0
    assert data.x_train[:3].any()
    whole: Array = np.asarray(data.x_train)
    assert whole.shape == data.x_train.shape == (40, 7)
    assert data.x_train.size == 280


def test_any_mapped_array_is_as_good_as_a_loaded_one(tmp_path: Path) -> None:
    """Images in channels-last memory, mapped by numpy itself, as a cache of decoded pictures is."""
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r").transpose(0, 3, 1, 2)
    assert isinstance(mapped, np.memmap)
    y = np.arange(40) % 3
    sets = [Dataset("own", x, y, x[:9], y[:9], ("a", "b", "c")) for x in (images.transpose(0, 3, 1, 2), mapped)]
    assert prepared(sets[0], "per_channel") == prepared(sets[1], "per_channel")
    whole, augmented = (
        Samples(data.x_train, y).augmented([RandomFlip(), Cutout(size=2)], 1).take(np.arange(40), (3, 6, 5), 0)[0]
        for data in sets
    )
    np.testing.assert_array_equal(whole, augmented)
