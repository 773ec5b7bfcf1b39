"""CIFAR-100 by the machinery of CIFAR-10: records with two labels, one file a part, a hundred names."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import cifar100
from graphnn.datasets.loading import load
from graphnn.errors import DataError


def check(data: Any, tiny: Any) -> None:
    images = tiny.records[:, 2:].reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(data.x_train, images[:200])
    np.testing.assert_array_equal(data.x_test, images[200:])
    np.testing.assert_array_equal(data.y_train, tiny.records[:200, 1])
    np.testing.assert_array_equal(data.y_test, tiny.records[200:, 1])
    assert (data.classes[0], data.classes[53], data.classes[99]) == ("apple", "orange", "worm")


@pytest.mark.parametrize("inside", ["cifar-100-binary", ".", "..", "../cifar-100-binary"])
def test_files_are_found_where_people_have_them(tmp_path: Path, tiny_cifar100: Any, inside: str) -> None:
    tiny_cifar100.write(tmp_path, inside)
    check(load("cifar100", data_dir=tmp_path), tiny_cifar100)


def test_archive_is_downloaded_unpacked_and_known(
    tmp_path: Path, tiny_cifar100: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in {**tiny_cifar100.files(), "coarse_label_names.txt": b"fish\n"}.items():
            info = tarfile.TarInfo(f"cifar-100-binary/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    content = server.content["/cifar-100-binary.tar.gz"] = buffer.getvalue()
    monkeypatch.setattr(cifar100, "ARCHIVE", server.remote("cifar-100-binary.tar.gz", content))
    check(load("cifar100", data_dir=tmp_path, show_progress=False), tiny_cifar100)
    assert load("cifar100", data_dir=tmp_path).notes == ()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("row", "value", "message"),
    [
        (3, 100, r"train\.bin: record 4 has label 100, where 0 to 99 are known"),
        (250, None, r"the test part has \d images of class \d+, \w+, where CIFAR-100 has 1"),
    ],
)
def test_other_labels_are_refused(
    tmp_path: Path, tiny_cifar100: Any, row: int, value: int | None, message: str
) -> None:
    tiny_cifar100.records[row, 1] = tiny_cifar100.records[row + 1, 1] if value is None else value
    tiny_cifar100.write(tmp_path)
    with pytest.raises(DataError, match=message):
        load("cifar100", data_dir=tmp_path)


def test_names_of_other_classes_are_refused(tmp_path: Path, tiny_cifar100: Any) -> None:
    folder = tiny_cifar100.write(tmp_path)
    (folder / "fine_label_names.txt").write_text("cat\ndog\n")
    with pytest.raises(DataError, match="the class names are cat, dog, not those of CIFAR-100: apple, aquarium_fish"):
        load("cifar100", data_dir=tmp_path)


def test_published_facts() -> None:
    assert sorted(cifar100.Cifar100.facts.classes) == list(cifar100.Cifar100.facts.classes)
    assert len(set(cifar100.Cifar100.facts.classes)) == 100
    assert sum(cifar100.files().batches.values()) == cifar100.Cifar100.facts.samples
