"""The language server over standard input and output."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import lsp
from tests.language_server.client import ROOT, Client

WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
OUTDATED = -32801  # ContentModified


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A server and its client."""
    with Client() as one:
        yield one


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """The address of a document that was never saved."""
    return (tmp_path / "net.json").as_uri()


def text_of(values: dict[str, Any]) -> str:
    """Return a document with one line a layer."""
    layers = ",\n".join(json.dumps(layer, ensure_ascii=False) for layer in values["layers"])
    rest = json.dumps({key: value for key, value in values.items() if key != "layers"})
    return f'{rest[:-1]}, "layers": [\n{layers}\n]}}'


def marked(text: str, found: dict[str, Any]) -> str:
    """Return the text of a diagnostic's range, whose positions count code units of UTF-16."""
    start, end = found["range"]["start"], found["range"]["end"]
    assert start["line"] == end["line"]
    units = text.split("\n")[start["line"]].encode("utf-16-le")
    return units[2 * start["character"] : 2 * end["character"]].decode("utf-16-le")


def test_the_three_rungs_from_text_that_is_not_saved(client: Client, uri: str, small: dict[str, Any]) -> None:
    text = text_of(small)
    client.write(uri, text)
    assert client.diagnostics(uri) == []
    client.write(uri, text.replace('"units": 16', '"units": 016'))
    [syntax] = client.diagnostics(uri)
    assert (syntax["severity"], syntax["source"]) == (1, "graphnn")
    client.write(uri, text.replace('"units": 16', '"units": -16').replace('"rate"', '"rat"'))
    schema = client.diagnostics(uri)
    shown = text.replace('"units": 16', '"units": -16').replace('"rate"', '"rat"')
    assert [marked(shown, one) for one in schema] == ["-16", '"rat"']
    assert [one["message"] for one in schema] == [
        "must be at least 1, found -16",
        'unknown key "rat"; did you mean "rate"?',
    ]
    changed = text.replace('"units": 10', '"units": 11')
    client.write(uri, changed)
    [meaning] = client.diagnostics(uri)
    assert marked(changed, meaning) == "11"
    assert "digits has 10 classes" in meaning["message"]
    client.write(uri, text)
    assert client.diagnostics(uri) == []


def test_shapes_are_checked_and_shown_up_to_the_fault(client: Client, uri: str, small: dict[str, Any]) -> None:
    small["layers"].insert(2, {"type": "Conv2D", "filters": 8, "kernel_size": 3})
    text = text_of(small)
    client.write(uri, text)
    [unfit] = client.diagnostics(uri)
    assert marked(text, unfit) == json.dumps(small["layers"][2])
    assert "needs an image" in unfit["message"]
    assert [hint["label"] for hint in client.about("inlayHint", uri, range=WHOLE)] == [
        "→ 16, 1,040 parameters",
        "→ 16, 64 parameters",
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('"rate"', '"rat"'), ('"ReLU"', '"Relu"'), ('"units": 10', '"units": 11'), ('"digits"', '"digit"')],
)
def test_what_a_message_says_to_write_is_written(
    right: str, wrong: str, client: Client, uri: str, small: dict[str, Any]
) -> None:
    text = text_of(small).replace(right, wrong)
    client.write(uri, text)
    [found] = client.diagnostics(uri)
    [action] = client.about("codeAction", uri, range=found["range"], context={"diagnostics": [found]})
    assert (action["kind"], action["diagnostics"]) == ("quickfix", [found])
    [edit] = action["edit"]["changes"][uri]
    start, end = edit["range"]["start"], edit["range"]["end"]
    lines = text.split("\n")
    line = lines[start["line"]]
    lines[start["line"]] = line[: start["character"]] + edit["newText"] + line[end["character"] :]
    assert "\n".join(lines) == text_of(small)
    other = {"start": {"line": 50, "character": 0}, "end": {"line": 50, "character": 0}}
    assert client.about("codeAction", uri, range=other, context={"diagnostics": []}) == []


def test_where_a_message_says_no_more_than_what_is_wrong_nothing_is_offered(
    client: Client, uri: str, small: dict[str, Any]
) -> None:
    small["layers"].insert(2, {"type": "Conv2D", "filters": 8, "kernel_size": 3})
    small["data"]["augment"] = [{"type": "RandomFlip"}]
    client.write(uri, text_of(small))
    [found] = client.diagnostics(uri)
    assert client.about("codeAction", uri, range=found["range"], context={"diagnostics": [found]}) == []


