"""CIFAR-10 from its binary version: laid out, downloaded, damaged."""

import hashlib
import io
import os
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from graphnn.datasets import cifar10, cifar_files, cifar_set, unpack
from graphnn.datasets.loading import load
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError


def load_from(folder):
    return load("cifar10", data_dir=folder, show_progress=False)


def check(data, tiny):
    images = tiny.records[:, 1:].reshape(-1, 3, 32, 32)
    np.testing.assert_array_equal(data.x_train, images[:50])
    np.testing.assert_array_equal(data.x_test, images[50:])
    np.testing.assert_array_equal(data.y_train, tiny.records[:50, 0])
    np.testing.assert_array_equal(data.y_test, tiny.records[50:, 0])
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


@pytest.mark.parametrize("inside", ["cifar-10-batches-bin", ".", "..", "../cifar-10-batches-bin"])
def test_batches_are_found_where_people_have_them(tmp_path, tiny_cifar, inside):
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
    assert load_from(tmp_path).notes == ()
    assert len(server.asked) == 1


def test_archive_that_is_there_is_unpacked_and_kept(tmp_path, tiny_cifar):
    (tmp_path / "cifar10").mkdir()
    archive = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    archive.write_bytes(archive_bytes(tiny_cifar))
    check(load_from(tmp_path), tiny_cifar)
    assert archive.exists()


def test_archive_in_the_folder_of_the_data_is_unpacked_beside_it(tmp_path, tiny_cifar):
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive_bytes(tiny_cifar))
    check(load_from(tmp_path), tiny_cifar)
    assert (tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin").exists()


@pytest.fixture
def published(tiny_cifar, monkeypatch):
    """The bytes of the archive, which count as those published."""
    content = archive_bytes(tiny_cifar)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(cifar10, "ARCHIVE", Remote("cifar-10-binary.tar.gz", (), md5, len(content)))
    return content


def test_batches_that_were_never_compared_are_told(tmp_path, tiny_cifar):
    folder = tiny_cifar.write(tmp_path)
    assert load_from(tmp_path).notes == (
        f"cifar10: the files in {folder} have the form of CIFAR-10, but have not been compared with those published; "
        f"with cifar-10-binary.tar.gz in {tmp_path / 'cifar10'} they are",
    )


def test_batches_are_compared_once_where_the_published_archive_lies_beside_them(tmp_path, tiny_cifar, published):
    tiny_cifar.write(tmp_path)
    archive = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    (tmp_path / "cifar10" / "cifar-10-batches-bin" / "batches.meta.txt").unlink()
    archive.write_bytes(archive_bytes(replace(tiny_cifar, records=tiny_cifar.records[::-1])))
    assert len(load_from(tmp_path).notes) == 1
    assert not (tmp_path / "cifar10" / "cifar-10-batches-bin" / "batches.meta.txt").exists(), "it was unpacked"
    archive.write_bytes(published)
    assert load_from(tmp_path).notes == ()
    archive.unlink()
    assert load_from(tmp_path).notes == ()


BROKEN_OFF = {  # what a download that was killed left: batches, checksums, the share of the archive, how many questions
    "while it was downloaded": (0, False, 0.5, 1),
    "before it was unpacked": (0, False, 1, 0),
    "while it was unpacked": (3, False, 1, 0),
    "before the checksums": (6, False, 1, 0),
    "before the archive was removed": (6, True, 1, 0),
    "at last": (6, True, 0, 0),
}


@pytest.mark.parametrize("when", BROKEN_OFF)
def test_download_that_was_killed_is_finished(tmp_path, tiny_cifar, server, monkeypatch, when):
    content = server.content["/cifar-10-binary.tar.gz"] = archive_bytes(tiny_cifar)
    monkeypatch.setattr(cifar10, "ARCHIVE", server.remote("cifar-10-binary.tar.gz", content))
    batches, sums, share, questions = BROKEN_OFF[when]
    folder = tiny_cifar.write(tmp_path)
    if sums:
        load_from(tmp_path)
        written = "".join(
            f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            for name, data in tiny_cifar.files().items()
            if name.endswith(".bin")
        )
        (folder / "SHA256SUMS").write_text(written)
    for name in list(tiny_cifar.files())[batches:]:
        (folder / name).unlink()
    home = folder.parent
    if share:
        (home / "cifar-10-binary.tar.gz.part").write_bytes(content[: int(share * len(content))])
    (home / ".unpacking-abc").mkdir()
    (folder / ".unpacking-def").mkdir()
    (home / ".downloading.lock").touch()
    check(load_from(tmp_path), tiny_cifar)
    assert [path.name for path in home.iterdir()] == ["cifar-10-batches-bin"]
    assert [path.name for path in folder.glob(".*")] == []
    assert load_from(tmp_path).notes == ()
    assert len(server.asked) == questions


def test_batches_that_came_from_elsewhere_end_the_download(tmp_path, tiny_cifar):
    part = tmp_path / "cifar10" / "cifar-10-binary.tar.gz.part"
    tiny_cifar.write(tmp_path)
    part.write_bytes(b"begun")
    check(load_from(tmp_path), tiny_cifar)
    assert not part.exists()


def test_archive_that_cannot_be_unpacked_is_not_downloaded_again(tmp_path, tiny_cifar, server, monkeypatch):
    content = server.content["/cifar-10-binary.tar.gz"] = archive_bytes(tiny_cifar)
    monkeypatch.setattr(cifar10, "ARCHIVE", server.remote("cifar-10-binary.tar.gz", content))
    copy = unpack.shutil.copyfileobj

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpack.shutil, "copyfileobj", full)
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz\.part: cannot be unpacked: No space left on device"):
        load_from(tmp_path)
    assert [path.name for path in (tmp_path / "cifar10").iterdir()] == ["cifar-10-binary.tar.gz.part"]
    monkeypatch.setattr(unpack.shutil, "copyfileobj", copy)
    check(load_from(tmp_path), tiny_cifar)
    assert len(server.asked) == 1


