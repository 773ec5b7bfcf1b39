"""BuiltLayer: a layer together with its arrays, whose forward and backward are called directly, without a graph."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.errors import GraphError, Problem, ShapeError, SpecError
from graphnn.initializers.base import initial_values
from graphnn.layers.base import Backward, Layer
from graphnn.layers.context import Context, empty_channels_last
from graphnn.layers.precision import checked_dtype
from graphnn.parameters.parameter import in_memory_order
from graphnn.randomness import Purpose, generator
from graphnn.types import NUMERIC, Array, Shape, shape_text

GRADIENT = "_grad"
ALSO_CALLED = {"running_var": "running_variance"}  # other names of parameters


def build(layer: Layer, input_shape: Shape | None, *, dtype: Any, seed: int) -> "BuiltLayer":
    """Return `layer` built for `input_shape`, by default the one that it was made with.

    Raises ShapeError where both are missing or they differ, or where the layer cannot take the shape; SpecError where
    settings are wrong; GraphError where initial values would come from training images, and for another dtype than
    float32 and float64.
    """
    shape = as_shape(layer, layer.input_shape if input_shape is None else input_shape)
    if layer.input_shape is not None and shape != as_shape(layer, layer.input_shape):
        made_with, asked_for = shape_text(layer.input_shape), shape_text(shape)
        raise ShapeError(f"{layer.type} was made with input_shape {made_with}, but is to be built for {asked_for}")
    layer.output_shape(shape)
    check_findings(layer, shape, layer.type)
    return BuiltLayer(layer, shape, dtype=dtype, seed=seed)


def as_shape(layer: Layer, shape: Any) -> Shape:
    """Return an input shape given in Python as a tuple of integers. Raises ShapeError where it is not one."""
    if shape is None:
        raise ShapeError(f"{layer.type} needs the shape of its input: build((64,)), or input_shape=(64,) on the layer")
    sizes = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else ()
    if not sizes or not all(isinstance(size, int | np.integer) and size is not True and size > 0 for size in sizes):
        raise ShapeError(f"{layer.type}: an input shape is a tuple such as (64,) or (3, 32, 32), not {shape!r}")
    return tuple(int(size) for size in sizes)


def check_findings(layer: Layer, input_shape: Shape, path: str) -> None:
    """Raise SpecError with the layer's findings, if any, for an input shape that it takes. path: of the layer."""
    findings = layer.findings(input_shape)
    problems = [Problem(finding.message, ".".join([path, *map(str, finding.path)])) for finding in findings]
    if problems:
        raise SpecError(*problems)


