"""The class weights of a loss in a graph: what is wrong with them, and as numbers once the data are known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.datasets.base import facts_of
from graphnn.graph.graph import Graph
from graphnn.losses.base import Loss
from graphnn.losses.class_weights import BALANCED, ClassWeighted, numbered
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Spec
from graphnn.types import Array, Shape, shape_text

PATH = ("loss", "class_weights")


def class_weight_findings(spec: Spec, loss: Loss, output_shape: Shape | None) -> Iterator[Finding]:
    """Yield a finding where the class weights of a document do not fit the outputs, or the classes of the data set.

    output_shape: None where it is unknown because a layer cannot take its input. The names of classes in files are
    compared when they are loaded, by `data_findings`.
    """
    if spec.learns_inputs:
        message = (
            '"class_weights" weighs classes, of which there are none where the targets are the inputs; leave it out'
        )
        yield Finding(PATH, message, key=True)
    elif output_shape is not None and len(output_shape) != 1:
        yield Finding(PATH, f"needs one output for each class, but the network gives {shape_text(output_shape)}")
    elif output_shape is not None:
        facts = facts_of(spec.data["dataset"])
        yield from data_findings(loss, output_shape, None if facts is None else facts.classes)


def data_findings(loss: Loss, output_shape: Shape, names: Sequence[str] | None) -> Iterator[Finding]:
    """Yield a finding where the class weights do not fit outputs of this shape. names: of the classes, if known."""
    unfit = loss.unfit(output_shape, names) if isinstance(loss, ClassWeighted) else None
    if unfit is not None:
        by_name = isinstance(unfit.key, str)
        yield Finding(PATH if unfit.key is None else (*PATH, unfit.key), unfit.message, key=by_name)


def has_class_weights(loss: Loss) -> bool:
    """Return whether a loss weighs its classes."""
    return isinstance(loss, ClassWeighted) and loss.class_weights is not None


def with_class_weights(graph: Graph, targets: Array | None, names: Sequence[str] | None) -> Graph:
    """Return the graph with the class weights of its loss as numbers.

    targets: of the samples to train on; None: there are none. names: of the classes, where they have some. Raises
    GraphError where the weights do not fit.
    """
    loss = graph.loss
    if not (isinstance(loss, ClassWeighted) and loss.class_weights is not None):
        return graph
    return replace(graph, loss=loss.weighted(graph.output_shape, targets, names))


def is_balanced(loss: Loss) -> bool:
    """Return whether the class weights are yet to be counted."""
    return isinstance(loss, ClassWeighted) and loss.class_weights == BALANCED


def is_open(graph: Graph, names: Sequence[str] | None) -> bool:
    """Return whether class weights cannot be numbers yet: they are to be counted, or by names that are not known.

    names: of the classes; None: not known.
    """
    loss = graph.loss
    if names is not None or not (isinstance(loss, ClassWeighted) and isinstance(loss.class_weights, Mapping)):
        return is_balanced(loss)
    return loss.unfit(graph.output_shape, numbered(loss.class_count(graph.output_shape))) is not None


def recorded(graph: Graph, meta: Mapping[str, Any], names: Sequence[str] | None) -> tuple[Graph, str | None]:
    """Return the graph with the class weights that its weights were trained with, and a note where they say none.

    meta: of the weights file. names: of the classes. Raises GraphError where weights by name do not fit these.
    """
    loss, numbers = graph.loss, meta.get("class_weights")
    if not is_balanced(loss):
        return with_class_weights(graph, None, names), None
    assert isinstance(loss, ClassWeighted)
    if numbers is not None and np.shape(numbers) == loss.balanced_shape(graph.output_shape):
        return replace(graph, loss=loss.with_numbers(numbers)), None
    text = "its weights were not trained with balanced class weights, so that the loss is without any"
    return replace(graph, loss=loss.without_weights()), text
