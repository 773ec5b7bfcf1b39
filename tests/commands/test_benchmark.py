"""benchmark: one run that shows everything, JSON, and wrong command lines."""

import json
from pathlib import Path

import pytest

from graphnn.benchmark import measure
from graphnn.commands.benchmark import main
from graphnn.layers.base import LAYERS

Shown = pytest.CaptureFixture[str]


def test_everything_at_once(document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    options = ["--quick", "--threads", "1,2", "--batch-sizes", "8,16", "--nodes"]
    assert main([str(document), *options]) == 0
    shown = capsys.readouterr()
    assert "its figures mean nothing" in shown.err
    lines = shown.out.splitlines()
    assert max(map(len, lines[1:])) <= 100
    for title in ("batch of 8, 2 threads", "batch of 16, 2 threads", "growth with the batch", "threads"):
        assert f"net: {title}" in lines
    assert any(line.startswith("2 processes of one thread") for line in lines)
    assert lines[-1].startswith("one step: ")
    assert any(line.split()[:2] == ["norm", "BatchNormalization"] for line in lines)


def test_json_of_two_documents(document: Path, small: dict[str, object], capsys: Shown) -> None:
    other = document.with_name("other.json")
    other.write_text(json.dumps({**small, "name": "second"}))
    changed = ["--set", "training.batch_size=4", "--threads", "1"]
    assert main([str(document), str(other), "--quick", "--json", *changed]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in content["documents"]] == ["net", "second"]
    (found,) = content["documents"][0]["comparisons"]
    assert (found["batch_size"], found["threads"], found["torch"]) == (4, 1, None)
    assert found["sides"][0]["training"]["images_per_second"] > 0
    assert "scaling" not in content["documents"][0]
    assert "nodes" not in content["documents"][0]
    assert content["machine"]["numpy"]


def test_a_layer_from_a_plugin(document: Path, small: dict[str, object], tmp_path: Path, capsys: Shown) -> None:
    plugin = tmp_path / "halving.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from graphnn.layers.base import Layer, register\n"
        "@register\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Halving(Layer):\n"
        "    schema = {'properties': {}}\n"
        "    def forward(self, params, x, ctx):\n"
        "        return x / 2, lambda dy: (dy / 2, {})\n"
    )
    layers = small["layers"]
    assert isinstance(layers, list)
    layers.insert(1, {"type": "Halving"})
    document.write_text(json.dumps(small))
    command = [str(document), "--plugin", str(plugin), "--quick", "--threads", "1"]
    try:
        assert main(command) == 0
    finally:
        LAYERS.pop("Halving", None)
    assert "prediction" in capsys.readouterr().out


def test_pytorch_is_not_there(document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: None)
    assert main([str(document), "--against", "torch"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pip install 'graphnn[torch]'" in shown.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: SPEC"),
        (["net.json", "--threads", "1,0"], '"0" is not an integer of at least 1'),
        (["net.json", "--seconds", "0"], "--seconds must be more than 0"),
        (["net.json", "--against", "keras"], "invalid choice: 'keras'"),
        (["none.json", "--quick"], "none.json"),
    ],
)
def test_wrong_command_lines(arguments: list[str], message: str, capsys: Shown) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