class BuiltLayer:
    """A layer together with its arrays, which remembers its last input; `Layer.build` returns one.

    Each parameter is an attribute, such as `built.weights`, and so is its gradient after backward, summed over the
    batch: `built.weights_grad`. `parameters` and `gradients` map the names to the same arrays. An assignment such as
    `built.weights = W` copies the values and checks the shape. Arrays that are passed in are copied, never changed.

    is_training: training or inference, which differ for Dropout and BatchNormalization; true at first.
    forward_inputs, forward_outputs: x and y of the last forward; None before the first.
    draws: how many times forward has run in training; together with the seed it determines what Dropout draws.
    """

    def __init__(self, layer: Layer, input_shape: Shape, *, dtype: Any = np.float32, seed: int = 0) -> None:
        self.layer = layer
        self.input_shape = tuple(input_shape)
        self.output_shape = layer.output_shape(self.input_shape)
        self.dtype = checked_dtype(dtype)
        self.seed = seed
        self.is_training = True
        self.draws = 0
        self.forward_inputs: Array | None = None
        self.forward_outputs: Array | None = None
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
        """Return y for a batch: x is N×input_shape, y is N×output_shape.

        Raises ShapeError, and changes nothing, where x does not fit, or has too few samples to train on: batch
        normalisation takes two values a channel or more.
        """
        x = numbers(self.layer, "x", x)
        if x.shape[1:] != self.input_shape or x.ndim == 0:
            expected = shape_text(self.input_shape)
            raise ShapeError(f"{self.layer.type} takes a batch N×{expected}, but x is {described(x)}")
        if self.is_training:
            self.layer.check_samples(len(x), self.input_shape)
        rng = generator(self.seed, Purpose.LAYER, 0, self.draws, 0, 0)
        self.draws += self.is_training
        self.forward_inputs = channels_last_copy(x, self.dtype)
        ctx = Context(input_shape=self.input_shape, training=self.is_training, rng=rng, trained=self._trained)
        y, self._backward = self.layer.run(self._parameters, self.forward_inputs, ctx)
        self._output = y.shape
        self.gradients = {}
        self.forward_outputs = y.copy(order="K")  # backward may still read y, and a later forward reuse its memory
        return y.copy(order="K")  # the caller may change it

    def backward(self, dy: Any) -> Array:
        """Return dx for the last forward, and set the gradients; dy is N×output_shape, dx is N×input_shape.

        It can be called once after each forward, because a layer may overwrite what it has kept. Raises GraphError
        where it is called otherwise, and ShapeError where dy has another shape than y.
        """
        if self._backward is None:
            state = "a second time" if self.forward_inputs is not None else "before forward"
            raise GraphError(f"{self.layer.type}: backward was called {state}; call forward(x) first, each time")
        dy = numbers(self.layer, "dy", dy)
        if dy.shape != self._output:
            expected = shape_text(self._output or ())
            raise ShapeError(
                f"{self.layer.type}: dy must be {expected}, as forward's result, but it is {described(dy)}"
            )
        backward, self._backward = self._backward, None
        dx, gradients = backward(channels_last_copy(dy, self.dtype))
        if dx is None:
            raise GraphError(f"{self.layer.type}: backward gave no gradient of its input although it was asked for one")
        self.gradients = {name: array.copy(order="K") for name, array in gradients.items() if name in self._trained}
        return dx

    def __getattr__(self, name: str) -> Array:
        """Return a parameter or, with `_grad` after its name, its gradient."""
        parameters: Mapping[str, Array] = self.__dict__.get("_parameters", {})
        if ALSO_CALLED.get(name, name) in parameters:
            return parameters[ALSO_CALLED.get(name, name)]
        parameter = name.removesuffix(GRADIENT)
        if parameter != name and parameter in self.__dict__.get("_trained", ()):
            if parameter not in self.gradients:
                raise AttributeError(f"{self.layer.type}: {name} is known after forward(x) and backward(dy)")
            return self.gradients[parameter]
        known = f"; its parameters: {', '.join(parameters)}" if parameters else ""
        raise AttributeError(f"a built layer has no {name!r}{known}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Copy `value` into a parameter, or set any other attribute. Raises AttributeError for a layer's setting."""
        parameters: Mapping[str, Array] = self.__dict__.get("_parameters", {})
        called, name = name, ALSO_CALLED.get(name, name)
        if name not in parameters:
            if "layer" in self.__dict__ and called in self.layer.settings():
                kind = self.layer.type
                raise AttributeError(
                    f"{called} is a setting, made with the layer: {kind}(…, {called}={value!r}).build(…)"
                )
            super().__setattr__(called, value)
            return
        values = numbers(self.layer, name, value)
        if values.shape != parameters[name].shape:
            expected = shape_text(parameters[name].shape)
            raise ShapeError(f"{self.layer.type}: {name} must be {expected}, but it is {described(values)}")
        parameters[name][...] = values


def numbers(layer: Layer, name: str, values: Any) -> Array:
    """Return values as an array. Raises ShapeError where they are not real numbers, or where some are masked."""
    array = np.asarray(values)
    if array.dtype.kind not in NUMERIC:
        raise ShapeError(f"{layer.type} takes numbers, but {name} holds {array.dtype}")
    if np.ma.is_masked(values):
        raise ShapeError(f"{layer.type} takes numbers, but {name} has masked values; fill them, as by {name}.filled(0)")
    return array


def channels_last_copy(array: Array, dtype: Any) -> Array:
    """Return a copy with images channels last in memory, which a layer may keep and overwrite."""
    copy = empty_channels_last(array.shape, dtype)
    copy[...] = array
    return copy


def described(array: Array) -> str:
    """Return an array's shape for a message, or 'a single number'."""
    return shape_text(array.shape) if array.ndim else "a single number"
