"""Ctrl-C during a fit: it ends after the step, and nothing that it has done is lost."""

import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.model.model import Model
from graphnn.training.observer import Silent
from graphnn.training.trainer import Trainer

Classifier = Callable[..., Model]
Blobs = Callable[..., tuple[Any, Any]]


class Interrupting(Silent):
    """Sends as many SIGINT as it is told after a step, counted from 1 over all epochs."""

    def __init__(self, step: int, times: int = 1) -> None:
        self.step, self.times, self.seen = step, times, 0

    def step_done(self, trainer: Trainer) -> None:
        self.seen += 1
        for _ in range(self.times if self.seen == self.step else 0):
            signal.raise_signal(signal.SIGINT)


def test_it_ends_after_the_step_and_keeps_weights_and_records(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(48)
    model, observer = classifier(), Interrupting(step=5)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=16, epochs=9, observer=observer)
    assert observer.seen == 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert model.history.to_dict()["epoch"] == [1]
    assert "1 epoch trained" in repr(model)
    same = classifier()
    same.fit(x, y, batch_size=16, epochs=1.66)
    np.testing.assert_array_equal(model.predict(x), same.predict(x))
    assert len(model.fit(x, y, epochs=2)) == 2
    assert model.history.to_dict()["epoch"] == [1, 1, 2]


def test_the_best_epoch_is_kept_where_that_is_asked_for(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(48)
    model = classifier()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, 16, 9, x, y, keep_best="validation_loss", observer=Interrupting(step=8))
    best = min(model.history, key=lambda record: (record.validation or {})["loss"])
    assert best.validation is not None
    assert model.evaluate(x, y)["loss"] == pytest.approx(best.validation["loss"])


def test_within_the_first_epoch_there_is_no_record_yet(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(48)
    model = classifier()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=16, epochs=9, observer=Interrupting(step=2))
    assert model.history == []
    assert not np.array_equal(model.predict(x), classifier().predict(x))


def test_a_second_one_ends_it_at_once(classifier: Classifier, blobs: Blobs) -> None:
    observer = Interrupting(step=2, times=2)
    with pytest.raises(KeyboardInterrupt):
        classifier().fit(*blobs(48), batch_size=16, epochs=9, observer=observer)
    assert observer.seen == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_and_other_threads_are_left_alone(classifier: Classifier, blobs: Blobs) -> None:
    x, y = blobs(48)
    seen: list[int] = []
    former = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        assert len(classifier().fit(x, y, batch_size=16, epochs=2, observer=Interrupting(step=2))) == 2
    finally:
        signal.signal(signal.SIGINT, former)
    assert seen == [signal.SIGINT]
    lengths: list[int] = []
    thread = threading.Thread(target=lambda: lengths.append(len(classifier().fit(x, y, epochs=2))))
    thread.start()
    thread.join()
    assert lengths == [2]
