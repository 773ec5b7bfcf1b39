"""CIFAR-10 from its binary version: laid out, downloaded, damaged."""

import io
import tarfile

import numpy as np
import pytest

from graphnn.datasets import cifar10
from graphnn.datasets.loading import load
from graphnn.errors import DataError


def load_from(folder):
    return load("cifar10", data_dir=folder, show_progress=False)


def check(data, tiny):
    images = tiny.records[:, 1:].reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(data.x_train, images[:10])
    np.testing.assert_array_equal(data.x_test, images[10:])
    assert data.y_train.tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert data.y_test.tolist() == [0, 5]
    assert data.y_train.dtype == np.int64
    assert data.x_train.dtype == np.uint8
    assert data.x_train.transpose(0, 2, 3, 1).flags.c_contiguous
    assert data.classes[6] == "frog"


def archive_bytes(tiny):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        folder = tarfile.TarInfo("cifar-10-batches-bin")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in {**tiny.files(), "readme.html": b"<html>"}.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("inside", ["cifar-10-batches-bin", "."])
def test_batches_are_read_from_either_folder(tmp_path, tiny_cifar, inside):
    tiny_cifar.write(tmp_path, inside)
    check(load_from(tmp_path), tiny_cifar)


def test_names_of_classes_may_be_absent(tmp_path, tiny_cifar):
    (tiny_cifar.write(tmp_path) / "batches.meta.txt").unlink()
    check(load_from(tmp_path), tiny_cifar)


def test_archive_is_downloaded_unpacked_and_removed(tmp_path, tiny_cifar, server, monkeypatch):
    content = server.content["/cifar-10-binary.tar.gz"] = archive_bytes(tiny_cifar)
    monkeypatch.setattr(cifar10, "ARCHIVE", server.remote("cifar-10-binary.tar.gz", content))
    check(load_from(tmp_path), tiny_cifar)
    assert [path.name for path in (tmp_path / "cifar10").iterdir()] == ["cifar-10-batches-bin"]
    check(load_from(tmp_path), tiny_cifar)
    assert len(server.asked) == 1


def test_archive_that_is_there_is_unpacked_and_kept(tmp_path, tiny_cifar):
    (tmp_path / "cifar10").mkdir()
    archive = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    archive.write_bytes(archive_bytes(tiny_cifar))
    check(load_from(tmp_path), tiny_cifar)
    assert archive.exists()


def test_without_network_the_archive_is_named(tmp_path, closed_address, monkeypatch):
    monkeypatch.setattr(cifar10, "ARCHIVE", cifar10.Remote("cifar-10-binary.tar.gz", (closed_address,), "", 1))
    with pytest.raises(DataError, match=r"put cifar-10-binary\.tar\.gz into .*cifar10, or name the folder that holds"):
        load_from(tmp_path)


@pytest.mark.parametrize(("size", "shown"), [(0, "0"), (6145, "6,145"), (3072, "3,072")])
def test_size_must_be_whole_records(tmp_path, tiny_cifar, size, shown):
    path = tiny_cifar.write(tmp_path) / "data_batch_3.bin"
    path.write_bytes(b"\0" * size)
    with pytest.raises(DataError) as caught:
        load_from(tmp_path)
    assert str(caught.value) == (
        f"{path}: {shown} bytes, not a whole number of records of 3,073; "
        "put a good copy there, or delete it, and it is downloaded"
    )


def test_label_beyond_nine_is_told(tmp_path, tiny_cifar):
    tiny_cifar.records[11, 0] = 10
    tiny_cifar.write(tmp_path)
    with pytest.raises(DataError, match=r"test_batch\.bin: record 2 has label 10, where 0 to 9 are known"):
        load_from(tmp_path)


def test_other_class_names_are_refused(tmp_path, tiny_cifar):
    (tiny_cifar.write(tmp_path) / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(DataError, match=r"the class names are cat, dog, not those of CIFAR-10: airplane, "):
        load_from(tmp_path)


def test_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        cifar10.read_batch(tmp_path)


def test_published_files(real_cifar10):
    data = load_from(real_cifar10)
    assert data.x_train.shape == (50000, 3, 32, 32)
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    means = data.x_train.transpose(0, 2, 3, 1).reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(means, [125.3, 122.95, 113.9], atol=0.5)
