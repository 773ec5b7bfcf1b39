"""Reading documents: files that are not documents are refused with advice, and every value has its position."""

import zipfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from graphnn.document.document import MAX_BYTES, VARIANTS, document_of_values, parse_document, read_document
from graphnn.errors import SpecError
from graphnn.text.shell import file_word


def refusal(file: Path) -> str:
    """Return the one-line message about a file, without the file's name."""
    with pytest.raises(SpecError) as refused:
        read_document(file)
    text = str(refused.value)
    assert text.startswith(str(file))
    return text.removeprefix(f"{file}: ")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b'\xef\xbb\xbf{"name": 1}')
    document = read_document(file)
    assert document.value == {"name": 1}
    assert document.locate(("name",), key=True) == (1, 2)
    assert parse_document('\ufeff{"name": 1}').locate(("name",)) == (1, 10)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes('{\n  "é": "caf\xe9"\n}'.encode().replace("café".encode(), "café".encode("latin-1")))
    assert refusal(file) == (
        f"{file}:2:12: not UTF-8: byte 0xE9 at offset 14; save the file as UTF-8\n"
        '      "é": "caf\N{REPLACEMENT CHARACTER}"\n'
        "               ^"
    )
    file.write_bytes('{"name": "x"}'.encode("utf-16"))
    assert refusal(file) == "this text is in UTF-16; save it as UTF-8"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("net.onnx", b"\x08\x0a\x12\xfa", "this is a network in ONNX, not a network document; graphnn import {} makes"),
        ("my net.keras", b"PK\x03\x04", "this is a model of Keras, not a network document; graphnn import {} says"),
        ("net.pt", b"PK\x03\x04", "this is a file of PyTorch, not a network document; graphnn import {} says"),
        ("W.safetensors", b"\x10\0\0\0", "these are weights, not a network document; graphnn import {} --into "),
    ],
)
def test_a_file_of_another_library(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(said.format(file_word(tmp_path / name)))
    (tmp_path / name).write_text(' {"name": "a document, whatever its file is called"}')
    assert read_document(tmp_path / name).value["name"].startswith("a document")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    weights = tmp_path / "net.npz"
    np.savez(weights, a=np.zeros(3))
    assert refusal(weights) == "this is a weights file (.npz), not a network document"
    (tmp_path / "net.json").write_text("{}")
    assert refusal(weights).endswith(f"not a network document; did you mean {tmp_path / 'net.json'}?")
    with zipfile.ZipFile(tmp_path / "empty.json", "w"):
        pass
    assert refusal(tmp_path / "empty.json") == "this is a weights file (.npz), not a network document"
    np.save(tmp_path / "x.npy", np.zeros(3))
    assert "array file" in refusal(tmp_path / "x.npy")


def test_each_kind_of_document_has_words_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for text, said in (
        ("", 'the document is empty; a file of variants is an object: {"variants": […]}'),
        ("[]", 'a file of variants is an object {"variants": […]}, found a list; if these are the variants, write'),
        ('{"layers": []}', "this is a network document, not a file of variants"),
    ):
        file.write_text(text)
        with pytest.raises(SpecError) as refused:
            read_document(file, VARIANTS)
        assert said in str(refused.value)
    file.write_text('{\n  "variants": []\n}')
    assert refusal(file) == (
        f"{file}:2:3: this is a file of variants, not a network document; tools/compare.py takes it, after --variants\n"
        '      "variants": []\n'
        "      ^"
    )
    file.write_text('{"layers": [], "variants": []}')
    assert read_document(file, VARIANTS).value == read_document(file).value


def test_a_weights_file_of_any_size_is_called_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "large.npz", a=np.zeros(MAX_BYTES // 4))
    assert "weights file" in refusal(tmp_path / "large.npz")


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(b'{"name": "x"}'.ljust(MAX_BYTES))
    assert read_document(file).value == {"name": "x"}
    file.write_bytes(b'{"name": "x"}'.ljust(MAX_BYTES + 1))
    assert refusal(file) == "larger than 5 MB; is this a network document?"


def test_nesting_100_000_deep_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text('{"layers": ' + "[" * 100_000)
    assert (
        refusal(file).splitlines()[0] == f"{file}:1:111: nested more than 100 deep; a network needs only a few levels"
    )


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(tmp_path) == "this is a folder; give a document"
    for number in range(10):
        (tmp_path / f"net{number}.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    names = ", ".join(f"net{number}.json" for number in range(8))
    assert refusal(Path()) == f"this is a folder; give a document: {names}, …"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "cifar10.json") == "there is no such file"
    assert refusal(tmp_path / "models" / "x.json") == f"there is no folder {tmp_path / 'models'}"
    right = tmp_path / "cifar10.json"
    right.write_text("{}")
    for wrong in ("cifar10", "cifar10.jso", "cifar-10.json", "Cifar10.json", "cifar10.npz", "cifar1.json"):
        assert refusal(tmp_path / wrong) == f"there is no such file; did you mean {right}?"
    assert refusal(tmp_path / "mnist.json") == f"there is no such file; {tmp_path} holds cifar10.json"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "cannot be read: permission denied"),
        (OSError("odd"), "cannot be read: odd"),
        (ValueError("embedded null byte"), "cannot be read: embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def refuse(self: Path, mode: str) -> NoReturn:
        raise error

    file = tmp_path / "a.json"
    file.write_text("{}")
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(file) == words


def test_a_folder_where_opening_one_is_not_permitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path) == "this is a folder; give a document"


TEXT = """{
  "name": "x",
\t"layers": [
    {"type": "ReLU"},
    {"units": [1,
      {"a": null}], "näme": 3}
  ]
}"""


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ((), False, (1, 1)),
        (("name",), False, (2, 11)),
        (("name",), True, (2, 3)),
        (("layers",), True, (3, 2)),
        (("layers", 1), False, (5, 5)),
        (("layers", 1, "units", 1, "a"), False, (6, 13)),
        (("layers", 1, "units", 1, "a"), True, (6, 8)),
        (("layers", 1, "näme"), False, (6, 29)),
        (("layers", 1, "absent"), True, (5, 5)),  # from here on: the nearest enclosing value
        (("layers", 7, "units"), False, (3, 12)),
        (("layers", "name"), False, (3, 12)),
        (("name", "deeper", 3), False, (2, 11)),
        (("absent",), False, (1, 1)),
        ((3,), False, (1, 1)),
    ],
)
def test_every_value_and_key_knows_its_line_and_column(path: Any, key: bool, place: tuple[int, int]) -> None:
    assert parse_document(TEXT).locate(path, key=key) == place


