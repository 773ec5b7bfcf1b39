"""BatchNormalization: each channel is normalised to mean 0 and variance 1 over the batch, then scaled and shifted."""

import math
from typing import ClassVar

import numpy as np

from graphnn.errors import ShapeError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.initializers.constant import ones, zeros
from graphnn.kernels.activations import Activation
from graphnn.layers.base import Arrays, Backward, Gradients, register
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.layers.context import Context
from graphnn.layers.trainable import TrainableLayer
from graphnn.parameters.parameter import Parameter, Role
from graphnn.specification.fixed_statistics import STATISTICS, fixes_statistics
from graphnn.types import Array, Shape

FEWEST = 2  # values of a channel


@register
@frozen_dataclass
class BatchNormalization(TrainableLayer, BatchwiseLayer):
    """Batch normalisation: y = γ·x̂ + β with x̂ = (x − μ) / √(σ² + ε).

    x: N×C×H×W (statistics per channel, over batch and space) or N×F (per feature). μ and σ² are the batch's mean and
    biased variance in training; in inference `running_mean` and `running_variance`, which training updates as
    running ← momentum·running + (1 − momentum)·batch, from 0 and 1. γ (`gamma`, if `scale`) starts at 1, β (`beta`, if
    `center`) at 0. dγ = Σ dy·x̂ and dβ = Σ dy; dx = γ/√(σ²+ε) · (dy − mean(dy) − x̂·mean(dy·x̂)). Training takes two
    values a channel or more, N·H·W ≥ 2: one alone has variance 0, whatever it is.
    With `trainable` false, or {"statistics": false} to go on training γ and β, the statistics are fixed: training
    normalises as inference does and leaves them as they are, and dx = γ/√(σ²+ε)·dy. A batch may be one sample then.
    In float32, μ is off by at most 1e-6·(|μ| + σ), σ² by 2e-6·σ² and x̂ by 1e-6·(1 + |x̂| + |μ|/σ), up to |μ| = 1000σ,
    however many numbers there are and however many of them are equal.
    Source: Ioffe and Szegedy 2015, "Batch normalization", algorithms 1 and 2 and section 3.
    """

    reads_output: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True
    backward_in_place: ClassVar[bool] = True
    activation: ClassVar[Activation | None] = None  # applied to y in the same pass: see layers/fused.py

    momentum: float = 0.9
    epsilon: float = 1e-5
    scale: bool = True
    center: bool = True

    @property
    def fixed_statistics(self) -> bool:
        return fixes_statistics(self.trainable)

    @property
    def batchwise(self) -> bool:
        return not self.fixed_statistics

    def what_trains(self, input_shape: Shape) -> list[str]:
        return [*super().what_trains(input_shape), STATISTICS]

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        shape = input_shape[:1]
        declared = [Parameter("gamma", shape, ones, Role.SCALE)] if self.scale else []
        if self.center:
            declared.append(Parameter("beta", shape, zeros, Role.SHIFT))
        declared.append(Parameter("running_mean", shape, zeros, Role.STATISTIC))
        declared.append(Parameter("running_variance", shape, ones, Role.STATISTIC))
        return self.as_trained(*declared)

    def least_samples(self, input_shape: Shape) -> int:
        return 1 if self.fixed_statistics else -(-FEWEST // math.prod(input_shape[1:]))

    def prepare(self, params: Arrays, ctx: Context) -> Arrays | None:
        if ctx.training and self.batchwise:
            return None
        return self.factors(params, params["running_mean"], params["running_variance"])

    def factors(self, params: Arrays, mean: Array, variance: Array) -> Arrays:
        """Return `factor` and `shift`, which give y = factor·x + shift, and `inverse`, 1 / √(σ² + ε)."""
        inverse = 1 / np.sqrt(variance + variance.dtype.type(self.epsilon))
        factor = params["gamma"] * inverse if self.scale else inverse
        shift = params["beta"] - mean * factor if self.center else -mean * factor
        return {"factor": factor, "shift": shift, "inverse": inverse}

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        if self.batchwise or not ctx.training:
            return super().forward(params, x, ctx)
        applied: Arrays = ctx.prepared

        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            gradients = self._fixed_gradients(params, applied, x, dy, ctx)
            return self._fixed_dx(applied, x, dy, ctx) if ctx.needs_dx else None, gradients

        return self.apply(params, applied, x, ctx), backward

    def _fixed_gradients(self, params: Arrays, applied: Arrays, x: Array, dy: Array, ctx: Context) -> Gradients:
        """Return the gradients of γ and β with fixed statistics; dy becomes what `_fixed_dx` takes."""
        present = (("gamma", self.scale), ("beta", self.center))
        names = [name for name, there in present if there and ctx.trains(name)]
        if not names and self.activation is None:
            return {}
        mean, factor, shift = params["running_mean"], applied["factor"], applied["shift"]
        sums, products = ctx.kernels.gradient_sums(x, dy, mean, factor, shift, ctx.like, activation=self.activation)
        found = {"gamma": products * applied["inverse"], "beta": sums}
        return {name: found[name].astype(mean.dtype) for name in names}

    def _fixed_dx(self, applied: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        """Return γ/√(σ²+ε)·dy, in the memory of dy."""
        factor, zero = applied["factor"], np.zeros_like(applied["factor"])
        if self.activation is None:
            ctx.kernels.normalise(dy, factor, zero, dy, ctx.like, activation=None)
        else:
            shift = applied["shift"]
            ctx.kernels.normalise_gradient(x, dy, factor, shift, zero, zero, ctx.like, activation=self.activation)
        return dy

    def infer(self, params: Arrays, x: Array, ctx: Context) -> Array:
        return self.apply(params, ctx.prepared, x, ctx)

    def sums_sizes(self, input_shape: Shape) -> tuple[int, int]:
        channels = input_shape[0]
        return 2 * channels + 1, 2 * channels

    def partial_sums(self, params: Arrays, x: Array, ctx: Context) -> Array:
        return np.concatenate([*ctx.kernels.moments(x, ctx.like), [x.size // x.shape[1]]])

    def combine(self, params: Arrays, sums: Array) -> Arrays:
        channels = sums.shape[1] // 2
        means, squares, counts = sums[:, :channels], sums[:, channels:-1], sums[:, -1:]
        total = int(np.add.reduce(counts, axis=None))
        if total < FEWEST:
            raise ShapeError("one value a channel has no variance, so the running statistics are left as they are")
        moments = np.empty((2, channels))  # together, because each call of numpy takes as long as its work
        mean = np.divide(np.add.reduce(counts * means, axis=0), total, out=moments[0])
        deviations = means - mean
        np.divide(np.add.reduce(squares + counts * np.square(deviations), axis=0), total, out=moments[1])
        dtype = params["running_mean"].dtype
        shares = ((1 - self.momentum) * moments).astype(dtype)
        for name, share in zip(("running_mean", "running_variance"), shares, strict=True):
            running = params[name]
            running *= self.momentum
            running += share
        rounded, variance = moments.astype(dtype)
        statistics = {"mean": rounded, "rounding": rounded - mean, "count": np.asarray(total)}
        return {**statistics, **self.factors(params, rounded, variance)}

    def apply(self, params: Arrays, statistics: Arrays, x: Array, ctx: Context) -> Array:
        y = ctx.output(x.shape, x.dtype)
        ctx.kernels.normalise(x, statistics["factor"], statistics["shift"], y, ctx.like, activation=self.activation)
        return y

    def backward_partial_sums(self, params: Arrays, statistics: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        mean, factor, shift = (statistics[name] for name in ("mean", "factor", "shift"))
        sums = ctx.kernels.gradient_sums(x, dy, mean, factor, shift, ctx.like, activation=self.activation)
        return np.concatenate(sums)

    def backward_combine(self, params: Arrays, statistics: Arrays, sums: Array) -> tuple[Arrays, Gradients]:
        dtype = statistics["mean"].dtype
        inverse, factor, count = statistics["inverse"], statistics["factor"], int(statistics["count"])
        total = np.add.reduce(sums, axis=0)
        dbeta, products = total[: len(factor)], total[len(factor) :]  # products with deviations from the rounded mean
        dgamma = (products + statistics["rounding"] * dbeta) * inverse
        # dx = factor·dy + slope·x + offset
        negative = -factor
        slope = negative * inverse * dgamma / count
        offset = negative * dbeta / count - slope * statistics["mean"]
        gradients = {"gamma": dgamma.astype(dtype)} if self.scale else {}
        if self.center:
            gradients["beta"] = dbeta.astype(dtype)
        combined = {"factor": factor, "shift": statistics["shift"]}
        return {**combined, "slope": slope.astype(dtype), "offset": offset.astype(dtype)}, gradients

    def backward_apply(self, combined: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        factor, shift, slope, offset = (combined[name] for name in ("factor", "shift", "slope", "offset"))
        ctx.kernels.normalise_gradient(x, dy, factor, shift, slope, offset, ctx.like, activation=self.activation)
        return dy
