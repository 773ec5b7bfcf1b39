"""MNIST from IDX files: published, unpacked, downloaded, damaged."""

import gzip
import hashlib
import struct
import tracemalloc

import numpy as np
import pytest

from graphnn.datasets import idx_files, mnist
from graphnn.datasets.idx_files import read_idx
from graphnn.datasets.loading import load
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError

NAMES = list(mnist.FILES)


def load_from(folder):
    return load("mnist", data_dir=folder, show_progress=False)


def check(data, tiny):
    assert data.x_train.shape == (5, 1, 28, 28)
    assert data.x_test.shape == (3, 1, 28, 28)
    np.testing.assert_array_equal(data.x_train[:, 0], tiny.x_train)
    np.testing.assert_array_equal(data.x_test[:, 0], tiny.x_test)
    assert data.y_train.tolist() == [5, 0, 4, 1, 9]
    assert data.y_test.tolist() == [7, 2, 1]
    assert data.y_train.dtype == np.int64
    assert data.x_train.transpose(0, 2, 3, 1).flags.c_contiguous
    assert data.classes == tuple("0123456789")


@pytest.mark.parametrize("zipped", [True, False])
def test_files_are_read_as_published_or_unpacked(tmp_path, tiny_mnist, zipped):
    tiny_mnist.write(tmp_path, zipped=zipped)
    check(load_from(tmp_path), tiny_mnist)


@pytest.mark.parametrize("inside", ["mnist", "mnist/MNIST/raw", "MNIST/raw", "mnist/raw", "MNIST", "."])
@pytest.mark.parametrize("zipped", [True, False])
def test_files_are_found_where_people_have_them(tmp_path, tiny_mnist, inside, zipped, monkeypatch):
    monkeypatch.setattr("graphnn.datasets.download.fetch", None)  # nothing can be downloaded
    tiny_mnist.write(tmp_path, inside, zipped=zipped)
    check(load_from(tmp_path), tiny_mnist)


def test_the_folder_of_all_files_comes_before_one_of_some(tmp_path, tiny_mnist):
    (tiny_mnist.write(tmp_path) / f"{NAMES[0]}.gz").unlink()
    tiny_mnist.write(tmp_path, "MNIST/raw")
    check(load_from(tmp_path), tiny_mnist)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("spelling", ["-idx", ".idx"])
def test_first_bytes_say_whether_a_file_is_zipped(tmp_path, tiny_mnist, suffix, zipped, spelling):
    for name, content in tiny_mnist.files().items():
        path = tmp_path / (name.replace("-idx", spelling) + suffix)
        path.write_bytes(gzip.compress(content) if zipped else content)
    check(load_from(tmp_path), tiny_mnist)


@pytest.mark.parametrize("inside", ["FashionMNIST/raw", "KMNIST/raw", "fashion-mnist", "EMNIST", "QMNIST/raw"])
def test_files_of_another_data_set_are_not_taken_for_mnist(tmp_path, tiny_mnist, inside, closed_address, monkeypatch):
    place = tiny_mnist.write(tmp_path, inside)
    with pytest.raises(DataError, match=f"mnist: {place} is the folder of another data set"):
        load_from(place)
    remotes = {name: Remote(f"{name}.gz", (closed_address,), "", 1) for name in NAMES}
    monkeypatch.setattr(mnist, "FILES", remotes)
    with pytest.raises(DataError, match="is not in"):
        load_from(tmp_path)
    tiny_mnist.write(place)
    check(load_from(place), tiny_mnist)


def test_files_that_are_not_those_published_are_told(tmp_path, tiny_mnist, monkeypatch):
    folder = tiny_mnist.write(tmp_path)
    contents = tiny_mnist.files().items()
    sums = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents}
    monkeypatch.setattr(mnist, "UNPACKED", sums)
    assert load_from(tmp_path).notes == ()
    tiny_mnist.x_test[2, 27, 27] ^= 1
    tiny_mnist.write(tmp_path)
    assert load_from(tmp_path).notes == (
        f"mnist: not the published MNIST, though of its form: {NAMES[2]}.gz in {folder}",
    )
    monkeypatch.setattr(mnist, "UNPACKED", dict.fromkeys(NAMES, ""))
    (note,) = load_from(tmp_path).notes
    assert all(name in note for name in NAMES)


def test_more_images_than_mnist_has_are_refused_before_they_are_read(tmp_path, tiny_mnist):
    path = tiny_mnist.write(tmp_path, zipped=False) / NAMES[3]
    path.write_bytes(struct.pack(">II", 2049, 10_001))
    with pytest.raises(DataError, match="its header says 10001, where MNIST has 10,000 at most"):
        load_from(tmp_path)


def test_missing_files_are_downloaded_and_the_others_kept(tmp_path, tiny_mnist, server, monkeypatch):
    folder = tiny_mnist.write(tmp_path, zipped=False)
    (folder / NAMES[1]).unlink()
    (folder / NAMES[2]).unlink()
    remotes = {}
    for name, content in tiny_mnist.files().items():
        server.content[f"/{name}.gz"] = gzip.compress(content)
        remotes[name] = server.remote(f"{name}.gz", server.content[f"/{name}.gz"])
    monkeypatch.setattr(mnist, "FILES", remotes)
    check(load_from(tmp_path), tiny_mnist)
    assert [path for path, _ in server.asked] == [f"/{NAMES[1]}.gz", f"/{NAMES[2]}.gz"]
    check(load_from(tmp_path), tiny_mnist)
    assert len(server.asked) == 2


