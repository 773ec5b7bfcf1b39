"""Ranks that cannot train together are refused at the start: once, with what differs, and nothing is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]
Jobs = Callable[..., list[list[dict[str, Any]]]]
MACHINE = "rank 1, on "
LAYER = """
from dataclasses import dataclass

from graphnn import Layer, register


@register
@dataclass(frozen=True)
class Twice(Layer):
    schema = {}

    def forward(self, params, x, ctx):
        return %s * x, lambda dy: (2 * dy, {})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the documents of a network of 4 lanes and one of a single lane, and their data."""
    draws = np.random.default_rng(1)
    x, y = draws.integers(0, 200, (160, 3, 16, 16)).astype(np.uint8), draws.integers(0, 3, 160)
    parts = {"x_train": x[:128], "y_train": y[:128], "x_test": x[128:], "y_test": y[128:]}
    np.savez(tmp_path / "data.npz", **parts)
    np.savez(tmp_path / "other.npz", **{**parts, "y_train": np.roll(y[:128], 1)})
    (tmp_path / "twice.py").write_text(LAYER % 2, encoding="utf-8")
    (tmp_path / "thrice.py").write_text(LAYER % 3, encoding="utf-8")
    values: dict[str, Any] = {
        "input": {"shape": [3, 16, 16]},
        "layers": [
            {"type": "Conv2D", "name": "conv", "filters": 32},
            {"type": "BatchNormalization"},
            {"type": "ReLU"},
            {"type": "Flatten"},
            {"type": "Dense", "name": "out", "units": 3},
            {"type": "Softmax"},
        ],
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGDMomentum", "learning_rate": 0.01},
        "data": {"dataset": "npz", "path": "data.npz", "validation_split": 0.1},
        "training": {"epochs": 2, "batch_size": 64},
    }
    (tmp_path / "net.json").write_text(json.dumps(values), encoding="utf-8")
    values["layers"][2] = {"type": "Twice"}
    (tmp_path / "twice.json").write_text(json.dumps(values), encoding="utf-8")
    del values["layers"][:3]
    (tmp_path / "small.json").write_text(json.dumps(values), encoding="utf-8")
    (tmp_path / "bad.json").write_text(json.dumps({**values, "layers": []}), encoding="utf-8")
    (tmp_path / "taken").write_text("a file where the folder of the weights should be", encoding="utf-8")
    return tmp_path


def test_ranks_that_differ(trainings: Jobs, folder: Path) -> None:
    """One job for all, as starting it takes most of the time."""

    def line(*more: str, document: str = "net.json") -> list[str]:
        return [str(folder / document), "--quiet", "--kernels", "numpy", *more]

    def put(setting: str) -> list[str]:
        return ["--set", setting]

    facts = "graphnn.runs.joint_facts"
    plugins = [["--plugin", str(folder / f"{name}.py")] for name in ("twice", "thrice")]
    net, data = line(), str(folder / "other.npz")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"line": net, "patch": [facts, "__version__", "9.9"]}, "has graphnn 9.9, and rank 0 has"),
        (
            {"line": net, "other": [*net, *put("training.seed=5")]},
            "has another document than rank 0: training.seed: 0 at",
        ),
        ({"line": net, "other": line(document="small.json")}, "has another document than rank 0: layers"),
        ({"line": net, "other": [*net, *put(f"data.path={data}")]}, "has other data than rank 0 (training data); give"),
        ({"line": net, "other": [*net, *put("data.path=no.npz")]}, "no.npz"),
        ({"line": net, "other": [*net, "--limit", "64"]}, "uses other samples than rank 0"),
        ({"line": net, "other": [*net, "--no-such"]}, 'unknown option "--no-such"'),
        ({"line": line(*plugins[0], document="twice.json"), "other": line(document="twice.json")}, 'type "Twice"'),
        (
            {"line": line(*plugins[0], document="twice.json"), "other": line(*plugins[1], document="twice.json")},
            "has other plugins than rank 0",
        ),
    ]
    of_all: list[tuple[dict[str, Any], str]] = [
        ({"line": line(document="bad.json")}, "layers"),
        ({"line": line("--no-such")}, 'unknown option "--no-such"'),
        ({"line": line("--output", str(folder / "taken" / "a.npz"))}, "taken"),
        ({"line": line(document="small.json")}, "too small for several ranks: a batch of 64 is one block"),
        ({"line": line("--resume")}, "there is no run to resume"),
    ]
    allowed = [
        {"line": [*net, "--dry-run"], "other": [*net, "--dry-run", "--threads", "2"]},
        {"line": net, "other": [*net, "--threads", "2"]},
    ]
    first, second = trainings(2, [job for job, _ in cases + of_all] + allowed)
    for (job, expected), done in zip(cases + of_all, first, strict=False):
        assert done["code"] == 2, (job, done)
        assert expected in done["said"], (job, done)
        assert done["said"].count(MACHINE) == ((job, expected) in cases), (job, done)
    assert [(each["code"], each["said"]) for each in second] == [(0, "")] * len(second)
    assert [(each["code"], each["said"]) for each in first[-2:]] == [(0, ""), (0, "")]
    assert [path.name for path in folder.glob("*.runs/0*")] == ["0001"]  # of the last, which was allowed
    assert (folder / "net.npz").exists()


def test_ranks_that_do_not_share_the_blocks_evenly(ranks: Run, folder: Path) -> None:
    done = ranks(3, "tools/train.py", folder / "net.json", "--quiet", "--kernels", "numpy")
    expected = (
        "3 ranks cannot share a batch of 64 evenly, which is cut into 4 blocks: start 2 or 4, with more --threads"
    )
    assert done.returncode == 2
    assert done.stderr.count(expected) == 1
    assert "Traceback" not in done.stderr
    assert not (folder / "net.npz").exists()


def test_one_rank_is_a_process_alone(ranks: Run, folder: Path) -> None:
    done = ranks(1, "tools/train.py", folder / "net.json", "--quiet", "--kernels", "numpy")
    assert done.returncode == 0, done.stderr
    assert (folder / "net.npz").exists()


def test_help_is_shown_once(ranks: Run) -> None:
    done = ranks(2, "tools/train.py", "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage: ") == 1


def test_other_commands_are_for_one_process(ranks: Run, folder: Path) -> None:
    done = ranks(2, "-m", "graphnn", "compare", folder / "net.json", "--vary", "training.seed=1,2")
    assert done.returncode == 2
    assert done.stderr.count("graphnn compare: mpirun and srun are for train alone; start this without them") == 1
    assert not list(folder.glob("*.runs"))


def test_without_mpi4py(ranks: Run, folder: Path) -> None:
    code = (
        "import sys\nsys.modules['mpi4py'] = None\nfrom graphnn.commands.main import main\nsys.exit(main(sys.argv[1:]))"
    )
    done = ranks(2, "-c", code, "train", folder / "net.json")
    assert done.returncode == 2
    assert done.stderr.count("training by several ranks needs mpi4py: ") == 1
    assert "-m pip install 'graphnn[mpi]'" in done.stderr
