"""Residual: layers whose output is added to their input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.layers.base import Arrays, Backward, Gradients, Layer, UnfitInput, register
from graphnn.layers.context import Context
from graphnn.parameters.parameter import Parameter
from graphnn.specification.schema_problems import Finding
from graphnn.text.suggestions import quoted
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

    def output_shape(self, input_shape: Shape) -> Shape:
        body, other = (through(layers, key, input_shape)[-1] for key, layers in self.branches())
        if body != other:
            raise BranchesDiffer(self, input_shape, body, other)
        return body

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        return tuple(
            replace(parameter, name=f"{place}{parameter.name}")
            for place, layer, shape in self.places(input_shape)
            for parameter in layer.parameters(shape)
        )

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        for key, layers in self.branches():
            for place, (layer, shape) in enumerate(zip(layers, through(layers, key, input_shape), strict=False)):
                for finding in layer.findings(shape):
                    yield replace(finding, path=(key, place, *finding.path))

    def multiply_adds(self, input_shape: Shape) -> int:
        return sum(layer.multiply_adds(shape) for _, layer, shape in self.places(input_shape))

    def places(self, input_shape: Shape) -> Iterator[tuple[str, Layer, Shape]]:
        """Yield for each layer inside what the names of its parameters begin with, itself, and its input's shape."""
        for key, layers in self.branches():
            shapes = through(layers, key, input_shape)
            for place, layer in enumerate(layers):
                yield f"{key}.{place}.", layer, shapes[place]

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        body, back_body = composed(self.layers, "layers", params, x, ctx)
        other, back_other = composed(self.shortcut, "shortcut", params, x, ctx)
        y = np.add(body, other, out=ctx.output(body.shape, body.dtype))

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            kept = dy.copy(order="K")
            dx_body, gradients = back_body(dy)
            dx_other, more = back_other(kept)
            gradients = {**gradients, **more}
            if not ctx.needs_dx or dx_body is None or dx_other is None:
                return None, gradients
            return np.add(dx_body, dx_other, out=ctx.dx(x.shape, x.dtype)), gradients

        return y, backward


def inner(ctx: Context, input_shape: Shape) -> Context:
    """Return the context of one layer inside a block that runs in `ctx`."""
    rng = ctx.rng if ctx.training else None
    return Context(input_shape=input_shape, training=ctx.training, rng=rng, kernels=ctx.kernels)


def part(params: Arrays, prefix: str) -> Arrays:
    """Return the arrays whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in params.items() if name.startswith(prefix)}


def composed(layers: Sequence[Layer], key: str, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
    """Return what the layers give one after the other, and the backward of all of them."""
    value, backwards = x, list[tuple[str, Backward]]()
    for place, layer in enumerate(layers):
        prefix = f"{key}.{place}."
        value, back = layer.run(part(params, prefix), value, inner(ctx, value.shape[1:]))
        backwards.append((prefix, back))

    def backward(dy: Array) -> tuple[Array | None, Gradients]:
        gradients: dict[str, Array] = {}
        dx: Array | None = dy
        for prefix, back in reversed(backwards):
            if dx is None:
                break
            dx, own = back(dx)
            gradients.update({f"{prefix}{name}": gradient for name, gradient in own.items()})
        return dx, gradients

    return value, backward


def through(layers: Sequence[Layer], key: str, shape: Shape) -> list[Shape]:
    """Return the shape that reaches each layer, and last what the last one gives. Raises UnfitInside."""
    shapes, source = [shape], ""
    for place, layer in enumerate(layers):
        try:
            if layer.input_shape is not None and tuple(layer.input_shape) != shapes[-1]:
                raise layer.unfit(f"the input_shape it was made with, {shape_text(layer.input_shape)}", shapes[-1])
            shapes.append(layer.output_shape(shapes[-1]))
        except UnfitInput as unfit:
            raise UnfitInside(f"{key}[{place}]", unfit, source) from unfit
        source = quoted(layer.name) if layer.name else f"the {layer.type} before it"
    return shapes


class UnfitInside(UnfitInput):
    """A shape that a layer inside a block cannot take; `source`: what gives it, empty where that is the block's own."""

    def __init__(self, place: str, unfit: UnfitInput, source: str) -> None:
        self.place, self.unfit, self.source = place, unfit, source
        super().__init__(unfit.layer_type, unfit.needs, unfit.shape, unfit.hint)

    def message(self, source: str) -> str:
        joint = "." if isinstance(self.unfit, UnfitInside) else ": "
        return f"{self.place}{joint}{self.unfit.message(self.source or source)}"


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
        try:
            shape = through(pools, "shortcut", self.shape)[-1]
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
