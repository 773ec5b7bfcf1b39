"""The training loop: what an epoch is, what a record says, and how a run goes on after it was stopped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from graphnn.engine.engine import Engine
from graphnn.errors import DataError, DivergenceError
from graphnn.graph import chain, initialise
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses import CrossEntropy, MeanSquaredError
from graphnn.optimizers import SGD, Adam, Optimizer, SGDMomentum
from graphnn.schedules import Constant, ReduceOnPlateau, Schedule, Step
from graphnn.training.divergence import culprit
from graphnn.training.history import Record
from graphnn.training.trainer import Samples, Trainer, evaluate

COUNT, FEATURES, CLASSES = 53, 6, 3


def problem(count: int = COUNT) -> Samples:
    """Return points that a small network can tell apart."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(count, FEATURES)).astype(np.float32)
    return Samples(x, x[:, :CLASSES].argmax(axis=1))


@dataclass
class Rig:
    """Makes trainers; those of one rig start alike."""

    optimizer: Optimizer = field(default_factory=lambda: Adam(0.01, weight_decay=0.01))
    schedule: Callable[[], Schedule] = Constant
    epochs: int = 3
    batch_size: int = 8
    threads: int = 1
    regression: bool = False
    plain: bool = False
    training: Samples = field(default_factory=problem)
    validation: Samples | None = field(default_factory=lambda: problem(11))
    engines: list[Engine] = field(default_factory=list)

    def trainer(self, **options: Any) -> Trainer:
        hidden = [Dense(units=7), BatchNormalization(), ReLU(), Dropout(rate=0.3)]
        if self.plain:
            hidden = [Dense(units=7), ReLU()]
        layers = [*hidden, Dense(units=CLASSES), *([] if self.regression else [Softmax()])]
        named = [(f"layer_{index}", layer) for index, layer in enumerate(layers)]
        graph = chain(named, (FEATURES,), MeanSquaredError() if self.regression else CrossEntropy())
        parameters = initialise(graph, 1)
        engine = Engine(graph, parameters, batch_size=self.batch_size, threads=self.threads, seed=1)
        self.engines.append(engine)
        return Trainer(
            graph,
            parameters,
            engine,
            self.optimizer,
            self.schedule(),
            self.training,
            self.validation,
            epochs=self.epochs,
            batch_size=self.batch_size,
            seed=1,
            **options,
        )


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    for engine in made.engines:
        engine.close()


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


def test_each_epoch_takes_every_sample_once_and_the_last_batch_is_smaller(rig: Rig) -> None:
    seen: list[int] = []
    samples = problem()
    rig.training = Samples(np.arange(COUNT * FEATURES, dtype=np.float32).reshape(COUNT, FEATURES), samples.y)
    trainer = rig.trainer()
    sizes = []
    plain_step = trainer.engine.train_step

    def spy(x: Any, y: Any, *, epoch: int, step: int) -> Any:
        sizes.append(len(x))
        seen.extend((x[:, 0] / FEATURES).astype(int).tolist())
        return plain_step(x, y, epoch=epoch, step=step)

    trainer.engine.train_step = spy  # type: ignore[method-assign]
    assert trainer.run()
    assert trainer.steps_per_epoch == 7
    assert sizes == [8, 8, 8, 8, 8, 8, 5] * 3
    epochs = [seen[start : start + COUNT] for start in range(0, 3 * COUNT, COUNT)]
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_the_figures_of_an_epoch_weigh_samples_not_batches(rig: Rig) -> None:
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


def test_records_say_what_happened(rig: Rig) -> None:
    rig.schedule = lambda: Step(every=2, factor=0.5)
    watcher = Watcher()
    trainer = rig.trainer(observer=watcher)
    assert trainer.run()
    assert watcher.records == trainer.history
    assert [record.epoch for record in trainer.history] == [1, 2, 3]
    assert [record.learning_rate for record in trainer.history] == pytest.approx([0.01, 0.01, 0.005])
    assert all(record.seconds > 0 and record.images_per_second > 0 for record in trainer.history)
    assert trainer.history[-1].training["loss"] < trainer.history[0].training["loss"]


def test_the_plateau_schedule_hears_the_validation_loss_or_else_the_training_loss(rig: Rig) -> None:
    class Listening(ReduceOnPlateau):
        def observe(self, loss: float) -> None:
            heard.append(loss)

    for validation in (rig.validation, None):
        heard: list[float] = []
        rig.validation, rig.schedule = validation, Listening
        trainer = rig.trainer()
        trainer.run()
        parts = [record.validation if validation else record.training for record in trainer.history]
        assert heard == [part["loss"] for part in parts if part]
        assert len(heard) == 3


@pytest.mark.parametrize("after", [0, 1, 6, 7, 10, 14, 20, 21])
def test_a_run_that_is_stopped_and_restored_ends_with_the_same_bits(rig: Rig, after: int) -> None:
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


def test_threads_change_no_bit(rig: Rig) -> None:
    one = rig.trainer()
    rig.threads = 2
    two = rig.trainer()
    one.run()
    two.run()
    assert final(one) == final(two)


