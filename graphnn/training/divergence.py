"""Numbers that are no longer finite: noticing them cheaply, and finding out where they came up."""

import math
from collections.abc import Iterable

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.graph.graph import Node
from graphnn.types import Array

LOSS_ALONE = "the outputs of all layers are finite, the loss itself is not"


def all_finite(vector: Array) -> bool:
    """Return whether every number is finite. One pass is enough where the sum of squares is; it may overflow."""
    return bool(np.isfinite(np.dot(vector, vector))) or bool(np.isfinite(vector).all())


def culprit(engine: Engine, x: Array, loss: float, *, epoch: int, step: int) -> str:
    """Return which layer was the first to go wrong in a step on the batch x; the loss or a gradient is not finite.

    Forward goes from the first layer to the last, so the first output counts; backward the other way round, so the
    gradients of the last such layer count.
    """
    node = engine.first_non_finite(x, epoch=epoch, step=step)
    if node is not None:
        return not_finite(node)
    if not math.isfinite(loss):
        return LOSS_ALONE
    gradients = engine.parameters.gradients
    for node in reversed(engine.graph.nodes):
        if not all(np.isfinite(own).all() for own in gradients[node.name].values()):
            return f"the loss is finite, but {described(node)} is the first whose gradient is not"
    raise ValueError("the loss and all gradients are finite")


def culprit_in_inference(engine: Engine, batches: Iterable[Array]) -> str:
    """Return which layer was the first to go wrong on the first such batch, where the loss over all is not finite."""
    for x in batches:
        node = engine.first_non_finite_in_inference(x)
        if node is not None:
            return not_finite(node)
    return LOSS_ALONE


def not_finite(node: Node) -> str:
    """Return that a node's output was the first to go wrong."""
    return f"{described(node)} is the first whose output is not finite"


def described(node: Node) -> str:
    """Return a node as messages name it: layers[2] "conv2" (Conv2D)."""
    return f'{node.place} "{node.name}" ({node.layer.type})'
