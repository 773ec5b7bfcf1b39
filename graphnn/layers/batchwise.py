"""BatchwiseLayer, the base class of layers whose output in training depends on sums over the whole batch."""

from abc import abstractmethod

import numpy as np

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Arrays, Backward, Gradients, Layer
from graphnn.layers.context import Context
from graphnn.types import Array, Shape


@frozen_dataclass(kw_only=True)
class BatchwiseLayer(Layer):
    """A layer whose output in training depends on sums over the whole batch, such as batch normalisation.

    In training, forward and backward take three steps each: partial sums of every piece; their combination, in the
    order of the pieces; and the application of the result to every piece. The engine waits for all pieces, at a
    barrier, before it combines. In inference each sample is computed by itself.

    In all methods, params are the declared parameters by name, and x, y, dy and dx belong to a piece of n samples, as
    in `Layer.forward`: x and dx are n×(input shape), y and dy n×(output shape). Methods that take a context may run for
    several pieces at once; `combine` and `backward_combine` run once in each process, with the same result in all.

    A layer whose statistics mean nothing over few samples says in `least_samples` how many it takes; no smaller batch
    gets to `combine`. One whose settings make it compute each sample by itself in training too says so in `batchwise`;
    it is run by `forward` then, as any other layer.

    Partial sums are float64 vectors, of a length that follows from the input shape, because processes and machines
    exchange them as plain numbers.
    """

    @property
    def batchwise(self) -> bool:
        return True

    @abstractmethod
    def infer(self, params: Arrays, x: Array, ctx: Context) -> Array:
        """Return y for a piece in inference."""

    @abstractmethod
    def sums_sizes(self, input_shape: Shape) -> tuple[int, int]:
        """Return how many numbers `partial_sums` and `backward_partial_sums` return."""

    @abstractmethod
    def partial_sums(self, params: Arrays, x: Array, ctx: Context) -> Array:
        """Return the sums of a piece that `combine` needs: a vector."""

    @abstractmethod
    def combine(self, params: Arrays, sums: Array) -> Arrays:
        """Return the batch's statistics by name, and update running ones in place. sums: a row for each piece."""

    @abstractmethod
    def apply(self, params: Arrays, statistics: Arrays, x: Array, ctx: Context) -> Array:
        """Return y for a piece in training, computed with the statistics from `combine`."""

    @abstractmethod
    def backward_partial_sums(self, params: Arrays, statistics: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        """Return the sums of a piece that `backward_combine` needs, as `partial_sums` does for `combine`.

        It may change dy, which only `backward_apply` reads afterwards.
        """

    @abstractmethod
    def backward_combine(self, params: Arrays, statistics: Arrays, sums: Array) -> tuple[Arrays, Gradients]:
        """Return the arrays that `backward_apply` needs, and the gradients of the parameters for the batch, by name."""

    @abstractmethod
    def backward_apply(self, combined: Arrays, x: Array, dy: Array, ctx: Context) -> Array:
        """Return dx for a piece, computed with the arrays from `backward_combine`; may overwrite dy and return it."""

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        """Compute with x as the whole batch, as in `Layer.forward`. In inference, backward raises GraphError."""
        if not ctx.training:
            return self.infer(params, x, ctx), no_backward
        statistics = self.combine(params, np.asarray(self.partial_sums(params, x, ctx), "f8")[np.newaxis])
        y = self.apply(params, statistics, x, ctx)

        def backward(dy: Array) -> tuple[Array, Gradients]:
            sums = self.backward_partial_sums(params, statistics, x, dy, ctx)
            combined, gradients = self.backward_combine(params, statistics, np.asarray(sums, "f8")[np.newaxis])
            return self.backward_apply(combined, x, dy, ctx), gradients

        return y, backward


def no_backward(dy: Array) -> tuple[Array | None, Gradients]:
    """Raise GraphError: forward was run in inference."""
    raise GraphError("a batch-wise layer has no backward in inference; run forward in training")
