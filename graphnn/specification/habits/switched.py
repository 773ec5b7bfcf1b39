"""What true, or a number, means in the place of a section: "early_stopping": true, "averaging": 0.999."""

import json
from collections.abc import Callable, Mapping
from typing import Any


def early_stopping(value: Any) -> str | None:
    """Return the section of early stopping that true, or a number of epochs, means."""
    return json.dumps({"patience": 5 if value is True else int(value)}) if value >= 1 else None


def averaging(value: Any) -> str | None:
    """Return the section of averaging that true, or a decay, means."""
    if value is True:
        return json.dumps({"type": "exponential"})
    return json.dumps({"type": "exponential", "decay": value}) if 0 < value < 1 else None


def evaluation(value: Any) -> str | None:
    """Return the section of evaluation that true, or a number of epochs, means."""
    return json.dumps({"every": 1 if value is True else int(value)}) if value >= 1 else None


def normalize(value: Any) -> str | None:
    """Return the normalisation that true means."""
    return '"auto"' if value is True else None


def keep_best(value: Any) -> str | None:
    """Return the figures by which the best epoch may be chosen."""
    return '"validation_loss", or another figure' if value is True else None


SWITCHED: Mapping[str, Callable[[Any], str | None]] = {
    "early_stopping": early_stopping,
    "averaging": averaging,
    "evaluation": evaluation,
    "normalize": normalize,
    "keep_best": keep_best,
}
