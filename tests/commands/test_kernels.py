"""--kernels: which kernels run, what is recorded, and the message where they are not available."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands import benchmark, evaluate, inspect, predict, train
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.kernels import choice
from graphnn.kernels.kernels import Kernels
from graphnn.kernels.numba_kernels import CompiledKernels
from graphnn.specification.spec import read_spec
from graphnn.storage.weights import load_weights, save_weights
from graphnn.text.installing import extra_command
from graphnn.training.checkpoint import load_checkpoint

Run = Callable[..., Any]
QUICK = ("--set", "training.epochs=2", "--limit", "300")
LAYERS = [
    {"type": "Conv2D", "name": "conv", "filters": 16},
    {"type": "BatchNormalization", "name": "norm"},
    {"type": "ReLU"},
    {"type": "MaxPooling2D"},
    {"type": "Conv2D", "name": "conv2", "filters": 16, "use_bias": False},
    {"type": "ReLU"},
    {"type": "Flatten"},
    {"type": "Dense", "name": "output", "units": 10},
    {"type": "Softmax"},
]
# What makes a Python find no numba, as where it is not installed.
ABSENT = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = classmethod(
    lambda cls, name, *rest: None if name.partition(".")[0] == "numba" else find(name, *rest)
)
"""


@pytest.fixture
def images(tmp_path: Path, small: dict[str, Any]) -> Path:
    """The document of a small network of convolutions."""
    small["input"] = {"shape": [1, 8, 8]}
    small["layers"] = LAYERS
    small["data"]["normalize"] = "none"
    file = tmp_path / "images.json"
    file.write_text(json.dumps(small), encoding="utf-8")
    return file


@pytest.fixture
def without_numba(tmp_path: Path, root: Path) -> dict[str, str]:
    """An environment in which there is no numba."""
    folder = tmp_path / "absent"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ABSENT)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{root}"}


def save_start(images: Path) -> None:
    """Save weights as if the network had been trained."""
    parameters = initialise(build_graph(read_spec(images)), 0)
    save_weights(images.with_suffix(".npz"), parameters.named(), {})


def test_training_and_use_with_either(graphnn: Run, images: Path, tmp_path: Path) -> None:
    """Both learn the same, except for rounding; each can use the weights of the other."""
    pytest.importorskip("numba")
    weights, figures = {}, {}
    for run, kernels in (("0001", "numpy"), ("0002", "numba")):
        done = graphnn("train", images, *QUICK, "--kernels", kernels)
        said = [line for line in done.stderr.splitlines() if not line.startswith("compiling functions with numba")]
        assert (done.returncode, said) == (0, [])
        assert "Final test accuracy" in done.stdout
        weights[kernels] = load_weights(images.with_suffix(".npz")).arrays
        _, settings = load_checkpoint(tmp_path / "images.runs" / run / "checkpoint.npz")
        assert settings.kernels == kernels
    assert weights["numpy"].keys() == weights["numba"].keys()
    for name, array in weights["numpy"].items():
        np.testing.assert_allclose(weights["numba"][name], array, rtol=0, atol=2e-3 * max(1, np.abs(array).max()))
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 17, (3, 1, 8, 8)).astype(np.float32))
    shown = {}
    for kernels in ("numpy", "numba"):
        figures[kernels] = json.loads(graphnn("evaluate", images, "--kernels", kernels, "--format", "json").stdout)
        done = graphnn("predict", images, tmp_path / "x.npy", "--kernels", kernels)
        assert done.returncode == 0
        shown[kernels] = done.stdout
    assert figures["numba"]["loss"] == pytest.approx(figures["numpy"]["loss"], rel=1e-4)
    assert shown["numba"] == shown["numpy"]


def test_other_kernels_cannot_resume(graphnn: Run, images: Path) -> None:
    pytest.importorskip("numba")
    assert graphnn("train", images, *QUICK, "--kernels", "numpy").returncode == 0
    done = graphnn("train", images, *QUICK, "--kernels", "numba", "--resume")
    assert done.returncode == 2
    assert "--kernels: numpy at the start, numba now" in done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    longer = ("--set", "training.epochs=3", "--kernels", "numpy", "--resume")
    assert graphnn("train", images, *QUICK, *longer).returncode == 0


