"""Arrays of any size, read some samples at a time."""

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import DataError
from graphnn.evaluation.array_parts import array_parts, finite_samples
from graphnn.evaluation.inputs import Reader
from graphnn.types import Array

READER = Reader(data_shape=(1, 4, 3), input_shape=(12,), bytes_in_data=False)
PATH = Path("x.npy")


def written(x: Array) -> bytes:
    """Return the bytes of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, x)
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(12,), (1, 4, 3), (4, 3)])
@pytest.mark.parametrize("dtype", ["u1", "<f8", ">f4", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("known", [True, False])
def test_the_samples_are_those_of_the_array(shape: Any, dtype: str, order: Any, known: bool) -> None:
    x = np.random.default_rng(0).integers(0, 9, (600, *shape)).astype(dtype)
    content = written(np.asarray(x, order=order))
    parts = list(array_parts(READER, PATH, io.BytesIO(content), len(content) if known else None))
    assert [len(part.x) for part in parts] == ([256, 256, 88] if order == "C" or len(shape) == 0 else [600])
    np.testing.assert_array_equal(np.concatenate([part.x for part in parts]), x.reshape(600, 1, 4, 3))
    assert not any(part.single for part in parts)
    (one,) = array_parts(READER, PATH, io.BytesIO(written(x[0])))
    assert (one.single, one.x.shape) == (True, (1, 1, 4, 3))


def test_a_large_array_takes_little_memory(tmp_path: Path) -> None:
    count = 200_000
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (count, 12))
    del x
    tracemalloc.start()
    with (tmp_path / "x.npy").open("rb") as file:
        assert (
            sum(len(part.x) for part in array_parts(READER, PATH, file, (tmp_path / "x.npy").stat().st_size)) == count
        )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("content", "known", "message"),
    [
        (
            written(np.zeros((300, 12)))[:-1],
            True,
            "x.npy: is not a readable .npy array: .* need 28,800 bytes, not 28,799",
        ),
        (written(np.zeros((300, 12)))[:-1], False, "is not a readable .npy array: it ends before its 28,800 bytes"),
        (written(np.zeros((3, 12))) + b"x", False, "more bytes follow the 288 of 3×12 of float64"),
        (written(np.zeros((3, 12), order="F"))[:-1], False, "it ends before its 288 bytes"),
        (written(np.zeros((0, 12))), True, "x.npy: holds no samples"),
        (written(np.zeros((3, 13))), True, "the array is 3×13; one sample is 1×4×3"),
        (written(np.array(["a"])), True, "holds <U1, not numbers"),
        (b"\x93NUMPY\x01\x00", True, "it ends within its header"),
        (b"", False, "is not a readable .npy array"),
    ],
)
def test_damaged_arrays_are_refused(content: bytes, known: bool, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(array_parts(READER, PATH, io.BytesIO(content), len(content) if known else None))


def test_finite_samples() -> None:
    x = np.ones((5, 2, 2))
    x[1, 0, 0], x[3, 1, 1] = np.nan, 1e300  # the second is infinite as float32
    assert finite_samples(x).tolist() == [True, False, True, False, True]
