"""The sequential computational graph: nodes and shapes only, nothing allocated; then its initial parameters."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.document.document import Document, Path, path_text
from graphnn.errors import GraphError, Problem, SpecError
from graphnn.graph.findings import (
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
from graphnn.initializers.base import FromImages, initial_values
from graphnn.layers.base import LAYERS, Layer, UnfitInput
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.layers.dense import Dense
from graphnn.layers.residual import BranchesDiffer, Residual
from graphnn.losses.base import LOSSES, Loss
from graphnn.optimizers.groups import group_findings
from graphnn.parameters.parameter import Parameter, Role
from graphnn.parameters.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.spec import LayerSection, Spec
from graphnn.text.suggestions import quoted
from graphnn.types import Array, Shape


@dataclass(frozen=True)
class Node:
    """One layer at its place in the graph. merged: nodes after it whose work it does too.

    path: where the document has it, or the block that it belongs to.
    """

    index: int
    path: Path
    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: tuple[Parameter, ...]
    merged: tuple["Node", ...] = ()

    @property
    def place(self) -> str:
        """Its path as people read it: layers[3].layers[0]."""
        return path_text(self.path)

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
    def metrics(self) -> tuple[str, ...]:
        """The names of what is reported of its outputs, "loss" first."""
        return self.loss.metrics(self.output_shape)

    def summarise(self, sums: Array, count: int) -> dict[str, float]:
        """Return the loss and the metrics of `count` samples from the sum of their partial sums, as of Loss.piece."""
        return self.loss.summarise(sums, count, self.output_shape)

    @property
    def output_shape(self) -> Shape:
        """The shape of one prediction."""
        return self.nodes[-1].output_shape


class Run:
    """The nodes of layers one after the other, blocks taken apart. report: is told what does not fit, and where."""

    def __init__(self, report: Callable[[Path, UnfitInput, str], None]) -> None:
        self.nodes: list[Node] = []
        self._report = report

    def extend(self, path: Path, layers: Iterable[tuple[str, Layer]], shape: Shape | None, source: str) -> Shape | None:
        """Add the nodes of a list of layers, by name, that stands at `path`; return the shape that they give.

        shape: what reaches them, and source: what gives it. None: not known, for what was reported.
        """
        for place, (name, layer) in enumerate(layers):
            add = self._add_block if isinstance(layer, Residual) else self._add
            shape = add((*path, place), name, layer, shape, source)
            source = quoted(name)
        return shape

    def _add(self, path: Path, name: str, layer: Layer, shape: Shape | None, source: str) -> Shape | None:
        try:
            if shape is not None:
                self.nodes.append(node(len(self.nodes), path, name, layer, shape))
                return self.nodes[-1].output_shape
        except UnfitInput as unfit:
            self._report(path, unfit, source)
        return (layer.units,) if isinstance(layer, Dense) else None  # known again, whatever was wrong before it

    def _add_block(self, path: Path, name: str, layer: Layer, shape: Shape | None, source: str) -> Shape | None:
        assert isinstance(layer, Residual)
        self._add(path, f"{name}/save", Save(block=name), shape, source)
        body, other = self.extend((*path, "layers"), inside(name, "layers", layer.layers), shape, source), shape
        if layer.shortcut:
            if shape is not None:
                self._add(path, f"{name}/swap", Swap(block=name, restored=shape), body, source)
            other = self.extend((*path, "shortcut"), inside(name, "shortcut", layer.shortcut), shape, source)
        if shape is not None and body is not None and other is not None and body != other:
            place = (*path, "shortcut") if layer.shortcut else path
            self._report(place, BranchesDiffer(layer, shape, body, other), source)
        result = other if body is None else body
        return self._add(path, f"{name}/add", Add(block=name, swapped=bool(layer.shortcut)), result, source)


def inside(block: str, key: str, layers: Iterable[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the layers of a block by name, which in a document all of them have."""
    for place, layer in enumerate(layers):
        yield layer.name or f"{block}.{key}{place}", layer


