"""What a stream holds, by its first bytes, and the values of JSON in it, as they come."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.errors import DataError
from graphnn.evaluation.inputs import Reader
from graphnn.evaluation.json_samples import json_samples
from graphnn.evaluation.json_values import NoValue, json_values
from graphnn.evaluation.standard_input import ARRAY, JSON, PICTURE, ROWS, TEXT, lines_there_are, recognised

READER = Reader(data_shape=(1, 2, 3), input_shape=(6,))


def picture(form: str) -> bytes:
    """Return the bytes of a picture."""
    stream = io.BytesIO()
    Image.new("L" if form == "PPM" else "RGB", (9, 7)).save(stream, form)
    return stream.getvalue()


def stream_of(content: bytes) -> io.BufferedReader:
    """Return a stream of bytes."""
    return io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *[(picture(form), PICTURE) for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")],
        (b"\x93NUMPY\x01\0", ARRAY),
        (b"[[1, 2]]", JSON),
        (b" \n [1]", JSON),
        (b"[]", JSON),
        (b'{"a": 1}', ROWS),
        (b'\n[ \n{"a": 1}]', ROWS),
        (b"BMI,age\n20,30\n", TEXT),
        (b"P2,P3\n1,2\n", TEXT),
        (b"a\n1\n", TEXT),
        (b"x", TEXT),
    ],
)
def test_the_first_bytes_tell(content: bytes, kind: str) -> None:
    found = recognised(stream_of(content))
    assert (found.kind, found.stream.read()) == (kind, content)


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_nothing_is_told(content: bytes) -> None:
    with pytest.raises(DataError, match="standard input is empty"):
        recognised(stream_of(content))


def test_lines_come_as_they_are_written() -> None:
    ends = os.pipe()
    with os.fdopen(ends[0], "rb") as stream, os.fdopen(ends[1], "wb", buffering=0) as writer:
        writer.write(b"[1]\n[2]\n[")
        held = recognised(stream)
        lines = lines_there_are(held.stream)
        found = next(lines)
        while found != [b"[1]", b"[2]"]:  # the first bytes have been read for themselves
            found += next(lines)
        writer.write(b"3]\n")
        assert next(lines) == [b"[3]"]
        writer.write(b"[4")
        writer.close()
        assert list(lines) == [[b"[4"]]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_lines_are_those_of_the_stream_however_they_come(size: int) -> None:
    content = b"a\n\nbcd\n" * 20 + b"end"
    found = [line for lines in lines_there_are(stream_of(content), size) for line in lines]
    assert found == content.split(b"\n")


def test_values_on_lines_or_in_one_document() -> None:
    def values(text: str) -> list[object]:
        found = [each for part in json_values(stream_of(text.encode()), Path("v")) for each in part]
        return [(number, value.problem if isinstance(value, NoValue) else value) for number, value in found]

    assert values("[1]\n\n2\nx\n") == [
        (1, [1]),
        (3, 2),
        (4, "v:4: is no JSON: Expecting value: line 1 column 1 (char 0)"),
    ]
    assert values(json.dumps([[1, 2], [3]], indent=1)) == [(1, [[1, 2], [3]])]
    assert values('\n\n{\n"a":\n1}\n') == [(1, {"a": 1})]
    with pytest.raises(DataError, match="v: is no JSON: Expecting ',' delimiter: line 2"):
        values("[1\n2]")


def test_samples_have_the_shapes_of_an_array() -> None:
    x = np.arange(24.0).reshape(4, 1, 2, 3)
    for value in (x, x.reshape(4, 2, 3), x.reshape(4, 6)):
        np.testing.assert_array_equal(json_samples(value.tolist(), READER, "v:1"), x)
        np.testing.assert_array_equal(json_samples(value[1].tolist(), READER, "v:1"), x[1:2])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, "v:1: is an object, where a list of 1×2×3 numbers is needed"),
        ([[1, 2], [3]], "v:1: is no array of numbers; one sample is 1×2×3"),
        (["a"] * 6, "v:1: is no array of numbers"),
        (None, "v:1: is no array of numbers"),
        ([10**30] * 6, "v:1: is no array of numbers"),
        ([1, 2], "v:1: the array is 2; one sample is 1×2×3"),
        ([float("nan")] * 6, "v:1: holds numbers that are not finite"),
        (NoValue("v:1: is no JSON"), "v:1: is no JSON"),
    ],
)
def test_what_is_no_sample_is_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        json_samples(value, READER, "v:1")
