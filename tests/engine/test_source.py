"""Batches picked from stored samples: the bits of batches given as arrays, prepared where they are computed."""

import os

import numpy as np
import pytest

from graphnn.engine import formation as formation_module
from graphnn.engine import inference
from graphnn.engine.batch import ArrayBatch, SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.processes import can_fork
from graphnn.errors import DataError
from graphnn.graph.initialisation import initialise
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.shared_memory import shared_zeros

CONV, HEAD, BN = ("Conv2D", {"filters": 2}), ("Dense", {"units": 4}), "BatchNormalization"
NETWORKS = {
    "one stage": [CONV, "ReLU", "Flatten", HEAD, "Softmax"],
    "two stages": [CONV, BN, "ReLU", "Flatten", HEAD, "Softmax"],
    "a barrier first": [BN, CONV, "ReLU", BN, "Flatten", HEAD, "Softmax"],
    "a view before the barrier": ["Flatten", BN, HEAD, "Softmax"],
}
needs_fork = pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")


class Stored:
    """Samples kept as bytes, of which it notes, for all processes to see, who prepared which and in which epoch."""

    def __init__(self, x, y, *, wrong=None, error=None):
        self.x, self.y, self.wrong, self.error = x, y, wrong, error
        self.times, self.epochs, self.processes = (shared_zeros(len(x), np.int64) for _ in range(3))

    def inputs(self, chosen, out, epoch):
        if self.wrong in chosen.tolist():
            raise self.error
        self.times[chosen] += 1
        self.epochs[chosen] = -1 if epoch is None else epoch
        self.processes[chosen] = os.getpid()
        np.divide(self.x[chosen], 16, out=out)

    def targets(self, chosen, epoch):
        return self.y[chosen]

    def arrays(self, graph, chosen):
        """Return the batch as arrays, as it is given to an engine without sources."""
        x = np.empty((len(chosen), *graph.input_shape))
        self.inputs(chosen, x, 0)
        return x, self.y[chosen]


def ready(plain, layers, count=40, **options):
    """Return a graph with its parameters, and stored samples of it."""
    graph = plain.network((2, 4, 4), *layers)
    rng = np.random.default_rng(3)
    stored = Stored(rng.integers(0, 256, (count, 2, 4, 4), np.uint8), rng.integers(0, 4, count), **options)
    return graph, initialise(graph, 0, np.float64), stored


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("forked", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_has_the_bits_of_one_on_arrays(plain, name, forked, threads, monkeypatch):
    """Over batches of two lengths, so that nothing is left over from the one before."""
    graph, parameters, stored = ready(plain, NETWORKS[name])
    if not forked:
        monkeypatch.setattr(formation_module, "can_fork", lambda: False)
    rng = np.random.default_rng(5)
    with (
        plain.cut([2, 3]),
        Engine(graph, parameters, batch_size=13, threads=threads) as engine,
        Engine(graph, initialise(graph, 0, np.float64), batch_size=13, threads=1) as other,
    ):
        for step, n in enumerate((13, 13, 5, 13)):
            chosen = rng.permutation(40)[:n]
            expected = plain.engine_step(other, *stored.arrays(graph, chosen), step=step)
            plain.same(plain.batch_step(engine, SourceBatch(stored, chosen), step=step), expected, 0)
            if step == 1:  # arrays in between do no harm
                plain.engine_step(engine, *stored.arrays(graph, chosen))
                plain.engine_step(other, *stored.arrays(graph, chosen))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_so_has_an_evaluation(plain, name, threads, monkeypatch):
    """Also of more samples than are handed over at once."""
    monkeypatch.setattr(inference, "CHUNK", 16)
    graph, parameters, stored = ready(plain, NETWORKS[name])
    with plain.cut([2, 3]), Engine(graph, parameters, batch_size=13, threads=threads) as engine:
        for count in (1, 16, 40):
            chosen = np.arange(count)[::-1]
            expected = engine.evaluate(ArrayBatch(*stored.arrays(graph, chosen)))
            np.testing.assert_array_equal(engine.evaluate(SourceBatch(stored, chosen)), expected)


def test_targets_of_several_numbers_are_picked_too(plain):
    graph = plain.network((2, 4, 4), "Flatten", HEAD, loss=MeanSquaredError())
    rng = np.random.default_rng(0)
    stored = Stored(rng.integers(0, 256, (9, 2, 4, 4), np.uint8), rng.normal(size=(9, 4)))
    chosen = np.array([8, 0, 3, 4, 1])
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=5, threads=2) as engine:
        expected = engine.train_step(ArrayBatch(*stored.arrays(graph, chosen)), epoch=0, step=0)
        np.testing.assert_array_equal(engine.train_step(SourceBatch(stored, chosen), epoch=0, step=0), expected)


