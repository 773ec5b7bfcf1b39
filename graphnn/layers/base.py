"""What a layer is: a small immutable description whose forward returns its own backward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphnn.errors import GraphError, ShapeError
from graphnn.layers.context import Context
from graphnn.registry import Registry
from graphnn.specification.describable import Describable
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape, shape_text

if TYPE_CHECKING:
    from graphnn.document.document import Path
    from graphnn.kernels.activations import Activation
    from graphnn.layers.built import BuiltLayer
    from graphnn.layers.expansion import Expansion
from graphnn.parameters.parameter import Parameter

Arrays = Mapping[str, Array]


Gradients = Mapping[str, Array]


Backward = Callable[[Array], tuple[Array | None, Gradients]]


class UnfitInput(ShapeError):
    """A shape that a layer cannot take; the graph says which node it came from."""

    def __init__(self, layer_type: str, needs: str, shape: Shape, hint: str) -> None:
        self.layer_type, self.needs, self.shape, self.hint = layer_type, needs, shape, hint
        super().__init__(self.message("the input"))

    def message(self, source: str) -> str:
        """Return the whole story, where `source` names what gives the shape: '"pool2"' or 'the input'."""
        story = f"{self.layer_type} needs {self.needs}, but {source} gives {shape_text(self.shape)}"
        return f"{story}; {self.hint}" if self.hint else story


@dataclass(frozen=True, kw_only=True)
class Layer(Describable, ABC):
    """One layer. A subclass's own fields are exactly the properties of its definition in the schema.

    name, description: as in the document. input_shape: for use from Python, on the first layer of a model.
    """

    name: str | None = None
    description: str | None = None
    input_shape: Shape | None = None

    backward_in_place: ClassVar[bool] = False  # whether backward returns the memory of dy itself
    keeps_input: ClassVar[bool] = False  # whether other layers read its input: see layers/bypass.py

    def _check_settings(self) -> None:
        from graphnn.layers.settings import check_made  # here, because that module rests on this one

        check_made(self)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def build(self, input_shape: Shape | None = None, *, dtype: Any = np.float32, seed: int = 0) -> BuiltLayer:
        """Return the layer with arrays of its own, to run by hand. Raises SpecError, ShapeError and GraphError.

        input_shape: of one sample, as (64,) or (3, 32, 32); not needed where the layer has one of its own.
        """
        from graphnn.layers.built import build  # here, because that module rests on this one

        return build(self, input_shape, dtype=dtype, seed=seed)

    @property
    def inside(self) -> tuple[Layer, ...]:
        """The layers that it is made of; none but a block is made of any."""
        return ()

    @property
    def as_activation(self) -> Activation | None:
        """The activation that the layer is, for a normalisation that applies it too; None where it is none."""
        return None

    @property
    def constant_output_shape(self) -> Shape | None:
        """The output shape where it is the same for every input, else None."""
        return None

    def expand(self, expansion: Expansion, path: Path, name: str, shape: Shape | None, source: str) -> Shape | None:
        """Add the layer to a flat sequence of layers, and return the shape that it gives; a block adds what it is.

        path, name: of the layer; shape: of its input; source: what gives the input, for messages. None for a shape that
        is not known.
        """
        return expansion.add(path, name, self, shape, source)

    def settings(self) -> dict[str, Any]:
        """Return the layer's own properties, without those that every layer has."""
        common = {field.name for field in fields(Layer)}
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in common}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape that forward gives for one sample of `input_shape`. Raises UnfitInput."""
        return input_shape

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        """Declare the arrays that the layer owns when its input has `input_shape`."""
        return ()

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        """Yield what is wrong with settings that the schema lets pass, where the input has a shape that can be taken.

        Paths begin at the layer.
        """
        yield from ()

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return the multiply-adds of forward for one sample; 0 for element-wise work, as usual in such tables."""
        return 0

    def prepare(self, params: Arrays, ctx: Context) -> Any:
        """Return what all pieces of one step share, computed once from the parameters; None for nothing.

        forward finds it as `ctx.prepared`. It may refer to the parameters' arrays. In inference it is kept until a
        parameter changes. ctx: as in forward, but what it hands out as `keep`, of any shape, lives for the step.
        """
        return None

    @abstractmethod
    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Return y and its backward, `backward(dy) -> (dx, gradients)`, for a piece of a batch.

        params: the declared parameters by name. x: n×(input shape), n samples, floating point; images lie channels last
        in memory. y: n×(output shape), in x's dtype, best in `ctx.output`'s memory.

        dy: the gradient of the loss by y, in y's shape. dx: that by x, in x's shape, best in `ctx.dx`'s memory; None
        where `ctx.needs_dx` is false. gradients: those by the parameters, in their shapes, by name: sums over the n
        samples, best in `ctx.gradient`'s memory. Those that `ctx.trains` denies may be left out.

        forward leaves x as it is and may be called by several threads at once, each with its context; backward is
        called at most once, and may overwrite dy. What either raises is reported with the node's place and name.
        """

    def run(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Prepare, then run forward, where x is all that the step is about."""
        ctx.prepared = self.prepare(params, ctx)
        return self.forward(params, x, ctx)

    def unfit(self, needs: str, input_shape: Shape, hint: str = "") -> UnfitInput:
        """Return the error to raise when the layer cannot take `input_shape`."""
        return UnfitInput(self.type, needs, input_shape, hint)

    def check_image(self, input_shape: Shape) -> tuple[int, int, int]:
        """Return (C, H, W), or raise UnfitInput where the input is not an image."""
        if len(input_shape) != 3:
            raise self.unfit("an image C×H×W", input_shape, "put it before Flatten or GlobalAveragePooling")
        return input_shape

    def check_vector(self, input_shape: Shape) -> int:
        """Return the number of features, or raise UnfitInput where the input is not a vector."""
        if len(input_shape) != 1:
            raise self.unfit("a vector", input_shape, "put Flatten or GlobalAveragePooling before it")
        return input_shape[0]


