"""Without the packages of an extra, the command that needs them names it, and everything else works."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.main import COMMANDS
from graphnn.exporting.base import TARGETS

Run = Callable[..., Any]
OPTIONAL: dict[str, Any] = run_path(str(Path(__file__).with_name("optional.py")))
MODULES: dict[str, list[str]] = OPTIONAL["modules_of_extras"]()
# The command lines that need what an extra brings, some after a variable of the environment; for those that must work
# without any extra, see below.
NEEDING: dict[str, list[str]] = {
    "fast": ["train net.json --kernels numba"],
    "images": ["predict net.json a.png", "predict net.json one.npy --save-input seen.png"],
    "report": ["report net.json", "train net.json --plot a.png", "runs net.json --plot"],
    "notebook": [],  # of Python; see below
    "lsp": ["lsp"],
    "onnx": ["export net.json --to onnx", "import other.onnx"],
    "safetensors": ["export net.json --to safetensors", "import other.safetensors --into net.json --replace"],
    "keras": ["export net.json --to keras", "import other.h5 --into net.json --replace"],
    "serve": ["serve net.json --port 0"],
    "completion": ["--print-completion bash"],
    "tensorboard": ["train net.json --tensorboard events"],
    "mpi": [
        "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 train net.json",
        "PMI_SIZE=2 PMI_RANK=0 train net.json",
    ],  # as mpirun of either MPI starts it
    "dask": ["compare net.json --seeds 0,1 --scheduler tcp://127.0.0.1:8786"],
    "search": ["compare net.json --variants ranges.json --search optuna"],
    "torch": ["benchmark net.json --against torch", "import other.pt --into net.json --replace"],
}
WITHOUT = [
    "--help",
    "inspect net.json",
    "train net.json --quiet --set training.epochs=1 --output other.npz",
    "evaluate net.json",
    "predict net.json x.npy --format csv",
    "runs net.json",
    "run unittest dense",
    "compare net.json --seeds 0 --jobs 1 --set training.epochs=1 --set data.validation_split=0.2",
]
CASES = [pytest.param(extra, line, id=f"{extra}: {line}") for extra, lines in NEEDING.items() for line in lines]


@pytest.fixture
def here(trained: Path) -> Path:
    """The folder of a trained network, with inputs for it."""
    np.save(trained.parent / "x.npy", np.zeros((2, 64), np.uint8))
    np.save(trained.parent / "one.npy", np.zeros((1, 8, 8), np.uint8))
    starts = {"png": b"\x89PNG\r\n\x1a\n", "onnx": b"\x08\x08", "h5": b"\x89HDF\r\n\x1a\n", "pt": b"PK\x03\x04"}
    for suffix, start in {**starts, "safetensors": b"\2" + bytes(7) + b"{}"}.items():
        (trained.parent / ("a.png" if suffix == "png" else f"other.{suffix}")).write_bytes(start)
    ranges = {"search": {"optimizer.learning_rate": {"low": 0.01, "high": 0.1}}}
    (trained.parent / "ranges.json").write_text(json.dumps(ranges), encoding="utf-8")
    return trained.parent


def without(modules: list[str], code: str) -> str:
    """Return code that runs where these modules cannot be imported."""
    return f"import sys\nfor name in {modules!r}:\n    sys.modules[name] = None\n{code}"


def test_every_extra_is_here() -> None:
    assert NEEDING.keys() == set(OPTIONAL["extras"]())


@pytest.mark.parametrize(("extra", "line"), CASES)
def test_a_command_names_the_extra_that_it_needs(
    extra: str, line: str, here: Path, graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = line.split()
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("="))
    name = words[0]
    if name not in COMMANDS and not name.startswith("-"):
        pytest.skip(f"no command {name}")
    if name == "export" and words[-1] not in TARGETS:
        pytest.skip(f"no target {words[-1]}")
    monkeypatch.chdir(here)
    before = sorted(here.rglob("*"))
    for module in [*sys.modules, *MODULES[extra]]:
        if module.partition(".")[0] in MODULES[extra]:
            monkeypatch.setitem(sys.modules, module, None)
    done = graphnn(*words)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert f"-m pip install 'graphnn[{extra}]'" in done.stderr
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("extra", [pytest.param(extra, marks=pytest.mark.long) for extra in NEEDING] + ["all"])
def test_everything_else_works(extra: str, here: Path, python: Run) -> None:
    away = [module for name, modules in MODULES.items() if extra in (name, "all") for module in modules]
    if not away:
        pytest.skip("not installed here, so that all other tests show it")
    lines = [line.split() for line in WITHOUT]
    code = f"from graphnn.commands.main import main\nsys.exit(sum(main(line) for line in {lines!r}))"
    done = python("-c", without(away, code), cwd=here)
    assert done.returncode == 0, done.stderr
    assert "x.npy[1],1," in done.stdout


def test_a_table_of_pandas_needs_an_extra(here: Path, python: Run) -> None:
    code = "from graphnn.model.history import History\nHistory([]).to_dataframe()"
    done = python("-c", without(MODULES["notebook"], code), cwd=here)
    assert done.stderr.splitlines()[-1].endswith("-m pip install 'graphnn[notebook]'")
