"""Batch normalisations folded into the weights before them, as in quantised files."""

from collections.abc import Mapping
from dataclasses import replace

from graphnn.exporting.branches import Branches, Step
from graphnn.graph.graph import Node
from graphnn.layers.base import Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.folded import FOLDED, Folded
from graphnn.layers.fused import with_settings
from graphnn.types import Array

Arrays = Mapping[str, Mapping[str, Array]]


def folded(steps: tuple[Step, ...], parameters: Arrays) -> tuple[tuple[Step, ...], dict[str, dict[str, Array]]]:
    """Return the steps without the batch normalisations that follow weights, and parameters that do their work.

    Of factor·(Wx + b) + shift, the weights are factor·W and the biases factor·b + shift; see `layers/folded.py`.
    """
    known = {node: dict(arrays) for node, arrays in parameters.items()}
    return fold_branch(steps, known), known


def fold_branch(steps: tuple[Step, ...], parameters: dict[str, dict[str, Array]]) -> tuple[Step, ...]:
    """Fold within a branch and those inside it; change `parameters`."""
    kept: list[Step] = []
    for step in steps:
        before = kept[-1] if kept else None
        if isinstance(step, Branches):
            body, shortcut = (fold_branch(branch, parameters) for branch in (step.body, step.shortcut))
            kept.append(replace(step, body=body, shortcut=shortcut))
        elif isinstance(step.layer, BatchNormalization) and isinstance(before, Node) and type(before.layer) in FOLDED:
            both: Folded = replace(with_folding(before.layer), normalization=step.layer)
            parameters[before.name] = dict(both.folded({**parameters[before.name], **parameters.pop(step.name)}))
        else:
            kept.append(step)
    return tuple(kept)


def with_folding(layer: Layer) -> Folded:
    """Return the layer of the engine that multiplies by folded weights, for a layer that multiplies by weights."""
    made = with_settings(FOLDED[type(layer)], layer)
    assert isinstance(made, Folded)
    return made
