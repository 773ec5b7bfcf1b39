"""The checks of `run.py unittest` for layers beyond the assignment; each is called after its type, in small letters."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.course.comparisons import Check, Checks, built, difference, gradients, spread
from graphnn.course.image_checks import averagepooling2d
from graphnn.layers.base import LAYERS

POINTS = (-3.0, -0.5, 0.0, 0.25, 2.0)


def elementwise(type_name: str, function: Callable[[float], float], **options: Any) -> Checks:
    """Compare an activation with its formula at a few points, and its gradient with central differences."""
    setting = "".join(f", {name} {value}" for name, value in options.items())
    y = built(type_name, (len(POINTS),), **options).forward([POINTS])
    yield Check(f"forward{setting}", difference(y, [[function(x) for x in POINTS]]))
    yield from gradients(built(type_name, (2, 3, 4), **options), spread(3, 2, 3, 4), setting)


def sigmoid() -> Checks:
    """Sigmoid: y = 1 / (1 + e^−x)."""
    yield from elementwise("Sigmoid", lambda x: 1 / (1 + math.exp(-x)))
    yield Check("forward of ±1000", difference(built("Sigmoid", (2,)).forward([[-1000, 1000]]), [[0, 1]]))


def tanh() -> Checks:
    """Tanh: y = tanh x."""
    yield from elementwise("Tanh", math.tanh)


def leakyrelu() -> Checks:
    """LeakyReLU: y = x for x ≥ 0, else negative_slope·x."""
    layer = built("LeakyReLU", (3,), negative_slope=0.25)
    yield Check("forward", difference(layer.forward([[-4, 0, 3]]), [[-1, 0, 3]]))
    yield Check("backward", difference(layer.backward([[2, 0, 5]]), [[0.5, 0, 5]]))
    yield from gradients(built("LeakyReLU", (2, 3, 4)), spread(3, 2, 3, 4))


def elu() -> Checks:
    """ELU: y = x for x ≥ 0, else alpha·(e^x − 1)."""
    yield from elementwise("ELU", lambda x: x if x >= 0 else 0.5 * math.expm1(x), alpha=0.5)


def gelu() -> Checks:
    """GELU: y = x·Φ(x), Φ the distribution function of the normal distribution, or what comes near to it by tanh."""
    yield from elementwise("GELU", lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2, approximate="none")
    near = math.sqrt(2 / math.pi)
    yield from elementwise("GELU", lambda x: x * (1 + math.tanh(near * (x + 0.044715 * x**3))) / 2, approximate="tanh")


def silu() -> Checks:
    """SiLU: y = x / (1 + e^−x)."""
    yield from elementwise("SiLU", lambda x: x / (1 + math.exp(-x)))


def scale() -> Checks:
    """Scale: y = factor·x."""
    layer = built("Scale", (2,), factor=-0.5)
    yield Check("forward", difference(layer.forward([[3, -8]]), [[-1.5, 4]]))
    yield Check("backward", difference(layer.backward([[1, 4]]), [[-0.5, -2]]))
    yield from gradients(built("Scale", (2, 3, 4), factor=0.125), spread(3, 2, 3, 4))


def prelu() -> Checks:
    """PReLU: y = x for x ≥ 0, else slope·x, with a slope for each channel that is learnt."""
    layer = built("PReLU", (2,))
    (name,) = layer.parameters
    layer.parameters[name][...] = [0.5, 2]
    yield Check("forward", difference(layer.forward([[-4, -3], [1, 6]]), [[-2, -6], [1, 6]]))
    yield Check("backward", difference(layer.backward([[1, 1], [1, 1]]), [[0.5, 2], [1, 1]]))
    yield Check(f"gradient of {name}", difference(layer.gradients[name], [-4, -3]))
    yield from gradients(built("PReLU", (3, 2, 2)), spread(3, 3, 2, 2))


def layernormalization() -> Checks:
    """LayerNormalization: y = γ·(x − μ)/√(σ² + ε) + β, with the mean and variance of each sample."""
    layer = built("LayerNormalization", (2,), epsilon=2.25)
    layer.gamma, layer.beta = [3, 1], [0.5, 0]
    y = layer.forward([[8, 12], [1, 1]])  # mean 10, variance 4: ±2/√(4 + 2.25) = ±0.8
    yield Check("forward", difference(y, [[0.5 - 2.4, 0.8], [0.5, 0]]))
    layer.backward([[1, 2], [3, 5]])
    yield Check("gradient of gamma", difference(layer.gamma_grad, [-0.8, 1.6]))
    yield Check("gradient of beta", difference(layer.beta_grad, [4, 7]))
    yield from gradients(built("LayerNormalization", (4,)), spread(3, 4))
    yield from gradients(built("LayerNormalization", (2, 3, 2)), spread(3, 2, 3, 2))


def residual() -> Checks:
    """Residual: y = f(x) + g(x), with the identity for g unless there is a shortcut."""
    dense: Any = LAYERS.find("Dense")
    layer = built("Residual", (2,), layers=[dense(units=2)])
    layer.parameters["layers.0.weights"][...] = [[1, 2], [0, -1]]
    yield Check("forward", difference(layer.forward([[3, 5]]), [[3 + 13, 5 - 5]]))
    yield Check("backward", difference(layer.backward([[1, 2]]), [[1 + 1, 2 + 2 - 2]]))
    x = spread(3, 2)
    block = built("Residual", (2,), layers=[dense(units=3), LAYERS.find("Tanh")()], shortcut=[dense(units=3)])
    inner = np.tanh(x @ block.parameters["layers.0.weights"].T) + x @ block.parameters["shortcut.0.weights"].T
    yield Check("forward with a shortcut", difference(block.forward(x), inner))
    yield from gradients(block, x)


FURTHER: dict[str, Callable[[], Checks]] = {
    "averagepooling2d": averagepooling2d,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "leakyrelu": leakyrelu,
    "elu": elu,
    "gelu": gelu,
    "silu": silu,
    "scale": scale,
    "prelu": prelu,
    "layernormalization": layernormalization,
    "residual": residual,
}
