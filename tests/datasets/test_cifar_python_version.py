"""The Python version of CIFAR-10 and CIFAR-100, which is pickled: read without running it."""

import hashlib
import io
import os
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import cifar10, cifar100, download
from graphnn.datasets.base import Dataset
from graphnn.datasets.loading import load
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from tests.datasets.pickles import python_version

FETCH = download.fetch
PLACES = ["cifar10/cifar-10-batches-py", "cifar-10-batches-py", "cifar10", "."]


def same(one: Dataset, other: Dataset) -> bool:
    """Whether all samples are the same, and lie alike in memory."""
    names = ("x_train", "y_train", "x_test", "y_test")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all((a == b).all() and a.dtype == b.dtype and a.strides == b.strides for a, b in pairs)


def pickled(tiny: Any, protocol: int | None = None) -> dict[str, bytes]:
    """Return the files of the Python version, by name."""
    if len(tiny.records) == 60:
        rows = {name: slice(10 * i, 10 * i + 10) for i, name in enumerate(cifar10.PYTHON.checksums)}
        return {name: python_version(tiny.records[each], 1, "labels", protocol) for name, each in rows.items()}
    parts = {"train": tiny.records[:200], "test": tiny.records[200:]}
    return {name: python_version(records, 2, "fine_labels", protocol) for name, records in parts.items()}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be downloaded."""
    monkeypatch.setattr(download, "fetch", None)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("protocol", [None, 2, 4, 5])
def test_samples_are_those_of_the_binary_version(
    tmp_path: Path, tiny_cifar: Any, place: str, protocol: int | None
) -> None:
    tiny_cifar.write(tmp_path / "binary")
    folder = write(tmp_path / place, pickled(tiny_cifar, protocol))
    data = load("cifar10", data_dir=tmp_path)
    assert same(data, load("cifar10", data_dir=tmp_path / "binary"))
    names = ", ".join(cifar10.PYTHON.checksums)
    assert data.notes == (f"cifar10: not the published CIFAR-10, though of its form: {names} in {folder}",)


def test_published_files_need_no_note(tmp_path: Path, tiny_cifar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    files = pickled(tiny_cifar)
    sums = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(cifar10, "PYTHON", replace(cifar10.PYTHON, checksums=sums))
    write(tmp_path / "cifar-10-batches-py", files)
    assert load("cifar10", data_dir=tmp_path).notes == ()
    files["data_batch_3"] = pickled(tiny_cifar, 4)["data_batch_3"]
    write(tmp_path / "cifar-10-batches-py", files)
    assert "though of its form: data_batch_3 in" in load("cifar10", data_dir=tmp_path).notes[0]


def test_the_binary_version_comes_first(tmp_path: Path, tiny_cifar: Any) -> None:
    write(tmp_path / "cifar-10-batches-py", dict.fromkeys(cifar10.PYTHON.checksums, b"damaged"))
    tiny_cifar.write(tmp_path)
    assert "with cifar-10-binary.tar.gz" in load("cifar10", data_dir=tmp_path).notes[0]


def tar_gz(folder: str, files: dict[str, bytes], extra: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        first = tarfile.TarInfo(folder)
        first.type = tarfile.DIRTYPE
        tar.addfile(first)
        for name, content in {**files, extra: b"not used"}.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["cifar10", "."])
def test_the_archive_is_unpacked_beside_it(tmp_path: Path, tiny_cifar: Any, place: str) -> None:
    content = tar_gz("cifar-10-batches-py", pickled(tiny_cifar), "batches.meta")
    write(tmp_path / place, {"cifar-10-python.tar.gz": content})
    data = load("cifar10", data_dir=tmp_path)
    assert len(data.x_train) == 50
    found = {path.name for path in (tmp_path / place / "cifar-10-batches-py").iterdir()}
    assert found == set(cifar10.PYTHON.checksums)
    assert same(data, load("cifar10", data_dir=tmp_path))


@pytest.mark.parametrize("packed", [True, False])
def test_the_hundred_classes(tmp_path: Path, tiny_cifar100: Any, packed: bool) -> None:
    tiny_cifar100.write(tmp_path / "binary")
    files = pickled(tiny_cifar100)
    if packed:
        write(tmp_path, {"cifar-100-python.tar.gz": tar_gz("cifar-100-python", files, "file.txt~")})
    else:
        write(tmp_path / "cifar100" / "cifar-100-python", files)
    assert same(load("cifar100", data_dir=tmp_path), load("cifar100", data_dir=tmp_path / "binary"))


def test_folders_of_such_names_are_not_taken_for_it(
    tmp_path: Path, closed_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People have folders train and test of other things."""
    monkeypatch.setattr(download, "fetch", FETCH)
    monkeypatch.setattr(cifar100, "ARCHIVE", Remote("cifar-100-binary.tar.gz", (closed_address,), "", 1))
    for name in cifar100.PYTHON.checksums:
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"is not in .*cifar100, and the download failed"):
        load("cifar100", data_dir=tmp_path)


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("hostile",)