def test_little_work_is_done_by_numpy_from_training_to_prediction(
    graphnn: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    used = []
    load = Kernels.load
    monkeypatch.setattr(Kernels, "load", lambda kernels: (used.append(kernels.name), load(kernels))[1])
    monkeypatch.setattr(CompiledKernels, "load", lambda kernels: used.append(kernels.name))
    np.save(tmp_path / "x.npy", np.zeros((3, 1, 8, 8), np.float32))
    for command in (["train", images, *QUICK], ["evaluate", images], ["predict", images, tmp_path / "x.npy"]):
        assert graphnn(*command).returncode == 0
    assert used == ["numpy"] * 3
    assert load_weights(images.with_suffix(".npz")).meta["kernels"] == "numpy"
    facts = json.loads((tmp_path / "images.runs" / "0001" / "run.json").read_text())
    assert facts["kernels"] == "numpy"


def test_little_work_imports_no_numba(python: Run, images: Path, tmp_path: Path) -> None:
    """It takes half a second, and would compile."""
    pytest.importorskip("numba")
    np.save(tmp_path / "x.npy", np.zeros((3, 1, 8, 8), np.float32))
    longer = ["--limit", "300", "--set", "training.epochs=3", "--resume"]
    calls = {
        "train": [[str(images), *QUICK], [str(images), *longer]],
        "evaluate": [[str(images)]],
        "predict": [[str(images), str(tmp_path / "x.npy")]],
        "compare": [[str(images), *QUICK, "--vary", "training.batch_size=16,32", "--test"]],
    }
    code = (
        "import importlib, sys\n"
        f"for name, calls in {calls!r}.items():\n"
        "    for arguments in calls:\n"
        "        assert importlib.import_module(f'graphnn.commands.{name}').main(arguments) == 0, arguments\n"
        "        print([name for name in sys.modules if name.partition('.')[0] in ('numba', 'llvmlite')])"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("[")] == ["[]"] * 5


def test_a_run_goes_on_with_the_kernels_that_it_began_with(
    graphnn: Run, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where less work would have chosen others; and what it trained is evaluated with them."""
    pytest.importorskip("numba")
    assert graphnn("train", images, *QUICK, "--kernels", "numba").returncode == 0
    longer = graphnn("train", images, *QUICK, "--set", "training.epochs=3", "--resume")
    assert longer.returncode == 0, longer.stderr
    facts = json.loads((tmp_path / "images.runs" / "0002" / "run.json").read_text())
    assert facts["kernels"] == "numba"
    assert load_weights(images.with_suffix(".npz")).meta["kernels"] == "numba"
    used = []
    load = CompiledKernels.load
    monkeypatch.setattr(CompiledKernels, "load", lambda kernels: (used.append(kernels.name), load(kernels))[1])
    assert graphnn("evaluate", images).returncode == 0
    assert used == ["numba"]
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert graphnn("evaluate", images).returncode == 0  # by numpy, where numba is gone


@pytest.mark.parametrize("command", [train, evaluate, inspect, predict, benchmark], ids=lambda module: module.__name__)
def test_those_that_there_are_not(
    images: Path, command: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown kernels, or numba where it is not installed: one message, before anything is started."""
    monkeypatch.chdir(images.parent)
    save_start(images)
    np.save("x.npy", np.zeros((1, 1, 8, 8), np.float32))
    before = sorted(images.parent.iterdir())
    after = {predict: ["x.npy"], inspect: ["--plan"]}.get(command, [])
    assert command.main([str(images), *after, "--kernels", "cuda"]) == 2
    assert "argument --kernels: invalid choice: 'cuda' (choose from" in capsys.readouterr().err
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert command.main([str(images), *after, "--kernels", "numba"]) == 2
    said = f"the numba kernels need numba, which is not installed: {extra_command('fast')}"
    assert capsys.readouterr().err.splitlines() == [said]
    assert sorted(images.parent.iterdir()) == before


def test_numba_that_is_not_there(python: Run, images: Path, without_numba: dict[str, str]) -> None:
    done = python("tools/train.py", images, *QUICK, "--kernels", "numba", env=without_numba)
    assert done.returncode == 2
    said = f"the numba kernels need numba, which is not installed: {extra_command('fast')}"
    assert done.stderr.splitlines() == [said]


def test_without_numba_numpy_is_used(python: Run, images: Path, without_numba: dict[str, str]) -> None:
    done = python("tools/train.py", images, *QUICK, env=without_numba)
    assert (done.returncode, done.stderr) == (0, "")
    _, settings = load_checkpoint(images.parent / "images.runs" / "0001" / "checkpoint.npz")
    assert settings.kernels == "numpy"


@pytest.mark.parametrize("options", [["--plan"], ["--plan", "--kernels", "numba"]], ids=" ".join)
def test_inspecting_imports_no_numba(python: Run, images: Path, options: list[str]) -> None:
    """It takes a quarter of a second, and nothing is computed."""
    if "numba" in options:
        pytest.importorskip("numba")
    code = (
        "import sys; from graphnn.commands import inspect; "
        f"code = inspect.main([{str(images)!r}, *{options!r}]); "
        "print([name for name in sys.modules if name.partition('.')[0] in ('numba', 'llvmlite')]); sys.exit(code)"
    )
    done = python("-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_plan_names_the_kernels(graphnn: Run, images: Path) -> None:
    pytest.importorskip("numba")
    shown = {name: graphnn("inspect", images, "--plan", "--kernels", name).stdout for name in ("numpy", "numba")}
    assert shown["numpy"] != shown["numba"]
    assert "norm + relu_1" in shown["numba"]
    assert "norm + relu_1" not in shown["numpy"]
