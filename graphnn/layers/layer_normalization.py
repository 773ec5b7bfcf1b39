"""LayerNormalization: each sample is normalised to mean 0 and variance 1 over its features, then scaled and shifted."""

import math
from collections.abc import Iterator

import numpy as np

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.constant import ones, zeros
from graphnn.kernels.channels import sample_sums
from graphnn.layers.base import Arrays, Backward, Gradients, register
from graphnn.layers.context import Context, channels_last
from graphnn.layers.trainable import TrainableLayer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.specification.schema_problems import Finding
from graphnn.types import Array, Shape

BLOCK = 512


@register
@frozen_dataclass
class LayerNormalization(TrainableLayer):
    """Layer normalisation: y = γ·x̂ + β with x̂ = (x − μ) / √(σ² + ε).

    x: N×C×H×W or N×F; μ and σ² are the mean and the biased variance of all values of a sample. γ and β have the shape
    of a sample: `gamma`, present if `scale`, starts at 1; `beta`, present if `center`, at 0.
    dx = (g − mean(g) − x̂·mean(g·x̂)) / √(σ² + ε) with g = γ·dy; dγ = Σ dy·x̂ and dβ = Σ dy over the batch.
    Source: Ba et al. 2016, "Layer normalization", section 3.
    """

    epsilon: float = 1e-5
    scale: bool = True
    center: bool = True

    backward_in_place = True

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        order = (1, 2, 0) if len(input_shape) == 3 else None  # channels last, like the images that it scales
        gamma = Parameter("gamma", input_shape, ones, Role.SCALE, memory_order=order)
        beta = Parameter("beta", input_shape, zeros, Role.SHIFT, memory_order=order)
        return self.as_trained(*(gamma,) * self.scale, *(beta,) * self.center)

    def findings(self, input_shape: Shape) -> Iterator[Finding]:
        yield from super().findings(input_shape)
        if math.prod(input_shape) == 1:
            yield Finding((), "a single value minus its mean is always 0; give it 2 values or more, or leave it out")

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        rows = in_rows(x)
        mean = rows.mean(axis=1, keepdims=True)
        output = ctx.output(x.shape, x.dtype)
        y = np.subtract(rows, mean, out=in_rows(output))
        inverse = 1 / np.sqrt(mean_product(y, y) + x.dtype.type(self.epsilon))
        y *= inverse
        if self.scale:
            y *= in_rows(params["gamma"][None])
        if self.center:
            y += in_rows(params["beta"][None])

        def gradient(name: str, *factors: Array) -> Array:
            sums = sample_sums(*factors, out=ctx.scratch("sums", rows.shape[1:], x.dtype))
            total = ctx.gradient(name, params[name])
            total[...] = channels_last(sums, (1, *x.shape[1:]))[0]
            return total

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            normal = np.subtract(rows, mean, out=ctx.scratch("normal", rows.shape, x.dtype))
            normal *= inverse
            gradients = {}
            if self.center and ctx.trains("beta"):
                gradients["beta"] = gradient("beta", in_rows(dy))
            if self.scale and ctx.trains("gamma"):
                gradients["gamma"] = gradient("gamma", in_rows(dy), normal)
            if not ctx.needs_dx:
                return None, gradients
            g = in_rows(dy)
            if self.scale:
                g *= in_rows(params["gamma"][None])
            shared = mean_product(g, normal)
            g -= g.mean(axis=1, keepdims=True)
            normal *= shared
            g -= normal
            g *= inverse
            return channels_last(g, x.shape), gradients

        return output, backward


def in_rows(x: Array) -> Array:
    """Return N×C×H×W as N×(H·W·C), a view of channels-last memory; N×F as it is."""
    return x.transpose(0, 2, 3, 1).reshape(len(x), -1) if x.ndim == 4 else x


def mean_product(a: Array, b: Array) -> Array:
    """Return the mean of a·b over each row, N×1; only BLOCK products are added one after the other."""
    features = a.shape[1]
    whole = features - features % BLOCK if features > BLOCK else 0
    sums = np.einsum("nf,nf->n", a[:, whole:], b[:, whole:])
    if whole:
        blocks = (each[:, :whole].reshape(len(each), -1, BLOCK) for each in (a, b))
        sums += np.einsum("nbf,nbf->nb", *blocks).sum(axis=1)
    return np.asarray(sums[:, None] / a.dtype.type(features))
