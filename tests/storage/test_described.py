"""Archives that describe themselves: the digest of arrays and metadata, and metadata that are damaged."""

import io
import json
import zipfile

import numpy as np
import pytest

from graphnn.errors import WeightsError
from graphnn.storage.archives import Archive, write_archive
from graphnn.storage.described import META, digest, read_described, write_described

ARRAYS = {"a/weights": np.float32([[1, 2, 3], [4, 5, 6]]), "a/biases": np.float64([0.1, 7]), "n": np.arange(3)}
VALUES = {"classes": ["cat", "größer"], "scale": 0.1}


@pytest.fixture
def path(tmp_path):
    write_described(tmp_path / "file.npz", ARRAYS, VALUES)
    return tmp_path / "file.npz"


def read(path):
    with Archive(path, WeightsError) as archive:
        return read_described(archive)


def members(path):
    with Archive(path, WeightsError) as archive:
        return {name: archive.read(name) for name in archive.names}


def rewrite(path, arrays):
    with path.open("wb") as file:
        write_archive(file, arrays)
    return path


def test_arrays_of_any_type_and_values_come_back(path):
    arrays, meta = read(path)
    assert meta.pop("digest") == digest(
        ARRAYS, json.dumps({"format_version": 2, **VALUES}, ensure_ascii=False).encode()
    )
    assert meta == {"format_version": 2, **VALUES}
    assert {name: (array.dtype, array.tobytes()) for name, array in arrays.items()} == {
        name: (array.dtype, array.tobytes()) for name, array in ARRAYS.items()
    }


def test_the_digest_of_a_known_file_stays_what_it_is(path):
    """Weights of today have to load in years."""
    assert read(path)[1]["digest"] == "51f83b8cfbd472fb9c0a55996fc3dcfdfb966bbe4b576d971905e7382b02981b"


def test_a_version_and_a_digest_that_were_read_are_written_anew(path, tmp_path):
    write_described(tmp_path / "again.npz", ARRAYS, {"digest": "0", "format_version": 1, **VALUES})
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def changed(arrays, **others):
    return {**arrays, **others}


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: changed(arrays, **{"a/biases": np.float64([0.1, 7.000000000000001])}),
        lambda arrays: changed(arrays, **{"a/biases": arrays["a/biases"].view(np.int64)}),
        lambda arrays: changed(arrays, **{"a/biases": arrays["a/biases"].astype(">f8")}),
        lambda arrays: changed(arrays, **{"a/weights": arrays["a/weights"].reshape(3, 2)}),
        lambda arrays: changed(arrays, **{"a/weights": arrays["a/weights"].reshape(-1)}),
        lambda arrays: changed(arrays, **{"a/weights": np.float32([[1, 3, 5], [2, 4, 6]])}),
        lambda arrays: changed(arrays, more=np.zeros(0)),
        lambda arrays: {name: array for name, array in arrays.items() if name != "n"},
        lambda arrays: {name.replace("biases", "beta"): array for name, array in arrays.items()},
        lambda arrays: {name: arrays[name] for name in ("a/biases", "a/weights", "n", META)},
        lambda arrays: changed(arrays, **{META: edited(arrays, "cat", "dog")}),
        lambda arrays: changed(arrays, **{META: edited(arrays, "0.1", "0.2")}),
        lambda arrays: changed(arrays, **{META: edited(arrays, ": 2,", ": 1,")}),
        lambda arrays: changed(arrays, **{META: edited(arrays, "format_version", "formatversion")}),
        lambda arrays: changed(arrays, **{META: edited(arrays, "0.1", "0.10")}),
        lambda arrays: changed(arrays, **{META: edited(arrays, '"digest": "', '"digest": "0')}),
        lambda arrays: changed(arrays, **{META: edited(arrays, '"digest"', '"digits"')}),
        lambda arrays: changed(arrays, **{META: edited(arrays, '"}', '" }')}),
    ],
)
def test_any_change_behind_right_checksums_is_noticed(path, change):
    arrays = members(path)
    rewrite(path, change(arrays))
    with pytest.raises(WeightsError, match=r"its digest is another|does not end with a digest"):
        read(path)
    rewrite(path, arrays)
    read(path)


