"""What an ONNX file gives for samples, by onnxruntime."""

from pathlib import Path

import numpy as np

from graphnn.exporting.trained_network import CHUNK
from graphnn.importing.onnx.session import onnx_session
from graphnn.text.installing import missing
from graphnn.types import Array

RUNTIME = "onnxruntime"


def can_run() -> bool:
    """Whether onnxruntime is installed, and not broken."""
    return missing(RUNTIME) is None


def run(model: Path | bytes, x: Array) -> Array:
    """Return the output of a model for samples x, n×data_shape, a few at a time, on one thread."""
    session = onnx_session(str(model) if isinstance(model, Path) else model)
    (given,) = session.get_inputs()
    x = np.asarray(x, np.float32)
    return np.concatenate(
        [session.run(None, {given.name: x[start : start + CHUNK]})[0] for start in range(0, len(x), CHUNK)]
    )
