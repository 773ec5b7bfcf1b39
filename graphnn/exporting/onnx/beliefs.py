"""What outputs say without the share that label smoothing has added, as the last nodes of an ONNX file."""

import numpy as np

from graphnn.exporting.onnx.graph import OnnxGraph
from graphnn.losses.base import Loss
from graphnn.losses.cross_entropy import CrossEntropy

BELIEFS = "beliefs"  # names of nodes begin so


def write_beliefs(graph: OnnxGraph, loss: Loss, classes: int, p: str) -> str:
    """Write what outputs p say of a sample, q = max(p − ε/K, 0) / Σ max(p − ε/K, 0), after label smoothing by ε.

    Without smoothing, nothing is written, and p is returned. See `Loss.beliefs`.
    """
    if not isinstance(loss, CrossEntropy) or loss.label_smoothing == 0:
        return p
    share = graph.constant(f"{BELIEFS}/share", np.asarray(loss.label_smoothing / classes, np.float32))
    kept = graph.node("Relu", f"{BELIEFS}/clip", graph.node("Sub", f"{BELIEFS}/subtract", p, share))
    axes = graph.constant(f"{BELIEFS}/axes", np.array([1], np.int64))
    total = graph.node("ReduceSum", f"{BELIEFS}/sum", kept, axes, keepdims=1)
    return graph.node("Div", f"{BELIEFS}/divide", kept, total)
