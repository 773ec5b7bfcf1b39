"""Findings and notes about networks whose targets are their own inputs, as of an autoencoder."""

import math
from collections.abc import Iterator, Sequence

from graphnn.datasets.base import facts_of
from graphnn.datasets.provenance import range_of
from graphnn.errors import DataError
from graphnn.layers.base import Layer
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.flatten import Flatten
from graphnn.losses.base import LOSSES, Loss
from graphnn.metrics.outputs import Classes, Shares
from graphnn.specification.schema_problems import Finding
from graphnn.specification.spec import Spec
from graphnn.text.suggestions import quoted
from graphnn.types import Array, Shape, shape_text

NORMALIZE = ("data", "normalize")
CENTRED = ("per_channel", "per_feature")
BOUNDED = {"Sigmoid": "0…1", "Softmax": "0…1", "Tanh": "−1…1", "ReLU": "0 and above"}  # what such layers give


def learnt_input_findings(
    spec: Spec, layers: Sequence[Layer], loss: Loss, input_shape: Shape, output_shape: Shape | None
) -> Iterator[Finding]:
    """Yield findings about a network that is to give back its inputs: its loss, its outputs, the range of its inputs.

    output_shape: None where it is unknown because a layer cannot take its input.
    """
    if loss.outputs is Classes:
        others = " or ".join(name for name, each in LOSSES.items() if each.outputs is not Classes)
        message = f'{loss.type} takes classes, but data.targets is "inputs", which are numbers; write {others}'
        yield Finding(("loss", "type"), message)
        return
    if loss.outputs is Shares and not scaled(spec):
        message = f'{loss.type} compares the outputs with the inputs, which must lie in 0…1; write "unit"'
        yield Finding(NORMALIZE, message)
    if spec.evaluation["test_time_augmentation"] != "none":
        message = "outputs for several views of an image cannot be averaged where they are the image; leave it out"
        yield Finding(("evaluation", "test_time_augmentation"), message)
    if output_shape is not None:
        yield from output_findings(spec, layers, input_shape, output_shape)


def scaled(spec: Spec) -> bool:
    """Return whether inputs may lie in 0…1: with "none" those of the user's arrays may, which is seen in them."""
    facts = facts_of(spec.data["dataset"])
    mode = spec.data["normalize"]
    return mode == "unit" or (mode == "none" and (facts is None or not facts.bytes))


def output_findings(spec: Spec, layers: Sequence[Layer], input_shape: Shape, output_shape: Shape) -> Iterator[Finding]:
    """Yield a finding where the outputs are not of the shape of the inputs, or of that as a vector."""
    facts = facts_of(spec.data["dataset"])
    shape, total = input_shape if facts is None else facts.shape, math.prod(input_shape)
    if output_shape in (input_shape, shape, (total,)):
        return
    message = f"the network gives {shape_text(output_shape)}, but its targets are its inputs, {shape_text(shape)}"
    for section, layer in zip(reversed(spec.layers), reversed(layers), strict=True):
        if isinstance(layer, Dense) and len(output_shape) == 1:
            yield Finding((*section.path, "units"), f"{message}; write {total}")
            return
        if isinstance(layer, Conv2D) and output_shape[1:] == shape[1:]:
            yield Finding((*section.path, "filters"), f"{message}; write {shape[0]}")
            return
        if isinstance(layer, Flatten) or layer.inside:
            break
    last = spec.layers[-1]
    add = f'end with {{"type": "Dense", "units": {total}}}'
    if len(output_shape) == 3:
        add = f"{add} after Flatten, or end with images of {shape_text(shape)}"
    yield Finding(last.path, f"{message}, after {quoted(last.name)}; {add}")


def learnt_input_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note where the last layer cannot give the inputs back, because they are centred and it is bounded."""
    last, mode = spec.layers[-1], spec.data["normalize"]
    if spec.learns_inputs and mode in CENTRED and last.type in BOUNDED:
        message = (
            f'{last.type} gives {BOUNDED[last.type]}, but the inputs, which are the targets, are normalised "{mode}", '
            'to mean 0 and deviation 1; leave it out, or write "unit" in data.normalize'
        )
        yield Finding(last.path, message)


def check_inputs_as_targets(loss: Loss, mode: str, name: str, x: Array) -> None:
    """Raise DataError where the loss needs targets in 0…1 and inputs, which are the targets, do not lie there.

    mode: of the normalisation; all but "none" have been seen to. name: of the inputs, for the message.
    """
    if loss.outputs is Shares and mode == "none":
        low, high = range_of(x)
        if low < 0 or high > 1:
            raise DataError(f'{name} runs from {low:g} to {high:g}, but {loss.type} needs inputs in 0…1; write "unit"')
