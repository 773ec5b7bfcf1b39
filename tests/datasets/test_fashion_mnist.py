"""Fashion-MNIST, whose files have the names of MNIST's: neither is taken for the other."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import fashion_mnist, idx_checksums
from graphnn.datasets.loading import load
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError

NAMES = list(fashion_mnist.FILES)
PLACES = [
    *("fashion_mnist", "FashionMNIST/raw", "fashion_mnist/FashionMNIST/raw", "FashionMNIST", "fashion-mnist"),
    *("fashion-mnist/data/fashion", "data/fashion", "fashion", "."),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("zipped", [True, False])
def test_files_are_found_where_people_have_them(
    tmp_path: Path, tiny_mnist: Any, place: str, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphnn.datasets.download.fetch", None)
    folder = tiny_mnist.write(tmp_path, place, zipped=zipped)
    data = load("fashion_mnist", data_dir=tmp_path)
    np.testing.assert_array_equal(data.x_train[:, 0], tiny_mnist.x_train)
    np.testing.assert_array_equal(data.y_test, tiny_mnist.y_test)
    assert data.classes[9] == "Ankle boot"
    (note,) = data.notes
    assert note.startswith("fashion_mnist: not the published Fashion-MNIST, though of its form: train-images")
    assert note.endswith(f" in {folder}")


@pytest.mark.parametrize(("asked", "there"), [("fashion_mnist", "MNIST"), ("mnist", "Fashion-MNIST")])
@pytest.mark.parametrize("zipped", [True, False])
def test_one_is_not_taken_for_the_other(
    tmp_path: Path, tiny_mnist: Any, asked: str, there: str, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = tiny_mnist.files().values()
    known = tuple(hashlib.md5(content, usedforsecurity=False).hexdigest() for content in contents)
    monkeypatch.setitem(idx_checksums.CHECKSUMS, there, known)
    tiny_mnist.write(tmp_path, ".", zipped=zipped)
    title = "MNIST" if asked == "mnist" else "Fashion-MNIST"
    with pytest.raises(DataError, match=f"{asked}: .*{NAMES[0]}.* is a file of {there}, not of {title}, whose files"):
        load(asked, data_dir=tmp_path)


@pytest.mark.parametrize("place", ["MNIST/raw", "mnist"])
def test_folders_of_mnist_are_passed_over(
    tmp_path: Path, tiny_mnist: Any, place: str, closed_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remotes = {name: Remote(f"{name}.gz", (closed_address,), "", 1) for name in NAMES}
    monkeypatch.setattr(fashion_mnist, "FILES", remotes)
    tiny_mnist.write(tmp_path, place)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is not in .*fashion_mnist, and the download"):
        load("fashion_mnist", data_dir=tmp_path)


def test_a_folder_of_kuzushiji_is_refused(tmp_path: Path, tiny_mnist: Any) -> None:
    place = tiny_mnist.write(tmp_path, "KMNIST/raw")
    with pytest.raises(DataError, match=f"fashion_mnist: {place} is the folder of another data set"):
        load("fashion_mnist", data_dir=place)


def test_each_file_has_several_addresses() -> None:
    assert [len(remote.addresses) for remote in fashion_mnist.FILES.values()] == [3] * 4
    assert fashion_mnist.FILES["t10k-labels-idx1-ubyte"].addresses[0] == (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz"
    )
