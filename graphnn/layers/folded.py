"""Layers that multiply by weights, fused for inference with the normalisation and the ReLU after them."""

from dataclasses import replace

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.convolution import Epilogue
from graphnn.layers.base import Arrays, Backward, Layer, no_backward
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D, PreparedWeights
from graphnn.layers.dense import Dense
from graphnn.layers.fused import with_settings
from graphnn.layers.relu import ReLU
from graphnn.types import Array


@frozen_dataclass(kw_only=True)
class Folded(Layer):
    """A layer that multiplies by weights, fused for inference with the batch normalisation and the ReLU after it.

    With batch normalisation as factor·y + shift, factor·(Wx + b) + shift is one product, with the weights factor·W and
    the biases factor·b + shift. The parameters are those of both layers.
    Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", section 3.2.
    """

    normalization: BatchNormalization | None = None
    relu: bool = False

    def folded(self, params: Arrays) -> Arrays:
        """Return the weights and biases of the product that includes the normalisation."""
        if self.normalization is None:
            return params
        applied = self.normalization.factors(params, params["running_mean"], params["running_variance"])
        factor, shift = applied["factor"], applied["shift"]
        W = params["weights"]
        weights = np.multiply(W, factor.reshape(-1, *(1,) * (W.ndim - 1)), order="K")
        return {"weights": weights, "biases": shift + factor * params["biases"] if "biases" in params else shift}


@frozen_dataclass(kw_only=True)
class FoldedConv2D(Folded, Conv2D):
    """A convolution fused for inference with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> PreparedWeights:
        return super().prepare(self.folded(params), ctx)

    def epilogue(self, params: Arrays) -> Epilogue:
        return Epilogue(params.get("biases"), self.relu)


@frozen_dataclass(kw_only=True)
class FoldedDense(Folded, Dense):
    """A dense layer fused for inference with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> Arrays | None:
        return None if self.normalization is None else self.folded(params)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        y, _ = super().forward(params if self.normalization is None else ctx.prepared, x, ctx)
        if self.relu:
            np.maximum(y, 0, out=y)
        return y, no_backward


FOLDED: dict[type[Layer], type[Folded]] = {Conv2D: FoldedConv2D, Dense: FoldedDense}


def folded_with(layer: Layer, following: Layer) -> Layer | None:
    """Return the layer fused with the normalisation or the ReLU after it, or None."""
    if type(layer) in FOLDED and type(following) in (BatchNormalization, ReLU):
        layer = with_settings(FOLDED[type(layer)], layer)
    if not isinstance(layer, Folded) or layer.relu:
        return None
    if type(following) is BatchNormalization and layer.normalization is None:
        return replace(layer, normalization=following)
    return replace(layer, relu=True) if type(following) is ReLU else None