def test_notes_are_warnings(client: Client, uri: str, small: dict[str, Any]) -> None:
    small["data"]["augment"] = [{"type": "RandomFlip"}]
    client.write(uri, text_of(small))
    [note] = client.diagnostics(uri)
    assert note["severity"] == 2
    assert note["message"].startswith("RandomFlip mirrors images")
    assert marked(text_of(small), note) == '{"type": "RandomFlip"}'


def test_hints_at_the_ends_of_lines(client: Client, uri: str, small: dict[str, Any]) -> None:
    text = text_of(small)
    client.write(uri, text)
    hints = client.about("inlayHint", uri, range=WHOLE)
    lines = text.split("\n")
    assert [(hint["position"]["line"], hint["label"]) for hint in hints] == [
        (0, "→ 10, 1,274 parameters, 1,184 multiply-adds"),
        (1, "→ 16, 1,040 parameters"),
        (2, "→ 16, 64 parameters"),
        (3, "→ 16"),
        (4, "→ 16"),
        (5, "→ 10, 170 parameters"),
        (6, "→ 10"),
    ]
    assert all(hint["position"]["character"] == len(lines[hint["position"]["line"]]) for hint in hints)
    few = {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 0}}
    assert [hint["position"]["line"] for hint in client.about("inlayHint", uri, range=few)] == [2, 3]
    client.write(uri, json.dumps(small))  # all in one line: each after its layer
    ends = [hint["position"]["character"] for hint in client.about("inlayHint", uri, range=WHOLE)]
    assert [json.dumps(small)[end - 1 : end + 1] for end in ends] == ["},"] * 5 + ["}]"]


def test_hints_above_what_is_being_typed_stay(client: Client, uri: str, small: dict[str, Any]) -> None:
    text = text_of(small)
    client.write(uri, text)
    client.about("inlayHint", uri, range=WHOLE)
    client.write(uri, text.replace('"rate": 0.1', '"rate": '))
    assert [hint["position"]["line"] for hint in client.about("inlayHint", uri, range=WHOLE)] == [0, 1, 2, 3]


def test_hover_and_outline(client: Client, uri: str, small: dict[str, Any]) -> None:
    text = text_of(small)
    client.write(uri, text)
    told = client.about("hover", uri, position={"line": 1, "character": 5})
    assert told["contents"]["value"].splitlines()[0] == "**hidden, Dense**"
    assert "| input | 64 |" in told["contents"]["value"]
    assert "| output | 16 |" in told["contents"]["value"]
    assert "| parameters | 1,040 (weights 16×64, biases 16) |" in told["contents"]["value"]
    assert "| multiply-adds, one sample | 1,024 |" in told["contents"]["value"]
    assert client.about("hover", uri, position={"line": 0, "character": 3}) is None
    outline = client.about("documentSymbol", uri)
    assert [one["name"] for one in outline] == ["input", "loss", "optimizer", "data", "training", "layers"]
    layers = outline[-1]["children"]
    assert [(one["name"], one["detail"]) for one in layers[:3]] == [
        ("hidden", "Dense 16"),
        ("norm", "BatchNormalization 16"),
        ("relu_1", "ReLU 16"),
    ]


