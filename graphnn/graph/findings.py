"""Findings about a document that fits the schema: shapes against its data set, its last layer against its loss, …"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from graphnn.augmentation.base import augmentations_from, misfits
from graphnn.datasets.base import facts_of, known_shape
from graphnn.document.document import Path
from graphnn.errors import DataError
from graphnn.graph.graph import Node
from graphnn.initializers.base import FromImages
from graphnn.layers.base import Layer
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.losses.base import LOSSES, Loss
from graphnn.metrics.outputs import Classes
from graphnn.specification.names import RESIDUAL
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec
from graphnn.storage.member_names import member_problem
from graphnn.text.suggestions import quoted
from graphnn.types import Shape, shape_text

LOSS = "validation_loss"


def input_findings(spec: Spec) -> Iterator[Finding]:
    """Yield a finding where `input.shape` is not the shape of the data set."""
    known = known_shape(spec.data)
    if known is None or spec.input_shape in (known, (math.prod(known),)):
        return
    shape, flat = list(known), math.prod(known)
    what = spec.data["dataset"] if facts_of(spec.data["dataset"]) else "the pictures, by data.size and data.color"
    message = f"{list(spec.input_shape)} is not the shape of {what}; write {shape}, or [{flat}] to flatten it"
    yield Finding(("input", "shape"), message)


def assumed_input_shape(spec: Spec) -> Shape:
    """Return the input shape to build with: the data set's where the document's is wrong, to report that only once."""
    known = known_shape(spec.data)
    if known is None:
        return spec.input_shape
    return known if len(spec.input_shape) == 3 else (math.prod(known),)


def augmentation_findings(spec: Spec) -> Iterator[Finding]:
    """Yield a finding for each augmentation, in training or inference, that the images are too small for.

    Whether the samples of an .npz file behind a flat input are images is known, and checked, when they are loaded.
    """
    shape = known_shape(spec.data) or spec.input_shape
    if len(shape) == 3:
        yield from image_findings(spec, shape)


def image_findings(spec: Spec, shape: Shape) -> Iterator[Finding]:
    """Yield a finding for each augmentation, in training or inference, that cannot take samples of this shape."""
    for path, problem in misfits(augmentations_from(spec.data["augment"]), shape):
        yield Finding(("data", "augment", *path), problem)
    views = spec.evaluation["test_time_augmentation"]
    if views != "none":
        from graphnn.augmentation.views import unfit_for_views  # few documents ask for views

        unfit = unfit_for_views(views, shape)
        if unfit is not None:
            yield Finding(("evaluation", "test_time_augmentation"), unfit)


def setting_findings(path: Path, name: str, layer: Layer, input_shape: Shape, *, first: bool) -> Iterator[Finding]:
    """Yield findings about the settings of a layer that can take its input. first: whether it is the first layer."""
    findings = list(layer.findings(input_shape))
    parameters = layer.parameters(input_shape)
    from_images = any(isinstance(parameter.initializer, FromImages) for parameter in parameters)
    if not first and from_images and ("initializer",) not in [finding.path for finding in findings]:
        message = f"{quoted(name)} starts from what the data set holds, so it must be the first layer"
        findings = [Finding(("initializer",), message)]  # without its other needs, which it has as the first layer
    yield from (replace(finding, path=(*path, *finding.path)) for finding in findings)


def label_findings(spec: Spec, loss: Loss, output_shape: Shape) -> Iterator[Finding]:
    """Yield a finding where a loss that is not for classes cannot take the labels of the data set."""
    facts = facts_of(spec.data["dataset"])
    if facts is None or loss.outputs is Classes:  # `output_findings` compares the number of classes
        return
    labels = np.arange(len(facts.classes))
    try:
        loss.check_targets(labels, output_shape)
    except DataError as error:
        yield Finding(("loss", "type"), f"{spec.data['dataset']} has labels, 0…{labels[-1]}, but {error}")


def name_findings(nodes: Sequence[Node]) -> Iterator[Finding]:
    """Yield a finding for each name 'layer/parameter' that the files of a run cannot hold.

    A checkpoint puts a few words before it. Plugins name parameters as they like; the schema checks names of layers.
    """
    for node in nodes:
        names = [parameter.name for parameter in node.parameters]
        for name in dict.fromkeys(names):
            problem = member_problem(f"average/running/{node.name}/{name}")
            if not name or "/" in name:
                problem = "it is empty or has a slash"
            elif names.count(name) > 1:
                problem = f"{names.count(name)} parameters of the layer have it"
            if problem is not None:
                known = quoted(f"{node.name[-30:]}/{name}")
                yield Finding(node.path, f"{known} cannot be the name of an array in a weights file: {problem}")


def schedule_findings(schedule: Section | None) -> Iterator[Finding]:
    """Yield a finding for each point of a schedule that does not come after the one before, and for factors all 0."""
    if schedule is None or schedule.type != "piecewise_linear":
        return
    fractions = [fraction for fraction, _ in schedule.options["points"]]
    for index, (before, here) in enumerate(pairwise(fractions), start=1):
        if here <= before:
            message = f"{here:g} does not come after {before:g}; the fractions of the points must rise"
            yield Finding((*schedule.path, "points", index, 0), message)
    if not any(factor for _, factor in schedule.options["points"]):
        message = "the learning rate is 0 from the first point to the last; write a factor above 0 in one of them"
        yield Finding((*schedule.path, "points"), message)


def monitor_findings(spec: Spec, loss: Loss, output_shape: Shape | None, *, validated: bool) -> Iterator[Finding]:
    """Yield a finding for each watched validation figure that the loss does not give, or that lacks a validation part.

    output_shape: None where it is unknown because a layer cannot take its input. validated: whether there will be
    samples to validate on.
    """
    watched: dict[Path, str] = {}
    if "early_stopping" in spec.training:
        watched["training", "early_stopping", "monitor"] = spec.training["early_stopping"]["monitor"]
    if "keep_best" in spec.training:
        watched["training", "keep_best"] = spec.training["keep_best"]
    for section in (spec.optimizer.options, *spec.optimizer.options.get("groups", ())):
        schedule = section.get("schedule")
        if schedule is not None and schedule.options.get("monitor", LOSS) != LOSS:  # which training has, too
            watched[*schedule.path, "monitor"] = schedule.options["monitor"]
    known = [f"validation_{name}" for name in loss.metrics(output_shape)] if watched else []
    for path, monitor in watched.items():
        if monitor not in known:
            elsewhere = monitor.removeprefix("validation_") in loss.metrics()
            where = f" for {outputs(math.prod(output_shape))}" if elsewhere and output_shape is not None else ""
            message = f"{loss.type} gives no {quoted(monitor)}{where}; it gives {', '.join(known)}"
            yield Finding(path, message)
        elif not validated:
            message = f"{monitor} needs a validation part, but data.validation_split is 0; write a fraction there"
            yield Finding(path, message)


def gain_findings(spec: Spec) -> Iterator[Finding]:
    """Yield a finding where early stopping asks for a gain that a fraction of the samples cannot make."""
    stopping = spec.training.get("early_stopping", {})
    if stopping.get("monitor", "").endswith(("accuracy", "f1", "auc")) and stopping["min_delta"] >= 1:
        message = f"{stopping['monitor']} is at most 1, so it never gains {stopping['min_delta']:g}; write 0.001, or 0"
        yield Finding(("training", "early_stopping", "min_delta"), message)


def end_findings(spec: Spec, layers: Sequence[Layer], loss: Loss) -> Iterator[Finding]:
    """Yield a finding where the last layer is not the one that the loss needs, or where that layer comes twice."""
    needed = loss.fused_with
    if needed is None:
        return
    where = [index for index, layer in enumerate(layers) if isinstance(layer, needed)]
    last, name = len(layers) - 1, needed.__name__
    once = loss.outputs is Classes  # that is Softmax; the Sigmoid of yes or no may be an activation elsewhere
    inside = (each for section in spec.layers for layer in section.inside for each in layer.with_inside())
    within = [each for each in inside if each.type == name and once]
    if last in where:
        if once:
            for section in [*(spec.layers[index] for index in where[:-1]), *within]:
                message = f"{name} stands here and at the end; remove this one"
                yield Finding(section.path, message)
    elif within and not where:
        message = f"{loss.type} needs {name} as the last layer, but it stands inside a block; move {name} to the end"
        yield Finding(within[-1].path, message)
    elif where:
        after = ", ".join(quoted(section.name) for section in spec.layers[where[-1] + 1 :])
        message = f"{loss.type} needs {name} as the last layer, but {after} follows; move {name} to the end"
        yield Finding(spec.layers[where[-1]].path, message)
    else:
        found = f"{quoted(spec.layers[last].name)} is {layers[last].type}"
        message = f"{loss.type} needs {name} as the last layer, but {found}; "
        if type(layers[last]) in (other.fused_with for other in LOSSES.values()):
            message += f'write {{"type": "{name}"}} instead'
        else:
            message += f'add {{"type": "{name}"}} as the last layer'
        yield Finding(spec.layers[last].path, message)


def output_findings(spec: Spec, layers: Sequence[Layer], loss: Loss, output_shape: Shape) -> Iterator[Finding]:
    """Yield a finding where a loss for classes does not get one output for each class."""
    if loss.outputs is not Classes:
        return
    last = spec.layers[-1]
    if len(output_shape) != 1:
        message = (
            f"{loss.type} needs one number for each class, but {quoted(last.name)} gives {shape_text(output_shape)}; "
            "put Flatten or GlobalAveragePooling, and Dense, before it"
        )
        yield Finding(last.path, message)
        return
    facts = facts_of(spec.data["dataset"])
    if facts is None or output_shape[0] == len(facts.classes):
        return
    classes = f"{spec.data['dataset']} has {len(facts.classes)} classes"
    for section, layer in zip(reversed(spec.layers), reversed(layers), strict=True):
        if isinstance(layer, Flatten) or layer.inside:
            break
        if isinstance(layer, Dense | Conv2D):
            key, number = ("units", layer.units) if isinstance(layer, Dense) else ("filters", layer.filters)
            message = f"{outputs(number)}, but {classes}; write {len(facts.classes)}"
            yield Finding((*section.path, key), message)
            return
    add = f'put {{"type": "Dense", "units": {len(facts.classes)}}} {"after" if last.type == RESIDUAL else "before"}'
    yield Finding(last.path, f"the network has {outputs(output_shape[0])}, but {classes}; {add} {last.type}")


def outputs(number: int) -> str:
    """Return a number of outputs in words."""
    return "1 output" if number == 1 else f"{number} outputs"
