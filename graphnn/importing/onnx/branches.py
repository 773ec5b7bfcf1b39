"""Steps as layers in rows: where two results are added, the rows that lead there are the branches of a Residual."""

from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.arithmetic import scaling
from graphnn.importing.onnx.graph import Operation, ReadGraph
from graphnn.importing.onnx.patterns import common, in_order
from graphnn.importing.onnx.refusals import nearest
from graphnn.importing.onnx.steps import Affine, Function, GraphStep, Input, Joined, LayerStep, Mean, Padded, Unread
from graphnn.types import Array


@frozen_dataclass
class Branching:
    """Two rows of steps whose results are added. shortcut: empty where the input itself is added."""

    layers: tuple["Item", ...]
    shortcut: tuple["Item", ...]
    step: GraphStep


DEEPEST = 40  # blocks inside one another
Item = LayerStep | Affine | Branching


def rows_of(output: GraphStep, graph: ReadGraph) -> tuple[Item, ...]:
    """Return the steps from the input to an output in rows. Raises GraphError for those that no document can say."""
    faults = list(unsaid(output))
    if faults:
        raise GraphError(*graph.problems(faults))
    return RowBuilder(output, graph).between(None, output)


def unsaid(output: GraphStep) -> Iterator[tuple[Operation, str]]:
    """Yield the operations that are parts of functions that are no layers, and why."""
    told = set[str]()
    for step in in_order(output):
        operation = step.operation
        if isinstance(step, Function | Mean | Padded | Unread) and operation is not None and operation.name not in told:
            told.add(operation.name)
            yield operation, reason(step)


def reason(step: GraphStep) -> str:
    """Return why a step is no layer."""
    assert step.operation is not None
    match step:
        case Padded():
            return "pads an image for something else than a convolution; write the padding of a Conv2D"
        case Mean():
            return "takes the mean over all values of a sample; the nearest is GlobalAveragePooling"
        case Function() if len(step.inputs) > 1 and step.operation.type == "Mul":
            return "multiplies one result by another; no layer here does that, but for SiLU and GELU"
        case Function():
            return (
                "computes a function of each number that is no layer here, nor part of one; the activations are ReLU, "
                "LeakyReLU, PReLU, ELU, GELU, SiLU, Sigmoid and Tanh"
            )
    return nearest(step.operation)


class RowBuilder:
    """The rows of one network, in which each step may stand once."""

    def __init__(self, output: GraphStep, graph: ReadGraph) -> None:
        self._graph = graph
        self._before: dict[int, GraphStep | None] = {}
        self._depth: dict[int, int] = {}
        self._placed = set[int]()
        for step in in_order(output):
            before = common(step.inputs, self._before, self._depth) if step.inputs else None
            self._before[id(step)] = before
            self._depth[id(step)] = 0 if before is None else self._depth[id(before)] + 1

    def between(self, start: GraphStep | None, end: GraphStep, depth: int = 0) -> tuple[Item, ...]:
        """Return the row of steps after `start`, None for the input, up to `end`. Raises GraphError."""
        if depth > DEEPEST:
            assert end.operation is not None
            message = f"lies in more than {DEEPEST} blocks inside one another"
            raise GraphError(self._graph.problem(end.operation, message))
        items: list[Item] = []
        step = end
        while step is not start and not isinstance(step, Input):
            self._place(step)
            if isinstance(step, Joined):
                before = self._before[id(step)]
                assert before is not None
                first, second = (self.between(before, branch, depth + 1) for branch in step.inputs)
                items.append(branching(first, second, step))
                step = before
            else:
                assert isinstance(step, LayerStep | Affine)
                items.append(step)
                step = step.inputs[0]
        return tuple(reversed(items))

    def _place(self, step: GraphStep) -> None:
        """Note that a step stands in a row. Raises GraphError where it stands in another already."""
        if id(step) in self._placed:
            operation = step.operation
            assert operation is not None
            message = (
                "its result goes to branches that are not just added to one another; a Residual has two branches, that "
                "begin at one layer and end where they are added"
            )
            raise GraphError(self._graph.problem(operation, message))
        self._placed.add(id(step))


