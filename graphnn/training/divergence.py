"""Detects numbers that are no longer finite, and finds the layer in which they first occurred."""

import math
from collections.abc import Mapping

import numpy as np

from graphnn.engine.batch import ArrayBatch, SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import loss_takes_logits
from graphnn.errors import DivergenceError
from graphnn.graph.graph import Node
from graphnn.losses.base import Loss
from graphnn.metrics.figures import first_non_finite, label
from graphnn.training.samples import Samples
from graphnn.types import Array

LOSS_ALONE = "the outputs of all layers are finite, the loss itself is not"


def all_finite(vector: Array) -> bool:
    """Return whether every number is finite. If the sum of squares is, one pass is enough; but it may overflow."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.dot(vector, vector))) or bool(np.isfinite(vector).all())


def culprit(engine: Engine, batch: ArrayBatch, loss: float, *, epoch: int, step: int) -> str:
    """Return words for the first layer to go wrong in a training step whose loss or gradient is not finite.

    batch: that of the step. epoch, step: from 0. In forward, this is the first layer whose output is not finite; in
    backward, which goes the other way round, the last one whose gradients are not. Raises ValueError where the loss and
    all gradients are finite.
    """
    node = engine.first_non_finite(batch.x, epoch=epoch, step=step)
    if node is not None:
        return not_finite(engine, node, batch.x)
    if not math.isfinite(loss):
        return LOSS_ALONE
    gradients = engine.parameters.gradients
    bad = [
        node
        for node in reversed(engine.graph.nodes)
        if not all(np.isfinite(gradient).all() for gradient in gradients[node.name].values())
    ]
    if not bad:
        raise ValueError("the loss and all gradients are finite")
    first = engine.first_non_finite_gradient(batch, epoch=epoch, step=step) or bad[0]
    if isinstance(first, Loss):
        return f"the loss is finite, but its gradient, where {first.type} begins backward, is not"
    return f"the loss is finite, but {described(first)} is the first whose gradient is not"


def check_figures(engine: Engine, samples: Samples, figures: Mapping[str, float], where: str) -> None:
    """Raise DivergenceError where a figure over samples in inference is not finite.

    figures: by name. where: words for messages: "over the test part".
    """
    name = first_non_finite(figures)
    if name is not None:
        cause = culprit_in_inference(engine, samples)
        raise DivergenceError(f"the {label(name)} {where} is {figures[name]:.3g}: {cause}")


def culprit_in_inference(engine: Engine, samples: Samples) -> str:
    """Return words for what first goes wrong in inference, where a figure over the samples is not finite.

    That is the first sample whose own loss is not finite, and the first layer with such an output for it.
    """
    graph, logits = engine.graph, loss_takes_logits(engine.graph)
    with np.errstate(all="ignore"):
        for chunk in engine.chunks(len(samples)):
            positions = np.arange(chunk.start, chunk.stop)
            values, targets = engine.loss_inputs(SourceBatch(samples, positions)), samples.targets(positions)
            for index, position in enumerate(positions):
                one = slice(index, index + 1)
                if not np.isfinite(graph.loss.piece(targets[one], values[one], 1, logits=logits)).all():
                    x, _ = samples.take(positions[one], graph.input_shape, dtype=engine.parameters.dtype)
                    return f"{wrong_in_inference(engine, x)}, for sample {position} of {len(samples)}, counted from 0"
    return "each sample by itself has a finite loss, their sum is too large"


def wrong_in_inference(engine: Engine, x: Array) -> str:
    """Return words for the first layer whose output for x, n×(input shape), is not finite in inference."""
    node = engine.first_non_finite_in_inference(x)
    return LOSS_ALONE if node is None else not_finite(engine, node, x)


def not_finite(engine: Engine, node: Node, x: Array) -> str:
    """Return the words that a node's output is the first that is not finite, and why if that is known.

    x: the inputs of the network.
    """
    text = f"{described(node)} is the first whose output is not finite"
    bad = [name for name, array in engine.parameters.values[node.name].items() if not all_finite(array.ravel("K"))]
    if bad:
        return f"{text}, as its {' and '.join(bad)} {'are' if bad[0].endswith('s') or bad[1:] else 'is'} not"
    if not np.isfinite(x).all():
        return f"{text}, as the inputs themselves are not after normalisation"
    return text


def described(node: Node) -> str:
    """Return a node as it appears in messages: layers[2] "conv2" (Conv2D)."""
    return f'{node.location} "{node.name}" ({node.layer.type})'
