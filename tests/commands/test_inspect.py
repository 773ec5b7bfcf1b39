"""inspect: formats, weights, the schema's copy, and wrong command lines."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands import inspect
from graphnn.commands.inspect import main
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.machine.memory import Memory
from graphnn.specification.schema import schema_file
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import save_weights

Shown = pytest.CaptureFixture[str]


@pytest.fixture
def weights(document: Path) -> Path:
    """Weights of the small network beside its document, as they are before training."""
    arrays = initialise(build_graph(read_spec(document)), 0).named()
    save_weights(document.with_suffix(".npz"), arrays, {})
    return document.with_suffix(".npz")


def test_table(document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([str(document)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.split() == ["trainable", "parameters", "1,242"] for line in lines)


def test_a_pipe_is_as_wide_as_the_table_asks_for(
    document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert (
        main(
            [
                str(document),
                "--set",
                f"layers={json.dumps([{'type': 'Dense', 'name': 'n' * 60, 'units': 10}, {'type': 'Softmax'}])}",
            ]
        )
        == 0
    )
    assert "n" * 60 in capsys.readouterr().out


@pytest.mark.parametrize("form", ["json", "markdown", "csv"])
def test_formats(form: str, document: Path, capsys: Shown) -> None:
    assert main([str(document), "--format", form]) == 0
    out = capsys.readouterr().out
    if form == "json":
        assert json.loads(out)["totals"]["trainable"] == 1242
    elif form == "csv":
        assert len(list(csv.reader(io.StringIO(out)))) == 8
    else:
        assert out.startswith("| # | name |")


def test_probable_mistakes_are_noted(document: Path, capsys: Shown) -> None:
    changed = json.loads(document.read_text())
    assert main([str(document)]) == 0
    assert capsys.readouterr().err == ""
    document.write_text(json.dumps(changed | {"data": {"dataset": "digits", "augment": [{"type": "RandomFlip"}]}}))
    assert main([str(document)]) == 0
    [note] = capsys.readouterr().err.splitlines()
    column = document.read_text().index('{"type": "RandomFlip"') + 1
    assert note.startswith(f"note: {document}:1:{column}: data.augment[0]: RandomFlip mirrors images, and ")
    for form in ("json", "csv", "markdown"):
        assert main([str(document), "--format", form]) == 0
        assert capsys.readouterr().err.splitlines() == [note]


def test_plan(document: Path, capsys: Shown) -> None:
    assert main([str(document), "--plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("    2  1 × 64  norm → relu_1 → dropout_1 → output → CrossEntropy with softmax_1")
    assert lines[first + 1] == "               → back"
    assert main([str(document), "--plan", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [stage["exit"] for stage in content["plan"]["stages"]] == ["norm", None]
    assert content["totals"]["trainable"] == 1242
    assert main([str(document), "--plan", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| stage |")
    assert main([str(document), "--plan", "--format", "csv"]) == 2
    assert "--plan is shown as table, json, jsonl or markdown" in capsys.readouterr().err


def test_set_changes_the_document_for_the_call(document: Path, capsys: Shown) -> None:
    assert (
        main([str(document), "--set", "layers[0].units=32", "--set", "training.batch_size=7", "--format", "json"]) == 0
    )
    content = json.loads(capsys.readouterr().out)
    assert content["layers"][1]["output_shape"] == [32]
    assert content["batch_size"] == 7


def test_a_layer_from_a_plugin(
    document: Path, tmp_path: Path, python: Callable[..., Any], small: dict[str, Any], root: Path
) -> None:
    plugin = tmp_path / "softsign.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from graphnn.layers.base import Layer, register\n"
        "@register\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Softsign(Layer):\n"
        "    schema = {'properties': {'steepness': {'type': 'number', 'default': 1}}}\n"
        "    steepness: float = 1\n"
        "    def forward(self, params, x, ctx):\n"
        "        raise NotImplementedError\n"
    )
    small["layers"][2] = {"type": "Softsign", "steepness": 2}
    document.write_text(json.dumps(small))
    done = python(root / "tools/inspect.py", document, "--plugin", plugin, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2,softsign_1,Softsign,steepness 2,16,0,0,64" in done.stdout


def test_a_network_beyond_this_machine_is_shown_with_a_note(
    document: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "available_memory", lambda: Memory(2**30, 2**30, "this machine"))
    assert main([str(document), "--set", "layers[0].units=10000000000000"]) == 0
    out = capsys.readouterr().out
    assert "850,000,000,000,010" not in out  # 64 + 1 + 2 + 10 for each unit
    assert "770,000,000,000,010" in out
    assert "PiB, this machine has 1.0 GiB" in out


def test_a_wrong_document(document: Path, capsys: Shown) -> None:
    assert main([str(document), "--set", "layers[0].units=-1"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "layers[0]" in shown.err


def test_weights(document: Path, weights: Path, capsys: Shown) -> None:
    assert main([str(document), "--weights", str(weights)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    line = next(line for line in shown.out.splitlines() if line.startswith("norm/gamma"))
    assert line.split() == ["norm/gamma", "16", "1.0000", "0.0000", "1.0000", "1.0000", "0"]


def test_weights_in_other_formats(document: Path, weights: Path, capsys: Shown) -> None:
    arguments = [str(document), "--weights", str(weights), "--format"]
    assert main([*arguments, "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["totals"]["trainable"] == 1242
    assert content["weights"]["parameters"][0]["name"] == "hidden/weights"
    assert content["weights"]["missing"] == content["weights"]["extra"] == content["weights"]["differing"] == []
    assert main([*arguments, "csv"]) == 0
    assert capsys.readouterr().out.startswith("name,shape,mean,deviation,min,max,non_finite\nhidden/weights,16x64,")
    assert main([*arguments, "markdown"]) == 0
    assert "| hidden/weights | 16×64 | " in capsys.readouterr().out


def test_values_that_are_not_finite_are_counted(document: Path, weights: Path, capsys: Shown) -> None:
    arrays = initialise(build_graph(read_spec(document)), 0).named()
    arrays["hidden/biases"][:3] = np.nan, np.inf, -np.inf
    save_weights(weights, arrays, {})
    assert main([str(document), "--weights", str(weights), "--format", "json"]) == 0
    counts = {row["name"]: row["non_finite"] for row in json.loads(capsys.readouterr().out)["weights"]["parameters"]}
    assert counts["hidden/biases"] == 3
    assert sum(counts.values()) == 3


def test_weights_that_do_not_fit_are_reported_both_ways(document: Path, weights: Path, capsys: Shown) -> None:
    changes = ["--set", "layers[0].name=first", "--set", "layers[4].use_bias=false", "--set", 'layers[4].name="output"']
    assert main([str(document), "--weights", str(weights), *changes, "--format", "json"]) == 2
    shown = capsys.readouterr()
    report = json.loads(shown.out)["weights"]
    assert report["missing"] == ["first/weights", "first/biases"]
    assert report["extra"] == ["hidden/weights", "hidden/biases", "output/biases"]
    assert shown.err.startswith(f"{weights}: does not fit the network:\n")
    assert '\n  "first/weights" is in the network, not in the file' in shown.err
    assert '\n  "output/biases" is in the file, not in the network\n' in shown.err
    assert main([str(document), "--weights", str(weights), "--set", "layers[0].units=8"]) == 2
    assert '"hidden/weights" is 8×64 in the network, 16×64 in the file' in capsys.readouterr().err


def test_write_schema(tmp_path: Path, capsys: Shown) -> None:
    file = tmp_path / "mine.schema.json"
    assert main(["--write-schema", str(file)]) == 0
    assert file.read_bytes() == schema_file().read_bytes()
    assert '"$schema": "mine.schema.json"' in capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_write_schema_to_a_disk_that_is_full(capsys: Shown) -> None:
    assert main(["--write-schema", "/dev/full"]) == 2
    assert capsys.readouterr().err == "/dev/full: No space left on device\n"


def test_write_schema_into_no_folder(tmp_path: Path, capsys: Shown) -> None:
    assert main(["--write-schema", str(tmp_path / "none/schema.json")]) == 2
    assert "none/schema.json: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a document, for example models/digits.json"),
        (["a.json", "--write-schema", "b.json"], "--write-schema takes no document"),
        (["a.json", "--format", "xml"], "invalid choice: 'xml'"),
        (["a.json", "--plan", "--weights", "b.npz"], "not allowed with argument --plan"),
        (["a.json", "--weigths", "b.npz"], 'did you mean "--weights"?'),
    ],
)
def test_wrong_command_lines(arguments: list[str], message: str, capsys: Shown) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.startswith("usage: ")


def test_ascii_where_the_terminal_knows_no_more(document: Path, python: Callable[..., Any], root: Path) -> None:
    done = python(root / "tools/inspect.py", document, env={"PYTHONIOENCODING": "ascii", "COLUMNS": "60"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "-" * 60 in done.stdout
    assert "~" in done.stdout
    wrong = python(
        root / "tools/inspect.py", document, "--set", "input.shape=[1,8,8]", env={"PYTHONIOENCODING": "ascii"}
    )
    assert "1x8x8" in wrong.stderr
    assert python(root / "tools/predict.py", "--help", env={"PYTHONIOENCODING": "ascii"}).returncode == 0


def test_from_another_folder(document: Path, python: Callable[..., Any], root: Path) -> None:
    done = python(root / "tools/inspect.py", document, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "batchnormalization" not in done.stdout
    assert "BatchNormalization" in done.stdout


def modules(document: Path, python: Callable[..., Any]) -> set[str]:
    """Return the modules of graphnn, and some slow ones of others, that inspect has imported for a document."""
    code = (
        "import sys; from graphnn.commands.inspect import main; main([sys.argv[1]]);"
        "print(*[name for name in sys.modules if name.startswith(('graphnn', 'numpy.random', 'platformdirs'))])"
    )
    return set(python("-c", code, document).stdout.splitlines()[-1].split())


def test_inspect_imports_few_modules(document: Path, python: Callable[..., Any]) -> None:
    loaded = modules(document, python)
    heavy = {
        "graphnn.training.trainer",
        "graphnn.storage.weights",
        "graphnn.datasets.loading",
        "graphnn.engine.engine",
        "graphnn.engine.workers",
        "graphnn.layers.plugins",
    }
    heavy |= {"numpy.random", "platformdirs"}
    assert "graphnn.describe.describe" in loaded
    assert not loaded & heavy
    ours = sorted(name for name in loaded if name.startswith("graphnn"))
    assert len(ours) <= 137, ours  # of some 700; each takes about a third of a millisecond


def test_a_document_with_blocks_imports_nothing_that_explains_mistakes(
    document: Path, small: dict[str, Any], python: Callable[..., Any]
) -> None:
    small["blocks"] = {"hidden": {"parameters": ["units"], "layers": [{"type": "Dense", "units": "$units"}]}}
    small["layers"].insert(0, {"type": "hidden", "units": 8})
    document.write_text(json.dumps(small), encoding="utf-8")
    loaded = modules(document, python)
    assert "graphnn.specification.plain_layers" in loaded
    assert not [name for name in loaded if "habits" in name or name.endswith((".explanations", ".violations"))]
