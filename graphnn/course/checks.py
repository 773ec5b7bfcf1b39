"""The checks of `run.py unittest`: layers, losses and optimizers against values by hand and numerical gradients.

They use the public stateful interface, in float64, and look classes up by name in the registries.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.course.comparisons import (
    NUMERIC,
    Check,
    Checks,
    built,
    difference,
    gradients,
    numeric_gradient,
    relative,
    spread,
)
from graphnn.course.further_checks import FURTHER
from graphnn.course.image_checks import avgpool, conv, im2col_functions, maxpool
from graphnn.losses.base import LOSSES
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.types import Array


def relu() -> Checks:
    """ReLU: y = max(x, 0)."""
    layer = built("ReLU", (5,))
    yield Check("forward", difference(layer.forward([[-2, -0.5, 0, 0.5, 3]]), [[0, 0, 0, 0.5, 3]]))
    yield Check("backward, with slope 1 at zero", difference(layer.backward([[1, 2, 3, 4, 5]]), [[0, 0, 3, 4, 5]]))
    yield from gradients(built("ReLU", (2, 3, 4)), spread(3, 2, 3, 4))


def softmax() -> Checks:
    """Softmax: y = exp(x) / Σ exp(x)."""
    layer = built("Softmax", (3,))
    yield Check("forward", difference(layer.forward([[0, math.log(2), math.log(5)]]), [[1 / 8, 2 / 8, 5 / 8]]))
    yield Check("backward", difference(layer.backward([[1, 0, 0]]), [[7 / 64, -2 / 64, -5 / 64]]))
    y = layer.forward([[1024, -1024, -1024], [1024, 1024, -1024], [-1024, -1024, -1024]])
    yield Check("forward of ±1024", difference(y, [[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]))
    yield from gradients(built("Softmax", (4,)), spread(3, 4))


def dense() -> Checks:
    """Dense: y = x Wᵀ + b."""
    layer = built("Dense", (2,), units=3)
    layer.weights, layer.biases = [[1, 0], [-1, 2], [0.5, 0.5]], [0, 1, -1]
    yield Check("forward", difference(layer.forward([[1, 2], [3, 4]]), [[1, 4, 0.5], [3, 6, 2.5]]))
    dx = layer.backward([[1, 0, 2], [0, 1, -1]])
    yield Check("gradient of x", difference(dx, [[2, 1], [-1.5, 1.5]]))
    yield Check("gradient of weights", difference(layer.weights_grad, [[1, 2], [3, 4], [-1, 0]]))
    yield Check("gradient of biases", difference(layer.biases_grad, [1, 1, 1]))
    start = built("Dense", (512,), units=256)
    yield Check("variance of the first weights, 2/inputs", abs(float(start.weights.var()) * 512 / 2 - 1), 0.02)
    yield Check("first biases, zero", difference(start.biases, np.zeros(256)))
    yield from gradients(built("Dense", (5,), units=4), spread(3, 5))


def flatten() -> Checks:
    """Flatten: an image as a vector, in the order channel, row, column."""
    layer = built("Flatten", (2, 2, 3))
    image, vector = np.arange(12.0).reshape(1, 2, 2, 3), np.arange(12.0)[None]
    yield Check("forward: channel, row, column", difference(layer.forward(image), vector))
    yield Check("backward", difference(layer.backward(vector), image))
    yield from gradients(built("Flatten", (2, 2, 3)), spread(2, 2, 2, 3))


def dropout() -> Checks:
    """Dropout: zeroes values at random in training, scales them in inference."""
    count, rate = 100_000, 0.3
    layer = built("Dropout", (count,), rate=rate)
    x = np.linspace(1, 2, count)[None]
    y = layer.forward(x)
    passed = y != 0
    yield Check("training: what passes is unchanged", difference(y, np.where(passed, x, 0)))
    yield Check(f"training: fraction dropped, {rate}", abs(1 - float(passed.mean()) - rate), 0.01)
    yield Check(
        "training: the gradient passes at the same positions", difference(layer.backward(2 * x), 2 * x * passed)
    )
    yield Check(
        "training: draws are independent of the step before", abs(agreement(passed, layer.forward(x) != 0, rate)), 0.02
    )
    layer.is_training = False
    yield Check(f"inference: all times {1 - rate}", difference(layer.forward(x), 0.7 * x))
    yield from gradients(built("Dropout", (4, 3, 2), rate=0.4), spread(3, 4, 3, 2))


def agreement(first: Array, second: Array, rate: float) -> float:
    """Return how much more often two draws agree than independent draws would."""
    return float((first == second).mean()) - (rate**2 + (1 - rate) ** 2)


def batchnorm() -> Checks:
    """BatchNormalization: y = γ·(x − μ)/√(σ² + ε) + β."""
    layer = built("BatchNormalization", (1,), epsilon=2.25)
    layer.gamma, layer.beta = [3], [0.5]
    y = layer.forward([[8], [12]])  # mean 10, variance 4: ±2/√(4 + 2.25) = ±0.8
    yield Check("training: forward", difference(y, [[0.5 - 2.4], [0.5 + 2.4]]))
    dx = layer.backward([[1], [2]])  # dx = 3/2.5·(dy − 1.5 − x̂·mean(dy·x̂)), mean(dy·x̂) = 0.4
    yield Check("training: gradient of x", difference(dx, [[1.2 * (-0.5 + 0.32)], [1.2 * (0.5 - 0.32)]]))
    yield Check("training: gradient of gamma", difference(layer.gamma_grad, [0.8]))
    yield Check("training: gradient of beta", difference(layer.beta_grad, [3]))
    yield Check("running mean after one step", difference(layer.running_mean, [1]))
    yield Check("running variance after one step", difference(layer.running_variance, [1.3]))
    layer.running_mean, layer.running_variance, layer.is_training = [1], [4], False
    yield Check("inference: forward", difference(layer.forward([[1], [6]]), [[0.5], [6.5]]))
    yield Check("inference leaves the running mean unchanged", difference(layer.running_mean, [1]))
    image = built("BatchNormalization", (2, 1, 2), epsilon=2.25)
    y = image.forward([[[[8, 12]], [[1, 1]]], [[[12, 8]], [[1, 1]]]])
    yield Check("images: per channel", difference(y, [[[[-0.8, 0.8]], [[0, 0]]], [[[0.8, -0.8]], [[0, 0]]]]))
    yield from gradients(built("BatchNormalization", (4,)), spread(5, 4))
    yield from gradients(built("BatchNormalization", (2, 3, 2)), spread(3, 2, 3, 2))


def crossentropy() -> Checks:
    """CrossEntropy: the mean of −Σ y ln p."""
    loss = LOSSES["CrossEntropy"]()
    p = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    labels, one_hot = np.array([0, 2]), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    value = -(math.log(0.5) + math.log(0.8)) / 2
    yield Check("loss from labels", abs(loss(labels, p) - value))
    yield Check("loss from one-hot rows", abs(loss(one_hot, p) - value))
    yield Check("gradient from labels", difference(loss.gradient(labels, p), [[-1, 0, 0], [0, 0, -0.625]]))
    yield Check("gradient from one-hot rows", difference(loss.gradient(one_hot, p), [[-1, 0, 0], [0, 0, -0.625]]))
    impossible, second = np.array([[1.0, 0.0]]), np.array([1])  # the true class is given probability 0
    value = 36.04365338911715  # 52 ln 2, from ε = 2⁻⁵²
    yield Check("loss of probability 0, clipped at np.finfo(float).eps", abs(loss(second, impossible) - value))
    slope = loss.gradient(second, impossible) / 2**52
    yield Check("gradient of probability 0, −1/ε", difference(slope, [[0, -1]]))
    numeric = numeric_gradient(lambda: loss(labels, p), p)
    yield Check("gradient, numerically (2×3)", relative(loss.gradient(labels, p), numeric), NUMERIC)


def sgd() -> Checks:
    """SGD: a step down the gradient."""
    yield from steps("P ← P − αg", "SGD", {}, [[0.95, -1.9], [0.85, -2.1]])
    # the first g + λP is [0.9, −1.8], the second [1.364, 1.272]
    yield from steps("weight_decay adds λP to g", "SGD", {"weight_decay": 0.4}, [[0.91, -1.82], [0.7736, -1.9472]])


def momentum() -> Checks:
    """SGDMomentum: a step along the running sum of the gradients."""
    yield from steps("I ← βI + αg, P ← P − I", "SGDMomentum", {}, [[0.95, -1.9], [0.805, -2.01]])
    nesterov = [[0.905, -1.81], [0.905 - 0.9 * 0.145 - 0.1, -1.81 - 0.9 * 0.11 - 0.2]]
    yield from steps("nesterov: P ← P − (βI + αg)", "SGDMomentum", {"nesterov": True}, nesterov)


def steps(subject: str, type_name: str, options: dict[str, Any], expected: list[list[float]]) -> Checks:
    """Check two steps of an optimizer from P = [[1, −2]], with α = 0.1 and the gradients [[0.5, −1]] and [[1, 2]]."""
    updater = OPTIMIZERS[type_name](learning_rate=0.1, **options).get_parameter_updater((1, 2))
    parameter = np.array([[1.0, -2.0]])
    for number, (gradient, after) in enumerate(zip(([0.5, -1.0], [1.0, 2.0]), expected, strict=True), start=1):
        before, g = parameter.copy(), np.array([gradient])
        updated = updater(parameter, g)
        yield Check(f"{subject}: step {number}", difference(updated, [after]))
        untouched = max(difference(parameter, before), difference(g, [gradient]))
        yield Check(f"{subject}: step {number} leaves its arguments unchanged", untouched)
        parameter = updated


CHECKS: dict[str, Callable[[], Checks]] = {
    "relu": relu,
    "softmax": softmax,
    "dense": dense,
    "crossentropy": crossentropy,
    "sgd": sgd,
    "momentum": momentum,
    "im2col": im2col_functions,
    "conv": conv,
    "maxpool": maxpool,
    "avgpool": avgpool,
    "batchnorm": batchnorm,
    "dropout": dropout,
    "flatten": flatten,
    **FURTHER,  # layers that the assignment does not have
}