@pytest.mark.parametrize("before", [True, False])
def test_batch_other_than_in_the_published_archive_is_refused(tmp_path, tiny_cifar, published, before):
    changed = replace(tiny_cifar, records=tiny_cifar.records.copy())
    changed.records[12, 700] ^= 1
    if not before:
        tiny_cifar.write(tmp_path)
    else:
        changed.write(tmp_path)
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(published)
    if not before:
        assert load_from(tmp_path).notes == ()
        changed.write(tmp_path)
    with pytest.raises(
        DataError, match=r"data_batch_2\.bin: it is not as published: its SHA-256 is .*delete it"
    ) as error:
        load_from(tmp_path)
    assert len(error.value.problems) == 1
    (tmp_path / "cifar10" / "cifar-10-batches-bin" / "data_batch_2.bin").unlink()
    assert load_from(tmp_path).notes == ()


@pytest.mark.parametrize("content", [b"", b"\xff\n", b"\n", b"12  data_batch_1.bin\n"])
def test_damaged_checksums_are_as_none(tmp_path, tiny_cifar, content):
    (tiny_cifar.write(tmp_path) / "SHA256SUMS").write_bytes(content)
    assert len(load_from(tmp_path).notes) == 1


def test_batches_in_a_folder_that_cannot_be_written_are_read(tmp_path, tiny_cifar, published, monkeypatch):
    def refuse(path, *rest):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(unpack, "put", refuse)
    tiny_cifar.write(tmp_path)
    (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").write_bytes(published)
    assert len(load_from(tmp_path).notes) == 1


def flat(records):
    records[10:20, 1:] = np.arange(10)[:, None]


def repeated(records):
    records[10:20, 1:] = records[10, 1:]


def copied(records):
    records[10:20] = records[:10]


def trained_on(records):
    records[50:] = records[:10]


def uneven(records):
    records[10, 0] = records[11, 0] = 3


def uneven_in_the_test(records):
    records[50:, 0] = np.roll(records[:10, 0], 3)
    records[55, 0] = records[56, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (flat, r"data_batch_2\.bin: 10 of 10 images are of one value"),
        (repeated, r"data_batch_2\.bin: 9 of 10 images repeat others"),
        (copied, r"data_batch_2\.bin: 10 of 10 images repeat others"),
        (trained_on, r"test_batch\.bin: 10 of 10 images repeat others"),
        (uneven, r"the training part has \d images of class \d, \w+, where CIFAR-10 has 5"),
        (uneven_in_the_test, r"the test part has \d images of class \d, \w+, where CIFAR-10 has 1"),
    ],
)
def test_what_cannot_be_cifar10_is_refused(tmp_path, tiny_cifar, change, message):
    change(tiny_cifar.records)
    tiny_cifar.write(tmp_path)
    with pytest.raises(DataError, match=message):
        load_from(tmp_path)


