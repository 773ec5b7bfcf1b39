"""What values in layers of other libraries are here: shapes of inputs, activations, penalties, windows."""

import json
from typing import Any

from graphnn.specification.habits import objects, reading, translation
from graphnn.specification.habits.sentences import Found
from graphnn.specification.schema import load_schema
from graphnn.text.suggestions import folded

SHORT = 200  # characters of a value in a message
CHANNELS_ALONE = ("inchannels", "inplanes", "inputchannels", "numchannels", "inchans", "channelsin")


def is_first(found: Found) -> bool:
    """Return whether the object is the first layer of a document that has no section "input"."""
    return found.path == ("layers", 0) and isinstance(found.root, dict) and "input" not in found.root


def agrees(found: Found) -> bool:
    """Return whether the object is the first layer of a document that says the shape of its input."""
    return found.path == ("layers", 0) and isinstance(found.root, dict) and "input" in found.root


def is_later(found: Found) -> bool:
    """Return whether the object is a layer after another."""
    return found.path[:1] == ("layers",) and found.path != ("layers", 0)


def input_section(found: Found) -> str | None:
    """Return the section "input" of a shape, or of a number of features."""
    axes = reading.shape(found.value)
    if axes is None or folded(found.key) in CHANNELS_ALONE or (len(axes) == 1 and type_of(found) == "Conv2D"):
        return None
    return f'"input": {{"shape": {json.dumps(axes)}}}'


def input_of_layer(found: Found) -> str | None:
    """Return the section "input" of a layer such as Keras' InputLayer."""
    for key, value in objects.inside(found.owner, ()).items():
        if folded(key) in ("shape", "inputshape", "batchshape", "batchinputshape") and (axes := reading.shape(value)):
            return f'"input": {{"shape": {json.dumps(axes)}}}'
    return None


def type_of(found: Found) -> str:
    """Return the type of the object."""
    return str(found.owner.get("type")) if isinstance(found.owner, dict) else ""


def activation(found: Found) -> str | None:
    """Return the layer of an activation."""
    layer = reading.activation(found.value)
    return None if layer is None or layer[0] is None else json.dumps(layer[0])


def nearest(found: Found) -> str:
    """Return ", the nearest to …" where there is no such activation here."""
    layer = reading.activation(found.value)
    return "" if layer is None or layer[1] else f", the nearest to {reading.one_name(found.value)}"


def in_layer(found: Found) -> Found:
    """Return the activation that a layer of activations names."""
    for key, value in objects.inside(found.owner, ("type",)).items():
        if folded(key) in translation.ACTIVATION or folded(key) in ("function", "func"):
            return Found(value, found.owner)
    return Found("?")


def penalised(found: Found) -> float | None:
    """Return twice the factor of an L2 penalty, whose gradient is that of weight decay."""
    factor = reading.penalty(found.value)
    return None if factor is None or folded(found.key) in ("l1", "activityregularizer") else round(2 * factor, 12)


def complement(found: Found) -> float | None:
    """Return 1 minus a probability."""
    value = found.value
    return round(1 - value, 12) if reading.is_number(value) and 0 < value <= 1 else None


def settings(found: Found) -> str | None:
    """Return the settings in an object, as they are written without it."""
    schema = load_schema()
    if not isinstance(found.value, dict) or type_of(found) not in schema.types("layer"):
        return None
    inside, _ = translation.settings_of("layer", type_of(found), found.value, schema)
    text = json.dumps(inside, ensure_ascii=False)[1:-1]
    return text if text and len(text) <= SHORT else None


def initializer(found: Found) -> Any:
    """Return an initializer as a document writes it, where it is known."""
    schema = load_schema()
    value = translation.initializer(found.value, schema)
    name = value.get("type") if isinstance(value, dict) else value
    return value if name in schema.types("initializer") else None


def padding(found: Found) -> Any:
    """Return the padding that a layer such as Keras' ZeroPadding2D adds."""
    for key, value in objects.inside(found.owner, ("type",)).items():
        if folded(key) in ("padding", "pad", "size"):
            axes = value
            if (
                isinstance(value, list)
                and value
                and all(isinstance(one, list) and len(set(map(str, one))) == 1 for one in value)
            ):
                axes = [one[0] for one in value]
            numbers = reading.integers(axes)
            if numbers is not None and len(numbers) in (1, 2) and min(numbers) >= 0:
                return numbers[0] if len(set(numbers)) == 1 else numbers
    return 1


def pooling(found: Found) -> str | None:
    """Return the type of pooling that Caffe's "pool" names."""
    return objects.POOLINGS.get(folded(found.value)) if isinstance(found.value, str) else None


def rate_of(found: Found) -> float | None:
    """Return the rate among the settings of a layer that drops values."""
    keys = ("p", "rate", "prob", "dropprob", "probability", "dropoutratio")
    values = (value for key, value in found.owner.items() if folded(key) in keys)
    return next((value for value in values if reading.is_fraction(value)), None)
