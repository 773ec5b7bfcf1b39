"""Detects numbers that are no longer finite, and finds the layer in which they first occurred."""

import math
from collections.abc import Iterable

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.graph.graph import Node
from graphnn.types import Array

LOSS_ALONE = "the outputs of all layers are finite, the loss itself is not"


def all_finite(vector: Array) -> bool:
    """Return whether every number is finite. If the sum of squares is, one pass is enough; but it may overflow."""
    return bool(np.isfinite(np.dot(vector, vector))) or bool(np.isfinite(vector).all())


def culprit(engine: Engine, x: Array, loss: float, *, epoch: int, step: int) -> str:
    """Return words for the first layer to go wrong in a training step whose loss or gradient is not finite.

    x: the batch, n×(input shape). epoch, step: from 0. In forward, this is the first layer whose output is not finite;
    in backward, which goes the other way round, the last layer whose gradients are not. Raises ValueError where the
    loss and all gradients are finite.
    """
    node = engine.first_non_finite(x, epoch=epoch, step=step)
    if node is not None:
        return not_finite(node)
    if not math.isfinite(loss):
        return LOSS_ALONE
    gradients = engine.parameters.gradients
    for node in reversed(engine.graph.nodes):
        if not all(np.isfinite(gradient).all() for gradient in gradients[node.name].values()):
            return f"the loss is finite, but {described(node)} is the first whose gradient is not"
    raise ValueError("the loss and all gradients are finite")


def culprit_in_inference(engine: Engine, batches: Iterable[Array]) -> str:
    """Return words for the first layer to go wrong in inference, where the loss over all batches is not finite."""
    for x in batches:
        node = engine.first_non_finite_in_inference(x)
        if node is not None:
            return not_finite(node)
    return LOSS_ALONE


def not_finite(node: Node) -> str:
    """Return the words that a node's output is the first that is not finite."""
    return f"{described(node)} is the first whose output is not finite"


def described(node: Node) -> str:
    """Return a node as it appears in messages: layers[2] "conv2" (Conv2D)."""
    return f'{node.location} "{node.name}" ({node.layer.type})'
