"""Layers that do the work of several that follow one another, which the engine puts in their place."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from graphnn.kernels.activations import Activation
from graphnn.kernels.convolution import Epilogue
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays, Backward, Layer, no_backward
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D, PreparedWeights
from graphnn.layers.dense import Dense
from graphnn.layers.gelu import GELU
from graphnn.layers.relu import ReLU
from graphnn.layers.silu import SiLU
from graphnn.types import Array


class NormalizationReLU(BatchNormalization):
    """Batch normalisation and the ReLU after it: y = max(γ·x̂ + β, 0), in one pass over memory."""

    activation: ClassVar[Activation | None] = "relu"


class NormalizationGELU(BatchNormalization):
    """Batch normalisation and the approximate GELU after it, likewise."""

    activation: ClassVar[Activation | None] = "gelu"


class NormalizationSiLU(BatchNormalization):
    """Batch normalisation and the SiLU after it, likewise."""

    activation: ClassVar[Activation | None] = "silu"


ACTIVATED: dict[type[Layer], type[BatchNormalization]] = {
    ReLU: NormalizationReLU,
    GELU: NormalizationGELU,
    SiLU: NormalizationSiLU,
}


def activated(following: Layer) -> type[BatchNormalization] | None:
    """Return the normalisation that does the work of an activation after it, where there is one."""
    exact = isinstance(following, GELU) and following.approximate != "tanh"
    return None if exact else ACTIVATED.get(type(following))


@dataclass(frozen=True, kw_only=True)
class Folded(Layer):
    """What a layer that multiplies by weights has taken over for inference from those after it.

    With batch normalisation as factor·y + shift, factor·(Wx + b) + shift is one product with other weights and biases.
    The parameters are those of both layers. Source: Jacob et al. 2018, "Quantization and training of neural networks
    for efficient integer-arithmetic-only inference", section 3.2.
    """

    normalization: BatchNormalization | None = None
    relu: bool = False

    def folded(self, params: Arrays) -> Arrays:
        """Return the weights and biases that do the normalisation too."""
        if self.normalization is None:
            return params
        applied = self.normalization.factors(params, params["running_mean"], params["running_variance"])
        factor, shift = applied["factor"], applied["shift"]
        W = params["weights"]
        weights = np.multiply(W, factor.reshape(-1, *(1,) * (W.ndim - 1)), order="K")
        return {"weights": weights, "biases": shift + factor * params["biases"] if "biases" in params else shift}


@dataclass(frozen=True, kw_only=True)
class FoldedConv2D(Folded, Conv2D):
    """A convolution in inference, with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> PreparedWeights:
        return super().prepare(self.folded(params), ctx)

    def epilogue(self, params: Arrays) -> Epilogue:
        return Epilogue(params.get("biases"), self.relu)


@dataclass(frozen=True, kw_only=True)
class FoldedDense(Folded, Dense):
    """A dense layer in inference, with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> Arrays | None:
        return None if self.normalization is None else self.folded(params)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y, _ = super().forward(params if self.normalization is None else ctx.prepared, x, ctx)
        if self.relu:
            np.maximum(y, 0, out=y)
        return y, no_backward


FOLDED: dict[type[Layer], type[Folded]] = {Conv2D: FoldedConv2D, Dense: FoldedDense}


def merged(layer: Layer, following: Layer, kernels: Kernels, *, training: bool) -> Layer | None:
    """Return a layer that does the work of both, where there is one. Layers derived from the library's have none."""
    both = activated(following)
    if type(layer) is BatchNormalization and both is not None:
        return with_settings(both, layer) if kernels.fuses_activations or not training else None
    if training:
        return None
    if type(layer) in FOLDED and type(following) in (BatchNormalization, ReLU):
        layer = with_settings(FOLDED[type(layer)], layer)
    if not isinstance(layer, Folded) or layer.relu:
        return None
    if type(following) is BatchNormalization and layer.normalization is None:
        return replace(layer, normalization=following)
    return replace(layer, relu=True) if type(following) is ReLU else None


def with_settings(kind: type[Any], layer: Layer) -> Layer:
    """Return a layer of a kind that has the settings of another."""
    made: Layer = kind(name=layer.name, description=layer.description, **layer.settings())
    return made
