"""What the engine is compared with: every layer over the whole batch, one after the other."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

import graphnn.layers  # noqa: F401 - registers all layers
from graphnn.engine import formation as formation_module
from graphnn.engine import inference as inference_module
from graphnn.engine import plan as plan_module
from graphnn.engine.batch import ArrayBatch, Batch
from graphnn.engine.cut import Cut
from graphnn.engine.plan import Plan
from graphnn.graph.graph import Graph, chain
from graphnn.kernels.channels import pixels
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.context import Context, empty_channels_last
from graphnn.losses.base import Loss
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.parameters.parameters import Parameters
from graphnn.randomness import Purpose, generator
from graphnn.types import Array, Shape


@dataclass(frozen=True)
class Outcome:
    """What one step leaves: the loss's sums, and copies of gradients and of parameters that are not trained."""

    sums: Array
    gradients: dict[str, Array]
    running: dict[str, Array]


def network(shape: Shape, *layers: Any, loss: Loss | None = None) -> Graph:
    """Return the graph of layers given as "Type", ("Type", {options}) or a layer; without a loss CrossEntropy."""
    made: list[tuple[str, Layer]] = []
    for index, each in enumerate(layers):
        if not isinstance(each, Layer):
            name, options = (each, {}) if isinstance(each, str) else each
            each = LAYERS[name](**options)
        made.append((f"n{index}_{each.type.lower()}", each))
    return chain(made, shape, CrossEntropy() if loss is None else loss)


def samples(graph: Graph, n: int, seed: int = 0, dtype: Any = np.float64) -> tuple[Array, Array]:
    """Return random inputs in channels-last memory, and targets that fit the loss."""
    rng = np.random.default_rng(seed)
    x = empty_channels_last((n, *graph.input_shape), dtype)
    x[...] = rng.normal(size=x.shape)
    if isinstance(graph.loss, MeanSquaredError):
        return x, rng.normal(size=(n, *graph.output_shape)).astype(dtype)
    return x, rng.integers(0, graph.output_shape[-1], n)


def dropped(x: Array, plan: Plan, graph: Graph, index: int, place: tuple[int, int, int]) -> Array:
    """Return the 0 or 1 for each number of x that a Dropout draws, piece by piece of its stage, in memory order."""
    node = graph.nodes[index]
    stage = next(stage for stage in plan.stages if node in stage.nodes)
    mask = empty_channels_last(x.shape, x.dtype)
    seed, epoch, step = place
    for number, piece in enumerate(piece for lane in plan.pieces(stage, len(x)) for piece in lane):
        rng = generator(seed, Purpose.LAYER, epoch, step, index, number)
        pixels(mask[piece])[...] = rng.random(pixels(mask[piece]).shape, np.float32) >= node.layer.settings()["rate"]
    return mask


def plain_step(
    graph: Graph,
    plan: Plan,
    parameters: Parameters,
    x: Array,
    y: Array,
    *,
    seed: int = 0,
    epoch: int = 0,
    step: int = 0,
) -> Outcome:
    """Run forward, loss (from the outputs, never the logits) and backward without pieces, in arrays of their own."""
    running = {name: array.copy() for name, array in parameters.running.items()}
    value, backwards, bypasses = x, [], {}
    for node in graph.nodes:
        ctx = Context(input_shape=node.input_shape, training=True, bypasses=bypasses)
        if node.layer.type == "Dropout":
            mask = dropped(value, plan, graph, node.index, (seed, epoch, step))
            value, backward = value * mask, lambda dy, mask=mask: (dy * mask, {})
        else:
            own = dict(parameters.values[node.name])
            own.update({p.name: running[f"{node.name}/{p.name}"] for p in node.parameters if not p.trainable})
            value, backward = node.layer.run(own, value, ctx)
        backwards.append(backward)
    dy = np.empty_like(value)
    sums = graph.loss.piece(y, value, len(x), logits=False, dy=dy)
    gradients: dict[str, Array] = {}
    for node, backward in zip(reversed(graph.nodes), reversed(backwards), strict=True):
        dy, own_gradients = backward(dy.copy("K"))
        gradients.update({f"{node.name}/{name}": array for name, array in own_gradients.items()})
    return Outcome(sums, gradients, running)


def plain_inference(graph: Graph, parameters: Parameters, x: Array) -> Array:
    """Return the outputs with the layers in inference, over all samples at once."""
    value, bypasses = x, {}
    for node in graph.nodes:
        ctx = Context(input_shape=node.input_shape, bypasses=bypasses)
        value, _ = node.layer.run(parameters.values[node.name], value, ctx)
    return value


def engine_step(engine: Any, x: Array, y: Array, *, epoch: int = 0, step: int = 0) -> Outcome:
    """Run a step on arrays, as `batch_step` does."""
    return batch_step(engine, ArrayBatch(x, y), epoch=epoch, step=step)


def batch_step(engine: Any, batch: Batch, *, epoch: int = 0, step: int = 0) -> Outcome:
    """Run a step whose gradient starts as NaN, so that nothing may rest on what was there."""
    engine.parameters.gradient[...] = np.nan
    sums = engine.train_step(batch, epoch=epoch, step=step)
    named = {f"{node}/{name}": a.copy() for node, own in engine.parameters.gradients.items() for name, a in own.items()}
    return Outcome(sums, named, {name: array.copy() for name, array in engine.parameters.running.items()})


def same(found: Outcome, expected: Outcome, tolerance: float) -> None:
    """Compare two outcomes; 0 is equality to the last bit."""

    def compare(name: str, one: Mapping[str, Array], other: Mapping[str, Array]) -> None:
        assert one.keys() == other.keys(), name
        for key in one:
            if tolerance == 0:
                np.testing.assert_array_equal(one[key], other[key], f"{name} {key}")
            else:
                size = max(1e-3, float(np.abs(other[key]).max()))
                np.testing.assert_allclose(one[key] / size, other[key] / size, 0, tolerance, err_msg=f"{name} {key}")

    compare("loss", {"sums": found.sums}, {"sums": expected.sums})
    compare("gradient", found.gradients, expected.gradients)
    compare("running", found.running, expected.running)


@contextmanager
def cut(pieces: Sequence[int], lanes: int = 3) -> Iterator[None]:
    """Let a stage have pieces of so many samples, a stage of k nodes those at k, and a batch this number of lanes."""

    def piece(nodes: Sequence[Any], most: int) -> int:
        return min(most, pieces[len(nodes) % len(pieces)])

    with (
        patch.object(plan_module, "training_piece", piece),
        patch.object(inference_module, "inference_piece", piece),
        patch.object(plan_module, "cut_of", lambda _, batch_size: Cut(batch_size, min(batch_size, lanes))),
    ):
        yield


@contextmanager
def threads_only() -> Iterator[None]:
    """Let engines work as where processes cannot be forked."""
    with patch.object(formation_module, "can_fork", lambda: False):
        yield


@pytest.fixture(scope="session")
def plain() -> SimpleNamespace:
    """The helpers above, for tests that cannot import from here."""
    return SimpleNamespace(
        network=network,
        samples=samples,
        step=plain_step,
        inference=plain_inference,
        engine_step=engine_step,
        batch_step=batch_step,
        same=same,
        cut=cut,
        threads_only=threads_only,
    )
