"""Validation figures that are watched: which is better, how long is waited, which weights are kept."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.errors import DataError
from graphnn.losses.base import LOSSES
from graphnn.metrics.base import METRICS
from graphnn.optimizers.sgd import SGD
from graphnn.schedules.cosine import Cosine
from graphnn.schedules.reduce_on_plateau import ReduceOnPlateau
from graphnn.training.history import Record
from graphnn.training.monitor import EarlyStopping, Watch
from graphnn.training.trainer import Trainer


def record(epoch: int, value: float | None, name: str = "loss") -> Record:
    return Record(epoch, {name: 0.0}, None if value is None else {name: value}, 0.1, 1.0, 1.0)


def heard(watch: Watch, *values: float | None) -> list[tuple[bool, int]]:
    """Return for each epoch whether it is the best, and how long was waited then."""
    return [
        (watch.observe(record(epoch, value, watch.metric)), watch.waited) for epoch, value in enumerate(values, start=1)
    ]


def test_losses_are_better_when_lower_and_scores_when_higher() -> None:
    assert {name for loss in LOSSES.values() for name in loss().metrics()} == METRICS.keys()
    assert heard(Watch("validation_loss"), 2, 1, 1, 3) == [(True, 0), (True, 0), (False, 1), (False, 2)]
    assert heard(Watch("validation_mean_absolute_error"), 2, 3, 1) == [(True, 0), (False, 1), (True, 0)]
    assert heard(Watch("validation_accuracy"), 0.5, 0.75, 0.75, 0.25) == [(True, 0), (True, 0), (False, 1), (False, 2)]
    assert heard(Watch("validation_r2"), -2, -1) == [(True, 0), (True, 0)]
    assert heard(Watch("validation_top_5_accuracy"), 0.5, 0.75, 0.25) == [(True, 0), (True, 0), (False, 1)]


def test_a_figure_must_be_better_by_more_than_min_delta() -> None:
    watch = Watch("validation_loss", min_delta=0.5)
    assert heard(watch, 3, 2.5, 2.25, 1.875) == [(True, 0), (False, 1), (True, 0), (False, 1)]


def test_epochs_at_the_start_and_epochs_without_validation_are_left_out() -> None:
    watch = Watch("validation_loss", start_from_epoch=2)
    assert heard(watch, 1, 1, None, 5, None, 6, 7) == [
        (False, 0), (False, 0), (False, 0), (True, 0), (False, 0), (False, 1), (False, 2),
    ]  # fmt: skip
    assert watch.best == record(4, 5)


def test_what_is_no_number_is_never_the_best() -> None:
    assert heard(Watch("validation_r2"), math.nan, 0.5, math.nan, 0.75) == [
        (False, 1), (True, 0), (False, 1), (True, 0),
    ]  # fmt: skip


def test_a_watch_begins_anew_with_a_history() -> None:
    watch, again = Watch("validation_loss"), Watch("validation_loss")
    heard(watch, 3, 2, None, 4)
    heard(again, 1, 1, 1)
    again.restart([record(1, 3), record(2, 2), record(3, None), record(4, 4)])
    assert (again.best, again.waited) == (watch.best, watch.waited) == (record(2, 2), 1)


class Scripted(Trainer):
    """A trainer whose validation gives the figures of a script; it works on its parameters as ever."""

    script: tuple[float, ...]

    def _validated(self, samples: Any, stop: Any) -> dict[str, float] | None:
        value = self.script[self.epoch]
        return {"loss": value, "accuracy": 1 - value / 10}


@pytest.fixture
def scripted(rig: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a trainer whose validation losses are given."""

    def make(*losses: float, **options: Any) -> Trainer:
        rig.epochs = len(losses)
        trainer: Trainer = rig.trainer(**options)
        trainer.__class__ = Scripted
        trainer.script = losses  # type: ignore[attr-defined]
        return trainer

    return make


def test_a_run_ends_when_patience_does(scripted: Any) -> None:
    """Lowest 2 in epoch 2; epochs 3 and 4 are two without a lower one."""
    trainer = scripted(3, 2, 2, 5, 1, early_stopping=EarlyStopping(patience=2))
    assert trainer.run()
    assert (trainer.epoch, trainer.finished, trainer.stopped_early, len(trainer.history)) == (4, True, True, 4)
    longer = scripted(3, 2, 2, 5, 1, early_stopping=EarlyStopping(patience=3))
    assert longer.run()
    assert (longer.epoch, longer.stopped_early) == (5, False)
    at_the_end = scripted(3, 2, 2, 5, early_stopping=EarlyStopping(patience=2))
    assert at_the_end.run()
    assert not at_the_end.stopped_early  # it has ended by itself


