"""Muon: momentum with orthogonalised steps, for the weights of convolutions and dense layers."""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.optimizers.base import OPTIMIZERS, Optimizer
from graphnn.types import Array

LINEAR, CUBIC, QUINTIC = 3.4445, -4.7750, 2.0315
SMALLEST = 1e-7  # added to the norm that a step is divided by


@OPTIMIZERS.register
@frozen_dataclass
class Muon(Optimizer):
    """Momentum orthogonalised by Newton-Schulz: I ← βI + g, W ← W·√D / ‖W‖, W ← W − α·O(G) with G = g + βI or I.

    W: the D×F matrix of a weight array, D filters or units, each with F inputs. O(G) is X after `steps` iterations of
    X ← aX + (bA + cA²)X with A = XXᵀ, from X = G / ‖G‖, which brings all singular values near 1; ‖·‖ is the Frobenius
    norm, and (a, b, c) = (3.4445, −4.7750, 2.0315). G is transposed where D > F. G is g + βI with `nesterov`, else I.
    The norm of W is thereby fixed, so there is no weight decay. Source: Jordan et al. 2024, "Muon: an optimizer
    for hidden layers in neural networks"; the fixed norm of W is from its use for CIFAR-10.
    """

    slots: ClassVar[tuple[str, ...]] = ("inertia",)
    by_matrix: ClassVar[bool] = True
    learning_rate: float = 0.24
    momentum: float = 0.6
    nesterov: bool = True
    steps: int = 3

    def update(
        self,
        parameter: Array,
        gradient: Array,
        state: Mapping[str, Array],
        *,
        learning_rate: float,
        step: int,
        weight_decay: float,
    ) -> None:
        inertia = state["inertia"]
        inertia *= self.momentum
        inertia += gradient
        if self.nesterov:
            gradient += self.momentum * inertia
        else:
            gradient[...] = inertia
        change = orthogonalised(gradient, self.steps)
        change *= learning_rate
        length = frobenius(parameter)
        if length > 0:
            parameter *= math.sqrt(len(parameter)) / length
        parameter -= change


def orthogonalised(G: Array, steps: int) -> Array:
    """Return O(G), a new array: G with its singular values brought near 1."""
    tall = G.shape[0] > G.shape[1]
    X = np.ascontiguousarray(G.T if tall else G) / G.dtype.type(frobenius(G) + SMALLEST)
    for _ in range(steps):
        A = X @ X.T
        B = A @ A
        B *= QUINTIC
        A *= CUBIC
        B += A
        change = B @ X
        X *= LINEAR
        X += change
    return np.asarray(X.T if tall else X)


def frobenius(matrix: Array) -> float:
    """Return the Frobenius norm, summed in float64."""
    return math.sqrt(float(np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)))
