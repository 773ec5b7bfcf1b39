"""A network whose training takes several processes, and commands run by a shell that sets limits."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Shell = Callable[..., "subprocess.CompletedProcess[str]"]
WIDE: Mapping[str, Any] = {
    "input": {"shape": [64]},
    "layers": [
        {"type": "Dense", "units": 512},
        {"type": "BatchNormalization"},
        {"type": "ReLU"},
        {"type": "Dense", "units": 512},
        {"type": "ReLU"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "Adam"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 1, "batch_size": 128},
}
IMAGES: Mapping[str, Any] = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "filters": 8},
        {"type": "ReLU"},
        {"type": "MaxPooling2D"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD"},
    "data": {"dataset": "digits"},
    "training": {"epochs": 1, "batch_size": 128},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two documents: wide.json, which takes two processes, and images.json."""
    (tmp_path / "wide.json").write_text(json.dumps(WIDE), encoding="utf-8")
    (tmp_path / "images.json").write_text(json.dumps(IMAGES), encoding="utf-8")
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Shell:
    """Run a line of bash in the folder, in which `graphnn` starts the tools; `before` sets limits for them alone."""

    def run(line: str, *, before: str = "true", env: Mapping[str, str | None] | None = None) -> Any:
        changes = {"PYTHONPATH": str(ROOT), **(env or {})}
        values = {key: value for key, value in {**os.environ, **changes}.items() if value is not None}
        start = f'graphnn() {{ ( {before}; exec "{sys.executable}" -m graphnn "$@" ); }}'
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {start}; {line}"],
            cwd=folder,
            env=values,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=600,
        )

    return run
