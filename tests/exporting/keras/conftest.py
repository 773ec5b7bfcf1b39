"""Keras, in a process of its own, with warnings as errors."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("keras_process.py")
Process = Callable[[Path], None]


@pytest.fixture
def keras(tmp_path: Path) -> Process:
    """Run Keras on all files of a folder: see keras_process.py."""
    if find_spec("keras") is None or find_spec("torch") is None:  # importing Keras writes into the home folder
        pytest.skip("Keras runs with a backend, here torch")

    def run(folder: Path) -> None:
        home = tmp_path / "home"
        env = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(home), "HOME": str(home)}
        done = subprocess.run([sys.executable, SCRIPT, folder], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        assert (done.stdout, done.stderr) == ("", "")

    return run
