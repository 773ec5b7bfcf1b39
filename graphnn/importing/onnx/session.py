"""Sessions of onnxruntime: on one thread of the processor, and without a word to anybody."""

from typing import Any

SILENT = 4  # of onnxruntime's levels of messages: what is fatal alone


def onnx_session(model: str | bytes) -> Any:
    """Return a session that runs a model, a file's name or its bytes."""
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = SILENT  # what is wrong is raised, too
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_runtime() -> Any:
    """Return the package onnxruntime, which from then on reports nothing to its makers, as some of its builds do."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
