"""The sequential computational graph: nodes and shapes only, nothing allocated; then its initial parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.errors import GraphError, SpecError
from graphnn.groups import group_findings
from graphnn.initializers import FromImages, initial_values
from graphnn.layers.base import Layer, Parameter, UnfitInput, layer_class
from graphnn.layers.dense import Dense
from graphnn.losses import LOSSES, Loss
from graphnn.meaning import (
    augmentation_findings,
    end_findings,
    input_findings,
    label_findings,
    meant_input_shape,
    monitor_findings,
    output_findings,
    schedule_findings,
    setting_findings,
)
from graphnn.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.spec.schema_problems import Finding, in_order
from graphnn.spec.spec import Spec
from graphnn.suggestions import quoted
from graphnn.types import Array, Shape


@dataclass(frozen=True)
class Node:
    """One layer at its place in the graph. merged: nodes after it whose work it does too."""

    index: int
    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: tuple[Parameter, ...]
    merged: tuple["Node", ...] = ()

    @property
    def label(self) -> str:
        """The names of all nodes whose work it does."""
        return " + ".join(node.name for node in (self, *self.merged))

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of forward for one sample."""
        return self.layer.multiply_adds(self.input_shape)


@dataclass(frozen=True)
class Graph:
    """A sequence of nodes and the loss at its end."""

    input_shape: Shape
    nodes: tuple[Node, ...]
    loss: Loss

    @property
    def output_shape(self) -> Shape:
        """The shape of one prediction."""
        return self.nodes[-1].output_shape


def chain(named_layers: Sequence[tuple[str, Layer]], input_shape: Shape, loss: Loss) -> Graph:
    """Return the graph of the layers in order. Raises UnfitInput at the first layer that cannot take its input."""
    nodes: list[Node] = []
    shape = input_shape
    for index, (name, layer) in enumerate(named_layers):
        nodes.append(node(index, name, layer, shape))
        shape = nodes[-1].output_shape
    return Graph(input_shape, tuple(nodes), loss)


def node(index: int, name: str, layer: Layer, input_shape: Shape) -> Node:
    """Return the node of a layer. Raises UnfitInput where it cannot take its input."""
    return Node(index, name, layer, input_shape, layer.output_shape(input_shape), layer.parameters(input_shape))


def build_graph(spec: Spec) -> Graph:
    """Return the graph that a spec describes. Raises SpecError with every problem of meaning, each at its place."""
    layers = [
        layer_class(section.type)(**section.options, name=section.name, description=section.description)
        for section in spec.layers
    ]
    loss: Loss = LOSSES[spec.loss.type](**spec.loss.options)
    findings = [*input_findings(spec), *augmentation_findings(spec)]
    nodes: list[Node] = []
    shape: Shape | None = meant_input_shape(spec)
    source = "the input"
    for index, (section, layer) in enumerate(zip(spec.layers, layers, strict=True)):
        try:
            if shape is not None:
                nodes.append(node(index, section.name, layer, shape))
                findings += setting_findings(section, layer, index, shape)
                shape = nodes[-1].output_shape
        except UnfitInput as unfit:
            findings.append(Finding(section.path, unfit.message(source)))
            shape = None
        if shape is None and isinstance(layer, Dense):
            shape = (layer.units,)  # known again, whatever was wrong before it
        source = quoted(section.name)
    unfit_loss = [] if shape is None else list(label_findings(spec, loss, shape))
    findings += unfit_loss or end_findings(spec, layers, loss)  # another loss wants another end
    if shape is not None:
        findings += output_findings(spec, layers, loss, shape)
    if len(nodes) == len(layers):
        findings += parameter_findings(spec, nodes)
    for section in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        findings += schedule_findings(section.get("schedule"))
    findings += monitor_findings(spec, loss)
    if findings:
        raise SpecError(*in_order(spec.document, findings))
    return Graph(spec.input_shape, tuple(nodes), loss)


def parameter_findings(spec: Spec, nodes: Sequence[Node]) -> list[Finding]:
    """Return what is wrong with the optimizer's groups, for the parameters that there are."""
    declared = [(f"{node.name}/{own.name}", own) for node in nodes for own in node.parameters]
    shapes = {name: own.shape for name, own in declared if own.trainable}
    return list(group_findings(spec.optimizer, shapes, [name for name, own in declared if not own.trainable]))


def unset(graph: Graph, dtype: Any = np.float32) -> Parameters:
    """Return the parameters without their values, all zeros, for weights that come from elsewhere."""
    return Parameters({node.name: node.parameters for node in graph.nodes}, dtype)


def needs_images(graph: Graph) -> bool:
    """Whether `initialise` needs training images."""
    return any(isinstance(own.initializer, FromImages) for node in graph.nodes for own in node.parameters)


def initialise(graph: Graph, seed: int, dtype: Any = np.float32, images: Array | None = None) -> Parameters:
    """Return the parameters before the first step, each drawn from its own keyed generator.

    images: training images, n×input_shape, normalised, for initializers that take values from them; of more than
    `initializers.IMAGES`, the first. Raises GraphError where such an initializer has none.
    """
    parameters = unset(graph, dtype)
    for node in graph.nodes:
        for position, parameter in enumerate(node.parameters):
            rng = generator(seed, Purpose.INITIALISE, node.index, position)
            try:
                values = initial_values(parameter.initializer, parameter.shape, rng, images)
            except GraphError as error:
                raise GraphError(f'layers[{node.index}] "{node.name}": {error}') from error
            parameters.values[node.name][parameter.name][...] = values
    return parameters
