"""Layers of a user's own, which keep to the contract but not to the habits of the built-in ones."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.initializers.constant import ones
from graphnn.layers.base import Layer
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.parameters.parameter import Parameter, Role

CONV, HEAD, BN = ("Conv2D", {"filters": 2}), ("Dense", {"units": 4}), "BatchNormalization"


@dataclass(frozen=True)
class Centre(BatchwiseLayer):
    """y = x − mean over the batch, sample by sample position; dx = dy − mean of dy."""

    def infer(self, params, x, ctx):
        return x

    def sums_sizes(self, input_shape):
        return math.prod(input_shape) + 1, math.prod(input_shape) + 1

    def partial_sums(self, params, x, ctx):
        return [*x.sum(axis=0).ravel(), len(x)]

    def combine(self, params, sums):
        *totals, count = sums.sum(axis=0)
        return {"mean": np.array(totals) / count}

    def apply(self, params, statistics, x, ctx):
        return x - statistics["mean"].reshape(x.shape[1:]).astype(x.dtype)

    def backward_partial_sums(self, params, statistics, x, dy, ctx):
        return [*dy.sum(axis=0).ravel(), len(dy)]

    def backward_combine(self, params, statistics, sums):
        return self.combine(params, sums), {}

    def backward_apply(self, combined, x, dy, ctx):
        return dy - combined["mean"].reshape(dy.shape[1:]).astype(dy.dtype)


@dataclass(frozen=True)
class PreparedCentre(Centre):
    """y = k·(x − mean), in inference k·x, by a k that is prepared."""

    def prepare(self, params, ctx):
        return 3.0 if ctx.training else 4.0

    def infer(self, params, x, ctx):
        return ctx.prepared * x

    def apply(self, params, statistics, x, ctx):
        return ctx.prepared * super().apply(params, statistics, x, ctx)

    def backward_apply(self, combined, x, dy, ctx):
        return ctx.prepared * super().backward_apply(combined, x, dy, ctx)


@dataclass(frozen=True)
class BatchScale(BatchwiseLayer):
    """y = s·x / r with r = √(mean of x² over all) and a trained s for each position; changes the shape to a row."""

    def output_shape(self, input_shape):
        return (int(np.prod(input_shape)),)

    def parameters(self, input_shape):
        return (Parameter("s", self.output_shape(input_shape), ones, Role.SCALE),)

    def infer(self, params, x, ctx):
        return params["s"] * x.reshape(len(x), -1)

    def sums_sizes(self, input_shape):
        return 2, math.prod(input_shape)

    def partial_sums(self, params, x, ctx):
        return [np.square(x).sum(), x.size]

    def combine(self, params, sums):
        total, count = sums.sum(axis=0)
        return {"r": np.sqrt(total / count), "count": np.asarray(count)}

    def apply(self, params, statistics, x, ctx):
        y = ctx.output((len(x), x[0].size), x.dtype)
        y[...] = params["s"] * x.reshape(len(x), -1) / statistics["r"]
        return y

    def backward_partial_sums(self, params, statistics, x, dy, ctx):
        normal = x.reshape(len(x), -1) / statistics["r"]
        return (dy * normal).sum(axis=0)

    def backward_combine(self, params, statistics, sums):
        ds = sums.sum(axis=0)
        pull = (params["s"] * ds).sum() / statistics["count"] / statistics["r"] ** 2
        return {"factor": params["s"] / statistics["r"], "pull": pull}, {"s": ds}

    def backward_apply(self, combined, x, dy, ctx):
        return (combined["factor"] * dy).reshape(x.shape) - combined["pull"] * x


@dataclass(frozen=True)
class Identity(Layer):
    """Hands on what it is given, both ways, without a copy."""

    def forward(self, params, x, ctx):
        return x, lambda dy: (dy, {})


@dataclass(frozen=True)
class Mirror(Layer):
    """Left becomes right: forward a view of memory of its own, backward a view of the memory that is asked for."""

    def forward(self, params, x, ctx):
        y = ctx.output(x.shape, x.dtype)
        y[...] = x

        def backward(dy):
            dx = ctx.dx(x.shape, x.dtype)
            dx[...] = dy
            return dx[..., ::-1], {}

        return y[..., ::-1], backward


@dataclass(frozen=True)
class View(Layer):
    """Flattens without a copy where the memory lets it, and says that dx is dy's memory."""

    backward_in_place = True

    def output_shape(self, input_shape):
        return (int(np.prod(input_shape)),)

    def forward(self, params, x, ctx):
        return x.reshape(len(x), -1), lambda dy: (dy.reshape(x.shape), {})