@dataclass(frozen=True, kw_only=True)
class BatchwiseLayer(Layer):
    """A layer that, in training, needs sums over the whole batch before it can treat any sample.

    In both directions each piece gives partial sums, the sums of all pieces are combined in the pieces' order, and the
    result is applied piece by piece. The engine puts a barrier where it combines. In inference it is sample-wise.

    In all methods params are the declared parameters by name, and x, y, dy and dx are those of a piece of n samples, as
    in `Layer.forward`: x and dx n×(input shape), y and dy n×(output shape). Methods that take a context may run for
    several pieces at once; those that combine run once, in every process alike.
    repeatable: whether `apply` may be called again for a piece, and then gives the same.
    """

    repeatable: ClassVar[bool] = False

    @abstractmethod
    def infer(self, params: Arrays, x: Array, ctx: Context) -> Array:
        """Return y of a piece in inference."""

    @abstractmethod
    def partial_sums(self, params: Arrays, x: Array, ctx: Context) -> Any:
        """Return what the statistics need to know of a piece, in memory that nothing else writes to; it is pickled."""

    @abstractmethod
    def combine(self, params: Arrays, sums: Sequence[Any]) -> Arrays:
        """Return the batch's statistics from the sums of all pieces in order; update running statistics in place."""

    @abstractmethod
    def apply(self, params: Arrays, statistics: Arrays, x: Array, ctx: Context) -> Array:
        """Return y of a piece in training, by the statistics that `combine` returned."""

    @abstractmethod
    def backward_partial_sums(self, params: Arrays, statistics: Arrays, x: Array, dy: Array, ctx: Context) -> Any:
        """Return what backward needs to know of a piece, as `partial_sums` does.

        It may change dy, which only `backward_apply` sees then.
        """

    @abstractmethod
    def backward_combine(self, params: Arrays, statistics: Arrays, sums: Sequence[Any]) -> tuple[Arrays, Gradients]:
        """Return what `backward_apply` needs, and the gradients by the parameters over the whole batch, by name."""

    @abstractmethod
    def backward_apply(self, combined: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        """Return dx of a piece, by what `backward_combine` returned; may overwrite dy and return it."""

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Treat x as the whole batch. In inference there is no backward through a batch-wise layer."""
        if not ctx.training:
            return self.infer(params, x, ctx), no_backward
        statistics = self.combine(params, [self.partial_sums(params, x, ctx)])
        y = self.apply(params, statistics, x, ctx)

        def backward(dy: Array) -> tuple[Array, Gradients]:
            sums = self.backward_partial_sums(params, statistics, x, dy, ctx)
            combined, gradients = self.backward_combine(params, statistics, [sums])
            return self.backward_apply(combined, x, dy, ctx), gradients

        return y, backward


def no_backward(dy: Array) -> tuple[Array | None, Gradients]:
    """Refuse: the layer was run in inference."""
    raise GraphError("a batch-wise layer has no backward in testing; run forward in training")


LAYERS: Registry[type[Layer]] = Registry("layer type", "graphnn.layers")
register = LAYERS.register
