"""Turns the arguments of Keras' fit, and its callbacks, into settings of training and of other sections."""

import json
from collections.abc import Mapping
from typing import Any

from graphnn.specification.habits import objects, reading
from graphnn.specification.habits.figures import figure_named
from graphnn.specification.habits.sentences import Found
from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import folded

IN_TRAINING = " in training"
AUTOMATIC = ("auto", "automatic", "default")


def callbacks(found: Found) -> str | None:
    """Return the settings that callbacks mean, each with its section; None where they mean none."""
    training: dict[str, Any] = {}
    schedule: dict[str, Any] | None = None
    for item in found.value if isinstance(found.value, list) else [found.value]:
        name, inner = apart(item)
        best = figure_named(inner.get("monitor", "val_loss")) or "validation_loss"
        if name == "earlystopping":
            training["early_stopping"] = early_stopping(inner)
        if (name == "earlystopping" and inner.get("restore_best_weights") is True) or (
            name == "modelcheckpoint" and inner.get("save_best_only") is True
        ):
            training["keep_best"] = best
        if name == "reducelronplateau":
            schedule = {"type": "reduce_on_plateau", **plateau(inner)}
        elif name == "learningratescheduler":
            schedule = {"type": "cosine"}
    parts = [f"{json.dumps(training)[1:-1]}{IN_TRAINING}"] if training else []
    parts += [] if schedule is None else [f'"schedule": {json.dumps(schedule)} in the optimizer']
    return ", and ".join(parts) or None


def apart(item: Any) -> tuple[str, dict[str, Any]]:
    """Return the name of a callback, `folded`, and its arguments."""
    if isinstance(item, str):
        name, inner = objects.called(item) or ("", {})
        return folded(name), inner
    if not isinstance(item, dict):
        return "", {}
    for key, name in item.items():
        if folded(key) in ("type", "classname", "name", "callback") and isinstance(name, str):
            return folded(name), objects.inside(item, (key,))
    if len(item) == 1:
        ((name, inner),) = item.items()
        return folded(str(name)), inner if isinstance(inner, dict) else {}
    return "", {}


def early_stopping(inner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of early stopping that the arguments of EarlyStopping mean."""
    result: dict[str, Any] = {}
    if "monitor" in inner:
        result["monitor"] = figure_named(inner["monitor"]) or "validation_loss"
    if reading.is_count(inner.get("patience")):
        result["patience"] = inner["patience"]
    if reading.is_number(inner.get("min_delta")) and inner["min_delta"] > 0:
        result["min_delta"] = inner["min_delta"]
    if reading.is_count(inner.get("start_from_epoch")):
        result["start_from_epoch"] = inner["start_from_epoch"]
    return result or {"patience": 5}


def plateau(inner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a schedule that the arguments of ReduceLROnPlateau mean."""
    result: dict[str, Any] = {}
    monitor = figure_named(inner.get("monitor"))
    if monitor not in (None, "validation_loss"):
        result["monitor"] = monitor
    if reading.is_fraction(inner.get("factor")):
        result["factor"] = inner["factor"]
    if reading.is_count(inner.get("patience")):
        result["patience"] = inner["patience"]
    return result


def training_text(answers: Mapping[str, str | None], values: Mapping[str, Any]) -> str:
    """Return the section of training, and what of other sections stands in another library's, as text to write.

    answers: what is said of each key that training lacks. Left out are keys that are to be left out.
    """
    schema = load_schema()
    own: dict[str, Any] = {}
    elsewhere: list[str] = []
    for key, value in values.items():
        line = answers.get(key)
        text = "" if line is None else line.removeprefix("write ")
        inside = parsed(text.removesuffix(IN_TRAINING)) if line is not None else None
        if line is None:
            if folded(value) not in AUTOMATIC if isinstance(value, str) else True:
                own[key] = value
        elif key in ("optimizer", "loss") and (many := objects.objects(key, value, schema)):
            elsewhere.append(f"{json.dumps(key)}: {objects.text(many)} at the top of the document")
        elif inside is not None:
            own.update(inside)
        elif text != line:
            elsewhere.append(text)
        elif not line.startswith("leave it out"):
            own[key] = value
    return ", and ".join([f'"training": {json.dumps(own, ensure_ascii=False)}', *elsewhere])


def parsed(text: str) -> dict[str, Any] | None:
    """Return the settings in a text such as '"epochs": 2'; None for other texts."""
    try:
        return dict(json.loads(f"{{{text}}}"))
    except ValueError:
        return None