def test_files_have_ten_thousand_records_each(tmp_path):
    records = np.zeros((60_000, 3073), np.uint8)
    records[:, 0] = np.arange(60_000) % 10
    records[:, 1:9] = np.arange(60_000)[:, None].view(np.uint8)
    paths = [tmp_path / name for name in cifar10.files().batches]
    for number, path in enumerate(paths):
        records[10_000 * number : 10_000 * (number + 1)].tofile(path)
    data = load_from(tmp_path)
    assert (data.x_train.shape, data.x_test.shape) == ((50_000, 3, 32, 32), (10_000, 3, 32, 32))
    records[:100].tofile(paths[1])
    with pytest.raises(DataError, match=r"data_batch_2\.bin: 307,300 bytes, where 10,000 records of 3,073 have 30,73"):
        load_from(tmp_path)
    np.zeros((10_000, 3073), np.uint8).tofile(paths[1])
    with pytest.raises(DataError, match=r"data_batch_2\.bin: 10,000 of 10,000 images are of one value"):
        load_from(tmp_path)
    for path in paths:
        path.unlink()


def test_without_network_the_archive_is_named(tmp_path, closed_address, monkeypatch):
    monkeypatch.setattr(cifar10, "ARCHIVE", Remote("cifar-10-binary.tar.gz", (closed_address,), "", 1))
    with pytest.raises(DataError, match=r"put cifar-10-binary\.tar\.gz into .*cifar10, or name the folder that holds"):
        load_from(tmp_path)


@pytest.mark.parametrize(("size", "shown"), [(0, "0"), (30731, "30,731"), (27657, "27,657"), (33803, "33,803")])
def test_each_file_must_have_its_size(tmp_path, tiny_cifar, size, shown):
    path = tiny_cifar.write(tmp_path) / "data_batch_3.bin"
    path.write_bytes(b"\0" * size)
    with pytest.raises(DataError) as caught:
        load_from(tmp_path)
    assert str(caught.value) == (
        f"{path}: {shown} bytes, where 10 records of 3,073 have 30,730; "
        "put a good copy there, or delete it, and it is downloaded"
    )


def test_label_beyond_nine_is_told(tmp_path, tiny_cifar):
    tiny_cifar.records[51, 0] = 10
    tiny_cifar.write(tmp_path)
    with pytest.raises(DataError, match=r"test_batch\.bin: record 2 has label 10, where 0 to 9 are known"):
        load_from(tmp_path)


def test_other_class_names_are_refused(tmp_path, tiny_cifar):
    (tiny_cifar.write(tmp_path) / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(DataError, match=r"the class names are cat, dog, not those of CIFAR-10: airplane, "):
        load_from(tmp_path)


def test_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(DataError, match="is a folder, not a regular file"):
        cifar_set.read_batch(tmp_path, 10_000, cifar10.files(), 10)


def test_batch_of_another_size_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "data_batch_1.bin"
    path.touch()
    os.truncate(path, 3 * 2**30)  # a hole, which takes no room on the disk
    monkeypatch.setattr(cifar_set.np, "fromfile", None)
    with pytest.raises(DataError, match="3,221,225,472 bytes, where 10,000 records of 3,073 have 30,730,000"):
        cifar_set.read_batch(path, 10_000, cifar10.files(), 10)


def test_only_the_start_of_long_texts_is_read(tmp_path):
    for name in (cifar10.NAMES, cifar_files.SUMS):
        (tmp_path / name).write_text("airplane ")
        os.truncate(tmp_path / name, 3 * 2**30)
    assert cifar_files.published_sums(cifar10.files(), tmp_path) is None
    with pytest.raises(DataError, match="the class names are airplane"):
        cifar_set.check_names(tmp_path / cifar10.NAMES, "CIFAR-10", ("airplane",))


def test_published_files(real_cifar10):
    data = load_from(real_cifar10)
    assert data.x_train.shape == (50000, 3, 32, 32)
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    means = data.x_train.transpose(0, 2, 3, 1).reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(means, [125.3, 122.95, 113.9], atol=0.5)
