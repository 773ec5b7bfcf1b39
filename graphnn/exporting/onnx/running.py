"""What an ONNX file gives for samples, by onnxruntime."""

import importlib.util
from pathlib import Path

import numpy as np

from graphnn.exporting.trained_network import CHUNK
from graphnn.types import Array

RUNTIME = "onnxruntime"
ERRORS = 3  # of onnxruntime's levels of messages


def can_run() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec(RUNTIME) is not None


def run(model: Path | bytes, x: Array) -> Array:
    """Return the output of a model for samples x, n×data_shape, a few at a time, on one thread."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = ERRORS
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = str(model) if isinstance(model, Path) else model
    session = InferenceSession(source, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    x = np.asarray(x, np.float32)
    return np.concatenate(
        [session.run(None, {given.name: x[start : start + CHUNK]})[0] for start in range(0, len(x), CHUNK)]
    )
