"""BuiltLayer: one layer with its own arrays, run by hand, forward and backward, one call after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.errors import GraphError, Problem, ShapeError, SpecError
from graphnn.initializers.base import initial_values
from graphnn.layers.base import Backward, Layer
from graphnn.layers.context import Context, empty_channels_last
from graphnn.parameters.parameter import in_memory_order
from graphnn.randomness import Purpose, generator
from graphnn.types import Array, Shape, shape_text

GRADIENT = "_grad"


def build(layer: Layer, input_shape: Shape | None, *, dtype: Any, seed: int) -> "BuiltLayer":
    """Return `layer` built for `input_shape`, or for its own. Raises ShapeError where there is none, or two.

    Raises SpecError where settings are wrong, and GraphError where first values would need training images.
    """
    shape = as_shape(layer, layer.input_shape if input_shape is None else input_shape)
    if layer.input_shape is not None and shape != as_shape(layer, layer.input_shape):
        own, other = shape_text(layer.input_shape), shape_text(shape)
        raise ShapeError(f"{layer.type} was made with input_shape {own}, but is to be built for {other}")
    layer.output_shape(shape)
    check_fit(layer, shape, layer.type)
    return BuiltLayer(layer, shape, dtype=dtype, seed=seed)


def as_shape(layer: Layer, shape: Any) -> Shape:
    """Return an input shape given in Python, or raise ShapeError with what it should have been."""
    if shape is None:
        raise ShapeError(f"{layer.type} needs the shape of its input: build((64,)), or input_shape=(64,) on the layer")
    sizes = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else ()
    if not sizes or not all(isinstance(size, int | np.integer) and size is not True and size > 0 for size in sizes):
        raise ShapeError(f"{layer.type}: an input shape is a tuple such as (64,) or (3, 32, 32), not {shape!r}")
    return tuple(int(size) for size in sizes)


def check_fit(layer: Layer, input_shape: Shape, where: str) -> None:
    """Raise SpecError where settings do not go together, or not with an input of this shape, which the layer takes."""
    problems = [Problem(own.message, ".".join([where, *map(str, own.path)])) for own in layer.findings(input_shape)]
    if problems:
        raise SpecError(*problems)


class BuiltLayer:
    """A layer that owns its arrays and remembers its last input; `Layer.build` makes it.

    The arrays are attributes named as the parameters: `built.weights`, and after backward `built.weights_grad` (sums
    over the batch). `parameters` and `gradients` hold the same by name. An assignment, `built.weights = W`, copies the
    values and checks the shape. Arrays that are passed in are copied, never changed.

    is_training: whether batch statistics and random draws are in force; true at first.
    forward_inputs: what the last forward was given, or None.
    draws: how many times forward ran in training; together with the seed it fixes what Dropout draws.
    """

    def __init__(self, layer: Layer, input_shape: Shape, *, dtype: Any = np.float32, seed: int = 0) -> None:
        self.layer = layer
        self.input_shape = tuple(input_shape)
        self.output_shape = layer.output_shape(self.input_shape)
        self.dtype = np.dtype(dtype)
        self.seed = seed
        self.is_training = True
        self.draws = 0
        self.forward_inputs: Array | None = None
        self.gradients: dict[str, Array] = {}
        self._output: Shape | None = None
        self._backward: Backward | None = None
        self._parameters: dict[str, Array] = {}
        self._trained: set[str] = set()
        for position, declared in enumerate(layer.parameters(self.input_shape)):
            array = in_memory_order(np.empty(declared.size, self.dtype), declared)
            rng = generator(seed, Purpose.INITIALISE, 0, position)
            array[...] = initial_values(declared.initializer, declared.shape, rng, None)
            self._parameters[declared.name] = array
            if declared.trainable:
                self._trained.add(declared.name)

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The arrays by name, the running statistics included."""
        return self._parameters

    def forward(self, x: Any) -> Array:
        """Return y for a batch: x is N×input_shape, y is N×output_shape. Raises ShapeError."""
        x = np.asarray(x)
        if x.dtype.kind not in "fiub":
            raise ShapeError(f"{self.layer.type} takes numbers, but x holds {x.dtype}")
        if x.shape[1:] != self.input_shape or x.ndim == 0:
            wanted = shape_text(self.input_shape)
            raise ShapeError(f"{self.layer.type} takes a batch N×{wanted}, but x is {described(x)}")
        rng = generator(self.seed, Purpose.LAYER, 0, self.draws, 0, 0)
        self.draws += self.is_training
        self.forward_inputs = own_copy(x, self.dtype)
        ctx = Context(input_shape=self.input_shape, training=self.is_training, rng=rng, trained=self._trained)
        y, self._backward = self.layer.run(self._parameters, self.forward_inputs, ctx)
        self._output = y.shape
        self.gradients = {}
        return y.copy(order="K")  # a layer's backward may read its own y, and Flatten's y is a view of its x

    def backward(self, dy: Any) -> Array:
        """Return dx for the last forward, and set the gradients; dy is N×output_shape, dx is N×input_shape.

        Once for each forward, because a layer may use its memory up. Raises GraphError before forward, and ShapeError.
        """
        if self._backward is None:
            state = "a second time" if self.forward_inputs is not None else "before forward"
            raise GraphError(f"{self.layer.type}: backward was called {state}; call forward(x) first, each time")
        dy = np.asarray(dy)
        if dy.shape != self._output:
            wanted = shape_text(self._output or ())
            raise ShapeError(f"{self.layer.type}: dy must be {wanted}, as forward's result, but it is {described(dy)}")
        backward, self._backward = self._backward, None
        dx, gradients = backward(own_copy(dy, self.dtype))
        if dx is None:
            raise GraphError(f"{self.layer.type}: backward gave no gradient of its input although it was asked for one")
        self.gradients = {name: own.copy(order="K") for name, own in gradients.items() if name in self._trained}
        return dx

    def __getattr__(self, name: str) -> Array:
        """Return a parameter or, with `_grad` after its name, its gradient."""
        parameters: Mapping[str, Array] = self.__dict__.get("_parameters", {})
        if name in parameters:
            return parameters[name]
        owner = name.removesuffix(GRADIENT)
        if owner != name and owner in self.__dict__.get("_trained", ()):
            if owner not in self.gradients:
                raise AttributeError(f"{self.layer.type}: {name} is known after forward(x) and backward(dy)")
            return self.gradients[owner]
        own = f"; its parameters: {', '.join(parameters)}" if parameters else ""
        raise AttributeError(f"a built layer has no {name!r}{own}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Copy `value` into a parameter, or set any other attribute."""
        parameters: Mapping[str, Array] = self.__dict__.get("_parameters", {})
        if name not in parameters:
            super().__setattr__(name, value)
            return
        values = np.asarray(value)
        if values.shape != parameters[name].shape:
            wanted = shape_text(parameters[name].shape)
            raise ShapeError(f"{self.layer.type}: {name} must be {wanted}, but it is {described(values)}")
        parameters[name][...] = values


def own_copy(array: Array, dtype: Any) -> Array:
    """Return a copy that a layer may keep and overwrite, images channels last in memory."""
    copy = empty_channels_last(array.shape, dtype)
    copy[...] = array
    return copy


def described(array: Array) -> str:
    """Return an array's shape as people write it; a single number has none."""
    return shape_text(array.shape) if array.ndim else "a single number"
