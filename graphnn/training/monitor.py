"""Watches validation figures: when a run ends early, and which epoch was the best."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.text.suggestions import quoted
from graphnn.training.history import Record

PREFIX = "validation_"


@frozen_dataclass(kw_only=True)
class EarlyStopping:
    """When to end a run early; the fields are those of the document's `early_stopping`.

    The run ends after `patience` validated epochs in a row whose figure is not better than the best so far by more than
    `min_delta`. The first `start_from_epoch` epochs do not count.
    """

    monitor: str = "validation_loss"
    patience: int = 5
    min_delta: float = 0.0
    start_from_epoch: int = 0

    def watch(self) -> "Watch":
        """Return a watch over the figure."""
        return Watch(self.monitor, min_delta=self.min_delta, start_from_epoch=self.start_from_epoch)


class Watch:
    """The best value of a validation figure so far; its state follows from the records of the epochs alone.

    best: the record of the best epoch, None before the figure was finite. waited: the number of validated epochs since.
    """

    def __init__(self, monitor: str, *, min_delta: float = 0.0, start_from_epoch: int = 0) -> None:
        self.monitor, self.min_delta, self.start_from_epoch = monitor, min_delta, start_from_epoch
        self.best: Record | None = None
        self.waited = 0

    @property
    def metric(self) -> str:
        """The name of the figure in a record's `validation`."""
        return self.monitor.removeprefix(PREFIX)

    def check(self, metrics: Sequence[str], *, validated: bool) -> None:
        """Raise DataError where a run with these metrics, validated or not, does not have the figure."""
        known = [f"{PREFIX}{name}" for name in metrics]
        if self.monitor not in known:
            raise DataError(f"there is no {quoted(self.monitor)} to watch; there is {', '.join(known)}")
        if not validated:
            raise DataError(f"{self.monitor} is watched, but there are no samples to validate on")

    def value(self, record: Record) -> float:
        """Return the figure of an epoch; NaN where it was not validated."""
        return math.nan if record.validation is None else record.validation.get(self.metric, math.nan)

    def observe(self, record: Record) -> bool:
        """Take an epoch into account and return whether it is the best so far; one without validation is ignored."""
        if record.validation is None or record.epoch <= self.start_from_epoch:
            return False
        value = self.value(record)
        better = math.isfinite(value) if self.best is None else self._gain(value, self.value(self.best))
        self.best, self.waited = (record, 0) if better else (self.best, self.waited + 1)
        return better

    def restart(self, history: Sequence[Record]) -> None:
        """Start again from the records of a history."""
        self.best, self.waited = None, 0
        for record in history:
            self.observe(record)

    def _gain(self, value: float, best: float) -> bool:
        gain = value - best if METRICS[self.metric].higher_is_better else best - value
        return gain > self.min_delta


def early_stopping_from(values: Mapping[str, Any] | None) -> EarlyStopping | None:
    """Return the early stopping of a document; None where there is none."""
    if values is None:
        return None
    return EarlyStopping(**{name: value for name, value in values.items() if name != "description"})
