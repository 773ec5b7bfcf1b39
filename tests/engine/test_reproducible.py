"""Equal to the last bit: for any number of threads, and whatever ran before."""

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.initialisation import initialise

LAYERS = [
    ("Dropout", {"rate": 0.1}),
    ("Conv2D", {"filters": 6}),
    "BatchNormalization",
    "ReLU",
    ("Conv2D", {"filters": 6, "kernel_size": 4}),
    "MaxPooling2D",
    ("Dropout", {"rate": 0.3}),
    "BatchNormalization",
    "GELU",
    "Flatten",
    ("Dense", {"units": 30}),
    "LayerNormalization",
    ("Dropout", {"rate": 0.5}),
    ("Dense", {"units": 10}),
    "Softmax",
]
STEPS = ((0, 0, 45), (0, 1, 45), (0, 2, 13), (1, 3, 45), (1, 4, 1))  # epoch, step, samples


@pytest.fixture(scope="module")
def graph(plain):
    return plain.network((3, 10, 10), *LAYERS)


def train(plain, graph, threads):
    """Run steps with a crude update, and return all that can be seen of them."""
    parameters = initialise(graph, 0)
    outcomes = []
    with Engine(graph, parameters, batch_size=45, threads=threads, seed=7) as engine:
        for epoch, step, n in STEPS:
            x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
            outcomes.append(plain.engine_step(engine, x, y, epoch=epoch, step=step))
            parameters.gradient[~np.isfinite(parameters.gradient)] = 0  # between the parameters
            parameters.vector -= np.float32(0.01) * parameters.gradient
        x, y = plain.samples(graph, 70, seed=99, dtype=np.float32)
        return outcomes, parameters.vector.copy(), engine.predict(x), engine.evaluate(ArrayBatch(x, y))


@pytest.mark.parametrize("pieces", [[3, 5, 1, 7], None], ids=["many pieces", "as planned"])
def test_the_number_of_processes_or_threads_changes_nothing(plain, graph, pieces):
    if pieces is None:
        results = [train(plain, graph, threads) for threads in (1, 2, 4)]
    else:
        with plain.cut(pieces, lanes=5):
            results = [train(plain, graph, threads) for threads in (1, 2, 4, 4)]
            with plain.threads_only():
                results += [train(plain, graph, threads) for threads in (2, 4)]
    for other in results[1:]:
        for found, expected in zip(other[0], results[0][0], strict=True):
            plain.same(found, expected, 0)
        for found, expected in zip(other[1:], results[0][1:], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_what_ran_before_changes_nothing(plain, graph):
    """A step run first, after others, after one of its own place, and after predictions, has the same bits."""
    parameters = initialise(graph, 0)
    statistics = {name: array.copy() for name, array in parameters.running.items()}
    x, y = plain.samples(graph, 20, dtype=np.float32)
    more_x, more_y = plain.samples(graph, 23, seed=1, dtype=np.float32)

    def step(engine, *place):
        for name, array in statistics.items():
            parameters.running[name][...] = array
        return plain.engine_step(engine, x, y, epoch=place[0], step=place[1])

    with plain.cut([4, 3]), Engine(graph, parameters, batch_size=23, seed=7) as engine:
        expected = step(engine, 2, 5)
        plain.same(step(engine, 2, 5), expected, 0)
        engine.train_step(ArrayBatch(more_x, more_y), epoch=2, step=6)
        engine.train_step(ArrayBatch(x, y), epoch=2, step=6)
        engine.predict(more_x)
        plain.same(step(engine, 2, 5), expected, 0)
        engine.evaluate(ArrayBatch(more_x, more_y))
        engine.first_non_finite(more_x, epoch=0, step=0)
        plain.same(step(engine, 2, 5), expected, 0)
    with plain.cut([4, 3]), Engine(graph, parameters, batch_size=23, seed=7) as engine:
        engine.predict(more_x)
        engine.train_step(ArrayBatch(more_x, more_y), epoch=0, step=0)
        plain.same(step(engine, 2, 5), expected, 0)


@pytest.mark.parametrize("change", [{"seed": 8}, {"epoch": 3}, {"step": 6}])
def test_draws_follow_from_seed_epoch_and_step(plain, graph, change):
    """Other ones give other draws; equal ones give equal draws (seen above)."""
    x, y = plain.samples(graph, 20, dtype=np.float32)
    sums = []
    for place in ({}, change):
        seed, epoch, step = (place.get(name, value) for name, value in (("seed", 7), ("epoch", 2), ("step", 5)))
        with Engine(graph, initialise(graph, 0), batch_size=20, seed=seed) as engine:
            sums.append(engine.train_step(ArrayBatch(x, y), epoch=epoch, step=step)[0])
    assert sums[0] != sums[1]


def test_pieces_and_nodes_draw_each_their_own(plain):
    """With equal samples and nothing before it, a Dropout's pieces would otherwise give equal gradients."""
    half = ("Dropout", {"rate": 0.5})
    graph = plain.network((64,), half, half, ("Dense", {"units": 2}), "Softmax")
    x, y = np.ones((2, 64)), np.zeros(2, np.int64)
    parameters = initialise(graph, 0, np.float64)
    with plain.cut([1]), Engine(graph, parameters, batch_size=2) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        seen = np.abs(parameters.gradients["n2_dense"]["weights"][0]) > 0
        assert 10 < seen.sum() < 48  # a quarter of each piece stays: ¼ + ¼ − 1⁄16 of 64 is 28
        magnitudes = np.unique(np.round(np.abs(parameters.gradients["n2_dense"]["weights"][0]), 12))
        assert len(magnitudes) >= 3  # only one piece, only the other, both
