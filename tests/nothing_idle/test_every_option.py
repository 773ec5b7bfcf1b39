"""Nothing that is accepted does nothing: each option of each command brings what is not there without it."""

import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.commands.export import main as export
from graphnn.commands.main import COMMANDS
from graphnn.commands.serve import NEEDED
from graphnn.commands.train import main as train

safetensors = pytest.importorskip("safetensors.numpy")
pytest.importorskip("onnx")
TABLES = run_path(str(Path(__file__).with_name("options.py")))
LONG = {"train", "report", "benchmark", "compare", "--plot"}  # what takes seconds
CASES = [
    pytest.param(
        command, option, marks=[pytest.mark.long] if {command, option} & LONG else [], id=f"{command} {option}"
    )
    for command, options in TABLES["OPTIONS"].items()
    for option in options
]


@pytest.fixture(scope="module")
def trained_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, their data and their weights."""
    folder = tmp_path_factory.mktemp("options")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)).astype(np.float32), np.arange(40) % 3
    np.savez(folder / "classes.npz", x=x, y=y)
    np.savez(folder / "targets.npz", x=x, y=x[:, :2])
    np.save(folder / "x.npy", x[:2])
    np.save(folder / "second.npy", x[2:4])
    (folder / "list.txt").write_text("second.npy\n")
    safetensors.save_file({"fc.weight": np.ones((3, 4), np.float32)}, str(folder / "net.safetensors"))
    rows = [f"{a:.3f},{b:.3f},{'xyz'[index % 3]}" for index, (a, b, *_) in enumerate(x)]
    (folder / "table.csv").write_text("\n".join(["a,b,kind", *rows]) + "\n")
    (folder / "search.json").write_text(json.dumps({"search": {"layers[0].units": {"low": 2, "high": 9}}}))
    (folder / "variants.json").write_text(json.dumps({"larger": ["layers.0.units=3"]}))
    pixels = np.full((20, 30), 200, np.uint8)
    pixels[4:16, 14:17] = 20
    Image.fromarray(pixels).save(folder / "dark.png")
    Image.fromarray(255 - pixels).save(folder / "light.png")
    softmax = [{"type": "Dense", "units": 3}, {"type": "Softmax"}]
    classes = {
        "input": {"shape": [4]},
        "layers": softmax,
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "npz", "path": "classes.npz"},
        "training": {"epochs": 1, "batch_size": 16},
    }
    numbers = {"layers": [{"type": "Dense", "units": 2}], "loss": {"type": "MeanSquaredError"}}
    documents: dict[str, Any] = {
        TABLES["NET"]: classes,
        TABLES["NUMBERS"]: {**classes, **numbers, "data": {"dataset": "npz", "path": "targets.npz"}},
        TABLES["TABLE"]: {
            **classes,
            "input": {"shape": [2]},
            "data": {"dataset": "csv", "path": "table.csv", "target": "kind"},
        },
        TABLES["DIGITS"]: {
            **classes,
            "input": {"shape": [64]},
            "layers": [{"type": "Dense", "units": 10}, {"type": "Softmax"}],
            "data": {"dataset": "digits"},
        },
    }
    for name, values in documents.items():
        (folder / name).write_text(json.dumps(values))
        assert train([str(folder / name), "--quiet", "--threads", "1"]) == 0
    assert export([str(folder / "net.json"), "--to", "onnx"]) == 0
    shutil.copy(folder / "net.npz", folder / "copy.npz")
    return folder


@pytest.fixture
def here(trained_here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which commands run."""
    shutil.copytree(trained_here, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = Callable[..., Any]


def brought(graphnn: Run, folder: Path, line: list[str]) -> str:
    """Return what a command shows, without times, and the names of the files that there are after it."""
    done = graphnn(*line)
    shown = re.sub(r"\d+(\.\d+)? m?s\b|\d+:\d\d", "", f"{done.stdout}\n{done.stderr}")
    return "\n".join([shown, *sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))])


@pytest.mark.parametrize(("command", "option"), CASES)
def test_an_option_brings_something(command: str, option: str, here: Path, graphnn: Run) -> None:
    if command == "serve" and not all(map(importlib.util.find_spec, NEEDED)):
        pytest.skip("needs the extra serve")
    case = TABLES["OPTIONS"][command][option]
    without = brought(graphnn, here, [command, *case.to.split()])
    beside = brought(graphnn, here, [command, *case.to.split(), option, *case.value.split()])
    assert beside != without
    assert case.brings in beside
    assert not case.brings or case.brings not in without


@pytest.mark.parametrize(("line", "words"), TABLES["REFUSED"].items())
def test_an_option_that_would_do_nothing_is_told_of(line: str, words: str, here: Path, graphnn: Run) -> None:
    assert words in graphnn(*line.split()).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_has_every_option(command: str) -> None:
    parser = import_module(f"graphnn.commands.{COMMANDS[command].module_name}").parser()
    options = {action.option_strings[-1] for action in parser._actions if action.option_strings}
    elsewhere = options & TABLES["ELSEWHERE"].keys()
    assert options == TABLES["OPTIONS"][command].keys() | elsewhere, "add a row to tests/nothing_idle/options.py"


@pytest.mark.parametrize("place", sorted(set(TABLES["ELSEWHERE"].values())))
def test_the_other_tests_are_there(place: str) -> None:
    assert (Path(__file__).parents[2] / place).is_file()