@dataclass(frozen=True)
class Fresh(Layer):
    """y = 2s·x in arrays of its own and in C order; overwrites dy; its gradient is an array of its own, too."""

    def parameters(self, input_shape):
        return (Parameter("s", (1,), ones, Role.SCALE),)

    def forward(self, params, x, ctx):
        def backward(dy):
            dx, ds = np.array(2 * params["s"] * dy, order="C"), np.array([2 * np.vdot(dy, x)])
            dy[...] = np.nan
            return dx, {"s": ds}

        return np.array(2 * params["s"] * x, order="C"), backward


@dataclass(frozen=True)
class Keeping(Layer):
    """y = x·m with a kept draw m in (0, 1) for each number, and all it may ask memory for filled with NaN first."""

    def forward(self, params, x, ctx):
        kept, y = ctx.keep("m", x.shape, x.dtype), ctx.output(x.shape, x.dtype)
        ctx.scratch("spare", (1000,), x.dtype)[...] = np.nan
        y[...] = np.nan
        kept[...] = np.sin(x)
        np.multiply(x, kept, out=y)

        def backward(dy):
            ctx.scratch("spare", (1000,), x.dtype)[...] = np.nan
            dx = ctx.dx(x.shape, x.dtype)
            np.add(kept, x * np.cos(x), out=dx)
            dx *= dy
            dy[...] = np.nan
            return dx, {}

        return y, backward


@dataclass(frozen=True)
class Prepared(Layer):
    """y = 2s·x with 2s made once for all pieces, in memory that is kept under a name that other nodes use too."""

    def parameters(self, input_shape):
        return (Parameter("s", input_shape, spaced, Role.SCALE),)

    def prepare(self, params, ctx):
        double = ctx.keep("double", params["s"].shape, params["s"].dtype)
        np.multiply(params["s"], 2, out=double)
        return double

    def forward(self, params, x, ctx):
        assert set(params) == {"s"}  # what is prepared stands apart
        y = np.multiply(x, ctx.prepared, out=ctx.output(x.shape, x.dtype))

        def backward(dy):
            ds = np.multiply(2, (dy * x).sum(axis=0), out=ctx.gradient("s", params["s"]))
            dx = np.multiply(dy, ctx.prepared, out=ctx.dx(x.shape, x.dtype)) if ctx.needs_dx else None
            return dx, {"s": ds}

        return y, backward


def spaced(shape, rng):
    """Return other numbers for each node."""
    return rng.normal(size=shape)


NETWORKS = {
    "centred": [CONV, Centre(), "ReLU", "Flatten", Centre(), HEAD],
    "centred by what is prepared": [PreparedCentre(), CONV, PreparedCentre(), PreparedCentre(), "Flatten", HEAD],
    "centred first and last": [Centre(), "Flatten", HEAD, Centre()],
    "centred twice": [CONV, Centre(), Centre(), BN, Centre(), "Tanh", "Flatten", HEAD],
    "scaled": [CONV, "SiLU", BatchScale(), HEAD, BatchScale()],
    "identity": [Identity(), CONV, Identity(), BN, Identity(), "ReLU", Identity(), "Flatten", HEAD, Identity()],
    "identity around barriers": [CONV, Identity(), BN, Identity(), BN, "Flatten", Identity(), BN, Identity(), HEAD],
    "mirror": [CONV, Mirror(), BN, Mirror(), CONV, Mirror(), BN, "Flatten", HEAD],
    "mirror around barriers": [CONV, BN, Mirror(), BN, Mirror(), "Tanh", BN, "ReLU", Mirror(), "Flatten", HEAD],
    "view": [CONV, BN, View(), HEAD, BN, HEAD],
    "view around barriers": [CONV, "Tanh", View(), BN, View(), View(), BN, HEAD],
    "fresh": [Fresh(), CONV, Fresh(), BN, Fresh(), "ReLU", Fresh(), BN, "Flatten", Fresh(), HEAD, Fresh()],
    "prepared": [Prepared(), "Tanh", Prepared(), BN, "Flatten", Prepared(), HEAD, Prepared(), Prepared()],
    "keeping": [CONV, Keeping(), BN, Keeping(), "ReLU", Keeping(), "Flatten", Keeping(), HEAD, Keeping()],
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("pieces", [[2, 3], [1, 4, 2], [9]], ids=str)
def test_equals_the_plain_composition(plain, name, pieces):
    graph = plain.network((2, 5, 5), *NETWORKS[name], loss=MeanSquaredError())
    parameters = initialise(graph, 1, np.float64)
    with plain.cut(pieces), Engine(graph, parameters, batch_size=9, threads=2) as engine:
        for step, n in enumerate((9, 9, 5, 9)):
            x, y = plain.samples(graph, n, seed=step)
            expected = plain.step(graph, engine.plan, parameters, x, y, step=step)
            plain.same(plain.engine_step(engine, x, y, step=step), expected, 1e-9)
            x, _ = plain.samples(graph, 20, seed=step)
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-9, atol=1e-12)


