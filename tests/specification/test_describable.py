"""Settings given in Python are checked against the schema at once; those of a document are not checked again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from graphnn.augmentation.cutout import Cutout
from graphnn.augmentation.random_flip import RandomFlip
from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.errors import SpecError
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.sgd import SGD
from graphnn.schedules.cosine import Cosine
from graphnn.schedules.one_cycle import OneCycle
from graphnn.schedules.piecewise_linear import PiecewiseLinear


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(SGD, -1), "SGD.learning_rate: must be greater than 0, found -1"),
        (partial(SGD, "0.1"), 'SGD.learning_rate: expected a number, found the string "0.1"; write 0.1 without quotes'),
        (partial(SGD, float("nan")), "SGD.learning_rate: a document cannot hold nan"),
        (partial(SGD, clip_norm=0), "SGD.clip_norm: must be greater than 0, found 0"),
        (partial(Muon, momentum=1), "Muon.momentum: must be less than 1, found 1"),
        (partial(Cosine, warmup_epochs=-1), "Cosine.warmup_epochs: must be at least 0, found -1"),
        (partial(OneCycle, peak=0), "OneCycle.peak: must be greater than 0, found 0"),
        (partial(PiecewiseLinear, points=[[0, 1], [2, 0]]), "PiecewiseLinear.points[1][0]: must be at most 1, found 2"),
        (partial(CrossEntropy, label_smoothing=1), "CrossEntropy.label_smoothing: must be less than 1, found 1"),
        (partial(RandomFlip, "alternate"), 'RandomFlip.mode: found the string "alternate"; did you mean'),
        (partial(Cutout, 0), "Cutout.size: must be at least 1, found 0"),
        (partial(ExponentialAveraging, decay=2), "ExponentialAveraging.decay: must be less than 1, found 2"),
    ],
)
def test_settings_that_a_document_may_not_have_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpecError) as refused:
        make()
    assert str(refused.value).startswith(message)


def test_a_changed_copy_is_checked_too() -> None:
    with pytest.raises(SpecError, match=r"SGD\.learning_rate: must be greater than 0"):
        replace(SGD(0.1), learning_rate=0.0)


def test_what_has_passed_the_schema_is_not_checked_again() -> None:
    assert SGD.from_checked(learning_rate=-1).learning_rate == -1
    assert SGD.from_checked(learning_rate=0.5) == SGD(0.5)


@dataclass(frozen=True)
class Reversed(SGD):
    """An optimizer that is not built in, so that the schema does not define it."""


def test_a_class_that_the_schema_does_not_define_is_not_checked() -> None:
    assert Reversed(-1).learning_rate == -1


def test_nor_does_it_define_what_others_register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "Reversed", Reversed)
    assert Reversed(-1).learning_rate == -1