def test_a_problem_says_where_and_points_there() -> None:
    problem = parse_document(TEXT, "net.json").problem(("layers", 0, "type"), "wrong", where=("layers", 0))
    assert str(problem) == 'net.json:4:14: layers[0]: wrong\n        {"type": "ReLU"},\n                 ^'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("optimizer", "schedule", "type"), "optimizer.schedule.type"),
        (("input", "shape", 2), "input.shape[2]"),
        (("layers", 0), 'layers[0] "conv"'),
        (("layers", 0, "strides", 1), 'layers[0] "conv".strides[1]'),
        (("layers", 1, "name"), "layers[1].name"),
        (("layers", 2, "name"), "layers[2].name"),
        (("layers", 9), "layers[9]"),
        (("other", 0), "other[0]"),
    ],
)
def test_paths_as_people_read_them(path: Any, text: str) -> None:
    document = parse_document('{"layers": [{"name": "conv"}, {"name": 3}, "relu"]}')
    assert document.where(path) == text


def test_where_without_a_list_of_layers() -> None:
    assert parse_document('{"layers": 3}').where(("layers", 0)) == "layers[0]"


def test_values_made_in_python_become_those_of_a_document() -> None:
    document = document_of_values({"a": (1, np.int64(2)), "b": {"c": np.float32(0.5), "d": [None, True]}}, "model")
    assert document.value == {"a": [1, 2], "b": {"c": 0.5, "d": [None, True]}}
    assert [type(value) for value in document.value["a"]] == [int, int]
    assert document.locate(("a",)) is None
    assert str(document.problem(("a", 1), "wrong")) == "model: a[1]: wrong"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, np.zeros(2), object])
def test_values_that_no_document_holds(value: Any) -> None:
    with pytest.raises(SpecError, match=r"model: optimizer\.learning_rate: a document cannot hold "):
        document_of_values({"optimizer": {"learning_rate": value}}, "model")