def test_stopping_during_validation_keeps_the_steps_that_are_done(rig: Rig) -> None:
    trainer = rig.trainer()
    asked = iter([False] * 7 + [True])  # before each step, then before validation
    assert not trainer.run(lambda: next(asked))
    assert (trainer.epoch, trainer.step) == (0, 7)
    assert trainer.history == []
    assert trainer.run()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_layer(rig: Rig, threads: int) -> None:
    rig.optimizer, rig.plain, rig.threads = SGDMomentum(1e30), True, threads
    rig.batch_size, rig.training = 2000, problem(8000)  # many pieces, so that both threads overflow
    trainer = rig.trainer()
    with pytest.raises(
        DivergenceError, match=r'in epoch 1 of 3, step \d of 4: layers\[\d\] "layer_\d" \(\w+\)'
    ) as caught:
        trainer.run()
    assert "learning rate smaller than 1e+30" in str(caught.value)
    assert "clip_norm" in str(caught.value)
    assert caught.value.exit_code == 3
    assert trainer.history == []


def test_what_clips_is_not_told_to_clip(rig: Rig) -> None:
    rig.optimizer, rig.plain = SGDMomentum(1e38, clip_norm=1e5), True
    with pytest.raises(DivergenceError) as caught:
        rig.trainer().run()
    assert "clip_norm" not in str(caught.value)


def test_a_gradient_that_is_not_finite_names_the_last_such_layer(rig: Rig) -> None:
    rig.plain = True
    trainer = rig.trainer()
    plain_step = trainer.engine.train_step

    def spoiled(x: Any, y: Any, *, epoch: int, step: int) -> Any:
        sums = plain_step(x, y, epoch=epoch, step=step)
        for node in ("layer_0", "layer_2"):
            trainer.parameters.gradients[node]["weights"][0, 0] = np.nan
        return sums

    trainer.engine.train_step = spoiled  # type: ignore[method-assign]
    with pytest.raises(DivergenceError, match=r'layers\[2\] "layer_2" \(Dense\) is the first whose gradient is not'):
        trainer.run()


def test_a_loss_that_overflows_by_itself_is_said_so(rig: Rig) -> None:
    rig.regression, rig.plain, rig.validation = True, True, None
    rig.training = Samples(rig.training.x, np.full((COUNT, CLASSES), 1e200))
    with pytest.raises(DivergenceError, match="the loss itself is not"):
        rig.trainer().run()


def test_large_but_finite_gradients_go_through(rig: Rig) -> None:
    rig.regression, rig.plain, rig.validation, rig.epochs = True, True, None, 1
    rig.optimizer = SGD(1e-30)
    rig.training = Samples(rig.training.x, np.full((COUNT, CLASSES), 1e25, np.float32))  # squares overflow float32
    assert rig.trainer().run()


def test_parameters_that_overflow_in_the_last_update_are_found(rig: Rig) -> None:
    rig.plain, rig.batch_size, rig.validation, rig.epochs = True, COUNT, None, 1
    rig.optimizer = SGD(1e45)
    trainer = rig.trainer()
    with pytest.raises(DivergenceError, match=r"layer_\d/\w+ is no longer finite after epoch 1\. Try a learning rate"):
        trainer.run()
    assert trainer.history == []


def test_where_all_is_finite_there_is_no_culprit(rig: Rig) -> None:
    with pytest.raises(ValueError, match="are finite"):
        culprit(rig.trainer().engine, rig.training.x, 0.5)


def test_a_validation_loss_that_is_not_finite_stops_the_run(rig: Rig) -> None:
    rig.plain = True
    x = problem(11).x.copy()
    x[3] = np.inf
    rig.validation = Samples(x, problem(11).y)
    with pytest.raises(DivergenceError, match="the validation loss is nan"):
        rig.trainer().run()


def test_nothing_to_train_or_evaluate_on_is_an_error(rig: Rig) -> None:
    empty = Samples(np.zeros((0, FEATURES), np.float32), np.zeros(0, np.int64))
    with pytest.raises(DataError, match="no sample to evaluate"):
        evaluate(rig.trainer().engine, empty, 8)
    rig.training = empty
    with pytest.raises(DataError, match="no sample to train"):
        rig.trainer()


def test_metrics_need_a_step(rig: Rig) -> None:
    with pytest.raises(ValueError, match="no step"):
        rig.trainer().metrics()


def test_evaluation_in_chunks_is_evaluation_of_all(rig: Rig) -> None:
    rig.training = problem(700)
    trainer = rig.trainer()
    sums = evaluate(trainer.engine, rig.training, 8)
    assert sums is not None
    whole = trainer.engine.evaluate(rig.training.x, rig.training.y)
    assert sums == pytest.approx(whole, rel=1e-9)
    assert evaluate(trainer.engine, rig.training, 8, lambda: True) is None


def test_images_are_taken_in_channels_last_memory() -> None:
    stored = np.arange(5 * 4 * 3 * 2, dtype=np.uint8).reshape(5, 4, 3, 2)  # N×H×W×C
    x = stored.transpose(0, 3, 1, 2)
    samples = Samples(x, np.arange(5), np.array([4, 2, 0]))
    assert len(samples) == 3
    taken, targets = samples.take(np.array([2, 0]))
    assert targets.tolist() == [0, 4]
    assert taken.dtype == np.float32
    assert taken.transpose(0, 2, 3, 1).flags.c_contiguous
    assert np.array_equal(taken, x[[0, 4]])