def test_without_network_the_missing_files_are_named(tmp_path, monkeypatch, closed_address):
    remotes = {name: Remote(f"{name}.gz", (closed_address,), "", 1) for name in NAMES}
    monkeypatch.setattr(mnist, "FILES", remotes)
    with pytest.raises(DataError) as caught:
        load_from(tmp_path)
    assert f"put {', '.join(f'{name}.gz' for name in NAMES)} into {tmp_path / 'mnist'}" in str(caught.value)


def test_each_file_has_two_published_addresses():
    assert mnist.FILES["t10k-labels-idx1-ubyte"].addresses == (
        "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
        "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
    )


@pytest.mark.parametrize("kept", [0, 5, 12, 0.5, -1])
def test_truncated_gzip_is_named_with_what_to_do(tmp_path, tiny_mnist, kept):
    path = tiny_mnist.write(tmp_path) / f"{NAMES[0]}.gz"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(DataError) as caught:
        load_from(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("put a good copy there, or delete it, and it is downloaded")


@pytest.mark.parametrize("place", [0, 2000, -6])  # the magic number, the data, the checksum
def test_damaged_gzip_is_named(tmp_path, tiny_mnist, place):
    path = tiny_mnist.write(tmp_path) / f"{NAMES[0]}.gz"
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="the file is damaged or truncated"):
        load_from(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file of N×2×3 bytes: starts with , not 00 00 08 03"),
        (struct.pack(">I", 2049) + b"\0" * 20, "starts with 00 00 08 01, not 00 00 08 03"),
        (struct.pack(">I", 0x0D03) + b"\0" * 20, "starts with 00 00 0d 03, not 00 00 08 03"),
        (struct.pack(">II", 2051, 1), "damaged or truncated (it ends within its header)"),
        (struct.pack(">IIII", 2051, 1, 3, 2) + b"\0" * 6, "its header says 1×3×2, not N×2×3"),
        (struct.pack(">IIII", 2051, 0, 2, 3), "its header says 0×2×3, not N×2×3"),
        (struct.pack(">IIII", 2051, 2, 2, 3) + b"\0" * 11, "it holds 11 bytes after the header, which announces 12"),
        (struct.pack(">IIII", 2051, 2, 2, 3) + b"\0" * 13, "it goes on after the 12 bytes that its header announces"),
        (
            struct.pack(">IIII", 2051, 2**32 - 1, 2, 3) + b"\0" * 12,
            "header says 4294967295×2×3, where MNIST has 2 at most",
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_header_and_size_are_checked(tmp_path, content, message, suffix):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError) as caught:
        read_idx(path, (2, 3), 2, "MNIST")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


def test_numbers_of_images_and_labels_must_agree(tmp_path, tiny_mnist):
    folder = tiny_mnist.write(tmp_path)
    (folder / f"{NAMES[1]}.gz").write_bytes((folder / f"{NAMES[3]}.gz").read_bytes())
    with pytest.raises(DataError, match=r"train-images.* holds 5 images, but .*train-labels.* 3 labels"):
        load_from(tmp_path)


def test_label_beyond_nine_is_told(tmp_path, tiny_mnist):
    tiny_mnist.y_test[1] = 10
    tiny_mnist.write(tmp_path)
    with pytest.raises(DataError, match=r"t10k-labels.*: label 10, where 0 to 9 are known"):
        load_from(tmp_path)


def test_file_that_cannot_be_opened_is_told(tmp_path):
    with pytest.raises(DataError, match=r"is a folder, not a regular file"):
        read_idx(tmp_path, (), 1, "MNIST")


@pytest.mark.parametrize("zipped", [True, False])
def test_file_that_is_far_too_large_is_not_read(tmp_path, tiny_mnist, zipped, monkeypatch):
    path = tiny_mnist.write(tmp_path, zipped=zipped) / (NAMES[1] + (".gz" if zipped else ""))
    with path.open("r+b") as file:
        file.truncate(3 * 2**30)  # a hole, which takes no room on the disk
    monkeypatch.setattr(idx_files, "parse_idx", None)
    with pytest.raises(DataError, match=r"labels.*: it has 3,221,225,472 bytes, where that file of MNIST has 125,536"):
        read_idx(path, (), 60_000, "MNIST")


def test_no_more_is_unpacked_than_the_header_announces(tmp_path, tiny_mnist):
    path = tmp_path / f"{NAMES[2]}.gz"
    content = tiny_mnist.files()[NAMES[2]]
    path.write_bytes(gzip.compress(content + bytes(50_000_000), 1)[:-8])  # its end is missing, and would be noticed
    tracemalloc.start()
    with pytest.raises(DataError, match="it goes on after the 2,352 bytes that its header announces"):
        read_idx(path, (28, 28), 10_000, "MNIST")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_published_files(real_mnist):
    data = load_from(real_mnist)
    assert data.notes == ()
    assert data.x_train.shape == (60000, 1, 28, 28)
    assert data.x_test.shape == (10000, 1, 28, 28)
    assert data.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.x_train.mean() == pytest.approx(33.318421, abs=1e-5)