@pytest.mark.parametrize("encodings", [None, ["utf-8"]])
def test_positions_after_emoji_and_cjk(encodings: list[str] | None, uri: str, small: dict[str, Any]) -> None:
    small["layers"][0] = {"description": "🦊🦊 層", "type": "Dense", "units": 16.5}
    text = text_of(small)
    with Client(encodings=encodings) as other:
        assert other.capabilities["positionEncoding"] == (encodings or ["utf-16"])[0]
        other.write(uri, text)
        [found] = other.diagnostics(uri)
        before = text.split("\n")[1].partition("16.5")[0]
        units = {"utf-8": len(before.encode()), "utf-32": len(before), "utf-16": len(before.encode("utf-16-le")) // 2}
        start = units[other.capabilities["positionEncoding"]]
        assert found["range"]["start"] == {"line": 1, "character": start}
        assert found["range"]["end"] == {"line": 1, "character": start + 4}
        small["layers"][0]["units"] = 16
        other.write(uri, text_of(small))
        position = {"line": 1, "character": start}
        assert "| output | 16 |" in other.about("hover", uri, position=position)["contents"]["value"]


def test_other_json_is_left_alone(client: Client, tmp_path: Path, small: dict[str, Any]) -> None:
    for number, text in enumerate(
        ['{"a": 1,}', '{"layers": 3}', '{"compilerOptions": {}}', "", "[1", '"layers": "input":']
    ):
        uri = (tmp_path / f"{number}.json").as_uri()
        client.write(uri, text)
        found = client.diagnostics(uri)
        assert bool(found) is ("input" in text), text
        assert client.about("inlayHint", uri, range=WHOLE) == []
        assert client.about("documentSymbol", uri) == []
        assert client.about("hover", uri, position={"line": 0, "character": 0}) is None


def test_a_question_about_text_that_has_changed_is_dropped(client: Client, uri: str, small: dict[str, Any]) -> None:
    client.write(uri, text_of(small))
    client.diagnostics(uri)
    small["layers"][1:1] = [{"type": "Dense", "units": 16}, {"type": "ReLU"}] * 100
    client.write(uri, text_of(small))
    number = client.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": WHOLE})
    client.write(uri, text_of(small) + " ")
    answer = client.answer(number)
    assert "result" in answer or answer["error"]["code"] == OUTDATED
    client.diagnostics(uri)
    versions = [one["params"].get("version") for one in client.told if one["params"].get("uri") == uri]
    assert 2 not in versions  # changed again within the pause, so that nothing is told about it


def test_what_closes_is_forgotten(client: Client, uri: str) -> None:
    client.write(uri, '{"layers": [], "input":')
    assert client.diagnostics(uri)
    client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.version[uri] = None  # what is told then has no version
    assert client.diagnostics(uri) == []


def test_a_question_about_a_document_that_is_not_open_is_refused(client: Client, uri: str) -> None:
    about = {"textDocument": {"uri": uri}}
    expected = {"code": -32602, "message": f"{uri} is not open"}
    assert client.answer(client.request("textDocument/documentSymbol", about))["error"] == expected
    client.write(uri, "{}")
    client.tell("textDocument/didClose", about)
    assert client.answer(client.request("textDocument/documentSymbol", about))["error"] == expected


def test_paths_are_relative_to_the_document(client: Client, tmp_path: Path, small: dict[str, Any]) -> None:
    (tmp_path / "with space").mkdir()
    uri = (tmp_path / "with space" / "nét.json").as_uri()
    small["data"] = {"dataset": "csv", "path": "missing.csv", "target": "x"}
    client.write(uri, text_of(small))
    assert client.diagnostics(uri) == []  # no data are read
    client.write("untitled:Untitled-1", text_of(small))
    assert client.diagnostics("untitled:Untitled-1") == []


def test_layers_of_plugins_are_known(tmp_path: Path, uri: str, small: dict[str, Any]) -> None:
    plugin = tmp_path / "same.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from graphnn.layers.base import Layer, register\n"
        "print('this must not reach the editor')\n"
        "@register\n@dataclass(frozen=True)\nclass Same(Layer):\n"
        "    schema = {'properties': {}}\n"
        "    def output_shape(self, input_shape):\n"
        "        return input_shape[::-1] if len(input_shape) < 2 else 1 / 0\n"
        "    def forward(self, params, x, ctx):\n        raise NotImplementedError\n"
    )
    small["layers"][2] = {"type": "Same"}
    with Client("--stdio", "--plugin", plugin) as other:
        other.write(uri, text_of(small))
        assert other.diagnostics(uri) == []
        small["input"]["shape"] = [1, 8, 8]
        small["layers"] = [{"type": "Same"}, {"type": "Flatten"}, *small["layers"][4:]]
        other.write(uri, text_of(small))
        assert other.diagnostics(uri) == []
        logged = [one for one in other.told if one["method"] == "window/logMessage"]
        assert "ZeroDivisionError" in logged[0]["params"]["message"]
        other.write(uri, "{")
        assert other.diagnostics(uri) == []


def test_without_its_package_the_command_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lsp.importlib.util, "find_spec", lambda name: None)
    assert lsp.main([]) == 2
    assert capsys.readouterr().err.startswith("the language server needs pygls: ")
    assert lsp.main(["--tcp"]) == 2


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_whoever_starts_it_by_hand_is_told_that_it_is_for_editors() -> None:
    end, terminal = os.openpty()
    command = [sys.executable, "-m", "graphnn", "lsp"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(terminal)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"This is for an editor, which starts it itself")
    os.write(end, b"\x04")  # Ctrl-D
    out, err = process.communicate(timeout=600)
    os.close(end)
    assert (process.returncode, out, err) == (0, b"", b"")