def test_patience_counts_validations(scripted: Any) -> None:
    settings = EarlyStopping(patience=2, monitor="validation_accuracy")
    trainer = scripted(9, 2, 9, 3, 9, 3, 9, 1, early_stopping=settings, evaluate_every=2)
    assert trainer.run()
    assert trainer.epoch == 6
    assert [each.validation is None for each in trainer.history] == [True, False] * 3


def test_the_weights_of_the_best_epoch_are_kept(scripted: Any) -> None:
    """Those after epoch 2 of 4, as a run of 2 epochs leaves them; 0.5 again in epoch 3 is not better."""
    trainer = scripted(3, 0.5, 0.5, 1, keep_best="validation_loss")
    trainer.run()
    last = trainer.parameters.vector.copy()
    short = scripted(3, 0.5)
    short.run()
    assert trainer.kept.record == trainer.history[1]
    with trainer.kept.final():
        named = {name: array.tobytes() for name, array in trainer.parameters.named().items()}
        assert named == {name: array.tobytes() for name, array in short.parameters.named().items()}
    assert np.array_equal(trainer.parameters.vector, last)
    trainer.kept.settle()
    assert np.array_equal(trainer.parameters.vector, short.parameters.vector)


def test_the_best_weights_are_those_of_the_average(scripted: Any) -> None:
    options = {"averaging": ExponentialAveraging(decay=0.9)}
    trainer, short = scripted(3, 0.5, 2, keep_best="validation_loss", **options), scripted(3, 0.5, **options)
    trainer.run()
    short.run()
    trainer.kept.settle()
    short.kept.settle()
    assert np.array_equal(trainer.parameters.vector, short.parameters.vector)


def test_only_every_few_epochs_are_validated_and_the_last(rig: Any) -> None:
    observed: list[float] = []

    class Listening(ReduceOnPlateau):
        def observe(self, figures: Mapping[str, float]) -> None:
            observed.append(figures["loss"])

    rig.epochs, rig.schedule = 5, Listening
    trainer = rig.trainer(evaluate_every=2)
    assert trainer.run()
    assert [each.validation is not None for each in trainer.history] == [False, True, False, True, True]
    assert observed == [each.validation["loss"] for each in trainer.history if each.validation]
    observed.clear()
    rig.validation = None
    trainer = rig.trainer(evaluate_every=2)
    trainer.run()
    assert observed == [each.training["loss"] for each in trainer.history]


def test_the_last_epoch_is_validated_only_where_it_is_the_last(rig: Any) -> None:
    for epochs, expected in ((3, [False, True, True]), (4, [False, True, False, True])):
        rig.epochs = epochs
        trainer = rig.trainer(evaluate_every=2)
        trainer.run()
        assert [each.validation is not None for each in trainer.history] == expected


def test_a_figure_that_is_not_there_cannot_be_watched(rig: Any) -> None:
    with pytest.raises(DataError, match='no "validation_r2" to watch; there is validation_loss, validation_accuracy'):
        rig.trainer(keep_best="validation_r2")
    rig.validation = None
    for options in ({"keep_best": "validation_loss"}, {"early_stopping": EarlyStopping()}):
        with pytest.raises(DataError, match="validation_loss is watched, but there are no samples to validate on"):
            rig.trainer(**options)


OPTIONS: list[dict[str, Any]] = [
    {"keep_best": "validation_loss"},
    {"keep_best": "validation_accuracy", "averaging": ExponentialAveraging(decay=0.5, every=2), "evaluate_every": 2},
    {  # which ends after epoch 3, with the weights of epoch 1
        "early_stopping": EarlyStopping(patience=2, monitor="validation_accuracy"),
        "keep_best": "validation_accuracy",
    },
]


@pytest.mark.parametrize("after", [0, 3, 7, 9, 14, 15, 22, 30])
@pytest.mark.parametrize("options", OPTIONS)
def test_a_run_that_is_stopped_and_restored_ends_with_the_same_bits(
    rig: Any, options: dict[str, Any], after: int
) -> None:
    rig.epochs, rig.optimizer, rig.schedule = 8, SGD(2.0), Cosine  # so fast that the figures go up and down

    def finished(trainer: Trainer) -> Any:
        assert trainer.run()
        trainer.kept.settle()
        history = [replace(each, seconds=0, images_per_second=0) for each in trainer.history]
        return [array.tobytes() for array in trainer.parameters.named().values()], history

    whole = finished(rig.trainer(**options))
    steps = iter(range(after + after // 7))  # a validation asks once too
    stopped = rig.trainer(**options)
    if stopped.run(lambda: next(steps, None) is None):
        assert options.get("early_stopping")
    state = stopped.state()
    state = replace(state, arrays={name: array.copy() for name, array in state.arrays.items()})
    again = rig.trainer(**options)
    again.restore(state)
    assert finished(again) == whole
