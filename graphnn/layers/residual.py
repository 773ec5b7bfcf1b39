"""Residual: layers whose output is added to their input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphnn.document.document import Path, path_text
from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, UnfitInput, register
from graphnn.layers.bypass import Add, Save, Swap
from graphnn.layers.context import Context
from graphnn.layers.expansion import INPUT, ExpandedLayer, Expansion
from graphnn.parameters.parameter import Parameter
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text


@register
@dataclass(frozen=True)
class Residual(Layer):
    """A residual block: y = f(x) + g(x), f the `layers` one after the other, g the `shortcut`, without layers g(x) = x.

    x: any shape; y: the shape that both f and g give. dx = f's + g's, each for dy. The parameters are those of the
    layers inside: `layers.0.weights`, `shortcut.1.gamma`. Raises UnfitInput where a layer inside cannot take what
    reaches it, or where f and g differ in shape.
    A graph takes the block apart (see `bypass`), so that batch-wise layers inside see the whole batch; forward and
    backward here treat x as the whole batch.
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
        """Add Save, the layers of f, and Add; between the last two, Swap and the layers of g where there are any."""
        expansion.add(path, f"{name}/save", Save(block=name), shape, source)
        body = expansion.extend((*path, "layers"), named(name, "layers", self.layers), shape, source)
        other = shape
        if self.shortcut:
            if shape is not None:
                expansion.add(path, f"{name}/swap", Swap(block=name, restored=shape), body, source)
            other = expansion.extend((*path, "shortcut"), named(name, "shortcut", self.shortcut), shape, source)
        if shape is not None and body is not None and other is not None and body != other:
            at = (*path, "shortcut") if self.shortcut else path
            expansion.report(at, BranchesDiffer(self, shape, body, other), source)
        result = other if body is None else body
        return expansion.add(path, f"{name}/add", Add(block=name, swapped=bool(self.shortcut)), result, source)

    def expanded(self, input_shape: Shape) -> list[ExpandedLayer]:
        """Return the flat sequence of layers that the block is, with paths that begin inside it. Raises UnfitInput."""
        expansion = Expansion(refuse)
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

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        rng, bypasses = ctx.rng if ctx.training else None, dict[str, Array]()
        value, backwards = x, list[tuple[str, Backward]]()
        for inner in self.expanded(x.shape[1:]):
            start = prefix(inner.path)
            own = {name.removeprefix(start): array for name, array in params.items() if name.startswith(start)}
            context = Context(
                input_shape=inner.input_shape, training=ctx.training, rng=rng, kernels=ctx.kernels, bypasses=bypasses
            )
            value, back = inner.layer.run(own if start else {}, value, context)
            backwards.append((start, back))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            dx: Array | None = dy.copy(order="K")  # the layers inside may return its memory, which is the caller's
            gradients: dict[str, Array] = {}
            for start, back in reversed(backwards):
                assert dx is not None  # each context asked for it
                dx, found = back(dx)
                gradients |= {f"{start}{name}": gradient for name, gradient in found.items()}
            return dx if ctx.needs_dx else None, gradients

        return value, backward


def named(block: str, key: str, layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the layers of a branch by name; in a document all of them have one."""
    for index, layer in enumerate(layers):
        yield layer.name or f"{block}.{key}{index}", layer


def prefix(path: Path) -> str:
    """Return how the names of a layer's parameters begin: layers.0. for the path of the first layer in a block."""
    return "".join(f"{step}." for step in path)


def refuse(path: Path, unfit: UnfitInput, source: str) -> None:
    """Raise the error of a layer inside a block, with its path; an error of the block itself as it is."""
    raise unfit if isinstance(unfit, BranchesDiffer) and len(path) <= 1 else UnfitInside(path, unfit, source)


class UnfitInside(UnfitInput):
    """A shape that a layer inside a block cannot take. path: of the layer, from the block on; source: as reported."""

    def __init__(self, path: Path, unfit: UnfitInput, source: str) -> None:
        self.path, self.unfit, self.source = path, unfit, source
        super().__init__(unfit.layer_type, unfit.needs, unfit.shape, unfit.hint)

    def message(self, source: str) -> str:
        return f"{path_text(self.path)}: {self.unfit.message(source if self.source == INPUT else self.source)}"


class BranchesDiffer(UnfitInput):
    """Layers and shortcut of a block that give two shapes, which cannot be added."""

    def __init__(self, block: Residual, input_shape: Shape, body: Shape, other: Shape) -> None:
        self.block, self.body, self.other = block, body, other
        super().__init__(block.type, "one shape", input_shape, "")

    def message(self, source: str) -> str:
        body, other = shape_text(self.body), shape_text(self.other)
        if self.block.shortcut:
            story = f"the layers give {body}, but the shortcut gives {other}, and what is added must be of one shape"
        else:
            story = f"the layers give {body}, but are added to their input, which {source} gives as {other}"
        return f"{story}; {self._remedy()}"

    def _remedy(self) -> str:
        fitting = fitting_shortcut(self.shape, self.body)
        if fitting is not None:
            return f'write "shortcut": [{json.dumps(fitting)}]'
        pooled = self._pooled_shortcut()
        if pooled is not None:
            return f'write "shortcut": {json.dumps(pooled)}'
        if len(self.body) == len(self.other) == 3:
            return 'use "padding": "same" inside'
        return "put what makes a vector of an image after the block"

    def _pooled_shortcut(self) -> list[Mapping[str, Any]] | None:
        """Return layers of a document with the pooling that the body has, where these turn its input into its shape."""
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


def fitting_shortcut(shape: Shape, wanted: Shape) -> Mapping[str, Any] | None:
    """Return the layer of a document that turns one shape into another at the least cost; None where none does."""
    if len(shape) == len(wanted) == 1:
        return {"type": "Dense", "units": wanted[0]}
    if len(shape) != 3 or len(wanted) != 3:
        return None
    strides = [stride_between(size, result) for size, result in zip(shape[1:], wanted[1:], strict=True)]
    down, right = strides
    if down is None or right is None:
        return None
    convolution = {"type": "Conv2D", "filters": wanted[0], "kernel_size": 1}
    return convolution if strides == [1, 1] else {**convolution, "strides": down if down == right else strides}


def stride_between(size: int, result: int) -> int | None:
    """Return the stride at which windows of one pixel turn `size` pixels into `result`; None where none does."""
    return next((stride for stride in range(1, size + 1) if (size - 1) // stride + 1 == result), None)