@needs_fork
@pytest.mark.parametrize("name", NETWORKS)
def test_each_process_prepares_its_own_pieces_once(plain, name):
    """Of 3 lanes of 4 samples, the first process has one and the second two; in inference both have 3 pieces of 2."""
    graph, parameters, stored = ready(plain, NETWORKS[name])
    chosen = np.arange(20, 32)
    with plain.cut([2]), Engine(graph, parameters, batch_size=12, threads=2) as engine:
        engine.train_step(SourceBatch(stored, chosen), epoch=7, step=0)
        assert stored.times.tolist() == [0] * 20 + [1] * 12 + [0] * 8
        assert stored.epochs[chosen].tolist() == [7] * 12
        me, other = os.getpid(), engine._formation.team._children[0]
        assert stored.processes[chosen].tolist() == [me] * 4 + [other] * 8
        engine.evaluate(SourceBatch(stored, chosen))
        assert stored.processes[chosen].tolist() == [me] * 6 + [other] * 6
        assert stored.times[chosen].tolist() == [2] * 12
        assert stored.epochs[chosen].tolist() == [-1] * 12  # nothing is drawn in inference


@needs_fork
def test_sources_that_are_known_keep_the_processes(plain):
    graph, parameters, first = ready(plain, NETWORKS["one stage"])
    second, third = (Stored(first.x, first.y) for _ in range(2))
    chosen = np.arange(6)
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        engine.supply(first, second)
        engine.train_step(SourceBatch(first, chosen), epoch=0, step=0)
        children = list(engine._formation.team._children)
        engine.evaluate(SourceBatch(second, chosen))
        engine.supply(second, first)
        engine.train_step(SourceBatch(second, chosen), epoch=0, step=0)
        assert engine._formation.team._children == children
        expected = engine.train_step(SourceBatch(first, chosen), epoch=0, step=0)
        np.testing.assert_array_equal(engine.train_step(SourceBatch(third, chosen), epoch=0, step=0), expected)
        assert engine._formation.team._children != children
        assert [source.times[0] for source in (first, second, third)] == [2, 2, 1]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ZeroDivisionError("as told"), "the samples of a batch cannot be prepared: ZeroDivisionError: as told"),
        (DataError("image 17 is damaged"), "image 17 is damaged"),
    ],
    ids=["of any kind", "of its own"],
)
@pytest.mark.parametrize("wrong", [0, 9])
def test_an_error_in_preparation_is_told_and_the_next_step_goes_on(plain, wrong, error, told, threads, capfd):
    """Whichever process meets it."""
    graph, parameters, stored = ready(plain, NETWORKS["two stages"], wrong=wrong, error=error)
    good = np.arange(20, 32)
    with plain.cut([2]), Engine(graph, parameters, batch_size=12, threads=threads) as engine:
        expected = engine.train_step(SourceBatch(stored, good), epoch=0, step=0)
        for call in (
            lambda: engine.train_step(SourceBatch(stored, np.arange(12)), epoch=0, step=1),
            lambda: engine.evaluate(SourceBatch(stored, np.arange(12))),
        ):
            team = engine._formation.team
            with pytest.raises(DataError) as caught:
                call()
            assert str(caught.value) == told
            assert engine._formation.team is team
        np.testing.assert_array_equal(engine.train_step(SourceBatch(stored, good), epoch=0, step=0), expected)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("threads", [1, 2])
