"""Residual: layers whose output is added to their input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphnn.document.document import Path, path_text
from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, UnfitInput, register
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.layers.context import Context
from graphnn.layers.expansion import INPUT, ExpandedLayer, Expansion
from graphnn.parameters.parameter import Parameter
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text


@register
@frozen_dataclass
class Residual(Layer):
    """A residual block: y = f(x) + g(x), where f is `layers` in sequence, and g is `shortcut`, the identity if empty.

    x: any shape; y: the output shape of both f and g. dx is the sum of the gradients through f and through g. The
    parameters are those of the layers inside: `layers.0.weights`, `shortcut.1.gamma`. Raises UnfitInput where a layer
    inside cannot take its input, or where f and g differ in output shape.
    A graph replaces the block by the layers inside it (see bypass.py), so that batch-wise layers inside get the whole
    batch; forward and backward here take x for the whole batch.
    Source: He et al. 2016, "Deep residual learning for image recognition", section 3.2.
    """

    layers: Sequence[Layer]
    shortcut: Sequence[Layer] = ()

    def __post_init__(self) -> None:
        for key, layers in self.branches():
            given = tuple(layers) if isinstance(layers, Sequence) else (layers,)
            for layer in given:
                if not isinstance(layer, Layer):
                    hint = f"; did you mean {layer.__name__}(…)?" if isinstance(layer, type) else ""
                    raise GraphError(f"{key} of Residual takes layers such as [ReLU()], not {layer!r}{hint}")
            object.__setattr__(self, key, given)
        super().__post_init__()

    @property
    def inside(self) -> tuple[Layer, ...]:
        return (*self.layers, *self.shortcut)

    def branches(self) -> Iterator[tuple[str, Sequence[Layer]]]:
        """Yield the name and the layers of f, then of g."""
        yield "layers", self.layers
        yield "shortcut", self.shortcut

    def expand(self, expansion: Expansion, path: Path, name: str, shape: Shape | None, source: str) -> Shape | None:
        """Add Save, the layers of f, Swap and the layers of g if g has any, and Add; return the output shape."""
        expansion.add(path, f"{name}/save", Save(block=name), shape, source)
        body = expansion.extend((*path, "layers"), named(name, "layers", self.layers), shape, source)
        other = shape
        if self.shortcut:
            if shape is not None:
                expansion.add(path, f"{name}/swap", Swap(block=name, restored=shape), body, source)
            other = expansion.extend((*path, "shortcut"), named(name, "shortcut", self.shortcut), shape, source)
        if shape is not None and body is not None and other is not None and body != other:
            at = (*path, "shortcut") if self.shortcut else path
            expansion.on_unfit(at, BranchesDiffer(self, shape, body, other), source)
        result = other if body is None else body
        return expansion.add(path, f"{name}/add", Add(block=name, swapped=bool(self.shortcut)), result, source)

    def expanded(self, input_shape: Shape) -> list[ExpandedLayer]:
        """Return the block as a flat sequence of layers, with paths relative to the block. Raises UnfitInput."""
        expansion = Expansion(raise_unfit)
        self.expand(expansion, (), "block", input_shape, INPUT)
        return expansion.layers

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.expanded(input_shape)[-1].output_shape

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        return tuple(
            replace(parameter, name=f"{prefix(inner.path)}{parameter.name}")
            for inner in self.expanded(input_shape)
            for parameter in inner.layer.parameters(inner.input_shape)
        )

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        for inner in self.expanded(input_shape):
            for finding in inner.layer.findings(inner.input_shape):
                yield replace(finding, path=(*inner.path, *finding.path))

    def multiply_adds(self, input_shape: Shape) -> int:
        return sum(inner.layer.multiply_adds(inner.input_shape) for inner in self.expanded(input_shape))

    def least_samples(self, input_shape: Shape) -> int:
        return max(inner.layer.least_samples(inner.input_shape) for inner in self.expanded(input_shape))

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        rng, bypasses = ctx.rng if ctx.training else None, dict[str, Array]()
        value, backwards = x, list[tuple[str, Backward]]()
        for inner in self.expanded(x.shape[1:]):
            start = prefix(inner.path)
            inside = {name.removeprefix(start): array for name, array in params.items() if name.startswith(start)}
            context = Context(
                input_shape=inner.input_shape, training=ctx.training, rng=rng, kernels=ctx.kernels, bypasses=bypasses
            )
            value, back = inner.layer.run(inside if start else {}, value, context)
            backwards.append((start, back))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            dx: Array | None = dy.copy(order="K")  # a copy, because the layers inside may return this memory as dx
            gradients: dict[str, Array] = {}
            for start, back in reversed(backwards):
                assert dx is not None  # each context asked for it
                dx, found = back(dx)
                gradients |= {f"{start}{name}": gradient for name, gradient in found.items()}
            return dx if ctx.needs_dx else None, gradients

        return value, backward


def named(block: str, key: str, layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the layers of a branch with their names; layers made in Python need none, and get one from the block's."""
    for index, layer in enumerate(layers):
        yield layer.name or f"{block}.{key}{index}", layer


