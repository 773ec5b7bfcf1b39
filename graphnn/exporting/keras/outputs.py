"""What a `.keras` file says of samples, by Keras in a process of its own, which leaves the user's settings alone."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from graphnn.exporting.base import ExportError
from graphnn.types import Array

BACKENDS = ("jax", "torch", "tensorflow")  # from the quickest to start
SCRIPT = """
import sys, numpy, keras
model = keras.saving.load_model(sys.argv[1])
numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), batch_size=64, verbose=0))
"""


def backend() -> str | None:
    """Return the backend to run Keras with, the user's or an installed one; None where Keras or all are missing."""
    if find_spec("keras") is None:
        return None
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen:
        return chosen
    return next((name for name in BACKENDS if find_spec(name) is not None), None)


def keras_outputs(path: Path, x: Array) -> Array | None:
    """Return what the model in a file gives for x, n×(shape of its input); None where Keras cannot be run."""
    name = backend()
    if name is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        samples, outputs = Path(folder, "x.npy"), Path(folder, "y.npy")
        np.save(samples, x)
        quiet = {"KERAS_HOME": folder, "KERAS_BACKEND": name, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-c", SCRIPT, str(path), str(samples), str(outputs)]
        done = subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, text=True, errors="replace")
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ExportError(f"{path}: was written, but Keras with {name} does not run it: {said}")
        return np.asarray(np.load(outputs))
