"""POST /predict: what it takes, and that its answers are those of the command `predict`."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from graphnn.commands import predict as predict_command
from graphnn.commands import train as train_command
from graphnn.datasets.loading import load

CLOSE = 2e-6  # of a probability: matrix products of other sizes are rounded otherwise
JSON = {"Content-Type": "application/json"}


def error_of(response: httpx.Response, status: int) -> str:
    """Return the sentence of an error, which is all that its answer holds."""
    assert response.status_code == status, response.text
    values = response.json()
    assert list(values) == ["error"]
    return str(values["error"])


def as_printed(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    """Return the JSON that `predict` prints."""
    assert predict_command.main([*map(str, arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def without_notes(answers: list[Any]) -> list[Any]:
    return [{key: value for key, value in one.items() if key != "notes"} for one in answers]


@pytest.mark.parametrize("form", ["multipart", "body", "octets"])
def test_a_picture_is_answered_as_predict_answers_it(
    form: str, served: Any, trained: Path, digits: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "five.png"
    picture.write_bytes(digits[0])
    if form == "multipart":
        found = httpx.post(f"{served.url}/predict?top=3", files={"image": ("five.png", digits[0])})
    else:
        kind = "image/png" if form == "body" else "application/octet-stream"
        found = httpx.post(f"{served.url}/predict?top=3", content=digits[0], headers={"Content-Type": kind})
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "application/json"
    (expected,) = as_printed(capsys, trained, picture, "--top", "3")
    (answer,) = found.json()
    assert answer["predictions"] == expected["predictions"]  # to the last bit: a batch of one, as there
    assert answer["input"] == (str(picture.name) if form == "multipart" else "body")
    assert answer["notes"][0].startswith("is 8×8 and ")


def test_several_files_are_answered_in_their_order(served: Any, digits: list[bytes]) -> None:
    array = io.BytesIO()
    np.save(array, load("digits").x_test[1:3])
    files = [("a", ("a.png", digits[0])), ("b", ("b.npy", array.getvalue())), ("a", ("c.png", digits[5]))]
    answers = httpx.post(f"{served.url}/predict", files=files).json()
    assert [one["input"] for one in answers] == ["a.png", "b.npy[0]", "b.npy[1]", "c.png"]
    for name, content, index in (("a.png", digits[0], 0), ("c.png", digits[5], 3)):
        (alone,) = httpx.post(f"{served.url}/predict", files={"x": (name, content)}).json()
        assert_close(alone, answers[index])


def assert_close(one: Any, other: Any) -> None:
    """Compare two answers, but for the rounding of probabilities."""
    for mine, theirs in zip(one["predictions"], other["predictions"], strict=True):
        assert mine["class"] == theirs["class"]
        assert mine["probability"] == pytest.approx(theirs["probability"], abs=CLOSE)


@pytest.mark.parametrize("shape", [(1, 8, 8), (8, 8), (64,)])
def test_arrays_in_json_have_any_shape_that_predict_takes(
    shape: tuple[int, ...], served: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = load("digits").x_test[:3].reshape(3, *shape)
    np.save(tmp_path / "x.npy", x)
    expected = as_printed(capsys, trained, tmp_path / "x.npy")
    batch = httpx.post(f"{served.url}/predict", json={"inputs": x.tolist()}).json()
    assert [one["input"] for one in batch] == ["inputs[0]", "inputs[1]", "inputs[2]"]
    assert [one["predictions"] for one in batch] == [one["predictions"] for one in expected]
    single = httpx.post(f"{served.url}/predict", json=x[0].tolist()).json()
    assert [one["input"] for one in single] == ["inputs"]
    assert_close(single[0], expected[0])


def test_the_picture_as_the_network_sees_it(served: Any, digits: list[bytes]) -> None:
    (answer,) = httpx.post(f"{served.url}/predict?seen=1", files={"x": ("x.png", digits[0])}).json()
    assert answer["seen"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("top=0", 422, 'top is "0", where a whole number from 1 is needed'),
        ("top=many", 422, 'top is "many"'),
        ("tpo=3", 422, 'unknown parameter "tpo"; did you mean "top"?'),
        ("seen=perhaps", 422, 'seen is "perhaps", where 1 or 0 is needed'),
        ("top=1&top=2", 422, "the address has top twice"),
    ],
)
def test_parameters_that_mean_nothing(query: str, status: int, words: str, served: Any, digits: list[bytes]) -> None:
    found = httpx.post(f"{served.url}/predict?{query}", files={"x": ("x.png", digits[0])})
    assert words in error_of(found, status)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"{", 400, "the body is not JSON: "),
        (b"\xff\xfe\x00", 400, "the body is not"),
        (b"[NaN]", 400, "NaN is no number of JSON"),
        (b"[" * 100_000, 400, "its lists are too deep"),
        (b"[" + b"1" * 5000 + b"]", 400, "the body is not JSON of use"),
        (b"{}", 422, 'the body holds no samples; send {"inputs": [...]}'),
        (b"[]", 422, "the body holds no samples"),
        (b'"x"', 422, "the body holds no samples"),
        (b'{"inputs": []}', 422, "inputs holds no numbers"),
        (b'{"inputs": "x"}', 422, "inputs has to be an array of numbers, not a string"),
        (b'{"inputs": ["x"]}', 422, "something that is not a number"),
        (b'{"inputs": [[1, 2], [3]]}', 422, "its lists have different lengths"),
        (b'{"inputs": [1, 2]}', 422, "inputs: the array is 2; one sample is 1×8×8, a batch N×1×8×8"),
        (b'{"inputs": [1], "top": 3}', 422, 'unknown key "top" beside "inputs"'),
        (b'{"inputs": [1], "inputs": [2]}', 400, 'the body has the key "inputs" twice in one object'),
        (b"[" + b"9" * 30 + b"]", 422, "inputs holds something that is not a number, or one of too many digits"),
        (b'{"inputs": [{"a": 1}]}', 422, 'found the key "a", but the network was not trained on a table'),
        (b'{"instances": [1, 2]}', 422, 'found the key "instances", but the network was not trained on a table; send'),
        (json.dumps([1e300] * 64).encode(), 422, "holds numbers that are not finite"),
        (b"[1e999]", 422, "one sample is 1×8×8"),
    ],
)
def test_json_that_is_no_sample(content: bytes, status: int, words: str, served: Any) -> None:
    assert words in error_of(httpx.post(f"{served.url}/predict", content=content, headers=JSON), status)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the body is empty"),
        (b"no picture", "body: is not a picture of a kind that is read: PNG, JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "body: "),
        (b"\x93NUMPY\x01\x00v\x00{", "body: is not a readable .npy array"),
    ],
)
def test_pictures_that_are_broken(content: bytes, words: str, served: Any) -> None:
    found = httpx.post(f"{served.url}/predict", content=content, headers={"Content-Type": "image/png"})
    assert words in error_of(found, 422 if content else 400)


def test_half_of_a_picture(served: Any, digits: list[bytes]) -> None:
    found = httpx.post(f"{served.url}/predict", files={"x": ("half.png", digits[0][: len(digits[0]) // 2])})
    assert error_of(found, 422).startswith("half.png: ")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_types_are_told_what_to_send(kind: str, served: Any, digits: list[bytes]) -> None:
    headers = {"Content-Type": kind} if kind else {}
    text = error_of(httpx.post(f"{served.url}/predict", content=digits[0], headers=headers), 415)
    assert "curl -F image=@picture.png" in text
    assert kind in text


def test_multipart_without_files(served: Any, digits: list[bytes]) -> None:
    url = f"{served.url}/predict"
    assert 'the field "top" is no file; parameters stand in the address' in error_of(
        httpx.post(url, files={"x": ("x.png", digits[0])}, data={"top": "3"}), 422
    )
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "multipart/form-data" in error_of(httpx.post(url, content=b"nothing of the kind", headers=broken), 400)
    assert "multipart/form-data" in error_of(
        httpx.post(url, content=b"x", headers={"Content-Type": "multipart/form-data"}), 400
    )
    whole = part("a.png", digits[0]) + part("b.png", digits[1]) + b"--x--\r\n"
    assert len(httpx.post(url, content=whole, headers=broken).json()) == 2
    for length in (len(whole) - 7, len(whole) - 50, len(part("a.png", digits[0])) + 9):
        assert "it ends in the middle" in error_of(httpx.post(url, content=whole[:length], headers=broken), 400)
    empty = httpx.post(url, files={"x": ("empty.png", b"")})
    assert error_of(empty, 422) == "empty.png: is empty"
    assert served.said() == ""


def part(name: str, content: bytes) -> bytes:
    """Return a file as a part of a multipart body whose boundary is x."""
    return f'--x\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.long
def test_pages_of_other_origins_ask_where_they_may(
    served: Any, trained: Path, serve: Callable[..., Any], digits: list[bytes]
) -> None:
    headers = {"Origin": "https://example.org", "Content-Type": "image/png"}
    with serve(trained, "--allow-origin", "https://example.org/", "--access-log") as open_to:
        for server, allowed in ((served, None), (open_to, "https://example.org")):
            found = httpx.post(f"{server.url}/predict", content=digits[0], headers=headers)
            assert found.status_code == 200
            assert found.headers.get("access-control-allow-origin") == allowed
        assert open_to.stop() == 0
        assert '"POST /predict HTTP/1.1" 200' in open_to.process.stdout.read()


def test_other_paths_and_methods(served: Any) -> None:
    assert "POST /predict takes pictures and arrays" in error_of(httpx.get(f"{served.url}/predictions"), 404)
    assert error_of(httpx.get(f"{served.url}/predict"), 405) == "/predict does not take GET; it takes POST"


@pytest.mark.long
def test_a_network_of_numbers_answers_with_values(
    small: dict[str, Any], tmp_path: Path, serve: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 4)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x_train=x, y_train=x @ np.ones((4, 2), np.float32), x_test=x, y_test=x[:, :2])
    small.update(
        input={"shape": [4]},
        layers=[{"type": "Dense", "units": 2}],
        loss={"type": "MeanSquaredError"},
        data={"dataset": "npz", "path": "data.npz"},
        training={"epochs": 1, "batch_size": 8},
    )
    document = tmp_path / "numbers.json"
    document.write_text(json.dumps(small), encoding="utf-8")
    assert train_command.main([str(document), "--quiet"]) == 0
    np.save(tmp_path / "x.npy", x[:2])
    capsys.readouterr()
    expected = as_printed(capsys, document, tmp_path / "x.npy")
    with serve(document) as server:
        url = f"{server.url}/predict"
        found = httpx.post(url, json={"inputs": x[:2].tolist()}).json()
        assert [one["values"] for one in without_notes(found)] == [one["values"] for one in expected]
        assert "top is for classes" in error_of(httpx.post(f"{url}?top=2", json=x[0].tolist()), 422)
        assert "give an .npy array" in error_of(httpx.post(url, files={"x": ("x.png", b"x")}), 422)
        huge = [3e38, 3e38, 3e38, 3e38]
        assert "the network's output is not finite" in error_of(httpx.post(url, json=huge), 422)
