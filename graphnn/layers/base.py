"""Layer, the base class of all layers, and the registry of layer types."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphnn.errors import ShapeError
from graphnn.frozen_dataclass import frozen_dataclass
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


Step = Callable[[Array], Array]


class UnfitInput(ShapeError):
    """An input shape that a layer cannot take. The graph adds which node the input comes from."""

    def __init__(self, layer_type: str, needs: str, shape: Shape, hint: str) -> None:
        self.layer_type, self.needs, self.shape, self.hint = layer_type, needs, shape, hint
        super().__init__(self.message("the input"))

    def message(self, source: str) -> str:
        """Return the error message; `source` says where the input comes from: '"pool2"' or 'the input'."""
        text = f"{self.layer_type} needs {self.needs}, but {source} gives {shape_text(self.shape)}"
        return f"{text}; {self.hint}" if self.hint else text


@frozen_dataclass
class Preparation:
    """A part of what `Layer.prepare` computes. size: the numbers it reads. renew: computes it anew, in its memory."""

    size: int
    renew: Callable[[], object]


@frozen_dataclass(kw_only=True)
class Layer(Describable, ABC):
    """The settings of a layer, immutable and without arrays. `forward` returns the output and its backward function.

    The fields that a subclass adds are exactly the properties of its definition in the schema.
    name, description: as in the document. input_shape: for use from Python, on the first layer of a model.
    """

    name: str | None = None
    description: str | None = None
    input_shape: Shape | None = None

    backward_in_place: ClassVar[bool] = False  # whether backward returns dx in dy's memory
    keeps_input: ClassVar[bool] = False  # whether other nodes read its input: see layers/bypass.py
    keeps_positive: ClassVar[bool] = False  # whether it leaves an input as it is that is nowhere negative
    reads_input: ClassVar[bool] = True  # whether backward reads x; of layers that come with the library
    reads_output: ClassVar[bool] = True  # whether backward reads y; of these, too
    repeatable: ClassVar[bool] = False  # whether y is quick to compute again, with the same bits
    never_negative: ClassVar[bool] = False  # whether its output is nowhere negative, whatever its input

    def _check_settings(self) -> None:
        from graphnn.layers.settings import check_made  # here, because that module imports this one

        check_made(self)

    @property
    def type(self) -> str:
        """The `type` in the document: the name of the class."""
        return type(self).__name__

    def build(self, input_shape: Shape | None = None, *, dtype: Any = np.float32, seed: int = 0) -> BuiltLayer:
        """Return the layer together with its arrays, to be called directly, without a graph.

        input_shape: of one sample, such as (64,) or (3, 32, 32); not needed where the layer was made with one.
        dtype: of the arrays, float32 or float64. seed: of the initial values, and of what Dropout draws. Raises
        SpecError where settings are wrong, ShapeError where the input shape is missing or does not fit, and GraphError
        where initial values would come from training images.
        """
        from graphnn.layers.built import build  # here, because that module imports this one

        return build(self, input_shape, dtype=dtype, seed=seed)

    @property
    def batchwise(self) -> bool:
        """Whether outputs in training depend on sums over the batch, for which pieces wait: see layers/batchwise.py."""
        return False

    @property
    def inside(self) -> tuple[Layer, ...]:
        """The layers inside a block; empty for every other layer."""
        return ()

    @property
    def as_activation(self) -> Activation | None:
        """The activation that the layer computes, for a normalisation fused with it; None if it is no such layer."""
        return None

    @property
    def constant_output_shape(self) -> Shape | None:
        """The output shape if it is the same for every input, else None."""
        return None

    def expand(self, expansion: Expansion, path: Path, name: str, shape: Shape | None, source: str) -> Shape | None:
        """Add the layer to a flat sequence of layers, and return its output shape; a block adds the layers inside it.

        path: of the layer in the document. name: of its node. shape: of its input. source: where the input comes from,
        for messages. A shape that is not known is None.
        """
        return expansion.add(path, name, self, shape, source)

    def settings(self) -> dict[str, Any]:
        """Return the settings that this type of layer adds to those of every layer, by name."""
        common = {field.name for field in fields(Layer)}
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name not in common}

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the output shape for one sample of `input_shape`. Raises UnfitInput where the layer cannot take it."""
        return input_shape

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        """Return the declarations of the layer's parameters, trained or not, for samples of shape `input_shape`."""
        return ()

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        """Yield the faults in the settings that the schema cannot see, for an `input_shape` that the layer takes.

        Their paths begin at the layer.
        """
        yield from ()

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return the multiply-adds of forward for one sample. Element-wise operations count as 0, as is usual."""
        return 0

    def least_samples(self, input_shape: Shape) -> int:
        """Return the fewest samples of a batch that the layer can be trained on: 1, but for statistics over a batch."""
        return 1

    def check_samples(self, count: int, input_shape: Shape) -> None:
        """Raise ShapeError where a batch of `count` samples is too small for the layer to be trained on."""
        least = self.least_samples(input_shape)
        if count < least:
            raise ShapeError(f"{self.type} {needs_samples(least)}, not {count}")

    def prepare(self, params: Arrays, ctx: Context) -> Any:
        """Return values that are computed once a step from the parameters and used for every piece, or None.

        forward finds them in `ctx.prepared`. They may refer to the parameters' arrays. In inference they are kept until
        a parameter changes. ctx: as in forward, but memory from `ctx.keep` may have any shape, and lasts for the step.
        """
        return None

    def preparations(self, params: Arrays, ctx: Context) -> tuple[Preparation, ...]:
        """Return the parts of `prepare` that several workers can share; () where it is called in each of them.

        Together they bring up to date, in memory from `ctx.keep`, all in the result of `prepare` that does not lie in
        the parameters' arrays. They read the parameters when they are called.
        """
        return ()

    @abstractmethod
    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Return the output y of a piece, and the function that backpropagates: `backward(dy) -> (dx, gradients)`.

        params: the declared parameters by name. x: n×(input shape) for the n samples of the piece, of a floating-point
        dtype; images are channels last in memory. y: n×(output shape), of x's dtype, preferably in memory from
        `ctx.output`.

        dy: the gradient of the loss with respect to y, of y's shape. dx: that with respect to x, of x's shape,
        preferably in memory from `ctx.dx`; None where `ctx.needs_dx` is false. gradients: those with respect to the
        parameters, by name, each of its parameter's shape and summed over the n samples, preferably in memory from
        `ctx.gradient`. Those for which `ctx.trains` is false may be left out.

        forward does not change x, and several threads may call it at once, each with a separate context. backward is
        called at most once, and may overwrite dy. An error in either is reported with the node's path and name.
        """

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        """Return a function from x to y for inference on pieces of one size, each of which comes in the memory of x.

        What follows from shapes and memory alone can so be done once. params, x, ctx: as in forward; x has the values
        of a piece. The function is called with x itself as a rule, and does what `forward` does for any other array.
        """
        return lambda given: self.forward(params, given, ctx)[0]

    def bound(self, params: Arrays, x: Array, ctx: Context, y: Array, run: Callable[[], object]) -> Step:
        """Return the function for `bind` that computes y from x by `run`, and for other arrays by `forward`."""

        def step(given: Array) -> Array:
            if given is not x:
                return self.forward(params, given, ctx)[0]
            run()
            return y

        return step

    def run(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Prepare and run forward, with x as the only piece of a step; the result is that of `forward`.

        Raises ShapeError where training takes more samples.
        """
        if ctx.training:
            self.check_samples(len(x), x.shape[1:])
        ctx.prepared = self.prepare(params, ctx)
        return self.forward(params, x, ctx)

    def unfit(self, needs: str, input_shape: Shape, hint: str = "") -> UnfitInput:
        """Return the error to raise where the layer cannot take `input_shape`. needs: what it takes. hint: a remedy."""
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


def needs_samples(least: int) -> str:
    """Return, for messages, that a layer needs so many samples."""
    return f"needs at least {least} samples in each batch of training, for its statistics"


LAYERS: Registry[type[Layer]] = Registry("layer type", "graphnn.layers")
register = LAYERS.register