def chain(named_layers: Iterable[tuple[str, Layer]], input_shape: Shape, loss: Loss) -> Graph:
    """Return the graph of the layers in order. Raises UnfitInput at the first layer that cannot take its input."""

    def refuse(path: Path, unfit: UnfitInput, source: str) -> None:
        raise unfit

    run = Run(refuse)
    run.extend(("layers",), named_layers, input_shape, "the input")
    return Graph(input_shape, tuple(run.nodes), loss)


def node(index: int, path: Path, name: str, layer: Layer, input_shape: Shape) -> Node:
    """Return the node of a layer. Raises UnfitInput where it cannot take its input."""
    return Node(index, path, name, layer, input_shape, layer.output_shape(input_shape), layer.parameters(input_shape))


def layer_from(section: LayerSection, *, all_names: bool = True) -> Layer:
    """Return the layer that a section describes; all_names: with the names that were made for it and those inside."""

    def made(value: Any) -> Any:
        if isinstance(value, LayerSection):
            return layer_from(value, all_names=all_names)
        return tuple(made(item) for item in value) if isinstance(value, tuple) else value

    own = {key: made(value) for key, value in section.options.items()}
    name = section.name if all_names or section.named else None
    return LAYERS.find(section.type).from_checked(**own, name=name, description=section.description)


def build_graph(spec: Spec, *, validated: bool | None = None) -> Graph:
    """Return the graph that a spec describes. Raises SpecError with every problem of meaning, each at its place.

    validated: whether there will be samples to validate on; None: where the document splits some off.
    """
    layers = [layer_from(section) for section in spec.layers]
    loss: Loss = LOSSES[spec.loss.type](**spec.loss.options)
    findings = [*input_findings(spec), *augmentation_findings(spec)]
    unfit_layers: list[Finding] = []

    def report(path: Path, unfit: UnfitInput, source: str) -> None:
        unfit_layers.append(Finding(path, unfit.message(source)))

    run = Run(report)
    named = zip((section.name for section in spec.layers), layers, strict=True)
    shape = run.extend(("layers",), named, meant_input_shape(spec), "the input")
    findings += unfit_layers
    for own in run.nodes:
        findings += setting_findings(own.path, own.name, own.layer, own.input_shape, first=own.index == 0)
    unfit_loss = [] if shape is None else list(label_findings(spec, loss, shape))
    findings += unfit_loss or end_findings(spec, layers, loss)  # another loss wants another end
    if shape is not None:
        findings += output_findings(spec, layers, loss, shape)
    if not unfit_layers:
        findings += parameter_findings(spec, run.nodes)
    for section in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        findings += schedule_findings(section.get("schedule"))
    splits = bool(spec.data["validation_split"])
    findings += monitor_findings(spec, loss, shape, validated=splits if validated is None else validated)
    if findings:
        problems = in_order(spec.document, findings)
        raise SpecError(*problems, *in_force(spec.document, problems))
    return Graph(spec.input_shape, tuple(run.nodes), loss)


def in_force(document: Document, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield what was changed in a document, where a problem stands elsewhere and a change may be why."""
    if document.changed and any(problem.file == document.file for problem in problems):
        yield Problem(f"read with {', '.join(source for _, source in document.changed)}", file=document.file)


def parameter_findings(spec: Spec, nodes: Sequence[Node]) -> list[Finding]:
    """Return what is wrong with the optimizer's groups, for the parameters that there are."""
    declared = named_parameters(nodes)
    trained = {name: parameter for name, parameter in declared.items() if parameter.trainable}
    fixed = [name for name in declared if name not in trained]
    if not trained and any(declared[name].role is not Role.STATISTIC for name in fixed):
        message = 'nothing is trained: no parameter is trainable; leave "trainable" out in one of the layers'
        return [Finding(("layers",), message)]
    return list(group_findings(spec.optimizer, trained, fixed))


def named_parameters(nodes: Iterable[Node]) -> dict[str, Parameter]:
    """Return the declarations of all parameters of these nodes, by 'node/name'."""
    return {f"{node.name}/{own.name}": own for node in nodes for own in node.parameters}


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
                raise GraphError(f'{node.place} "{node.name}": {error}') from error
            parameters.values[node.name][parameter.name][...] = values
    return parameters