def edited(arrays, old, new):
    text = arrays[META].tobytes().decode()
    assert text.count(old) == 1
    return np.frombuffer(text.replace(old, new).encode(), np.uint8)


def test_another_memory_order_of_the_same_array_is_no_change(path):
    arrays = members(path)
    np.savez(path, **changed(arrays, **{"a/weights": np.asfortranarray(arrays["a/weights"])}))
    assert np.array_equal(read(path)[0]["a/weights"], ARRAYS["a/weights"])


def test_compressing_a_file_is_no_change(path):
    np.savez_compressed(path, **members(path))
    assert read(path)[1]["classes"] == VALUES["classes"]


def test_a_file_of_version_1_has_no_digest(path):
    text = json.dumps({"format_version": 1, **VALUES}).encode()
    rewrite(path, {**ARRAYS, META: np.frombuffer(text, np.uint8)})
    assert read(path)[1] == {"format_version": 1, **VALUES}


def test_half_of_a_surrogate_pair_comes_back(path):
    write_described(path, {}, {"name": "a\ud800b"})
    assert read(path)[1]["name"] == "a\ud800b"


def meta_bytes(text):
    return np.frombuffer(text, np.uint8)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.float32([1]), "its __meta__ is damaged: 1 float32, not a row of bytes"),
        (np.uint8(1).reshape(()), "its __meta__ is damaged: one uint8, not a row of bytes"),
        (np.zeros((2, 2), np.uint8), "its __meta__ is damaged: 2×2 uint8, not a row of bytes"),
        (meta_bytes(b"\xff\xfe"), "its __meta__ is damaged: 'utf-8' codec"),
        (meta_bytes(b'{"a": '), "its __meta__ is damaged: Expecting value"),
        (meta_bytes(b"[1]"), "its __meta__ is damaged: not a JSON object"),
        (meta_bytes(b'{"a":' * 100_000), "its __meta__ is damaged: "),
        (meta_bytes(b'{"a": NaN}'), "its __meta__ is damaged: NaN is not a finite number"),
        (meta_bytes(b'{"a": -Infinity}'), "its __meta__ is damaged: -Infinity is not a finite number"),
        (meta_bytes(b'{"a": 1e999}'), "its __meta__ is damaged: 1e999 is not a finite number"),
        (meta_bytes(b'{"a": ' + b"1" * 5000 + b"}"), "its __meta__ is damaged: Exceeds the limit"),
        (meta_bytes(b'{"format_version": 3}'), "is of format version 3, but this program knows 1 to 2 only"),
        (meta_bytes(b'{"format_version": true}'), "is of format version True, but"),
        (meta_bytes(b'{"format_version": "1"}'), "is of format version '1', but"),
        (meta_bytes(b'{"format_version": 2}'), "its __meta__ is damaged: it does not end with a digest"),
        (meta_bytes(b'{"format_version": 1, "digest": 5}'), "its __meta__ is damaged: it does not end with a digest"),
    ],
)
def test_damaged_metadata_are_told(tmp_path, array, message):
    with pytest.raises(WeightsError) as caught:
        read(rewrite(tmp_path / "file.npz", {META: array}))
    assert str(caught.value).startswith(f"{tmp_path / 'file.npz'}: {message}")


def test_metadata_that_are_no_json_are_an_error_of_the_program(tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_described(tmp_path / "net.npz", {}, {"when": io.BytesIO()})
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_is_there_twice_is_not_chosen_from(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("n.npy", archive.read("n.npy"))
    with pytest.raises(WeightsError, match='2 arrays of the name "n"'):
        read(path)