def few(records: Any) -> dict[Any, Any]:
    return {b"data": np.ascontiguousarray(records[:9, 1:]), b"labels": list(range(9))}


WRONG = {
    "hostile": (lambda records: {**few(records), b"labels": Hostile()}, "it would call .*mkdir; nothing in it was run"),
    "fewer images": (few, "its images are not 10×3,072 bytes"),
    "fewer labels": (
        lambda records: {b"data": np.ascontiguousarray(records[:10, 1:]), b"labels": [1]},
        "it does not have 10 labels",
    ),
    "no labels": (lambda records: {b"data": np.ascontiguousarray(records[:10, 1:])}, "it does not have 10 labels"),
    "texts": (
        lambda records: {b"data": np.ascontiguousarray(records[:10, 1:]), b"labels": ["cat"] * 10},
        "its labels are not all numbers of classes",
    ),
    "an unknown label": (
        lambda records: {b"data": np.ascontiguousarray(records[:10, 1:]), b"labels": [0, 10] * 5},
        "record 2 has label 10, where 0 to 9 are known",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_such_file_is_refused(
    tmp_path: Path, tiny_cifar: Any, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values, message = WRONG[case]
    files = {**pickled(tiny_cifar), "data_batch_2": pickle.dumps(values(tiny_cifar.records), 2)}
    folder = write(tmp_path / "cifar-10-batches-py", files)
    with pytest.raises(DataError, match=f"^{folder / 'data_batch_2'}: .*{message}"):
        load("cifar10", data_dir=tmp_path)
    assert not (tmp_path / "hostile").exists()


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path, tiny_cifar: Any) -> None:
    folder = write(tmp_path / "cifar-10-batches-py", pickled(tiny_cifar))
    os.truncate(folder / "test_batch", 3 * 2**30)  # a hole, which takes no room on the disk
    with pytest.raises(DataError, match=r"test_batch: .*it has 3,221,225,472 bytes, where 10 images have 5,030,730"):
        load("cifar10", data_dir=tmp_path)


def test_other_images_are_refused(tmp_path: Path, tiny_cifar: Any) -> None:
    tiny_cifar.records[10:20, 1:] = tiny_cifar.records[10, 1:]
    write(tmp_path / "cifar-10-batches-py", pickled(tiny_cifar))
    with pytest.raises(DataError, match="data_batch_2: 9 of 10 images repeat others"):
        load("cifar10", data_dir=tmp_path)


def test_missing_files_are_named(tmp_path: Path, tiny_cifar: Any) -> None:
    files = pickled(tiny_cifar)
    folder = write(tmp_path / "cifar10" / "cifar-10-batches-py", {"data_batch_1": files["data_batch_1"]})
    with pytest.raises(DataError) as refused:
        load("cifar10", data_dir=tmp_path)
    assert str(refused.value) == (
        f"cifar10: {folder} holds the Python version without data_batch_2, data_batch_3, data_batch_4, data_batch_5, "
        "test_batch; put the whole of it there, or the binary version, cifar-10-binary.tar.gz from "
        f"{cifar10.ARCHIVE.addresses[0]}, into {tmp_path / 'cifar10'}"
    )
