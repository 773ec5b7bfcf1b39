"""A training step of random networks of all layers equals their plain composition, however it is cut."""

from contextlib import nullcontext, suppress

import numpy as np
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from graphnn.engine.engine import Engine
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS, UnfitInput
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.tanh import Tanh
from graphnn.losses.mean_squared_error import MeanSquaredError

IMAGE, VECTOR = (3, 7, 7), (6,)
HEAD = ("Dense", {"units": 4})
BN = "BatchNormalization"
TYPES = sorted(name for name, layer in LAYERS.items() if layer.__module__.startswith("graphnn."))

# The settings that random layers of a type have; a type that is not here has its defaults alone.
SETTINGS = {
    "BatchNormalization": [{}, {"scale": False, "center": False}, {"trainable": {"statistics": False}}],
    "Conv2D": [
        {"filters": 3},
        {"filters": 3, "kernel_size": 2},  # with as many channels: frames of one shape
        {"filters": 4, "kernel_size": 1, "use_bias": False},
        {"filters": 2, "strides": 2},
    ],
    "Dense": [{"units": 6}],
    "Dropout": [{"rate": 0.4}],
    "MaxPooling2D": [{}, {"pool_size": 3, "strides": 2}],
    "Residual": [{"layers": [BatchNormalization(), Tanh()]}],
    "Scale": [{"factor": 0.5}],
}


def those_that_turn(before, fits):
    """Return ("Type", {settings}) of every layer that takes a shape and gives one that fits."""
    found = []
    for name in TYPES:
        for options in SETTINGS.get(name, [{}]):
            try:
                after = LAYERS[name](**options).output_shape(before)
            except UnfitInput:
                continue
            if fits(after):
                found.append((name, options))
    return found


KEEPING = those_that_turn(IMAGE, lambda shape: shape[1:] == IMAGE[1:])
SHRINKING = those_that_turn(IMAGE, lambda shape: len(shape) == 3 and shape[1:] != IMAGE[1:])
FLATTENING = those_that_turn(IMAGE, lambda shape: len(shape) == 1)
OF_VECTORS = those_that_turn(VECTOR, lambda shape: len(shape) == 1)


def chosen(layers, often):
    """A layer of these; every second time one of the types whose sums and pieces the engine has most to do with."""
    return st.one_of(st.sampled_from(layers), st.sampled_from([each for each in layers if each[0] in often]))


@st.composite
def random_layers(draw):
    """Layers for images: some that keep their size, at most one that shrinks it, some more; then layers of vectors."""
    keeping = chosen(KEEPING, (BN, "Conv2D"))
    images = draw(st.lists(keeping, max_size=4))
    if draw(st.booleans()):
        images += [draw(st.sampled_from(SHRINKING)), *draw(st.lists(keeping, max_size=3))]
    vectors = [draw(st.sampled_from(FLATTENING)), *draw(st.lists(chosen(OF_VECTORS, (BN, "Dense")), max_size=4))]
    return [*images, *vectors, *draw(st.sampled_from([[HEAD, "Softmax"], [HEAD]]))]


def near(found, expected):
    """Whether two outcomes are; they are not where normalisations of small deviations in a row magnify rounding."""
    pairs = [(found.gradients[name], array) for name, array in expected.gradients.items()]
    pairs += [(found.running[name], array) for name, array in expected.running.items()]
    return all(np.abs(one - other).max() < 1e-7 * max(1e-3, np.abs(other).max()) for one, other in pairs)


@settings(max_examples=80, deadline=None)
@given(
    layers=random_layers(),
    sizes=st.lists(st.integers(2, 9), min_size=2, max_size=3),
    pieces=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    lanes=st.integers(1, 8),
    threads=st.integers(1, 3),
    forked=st.booleans(),
)
def test_equal_to_the_plain_composition(plain, layers, sizes, pieces, lanes, threads, forked):
    graph = plain.network((2, 7, 7), *layers, loss=None if layers[-1] == "Softmax" else MeanSquaredError())
    parameters = initialise(graph, 1, np.float64)
    # With biases of 0, a head that gets nothing but rounding would predict the class that this is largest for.
    # With larger weights a class could get a probability that the loss clips, but only where it is given no logits.
    parameters.vector[:] = parameters.vector / 2 + np.random.default_rng(0).normal(0, 0.1, parameters.vector.size)
    with (
        nullcontext() if forked else plain.threads_only(),
        plain.cut(pieces, lanes),
        Engine(graph, parameters, batch_size=9, threads=threads) as engine,
    ):
        for step, n in enumerate((9, *sizes)):
            x, y = plain.samples(graph, n, seed=step)
            expected = plain.step(graph, engine.plan, parameters, x, y, step=step)
            shaken = x * np.random.default_rng(step).uniform(1, 1 + 1e-12, x.shape)
            assume(near(plain.step(graph, engine.plan, parameters, shaken, y, step=step), expected))
            plain.same(plain.engine_step(engine, x, y, step=step), expected, 1e-5)


ONCE = settings(
    max_examples=500,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_layer_is_among_them_before_the_end():
    missing = set(TYPES)

    def all_seen(layers):
        missing.difference_update(name for name, _ in layers[:-2])
        return not missing

    with suppress(NoSuchExample):
        find(random_layers(), all_seen, settings=ONCE)
    assert not missing