def prefix(path: Path) -> str:
    """Return the prefix of the names of a layer's parameters, such as layers.0. for the first layer of a block."""
    return "".join(f"{key}." for key in path)


def raise_unfit(path: Path, unfit: UnfitInput, source: str) -> None:
    """Raise the error of a layer inside a block, with the layer's path, or that of the block itself, unchanged."""
    raise unfit if isinstance(unfit, BranchesDiffer) and len(path) <= 1 else UnfitInside(path, unfit, source)


class UnfitInside(UnfitInput):
    """A shape that a layer inside a block cannot take. path: relative to the block. source: where the input is from."""

    def __init__(self, path: Path, unfit: UnfitInput, source: str) -> None:
        self.path, self.unfit, self.source = path, unfit, source
        super().__init__(unfit.layer_type, unfit.needs, unfit.shape, unfit.hint)

    def message(self, source: str) -> str:
        return f"{path_text(self.path)}: {self.unfit.message(source if self.source == INPUT else self.source)}"


class BranchesDiffer(UnfitInput):
    """A block whose layers and shortcut give different shapes, which cannot be added."""

    def __init__(self, block: Residual, input_shape: Shape, body: Shape, other: Shape) -> None:
        self.block, self.body, self.other = block, body, other
        super().__init__(block.type, "one shape", input_shape, "")

    def message(self, source: str) -> str:
        body, other = shape_text(self.body), shape_text(self.other)
        if self.block.shortcut:
            text = f"the layers give {body}, but the shortcut gives {other}, and what is added must be of one shape"
        else:
            text = f"the layers give {body}, but are added to their input, which {source} gives as {other}"
        return f"{text}; {self._remedy()}"

    def _remedy(self) -> str:
        fitting = fitting_shortcut(self.shape, self.body)
        if fitting is not None:
            return f'write "shortcut": [{json.dumps(fitting)}]'
        pooled = self._pooled_shortcut()
        if pooled is not None:
            return f'write "shortcut": {json.dumps(pooled)}'
        if len(self.body) == len(self.other) == 3:
            return 'use "padding": "same" inside'
        return "put the layer that makes a vector of the image after the block"

    def _pooled_shortcut(self) -> list[Mapping[str, Any]] | None:
        """Return a shortcut for the document with the body's pooling layers, or None where they do not fit the body."""
        pools = [layer for layer in self.block.layers if layer.type in ("MaxPooling2D", "AveragePooling2D")]
        if not pools or len(self.shape) != 3:
            return None
        shape: Shape = self.shape
        try:
            for pool in pools:
                shape = pool.output_shape(shape)
        except UnfitInput:
            return None
        last = fitting_shortcut(shape, self.body) if shape[1:] == self.body[1:] else None
        if last is None:
            return None
        return [*(section_values(pool, leave_out=("name",)) for pool in pools), *([last] if shape != self.body else [])]


def fitting_shortcut(shape: Shape, target: Shape) -> Mapping[str, Any] | None:
    """Return the cheapest layer, as a document has it, that turns `shape` into `target`; None if there is none."""
    if len(shape) == len(target) == 1:
        return {"type": "Dense", "units": target[0]}
    if len(shape) != 3 or len(target) != 3:
        return None
    strides = [stride_between(size, result) for size, result in zip(shape[1:], target[1:], strict=True)]
    down, right = strides
    if down is None or right is None:
        return None
    convolution = {"type": "Conv2D", "filters": target[0], "kernel_size": 1}
    return convolution if strides == [1, 1] else {**convolution, "strides": down if down == right else strides}


def stride_between(size: int, result: int) -> int | None:
    """Return the stride with which a kernel of size 1 turns `size` pixels into `result`; None if there is none."""
    return next((stride for stride in range(1, size + 1) if (size - 1) // stride + 1 == result), None)