def test_a_position_that_is_not_there_is_told(plain, threads):
    graph, parameters, stored = ready(plain, NETWORKS["one stage"])
    stored.y = stored.y[:30]
    with plain.cut([2]), Engine(graph, parameters, batch_size=4, threads=threads) as engine:
        with pytest.raises(DataError, match="cannot be prepared: IndexError: index 40 is out of bounds"):
            engine.train_step(SourceBatch(stored, np.array([1, 2, 40])), epoch=0, step=0)
        with pytest.raises(DataError, match="cannot be prepared: IndexError: index 35 is out of bounds"):
            engine.train_step(SourceBatch(stored, np.array([1, 2, 35])), epoch=0, step=0)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [0, 5, 40])
def test_a_step_on_none_or_more_than_a_batch_is_refused(plain, count, threads):
    """And leaves the gradient and the team as they were."""
    graph, parameters, stored = ready(plain, NETWORKS["one stage"])
    with plain.cut([2]), Engine(graph, parameters, batch_size=4, threads=threads) as engine:
        engine.train_step(SourceBatch(stored, np.arange(4)), epoch=0, step=0)
        team, gradient = engine._formation.team, parameters.gradient.copy()
        with pytest.raises(ValueError, match=f"a step takes 1 to 4 samples, not {count}"):
            engine.train_step(SourceBatch(stored, np.arange(count)), epoch=0, step=1)
        assert engine._formation.team is team
        np.testing.assert_array_equal(parameters.gradient, gradient)


@needs_fork
@pytest.mark.parametrize("name", NETWORKS)
def test_a_process_has_the_same_samples_in_all_stages_and_arrays_of_its_own(plain, name):
    """Forward and backward: it neither prepares nor reads nor writes anything of the samples of other processes."""
    chosen = np.arange(12)
    graph, parameters, stored = ready(plain, NETWORKS[name])
    with plain.cut([2]), Engine(graph, parameters, batch_size=12, threads=2) as engine:
        engine.supply(stored)
        engine._formation.form()
        workspace = engine._program.training._workspace
        x = workspace.whole(-1, "input", (2, 4, 4), np.float64)
        arrays = [x]
        for number, stage in enumerate(engine.plan.stages[:-1]):
            arrays.append(workspace.in_turn(f"dy {number % 2}", slice(0, 12), stage.exit.output_shape))
            if stage.last is not None:
                arrays.append(workspace.whole(stage.last.index, "output", stage.last.output_shape, np.float64))
        for array in arrays:
            array[...] = np.nan
        engine.train_step(SourceBatch(stored, chosen), epoch=0, step=0)
        theirs = stored.processes[chosen] != os.getpid()
        assert theirs.tolist() == [False] * 4 + [True] * 8
        for array in arrays:
            assert np.isnan(array[theirs]).all()
            assert np.isfinite(array[~theirs]).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("forked", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_what_the_loss_is_computed_from(plain, name, forked, threads, monkeypatch):
    """The input of Softmax, also of more samples than are handed over at once."""
    monkeypatch.setattr(inference, "CHUNK", 16)
    if not forked:
        monkeypatch.setattr(formation_module, "can_fork", lambda: False)
    graph, parameters, stored = ready(plain, NETWORKS[name])
    with plain.cut([2, 3]), Engine(graph, parameters, batch_size=13, threads=threads) as engine:
        for count in (0, 1, 16, 40):
            chosen = np.arange(count)[::-1]
            outputs = engine.loss_inputs(SourceBatch(stored, chosen))
            assert outputs.shape == (count, 4)
            x, y = stored.arrays(graph, chosen)
            softmax = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(softmax, engine.predict(x), rtol=1e-12)
            if count:
                sums = [graph.loss.piece(y, outputs, count, logits=True, dy=None)]
                np.testing.assert_allclose(
                    np.sum(sums, axis=0), engine.evaluate(SourceBatch(stored, chosen)), rtol=1e-12
                )


def test_outputs_of_a_loss_by_itself_are_those_of_the_network(plain):
    graph = plain.network((2, 4, 4), "Flatten", HEAD, "Softmax", loss=MeanSquaredError())
    rng = np.random.default_rng(0)
    stored = Stored(rng.integers(0, 256, (9, 2, 4, 4), np.uint8), rng.normal(size=(9, 4)))
    chosen = np.array([8, 0, 3, 4, 1])
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=5, threads=2) as engine:
        np.testing.assert_array_equal(
            engine.loss_inputs(SourceBatch(stored, chosen)), engine.predict(stored.arrays(graph, chosen)[0])
        )