def branching(first: tuple[Item, ...], second: tuple[Item, ...], step: GraphStep) -> Branching:
    """Return two rows as a block: the longer one as its layers, so that an empty one is the shortcut."""
    body, shortcut = (first, second) if weight(first) >= weight(second) else (second, first)
    return Branching(body, shortcut, step)


def weight(items: Sequence[Item]) -> int:
    """Return how many steps a row has, with those in its blocks."""
    return sum(1 + weight(each.layers) + weight(each.shortcut) if isinstance(each, Branching) else 1 for each in items)


def with_affines_merged(items: Sequence[Item], graph: ReadGraph) -> list[LayerStep | Branching]:
    """Return a row without scales and shifts of their own: they become biases, gamma and beta, or layers.

    Raises GraphError for those that no layer says.
    """
    merged: list[LayerStep | Branching] = []
    for item in items:
        if isinstance(item, Branching):
            layers, shortcut = (tuple(with_affines_merged(row, graph)) for row in (item.layers, item.shortcut))
            merged.append(Branching(layers, shortcut, item.step))
        elif isinstance(item, LayerStep):
            merged.append(item)
        else:
            joined = with_affine(merged[-1], item) if merged and isinstance(merged[-1], LayerStep) else None
            if joined is not None:
                merged[-1] = joined
            else:
                merged += layers_of(item, graph)
    return merged


def with_affine(layer: LayerStep, affine: Affine) -> LayerStep | None:
    """Return a layer with the scale and shift after it, where it can take them without being another layer."""
    settings, arrays = dict(layer.settings), dict(layer.arrays)
    bare = layer.type == "LayerNormalization" and "gamma" not in arrays and "beta" not in arrays
    if bare:
        if np.any(affine.factor != 1):
            del settings["scale"]
            arrays["gamma"] = full(affine.factor, layer)
        if np.any(affine.shift != 0):
            del settings["center"]
            arrays["beta"] = full(affine.shift, layer)
    elif layer.type in ("Dense", "Conv2D") and settings.get("use_bias") is False and not np.any(affine.factor != 1):
        if affine.shift.size not in (1, layer.shape[0]):
            return None
        del settings["use_bias"]
        arrays["biases"] = np.array(np.broadcast_to(affine.shift.ravel(), layer.shape[:1]), np.float32)
    else:
        return None
    return LayerStep(layer.inputs, layer.shape, layer.operation, layer.type, settings, arrays)


def full(constant: Array, layer: LayerStep) -> Array:
    """Return a constant for each value of a layer's output, float32."""
    return np.array(np.broadcast_to(constant, layer.shape), np.float32)


def layers_of(affine: Affine, graph: ReadGraph) -> list[LayerStep]:
    """Return the layers that scale and shift: none, a Scale, or a BatchNormalization with fixed statistics.

    Raises GraphError where constants differ from pixel to pixel.
    """
    factor, shift = affine.factor, affine.shift
    if not np.any(factor != 1) and not np.any(shift != 0):
        return []
    if factor.ndim == 0 and not np.any(shift != 0) and factor != 0:
        assert affine.operation is not None
        return [scaling(affine.inputs[0], float(factor), affine.operation)]
    channels = affine.shape[0]
    if factor.size not in (1, channels) or shift.size not in (1, channels):
        assert affine.operation is not None
        message = "scales or shifts each pixel by its own constant; a BatchNormalization does so for each channel"
        raise GraphError(graph.problem(affine.operation, message))
    epsilon = 1e-5
    arrays = {}
    settings: dict[str, object] = {}
    scaled, shifted = bool(np.any(factor != 1)), bool(np.any(shift != 0))
    for name, key, there, array in (("gamma", "scale", scaled, factor), ("beta", "center", shifted, shift)):
        if there:
            arrays[name] = np.array(np.broadcast_to(array.ravel(), (channels,)), np.float32)
        else:
            settings[key] = False
    arrays["running_mean"] = np.zeros(channels, np.float32)
    arrays["running_variance"] = np.full(channels, np.float32(1) - np.float32(epsilon), np.float32)
    settings["trainable"] = {"statistics": False}
    return [LayerStep(affine.inputs, affine.shape, affine.operation, "BatchNormalization", settings, arrays)]
