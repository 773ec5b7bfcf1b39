"""Layers that multiply by weights, fused for inference with the normalisation and the ReLU after them."""

from dataclasses import replace
from typing import Any

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.kernels.algorithms import Algorithm
from graphnn.kernels.convolution import Epilogue
from graphnn.layers.base import Arrays, Backward, Layer, Step
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.batchwise import no_backward
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D
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


class Forms:
    """The weights of a folded convolution in the form of each algorithm that has been asked for, and the epilogue.

    Which algorithm is best depends on the number of samples, so the forms are made when they are needed.
    """

    def __init__(self, layer: "FoldedConv2D", params: Arrays, ctx: Context) -> None:
        self._layer, self._params, self._ctx = layer, params, ctx
        self._forms: dict[Algorithm, Array] = {}
        self.epilogue = Epilogue(layer.folded(params).get("biases"), layer.relu)

    def of(self, algorithm: Algorithm) -> Array:
        """Return the weights in the form of an algorithm."""
        if algorithm not in self._forms:
            W = self._layer.folded(self._params)["weights"]
            name = f"weights for {algorithm.name}"
            self._forms[algorithm] = algorithm.prepare(W, lambda size: self._ctx.keep(name, (size,), W.dtype))
        return self._forms[algorithm]


@frozen_dataclass(kw_only=True)
class FoldedConv2D(Folded, Conv2D):
    """A convolution fused for inference with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> Any:
        return Forms(self, params, ctx)

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        forms: Forms = ctx.prepared
        (count, channels, height, width), window = x.shape, self.window
        algorithm = ctx.kernels.forward_algorithm(count, window, channels, (height, width), self.filters)
        y = ctx.output((count, self.filters, *window.output((height, width))), x.dtype)
        run = algorithm.bind(x, forms.of(algorithm), window, y, ctx.scratch, forms.epilogue)
        return self.bound(params, x, ctx, y, run)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        return self.bind(params, x, ctx)(x), no_backward


@frozen_dataclass(kw_only=True)
class FoldedDense(Folded, Dense):
    """A dense layer fused for inference with the normalisation and the ReLU after it."""

    def prepare(self, params: Arrays, ctx: Context) -> Arrays | None:
        return None if self.normalization is None else self.folded(params)

    def bind(self, params: Arrays, x: Array, ctx: Context) -> Step:
        values = params if self.normalization is None else ctx.prepared
        W, biases, y = values["weights"].T, values.get("biases"), ctx.output((len(x), self.units), x.dtype)

        def run() -> None:
            np.dot(x, W, y)
            if biases is not None:
                np.add(y, biases, y)
            if self.relu:
                np.maximum(y, 0, out=y)

        return self.bound(params, x, ctx, y, run)

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        return self.bind(params, x, ctx)(x), no_backward


FOLDED: dict[type[Layer], type[Folded]] = {Conv2D: FoldedConv2D, Dense: FoldedDense}


def foldable(layer: Layer) -> Layer:
    """Return a layer that multiplies by weights as one that others can be folded into; other layers as they are."""
    return with_settings(FOLDED[type(layer)], layer) if type(layer) in FOLDED else layer


def folded_with(layer: Layer, following: Layer) -> Layer | None:
    """Return the layer fused with the normalisation or the ReLU after it, or None."""
    layer = foldable(layer)
    if not isinstance(layer, Folded) or layer.relu:
        return None
    if type(following) is BatchNormalization and layer.normalization is None:
        return replace(layer, normalization=following)
    return replace(layer, relu=True) if type(following) is ReLU else None
