"""Pickles of arrays are read as values; what else a pickle can do is never done."""

import os
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets.pickled_arrays import read_pickled
from tests.datasets.pickles import as_python_2_wrote

DATA = np.random.default_rng(0).integers(0, 256, (5, 300), dtype=np.uint8)
VALUES: dict[str, Any] = {
    "data": DATA,
    "labels": [0, 255, 256, 70_000, -3, 2**40],
    "wide": np.arange(6, dtype=">i4").reshape(2, 3),
    "turned": np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
    "text": "Blümchen",
    "pair": (1, None, True, 2.5),
    "bytes": b"\x00\xff",
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("key", [str, str.encode])
def test_values_of_every_version_are_read(protocol: int, key: Any) -> None:
    found = read_pickled(pickle.dumps({key(name): value for name, value in VALUES.items()}, protocol))
    assert list(found) == list(VALUES)
    for name, value in VALUES.items():
        if isinstance(value, np.ndarray):
            assert found[name].dtype == value.dtype
            np.testing.assert_array_equal(found[name], value)
        else:
            assert found[name] == value


def test_what_python_2_wrote_is_read() -> None:
    content = as_python_2_wrote(DATA, "labels", [3, 1, 4, 1, 300])
    known = pickle.loads(content, encoding="bytes")  # the standard library agrees about the test's own pickle
    assert known[b"labels"] == [3, 1, 4, 1, 300]
    found = read_pickled(content)
    assert found["labels"] == known[b"labels"]
    np.testing.assert_array_equal(found["data"], DATA)
    np.testing.assert_array_equal(known[b"data"], DATA)


class Hostile:
    """A value that makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_no_code_is_run(tmp_path: Path, protocol: int) -> None:
    content = pickle.dumps({"data": DATA, "labels": Hostile(tmp_path / "run")}, protocol)
    with pytest.raises(ValueError, match="nothing in it was run"):
        read_pickled(content)
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match="array without values"):
        read_pickled(pickle.dumps({"labels": os.mkdir}, max(2, protocol)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "pickle exhausted"),
        (b"no pickle", "opcode"),
        (pickle.dumps([1], 2), "it is a list, where a dictionary is needed"),
        (pickle.dumps({"a": np.zeros(3)}, 2), "it has an array of 'f8', where one of integers is needed"),
        (pickle.dumps({"a": np.array([None])}, 2), "it has an array of 'O8'"),
        (pickle.dumps({"a": Path("x")}, 2), "it would call pathlib"),
        (pickle.dumps({"a": {1}}, 4), "it has the opcode EMPTY_SET"),
        (pickle.dumps({1: 2}, 2), "it is no pickle of arrays: TypeError"),
        (b"\x80\x02}(U\x01au.", "TypeError"),
        (b"\x80\x02h\x07.", "KeyError"),
        (b"\x80\x02\x85.", "IndexError"),
        (b"\x80\x02S'\\q'\n.", "DeprecationWarning"),
        (b"\x80\x02}e.", "IndexError"),
        (b"\x80\x02}bb.", "IndexError"),
        (b"\x80\x02T\xff\xff\xff\x7fa.", "expected 2147483647 bytes"),
        (b"\x80\x02\x8a\xff" + b"\xff" * 3, "not enough data in stream to read long1"),
    ],
)
def test_what_is_no_pickle_of_arrays_is_told(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_pickled(content)


def test_an_array_may_not_claim_more_than_there_is() -> None:
    content = pickle.dumps({"data": DATA}, 2)
    for size, claimed in ((b"K\x05", b"K\x06"), (b"K\x05", b"J\xff\xff\xff\xff"), (b"K\x05", b"J\xff\xff\xff\x7f")):
        with pytest.raises(ValueError, match=r"but 1,500 of its values|impossible shape"):
            read_pickled(content.replace(size + b"M\x2c\x01", claimed + b"M\x2c\x01"))


def test_damage_anywhere_is_an_error_or_other_values(tmp_path: Path) -> None:
    """Of 3,000 pickles with a few bytes changed, none ends otherwise."""
    rng = random.Random(0)
    sources = [pickle.dumps(VALUES, protocol) for protocol in (2, 4, 5)] + [as_python_2_wrote(DATA[:, :9], "l", [1])]
    outcomes = set()
    for _ in range(3000):
        content = bytearray(rng.choice(sources))
        for _ in range(rng.randrange(1, 4)):
            content[rng.randrange(min(len(content), 600))] = rng.randrange(256)
        try:
            found = read_pickled(bytes(content))
        except ValueError:
            outcomes.add("refused")
        else:
            assert type(found) is dict
            outcomes.add("read")
    assert outcomes == {"refused", "read"}
