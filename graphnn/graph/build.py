"""The graph of a document, with everything that is wrong in what it means."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from graphnn.document.document import Document, Path
from graphnn.errors import Problem, SpecError
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
from graphnn.graph.graph import Graph, Node, named_parameters, nodes_of
from graphnn.layers.base import LAYERS, Layer, UnfitInput
from graphnn.layers.expansion import INPUT, Expansion
from graphnn.losses.base import LOSSES, Loss
from graphnn.optimizers.groups import group_findings
from graphnn.parameters.parameter import Role
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.spec import LayerSection, Spec


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
    loss: Loss = LOSSES[spec.loss.type].from_checked(**spec.loss.options)
    findings = [*input_findings(spec), *augmentation_findings(spec)]
    unfit_layers: list[Finding] = []

    def report(path: Path, unfit: UnfitInput, source: str) -> None:
        unfit_layers.append(Finding(path, unfit.message(source)))

    expansion = Expansion(report)
    named = zip((section.name for section in spec.layers), layers, strict=True)
    shape = expansion.extend(("layers",), named, meant_input_shape(spec), INPUT)
    nodes = nodes_of(expansion.layers)
    findings += unfit_layers
    for node in nodes:
        findings += setting_findings(node.path, node.name, node.layer, node.input_shape, first=node.index == 0)
    unfit_loss = [] if shape is None else list(label_findings(spec, loss, shape))
    findings += unfit_loss or end_findings(spec, layers, loss)  # another loss wants another end
    if shape is not None:
        findings += output_findings(spec, layers, loss, shape)
    if not unfit_layers:
        findings += parameter_findings(spec, nodes)
    for section in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        findings += schedule_findings(section.get("schedule"))
    splits = bool(spec.data["validation_split"])
    findings += monitor_findings(spec, loss, shape, validated=splits if validated is None else validated)
    if findings:
        problems = in_order(spec.document, findings)
        raise SpecError(*problems, *in_force(spec.document, problems))
    return Graph(spec.input_shape, nodes, loss)


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
