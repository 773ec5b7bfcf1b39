"""The layers as nodes of ONNX, one function for each type."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from graphnn.exporting.branches import Branches, Step
from graphnn.exporting.onnx.graph import OnnxGraph
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.kernels.convolution import Window
from graphnn.layers.average_pooling_2d import AveragePooling2D
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.elu import ELU
from graphnn.layers.gelu import GELU
from graphnn.layers.layer_normalization import LayerNormalization
from graphnn.layers.leaky_relu import LeakyReLU
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.scale import Scale
from graphnn.types import Array


@frozen_dataclass
class Place:
    """Where a layer is written: the graph, its node, its parameters by name, and the value that it takes."""

    graph: OnnxGraph
    node: Node
    arrays: Mapping[str, Array]
    x: str

    @property
    def layer(self) -> Any:
        """The layer."""
        return self.node.layer

    def parameter(self, name: str) -> str:
        """Add a parameter that the layer has, and return its name in the file, layer/parameter."""
        return self.constant(name, self.arrays[name])

    def constant(self, name: str, values: Any) -> str:
        """Add numbers as a float32 constant, and return its name."""
        return self.graph.constant(f"{self.node.name}/{name}", np.asarray(values, np.float32))

    def write(self, op: str, *inputs: str, **settings: Any) -> str:
        """Add the node named after the layer, of the layer's input unless others are given."""
        layer = self.node.layer
        given = inputs or (self.x,)
        return self.graph.node(op, self.node.name, *given, kind=layer.type, about=layer.description, **settings)

    def before(self, op: str, name: str, *inputs: str, **settings: Any) -> str:
        """Add a node layer/name, whose value the node of the layer takes."""
        return self.graph.node(op, f"{self.node.name}/{name}", *inputs, **settings)


def plain(op: str, **settings: Any) -> Callable[[Place], str]:
    """Return the conversion of a layer that is one node with these attributes."""
    return lambda place: place.write(op, **settings)


def dense(place: Place) -> str:
    """Write x Wᵀ + b as Gemm, with W as it is stored, units×inputs."""
    assert isinstance(place.layer, Dense)
    return place.write("Gemm", place.x, *weighted(place), transB=1)


def convolution(place: Place) -> str:
    """Write a convolution with its padding, which may be one pixel more at the end where kernels are even."""
    layer = place.layer
    assert isinstance(layer, Conv2D)
    return place.write(
        "Conv", place.x, *weighted(place), **window(layer.window), pads=[*layer.window.before, *layer.window.after]
    )


def weighted(place: Place) -> list[str]:
    """Add weights, and biases where there are some."""
    return [place.parameter(name) for name in ("weights", "biases") if name in place.arrays]


def window(of: Window) -> dict[str, list[int]]:
    """Return the attributes of a window."""
    return {"kernel_shape": list(of.kernel), "strides": list(of.strides)}


def pooling(op: str) -> Callable[[Place], str]:
    """Return the conversion of a pooling, which drops the rows that fill no window."""

    def write(place: Place) -> str:
        assert isinstance(place.layer, MaxPooling2D | AveragePooling2D)
        return place.write(op, **window(place.layer.window))

    return write


def global_average(place: Place) -> str:
    """Write the mean of each channel, C×1×1, as a vector."""
    return place.write("Flatten", place.before("GlobalAveragePool", "pool", place.x), axis=1)


def batch_normalization(place: Place) -> str:
    """Write a batch normalisation as one node; γ and β that it lacks are ones and zeros."""
    layer = place.layer
    assert isinstance(layer, BatchNormalization)
    inputs = (*affine(place, shift=True), place.parameter("running_mean"), place.parameter("running_variance"))
    return place.write("BatchNormalization", place.x, *inputs, epsilon=layer.epsilon)


def layer_normalization(place: Place) -> str:
    """Write a normalisation over all axes of a sample; γ that it lacks is ones."""
    layer = place.layer
    assert isinstance(layer, LayerNormalization)
    return place.write("LayerNormalization", place.x, *affine(place), axis=1, epsilon=layer.epsilon)


def affine(place: Place, *, shift: bool = False) -> list[str]:
    """Add γ and β, with ones where there is no γ and, if `shift`, zeros where there is no β."""
    shape = place.node.input_shape[:1] if shift else place.node.input_shape
    has = place.arrays
    gamma = place.parameter("gamma") if "gamma" in has else place.constant("ones", np.ones(shape))
    if "beta" in has:
        return [gamma, place.parameter("beta")]
    return [gamma, place.constant("zeros", np.zeros(shape))] if shift else [gamma]


def prelu(place: Place) -> str:
    """Write the slopes so that they go along the channels: C×1×1 for images."""
    slopes = place.arrays["slopes"].reshape(-1, *(1,) * (len(place.node.input_shape) - 1))
    return place.write("PRelu", place.x, place.constant("slopes", slopes))


def silu(place: Place) -> str:
    """Write x·sigmoid(x)."""
    return place.write("Mul", place.x, place.before("Sigmoid", "sigmoid", place.x))


def gelu(place: Place) -> str:
    """Write the kind of GELU that the layer is."""
    assert isinstance(place.layer, GELU)
    return place.write("Gelu", approximate=place.layer.approximate)


def elu(place: Place) -> str:
    """Write an ELU."""
    assert isinstance(place.layer, ELU)
    return place.write("Elu", alpha=place.layer.alpha)


def leaky_relu(place: Place) -> str:
    """Write a leaky ReLU."""
    assert isinstance(place.layer, LeakyReLU)
    return place.write("LeakyRelu", alpha=place.layer.negative_slope)


def scale(place: Place) -> str:
    """Write factor·x."""
    assert isinstance(place.layer, Scale)
    return place.write("Mul", place.x, place.constant("factor", place.layer.factor))


def dropout(place: Place) -> str:
    """Write (1 − rate)·x, what dropout is in inference."""
    assert isinstance(place.layer, Dropout)
    return place.write("Mul", place.x, place.constant("kept", 1 - place.layer.rate))


CONVERSIONS: dict[str, Callable[[Place], str]] = {
    "AveragePooling2D": pooling("AveragePool"),
    "BatchNormalization": batch_normalization,
    "Conv2D": convolution,
    "Dense": dense,
    "Dropout": dropout,
    "ELU": elu,
    "Flatten": plain("Flatten", axis=1),
    "GELU": gelu,
    "GlobalAveragePooling": global_average,
    "LayerNormalization": layer_normalization,
    "LeakyReLU": leaky_relu,
    "MaxPooling2D": pooling("MaxPool"),
    "PReLU": prelu,
    "ReLU": plain("Relu"),
    "Scale": scale,
    "SiLU": silu,
    "Sigmoid": plain("Sigmoid"),
    "Softmax": plain("Softmax", axis=-1),
    "Tanh": plain("Tanh"),
}
BLOCK = "Residual"  # written by its branches, and an Add of its name


def write_steps(
    graph: OnnxGraph, steps: tuple[Step, ...], parameters: Mapping[str, Mapping[str, Array]], x: str
) -> str:
    """Write steps in order, and return the name of the last value. parameters: float32, by node and name."""
    for step in steps:
        if isinstance(step, Branches):
            body = write_steps(graph, step.body, parameters, x)
            x = graph.node("Add", step.name, body, write_steps(graph, step.shortcut, parameters, x), kind=BLOCK)
        else:
            x = CONVERSIONS[step.layer.type](Place(graph, step, parameters[step.name], x))
    return x
