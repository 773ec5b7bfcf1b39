"""What a run says of its epochs: their figures, the best of them, and why it stopped early."""

from collections.abc import Mapping

from graphnn.metrics.figures import figure, label
from graphnn.training.history import Record
from graphnn.training.monitor import Watch
from graphnn.training.trainer import Trainer


def figures_of(record: Record) -> Mapping[str, Mapping[str, float]]:
    """Return the figures of an epoch, by part."""
    return {"training": record.training} | ({"validation": record.validation} if record.validation else {})


def best_text(best: Watch | None) -> str | None:
    """Return the best epoch in words: epoch 7, the best validation accuracy, 98.10%; None where there is none."""
    if best is None or best.best is None:
        return None
    value = figure(best.metric, best.value(best.best))
    return f"epoch {best.best.epoch}, the best validation {label(best.metric)}, {value}"


def stopped_early(trainer: Trainer) -> str:
    """Return the line that says why the run has ended before its last epoch."""
    watch = trainer.watch
    assert watch is not None
    waited = "1 validation" if watch.waited == 1 else f"{watch.waited} validations"
    name, best = label(watch.metric), watch.best
    than = "" if best is None else f" than {figure(watch.metric, watch.value(best))} of epoch {best.epoch}"
    return f"Stopped early after epoch {trainer.epoch}: no better validation {name}{than} in {waited}."
