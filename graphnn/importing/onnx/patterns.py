"""Layers that exporters write as several operations, known by what these compute.

A run of operations between two results is tried on numbers, and compared with the layers that could be meant. So it
does not matter in which order an exporter writes its products and sums.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.importing.onnx.arithmetic import error_function
from graphnn.importing.onnx.steps import Affine, Function, GraphStep, Joined, LayerStep, Mean
from graphnn.types import Array

LONGEST = 24  # operations in one pattern
TRIED = np.concatenate([np.linspace(-12, 12, 193), [-1e-3, 1e-3, 0.0]])  # numbers that a function is tried on
CLOSE = 2e-6  # relative to 1 and to the value: constants in files are rounded to float32
SAMPLES = 4  # random ones that a normalisation is tried on
LAYERS: dict[str, Callable[[Array], Array]] = {  # that have no settings, and are elementwise
    "ReLU": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "SiLU": lambda x: x / (1 + np.exp(-x)),
}


def gelu(x: Array) -> Array:
    """Return the exact GELU."""
    return np.asarray(x * (1 + error_function(x / math.sqrt(2))) / 2)


def gelu_tanh(x: Array) -> Array:
    """Return the approximate GELU."""
    return np.asarray(x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)


KNOWN: Sequence[tuple[str, dict[str, Any], Callable[[Array], Array]]] = (
    *((type_, {}, function) for type_, function in LAYERS.items()),
    ("GELU", {"approximate": "none"}, gelu),
    ("GELU", {}, gelu_tanh),
)


class Patterns:
    """Steps with the patterns in them replaced by layers, from the input to the output."""

    def __init__(self) -> None:
        self._new: dict[int, GraphStep] = {}
        self._depth: dict[int, int] = {}
        self._before: dict[int, GraphStep | None] = {}  # the last step that all ways from the input lead through

    def applied(self, output: GraphStep) -> GraphStep:
        """Return the output with all patterns before it replaced."""
        for step in in_order(output):
            inputs = tuple(self._new[id(each)] for each in step.inputs)
            copy = step if inputs == step.inputs else replace(step, inputs=inputs)
            self._place(copy)
            found = self._recognised(copy)
            if found is not None:
                self._place(found)
            self._new[id(step)] = found or copy
        return self._new[id(output)]

    def _place(self, step: GraphStep) -> None:
        """Note the step that all ways to a new step lead through."""
        before = common(step.inputs, self._before, self._depth) if step.inputs else None
        self._before[id(step)] = before
        self._depth[id(step)] = 0 if before is None else self._depth[id(before)] + 1

    def _recognised(self, step: GraphStep) -> LayerStep | None:
        """Return the layer that a step and some before it stand for, if they do."""
        if not isinstance(step, Function | Joined | Affine):
            return None
        start, found = self._before[id(step)], None
        while start is not None and found is None:
            between = steps_between(start, step)
            if between is None:
                break
            if start.shape == step.shape and any(isinstance(each, Function | Joined) for each in between):
                found = normalisation(start, step, between) or activation(start, step, between)
            start = self._before[id(start)]
        return found


def in_order(output: GraphStep) -> list[GraphStep]:
    """Return all steps that an output depends on, each after its inputs."""
    order, seen, stack = list[GraphStep](), set[int](), [(output, False)]
    while stack:
        step, done = stack.pop()
        if done:
            order.append(step)
        elif id(step) not in seen:
            seen.add(id(step))
            stack.append((step, True))
            stack += [(each, False) for each in reversed(step.inputs)]
    return order


def common(steps: Sequence[GraphStep], before: dict[int, GraphStep | None], depth: dict[int, int]) -> GraphStep:
    """Return the last step that all ways to all these steps lead through, perhaps one of them."""
    result = steps[0]
    for other in steps[1:]:
        while result is not other:
            if depth[id(result)] < depth[id(other)]:
                result, other = other, result
            earlier = before[id(result)]
            assert earlier is not None  # all ways begin at the input
            result = earlier
    return result


def steps_between(start: GraphStep, end: GraphStep) -> list[GraphStep] | None:
    """Return the steps after `start` up to `end`, each after its inputs; None where some are no part of a pattern."""
    between, seen, stack = list[GraphStep](), {id(start)}, [(end, False)]
    while stack:
        step, done = stack.pop()
        if done:
            between.append(step)
        elif id(step) not in seen:
            seen.add(id(step))
            if len(seen) > LONGEST or not is_part(step):
                return None
            stack.append((step, True))
            stack += [(each, False) for each in step.inputs]
    return between


def is_part(step: GraphStep) -> bool:
    """Whether a step can be a part of a pattern."""
    if isinstance(step, LayerStep):
        return step.type in ("LeakyReLU", "ELU") or any(step.type == each for each, _, _ in KNOWN)
    return isinstance(step, Function | Joined | Affine | Mean)


def value(start: GraphStep, between: Sequence[GraphStep], x: Array) -> Array:
    """Return what the last of some steps gives where `start` gives x, float64."""
    values = {id(start): x}
    with np.errstate(all="ignore"):
        for step in between:
            values[id(step)] = np.asarray(computed(step, [values[id(each)] for each in step.inputs]))
    return values[id(between[-1])]


def computed(step: GraphStep, inputs: Sequence[Array]) -> Array:
    """Return what a step gives for its inputs."""
    x = inputs[0]
    match step:
        case Affine():
            return x * flat_for(x, step.factor) + flat_for(x, step.shift)
        case Joined():
            return inputs[0] + inputs[1]
        case Mean():
            return np.asarray(x.mean(axis=tuple(range(1, x.ndim)), keepdims=True))
        case Function():
            return step.function(*inputs)
        case LayerStep(type="LeakyReLU"):
            return np.where(x >= 0, x, step.settings.get("negative_slope", 0.01) * x)
        case LayerStep(type="ELU"):
            return np.where(x >= 0, x, step.settings.get("alpha", 1.0) * np.expm1(x))
    assert isinstance(step, LayerStep)
    return next(each for type_, settings, each in KNOWN if type_ == step.type and settings == step.settings)(x)


def flat_for(x: Array, constant: Array) -> Array:
    """Return constants of C×1×1 for numbers that are tried for each channel apart, G×C."""
    return constant.reshape(-1) if x.ndim == 2 and constant.ndim == 3 and constant.shape[1:] == (1, 1) else constant


def activation(start: GraphStep, end: GraphStep, between: Sequence[GraphStep]) -> LayerStep | None:
    """Return the activation that steps compute, if they compute one, the same for each pixel."""
    if any(isinstance(step, Mean) or step.shape == () for step in between):
        return None
    channels = end.shape[0]
    x = np.repeat(TRIED[:, None], channels if needs_channels(between) else 1, axis=1)
    try:
        y = np.broadcast_to(value(start, between, x), x.shape)
    except (ValueError, TypeError, IndexError):  # constants for each pixel
        return None
    if y.dtype.kind != "f" or not np.isfinite(y).all():
        return None

    def layer(type_: str, settings: dict[str, Any], **arrays: Array) -> LayerStep:
        return LayerStep((start,), end.shape, end.operation, type_, settings, arrays)

    for type_, settings, function in KNOWN:
        if alike(y, function(x)):
            return layer(type_, dict(settings))
    below = float(np.float32(-y[0, 0]))  # at −12, where an ELU is all but −alpha
    alpha = below / -math.expm1(-12)
    if alpha > 0 and alike(y, np.where(x >= 0, x, alpha * np.expm1(x))):
        return layer("ELU", {} if math.isclose(alpha, 1, rel_tol=1e-6) else {"alpha": float(f"{alpha:.6g}")})
    slopes = y[0] / x[0]
    if not alike(y, np.where(x >= 0, x, slopes * x)):
        return None
    slope = float(f"{slopes[0]:.7g}")
    if not needs_channels(between) and slope >= 0:
        return layer("LeakyReLU", {} if slope == 0.01 else {"negative_slope": slope})
    return layer("PReLU", {}, slopes=np.array(np.broadcast_to(slopes, (channels,)), np.float32))


def needs_channels(between: Sequence[GraphStep]) -> bool:
    """Whether steps may compute another function for each channel."""
    constants = [array for step in between if isinstance(step, Affine) for array in (step.factor, step.shift)]
    constants += [array for step in between if isinstance(step, Function) for array in step.constants]
    return any(array.ndim for array in constants)


def alike(y: Array, expected: Array) -> bool:
    """Whether values are those of a function up to the rounding of its constants."""
    return bool((np.abs(y - expected) <= CLOSE * (1 + np.abs(expected))).all())


def normalisation(start: GraphStep, end: GraphStep, between: Sequence[GraphStep]) -> LayerStep | None:
    """Return the LayerNormalization without scale and shift that steps compute, if they do."""
    if not any(isinstance(step, Mean) for step in between) or isinstance(end, Affine):
        return None
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, *start.shape)) * np.array([1e-2, 1, 30, 0.3]).reshape(-1, *[1] * len(start.shape))
    try:
        y = np.broadcast_to(value(start, between, x), x.shape)
    except (ValueError, TypeError, IndexError):
        return None
    axes = tuple(range(1, x.ndim))
    deviation, variance = x - x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    for epsilon in small_numbers(between):
        if alike(y, deviation / np.sqrt(variance + epsilon)):
            settings = {"scale": False, "center": False}
            return LayerStep(
                (start,),
                end.shape,
                end.operation,
                "LayerNormalization",
                settings if epsilon == 1e-5 else {"epsilon": epsilon, **settings},
            )
    return None


def small_numbers(steps: Sequence[GraphStep]) -> Iterator[float]:
    """Yield the constants that steps add, as the shortest decimals, that can be the ε of a normalisation."""
    for step in steps:
        if isinstance(step, Affine) and step.shift.ndim == 0 and 0 < step.shift < 1:
            yield float(str(np.float32(step.shift)))