@dataclass(frozen=True)
class Miscounting(Centre):
    """Gives other sums than it tells, in forward or in backward."""

    backward: bool = False
    sums: object = 0.0

    def partial_sums(self, params, x, ctx):
        return super().partial_sums(params, x, ctx) if self.backward else self.sums

    def backward_partial_sums(self, params, statistics, x, dy, ctx):
        return self.sums if self.backward else super().backward_partial_sums(params, statistics, x, dy, ctx)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("sums", "told"),
    [
        (np.float64(1), "a single number"),  # either of these would fill a row of the engine's table
        ([1.0], "an array of 1"),
        (np.ones((1, 5)), "an array of 1×5"),
        (np.ones(4), "an array of 4"),
        ([np.ones(4), 1.0], "inhomogeneous shape"),
    ],
)
def test_other_sums_than_a_layer_tells_are_refused(plain, sums, told, backward, threads):
    graph = plain.network((4,), HEAD, Miscounting(backward, sums), HEAD, loss=MeanSquaredError())
    x, y = plain.samples(graph, 6)
    method = "backward_partial_sums" if backward else "partial_sums"
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=threads) as engine:
        with pytest.raises(GraphError) as caught:
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        message = str(caught.value)
        assert message.startswith('layers[1] "n1_miscounting" (Miscounting, input 4): ')
        assert told in message
        if told.startswith("a"):
            assert message.endswith(f"ShapeError: {method} gave {told}, and sums_sizes tells a vector of 5")


@dataclass(frozen=True)
class Noting(Layer):
    """y = x; notes two draws of each forward, and where the memory lies that it is given for dx."""

    draws: list = field(default_factory=list, hash=False)
    places: list = field(default_factory=list, hash=False)

    def forward(self, params, x, ctx):
        self.draws.append((ctx.rng.random(), ctx.rng.random()))

        def backward(dy):
            dx = ctx.dx(x.shape, x.dtype)
            self.places.append((dx.__array_interface__["data"][0], dx.nbytes))
            dx[...] = dy
            return dx, {}

        return x, backward


def test_a_layer_may_draw_twice(plain):
    """The draws of a piece go on within a step, and begin anew when the same step is run again."""
    noting = Noting()
    graph = plain.network((3,), HEAD, noting, loss=MeanSquaredError())
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=1) as engine:
        for step in (0, 1, 0, 0):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
    steps = [noting.draws[start : start + 3] for start in (0, 3, 6, 9)]
    assert steps[0] == steps[2] == steps[3]
    assert len({draw for pair in steps[0] + steps[1] for draw in pair}) == 12


def test_the_gradient_is_written_where_the_barrier_reads_it(plain):
    """The last layer to write dx before a batch-wise one writes the whole batch's array, piece by piece: no copy."""
    nearer, farther = Noting(), Noting()
    graph = plain.network((3,), HEAD, BN, "ReLU", nearer, farther, HEAD, loss=MeanSquaredError())
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=1) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
    starts = sorted(start for start, _ in nearer.places)
    size = nearer.places[0][1]
    assert starts == [starts[0], starts[0] + size, starts[0] + 2 * size]
    assert len({start for start, _ in farther.places}) <= 2  # the slots, again for every piece


def test_the_gradient_of_a_batch_wise_layer_by_differences(plain):
    """That the plain composition of the layers above is right in itself."""
    graph = plain.network((2, 5, 5), *NETWORKS["scaled"], loss=MeanSquaredError())
    parameters = initialise(graph, 1, np.float64)
    x, y = plain.samples(graph, 6)
    direction = np.random.default_rng(3).normal(size=parameters.vector.size)
    with Engine(graph, parameters, batch_size=6) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        slope, start, ends = parameters.gradient @ direction, parameters.vector.copy(), []
        for sign in (1, -1):
            parameters.vector[...] = start + sign * 1e-6 * direction
            ends.append(engine.train_step(ArrayBatch(x, y), epoch=0, step=0)[0] / 6)
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-6, rtol=1e-6)
