"""The training loop: what an epoch is, what a record says, and how a run goes on after it was stopped."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.errors import DataError, WeightsError
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.sgd import SGD
from graphnn.schedules.piecewise_linear import PiecewiseLinear
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau
from graphnn.schedules.step import Step
from graphnn.training.history import Record
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer
from graphnn.training.validation import evaluate

COUNT, FEATURES, CLASSES = 53, 6, 3


class Watcher:
    """Counts, and asks to stop when `after` steps were done in all."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.steps, self.records, self.metrics = after, 0, list[Record](), list[dict[str, float]]()

    def step_done(self, trainer: Trainer) -> None:
        self.steps += 1
        self.metrics.append(trainer.metrics())

    def epoch_done(self, trainer: Trainer, record: Record) -> None:
        self.records.append(record)

    def __call__(self) -> bool:
        return self.steps == self.after


def final(trainer: Trainer) -> list[bytes]:
    return [array.tobytes() for array in trainer.parameters.named().values()]


def test_each_epoch_takes_every_sample_once_and_the_last_batch_is_smaller(rig: Any) -> None:
    seen: list[int] = []
    trainer = rig.trainer()
    sizes = []
    plain_step = trainer.engine.train_step

    def spy(batch: Any, *, epoch: int, step: int) -> Any:
        assert batch.source is rig.training
        sizes.append(len(batch))
        seen.extend(batch.positions.tolist())
        return plain_step(batch, epoch=epoch, step=step)

    trainer.engine.train_step = spy  # type: ignore[method-assign]
    assert trainer.run()
    assert trainer.steps_per_epoch == 7
    assert sizes == [8, 8, 8, 8, 8, 8, 5] * 3
    epochs = [seen[start : start + COUNT] for start in range(0, 3 * COUNT, COUNT)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_the_figures_of_an_epoch_weigh_samples_not_batches(rig: Any) -> None:
    rig.optimizer, rig.plain, rig.epochs = SGD(1e-30), True, 1  # nothing moves, so an epoch sees one network
    watcher = Watcher()
    trainer = rig.trainer(observer=watcher)
    trainer.run()
    record = watcher.records[0]
    y = trainer.engine.predict(rig.training.x)
    expected = CrossEntropy()(rig.training.y, y)
    assert record.training["loss"] == pytest.approx(expected, rel=1e-5)
    assert record.training["accuracy"] == pytest.approx(float((y.argmax(axis=1) == rig.training.y).mean()), rel=1e-9)
    assert watcher.metrics[-1] == record.training
    assert record.validation is not None
    assert rig.validation is not None
    expected = CrossEntropy()(rig.validation.y, trainer.engine.predict(rig.validation.x))
    assert record.validation["loss"] == pytest.approx(expected, rel=1e-5)


def test_records_say_what_happened(rig: Any) -> None:
    rig.schedule = lambda: Step(every=2, factor=0.5)
    watcher = Watcher()
    trainer = rig.trainer(observer=watcher)
    assert trainer.run()
    assert watcher.records == trainer.history
    assert [record.epoch for record in trainer.history] == [1, 2, 3]
    assert [record.learning_rate for record in trainer.history] == pytest.approx([0.01, 0.01, 0.005])
    assert all(record.seconds > 0 and record.images_per_second > 0 for record in trainer.history)
    assert trainer.history[-1].training["loss"] < trainer.history[0].training["loss"]


def test_the_plateau_schedule_hears_the_validation_loss_or_else_the_training_loss(rig: Any) -> None:
    class Listening(ReduceOnPlateau):
        def observe(self, figures: Mapping[str, float]) -> None:
            heard.append(figures["loss"])

    for validation in (rig.validation, None):
        heard: list[float] = []
        rig.validation, rig.schedule = validation, Listening
        trainer = rig.trainer()
        trainer.run()
        parts = [record.validation if validation else record.training for record in trainer.history]
        assert heard == [part["loss"] for part in parts if part]
        assert len(heard) == 3


@pytest.mark.parametrize("after", [0, 1, 6, 7, 10, 14, 20, 21])
def test_a_run_that_is_stopped_and_restored_ends_with_the_same_bits(rig: Any, after: int) -> None:
    rig.schedule = lambda: ReduceOnPlateau(patience=1, factor=0.5, warmup_epochs=1.5)
    whole = rig.trainer()
    assert whole.run()
    watcher = Watcher(after)
    stopped = rig.trainer(observer=watcher)
    assert not stopped.run(watcher)
    assert (stopped.epoch * 7 + stopped.step) == after
    state = stopped.state()
    state = replace(state, arrays={name: array.copy() for name, array in state.arrays.items()})
    stopped.parameters.vector[...] = 7  # a restored trainer has memory of its own
    again = rig.trainer()
    again.restore(state)
    assert again.run()
    assert final(again) == final(whole)
    assert [replace(r, seconds=0, images_per_second=0) for r in again.history] == [
        replace(r, seconds=0, images_per_second=0) for r in whole.history
    ]
    assert again.updater.steps == 21


def test_a_run_may_end_within_an_epoch(rig: Any) -> None:
    rig.epochs = 1.5
    watcher = Watcher()
    trainer = rig.trainer(observer=watcher)
    assert trainer.run()
    assert trainer.finished
    assert (watcher.steps, trainer.total_steps, trainer.epoch, trainer.steps_done) == (11, 11, 2, 11)
    assert [record.epoch for record in trainer.history] == [1, 2]
    assert watcher.metrics[-1] == trainer.history[1].training  # over the 32 samples of its own 4 steps
    assert trainer.history[1].validation is not None
    rig.epochs = 2
    whole = rig.trainer(observer=(other := Watcher()))
    whole.run()
    assert other.metrics[:11] == watcher.metrics
    assert rig.trainer().run()


def test_the_schedule_spans_a_run_that_ends_within_an_epoch(rig: Any) -> None:
    rig.epochs, rig.schedule = 1.5, lambda: PiecewiseLinear(points=((0, 1), (1, 0)))
    trainer = rig.trainer()
    trainer.run()
    assert [record.learning_rate for record in trainer.history] == pytest.approx([0.01 * 5 / 11, 0.01 * 1 / 11])


def test_the_last_smaller_batch_can_be_left_out(rig: Any) -> None:
    trainer = rig.trainer(drop_last=True)
    sizes = []
    plain_step = trainer.engine.train_step

    def spy(batch: Any, **place: int) -> Any:
        sizes.append(len(batch))
        return plain_step(batch, **place)

    trainer.engine.train_step = spy
    assert trainer.run()
    assert sizes == [8] * 18
    assert trainer.steps_per_epoch == 6
    rig.training = rig.problem(7)
    with pytest.raises(DataError, match="less than one batch of 8"):
        rig.trainer(drop_last=True)


@pytest.mark.usefixtures("small_pieces")
def test_threads_change_no_bit(rig: Any) -> None:
    one = rig.trainer()
    rig.threads = 2
    two = rig.trainer()
    assert (one.engine.threads, two.engine.threads) == (1, 2)
    one.run()
    two.run()
    assert final(one) == final(two)


def test_stopping_during_validation_keeps_the_steps_that_are_done(rig: Any) -> None:
    trainer = rig.trainer()
    asked = iter([False] * 7 + [True])  # before each step, then before validation
    assert not trainer.run(lambda: next(asked))
    assert (trainer.epoch, trainer.step) == (0, 7)
    assert trainer.history == []
    assert trainer.run()


def test_nothing_to_train_or_evaluate_on_is_an_error(rig: Any) -> None:
    empty = Samples(np.zeros((0, FEATURES), np.float32), np.zeros(0, np.int64))
    with pytest.raises(DataError, match="no sample to evaluate"):
        evaluate(rig.trainer().engine, empty)
    rig.training = empty
    with pytest.raises(DataError, match="no sample to train"):
        rig.trainer()


def test_metrics_need_a_step(rig: Any) -> None:
    with pytest.raises(ValueError, match="no step"):
        rig.trainer().metrics()


def test_evaluation_in_chunks_is_evaluation_of_all(rig: Any) -> None:
    rig.training = rig.problem(700)
    trainer = rig.trainer()
    sums = evaluate(trainer.engine, rig.training)
    assert sums is not None
    whole = trainer.engine.evaluate(ArrayBatch(rig.training.x, rig.training.y))
    assert sums == pytest.approx(whole, rel=1e-9)
    assert evaluate(trainer.engine, rig.training, lambda: True) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrays": {}}, '"parameters" is in the network, not in the file'),
        ({"arrays": {"parameters": np.zeros(3, np.float32)}}, '"parameters" is '),
        ({"epoch": 4}, "the checkpoint: is beyond the end of the run: after epoch 4, step 0"),
        ({"step": 8}, "the checkpoint: is beyond the end of the run: after epoch 0, step 8"),
        ({"epoch": 3, "step": 1}, "the checkpoint: is beyond the end of the run: after epoch 3, step 1"),
        ({"schedule": {}}, "the checkpoint: has other schedules than this document"),
        (
            {"schedule": {"reduced": 1.0, "lowest": None, "waited": 0, "groups": [{}]}},
            "the checkpoint: has other schedules than this document",
        ),
    ],
)
def test_a_state_of_another_network_is_refused(rig: Any, change: dict[str, Any], message: str) -> None:
    rig.schedule = lambda: ReduceOnPlateau(patience=1, factor=0.5)
    state = rig.trainer().state()
    trainer = rig.trainer()
    before = trainer.parameters.vector.copy()
    with pytest.raises(WeightsError) as caught:
        trainer.restore(replace(state, **change))
    assert message in str(caught.value)
    np.testing.assert_array_equal(trainer.parameters.vector, before)
