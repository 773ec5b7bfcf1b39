"""Building the graph of a document, with all findings about it at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from graphnn.document.document import Document, Path
from graphnn.errors import Problem, SpecError
from graphnn.graph.findings import (
    assumed_input_shape,
    augmentation_findings,
    end_findings,
    gain_findings,
    input_findings,
    label_findings,
    monitor_findings,
    name_findings,
    output_findings,
    schedule_findings,
    setting_findings,
)
from graphnn.graph.graph import Graph, Node, named_parameters, nodes_of
from graphnn.layers.base import LAYERS, Layer, UnfitInput
from graphnn.layers.expansion import INPUT, Expansion
from graphnn.losses.base import LOSSES, Loss
from graphnn.metrics.outputs import Classes
from graphnn.optimizers.groups import group_findings
from graphnn.parameters.parameter import Role
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.sections import LayerSection
from graphnn.specification.spec import Spec
from graphnn.types import Shape


def layer_from(section: LayerSection, *, all_names: bool = True) -> Layer:
    """Return the layer that a section describes.

    all_names: whether it and the layers inside it have the names made from their types where the document gives none.
    """

    def with_layers(value: Any) -> Any:
        if isinstance(value, LayerSection):
            return layer_from(value, all_names=all_names)
        return tuple(with_layers(item) for item in value) if isinstance(value, tuple) else value

    settings = {key: with_layers(value) for key, value in section.options.items()}
    name = section.name if all_names or section.named else None
    return LAYERS.find(section.type).from_checked(**settings, name=name, description=section.description)


def build_graph(spec: Spec, *, validated: bool | None = None) -> Graph:
    """Return the graph that a spec describes. Raises SpecError with every problem, in the document's order.

    validated: whether there will be samples to validate on; None: if the document splits off a validation part.
    """
    layers = [layer_from(section) for section in spec.layers]
    loss: Loss = LOSSES[spec.loss.type].from_checked(**spec.loss.options)
    if spec.learns_inputs:
        loss = loss.of_inputs()
    findings = [*input_findings(spec), *augmentation_findings(spec)]
    unfit_layers: list[Finding] = []

    def report(path: Path, unfit: UnfitInput, source: str) -> None:
        unfit_layers.append(Finding(path, unfit.message(source)))

    expansion = Expansion(report)
    named = zip((section.name for section in spec.layers), layers, strict=True)
    shape = expansion.extend(("layers",), named, assumed_input_shape(spec), INPUT)
    nodes = nodes_of(expansion.layers, spec.document.written_path if spec.document.origins else None)
    findings += unfit_layers
    findings += name_findings(nodes)
    ends, unfit_loss = end_and_loss_findings(spec, layers, loss, shape)
    known = {finding.path for finding in ends}
    for node in nodes:
        about = setting_findings(node.path, node.name, node.layer, node.input_shape, first=node.index == 0)
        findings += (finding for finding in about if finding.path not in known)
    findings += unfit_loss or end_findings(spec, layers, loss)  # where the loss must change, its last layer will too
    findings += ends
    if not unfit_layers:
        findings += parameter_findings(spec, nodes)
    for section in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        findings += schedule_findings(section.get("schedule"))
    splits = bool(spec.data["validation_split"])
    findings += monitor_findings(spec, loss, shape, validated=splits if validated is None else validated)
    findings += gain_findings(spec)
    if "class_weights" in spec.loss.options:
        from graphnn.graph.class_weights import class_weight_findings  # few documents have them

        findings += class_weight_findings(spec, loss, None if ends or unfit_loss else shape)
    if findings:
        problems = in_order(spec.document, findings)
        raise SpecError(*problems, *applied_changes(spec.document, problems))
    return Graph(spec.input_shape, nodes, loss)


def end_and_loss_findings(
    spec: Spec, layers: Sequence[Layer], loss: Loss, output_shape: Shape | None
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings about the outputs, and those for which the loss must change, whether it suits its targets.

    output_shape: None where it is unknown because a layer cannot take its input.
    """
    if spec.learns_inputs:
        from graphnn.graph.learnt_inputs import learnt_input_findings  # few documents ask for it

        found = list(learnt_input_findings(spec, layers, loss, assumed_input_shape(spec), output_shape))
        return ([], found) if loss.outputs is Classes else (found, [])
    if output_shape is None:
        return [], []
    return list(output_findings(spec, layers, loss, output_shape)), list(label_findings(spec, loss, output_shape))


def applied_changes(document: Document, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield one problem that lists the changes made to a document, where they may have caused a problem in its text."""
    if document.changed and any(problem.file == document.file for problem in problems):
        yield Problem(f"read with {', '.join(source for _, source in document.changed)}", file=document.file)


def parameter_findings(spec: Spec, nodes: Sequence[Node]) -> list[Finding]:
    """Return the findings about the optimizer's groups and the parameters of the nodes."""
    declared = named_parameters(nodes)
    trained = {name: parameter for name, parameter in declared.items() if parameter.trainable}
    fixed = [name for name in declared if name not in trained]
    if not trained and any(declared[name].role is not Role.STATISTIC for name in fixed):
        message = 'nothing is trained: no parameter is trainable; leave "trainable" out in one of the layers'
        return [Finding(("layers",), message)]
    return list(group_findings(spec.optimizer, trained, fixed))
