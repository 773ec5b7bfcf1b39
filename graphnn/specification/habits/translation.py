"""Turns the settings of an object of another library into those of one here: their names, values and defaults."""

from collections.abc import Mapping
from typing import Any

from graphnn.specification.habits import reading
from graphnn.specification.habits.keys_of_layers import LAYER
from graphnn.specification.habits.renamed import renamed
from graphnn.specification.habits.sentences import without_blanks
from graphnn.specification.habits.tables import KEYS_ANYWHERE, TABLES
from graphnn.specification.habits.types import ACTIVATIONS
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import OTHER_NAMES, closest, folded

ACTIVATION = tuple(key for key, sentences in LAYER.items() if sentences is LAYER["activation"])
INITIALIZERS = tuple(key for key, sentences in LAYER.items() if sentences is LAYER["kernelinitializer"])
DROPOUT, NORMALISATION = ("dropout", "dropoutrate", "dropoutp"), ("batchnorm", "batchnormalize", "usebn", "bn")
BORDERS_OF_OTHERS = ("Conv2d", "Convolution", "Convolution2D")  # where no padding means none
NOTHING: tuple[Any, ...] = (None, False, 0, "", "valid", "zeros", [], {}, [0, 0])
ONLY_ONCE = ("dilation", "dilationrate", "dilations", "groups", "group", "numgroup", "depthmultiplier")


def known_type(kind: str, name: str, schema: Schema) -> str | None:
    """Return the type here that a name of another library stands for."""
    types = schema.types(kind)
    by_folded = {folded(type_): type_ for type_ in types}
    if folded(name) in by_folded:
        return by_folded[folded(name)]
    if kind == "layer" and (meant := ACTIVATIONS.get(folded(name))) is not None:
        return meant[0] if meant[1] else None
    other = OTHER_NAMES.get(folded(name))
    return other if other in types else None


def kinds_of(kind: str, type_: str | None) -> list[str]:
    """Return the names under which tables have what is said of an object, the nearest first."""
    more = []
    if type_ in ("MaxPooling2D", "AveragePooling2D"):
        more = ["pooling"]
    elif type_ in ("Dense", "Conv2D"):
        more = ["with biases"]
    elif type_ in ("Adam", "AdamW", "Lion"):
        more = ["adaptive"]
    elif type_ in ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100"):
        more = ["known by name"]
    return [*([type_] if type_ else []), *more, kind]


def settings_of(
    kind: str, type_: str, inner: Mapping[str, Any], schema: Schema, *, with_defaults: bool = True
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the settings of one type that an object of another library means, and the layers to write after it.

    Left out are those that say nothing here and, unless `with_defaults`, those that are as they are by default. Those
    that are not known stay as they are, to be answered when they are read again.
    """
    known = schema.properties(kind, type_)
    result: dict[str, Any] = {}
    after: list[dict[str, Any]] = []
    for key, value in inner.items():
        layers = following(key, value, type_) if kind == "layer" and key not in known else None
        if layers is not None:
            after += layers
        else:
            result |= setting(kind, type_, key, value, schema)
    given = {key: value for key, value in result.items() if value is not None}
    if not with_defaults:
        given = {key: value for key, value in given.items() if not is_default(value, known.get(key))}
        if "pool_size" in known and given.get("strides") == given.get("pool_size", 2):
            given.pop("strides", None)
    return given, sorted(after, key=lambda layer: layer["type"] != "BatchNormalization")


def following(key: str, value: Any, type_: str) -> list[dict[str, Any]] | None:
    """Return the layers to write after the layer that has a key such as "activation"; None for other keys."""
    name = folded(key)
    if name in ACTIVATION and (layer := reading.activation(value)) is not None and layer[1]:
        return [] if layer[0] is None else [layer[0]]
    if name in ACTIVATION and value is None:
        return []
    if name in DROPOUT and type_ != "Dropout" and reading.is_number(value):
        return [{"type": "Dropout", "rate": value}]
    if name in NORMALISATION:
        return [{"type": "BatchNormalization"}] if value else []
    return None


def setting(kind: str, type_: str, key: str, value: Any, schema: Schema) -> dict[str, Any]:
    """Return the settings here that one of another library means; none where it says nothing here."""
    known = schema.properties(kind, type_)
    name = folded(key)
    meant = key if key in known else here(key, kinds_of(kind, type_), list(known))
    if meant is not None:
        chooses = meant == schema.choosing_key(kind)
        return {} if chooses else {meant: plain(value, known[meant])}
    if name == "keepprob" and type_ == "Dropout" and reading.is_number(value):
        return {"rate": round(1 - value, 12)}
    if name == "nobias" and "use_bias" in known:
        return {"use_bias": False} if value else {}
    if name == "betas" and isinstance(value, list) and len(value) == 2 and "beta_1" in known:
        return {"beta_1": value[0], "beta_2": value[1]}
    if name in INITIALIZERS and "initializer" in known and value is not None:
        return {"initializer": initializer(value, schema)}
    return {} if says_nothing(key, value, kinds_of(kind, type_)) else {key: value}


def says_nothing(key: str, value: Any, kinds: list[str]) -> bool:
    """Return whether a setting of another library can be left out without a word."""
    name = folded(key)
    if any(value == one and type(value) is type(one) for one in NOTHING):
        return True
    if name in ONLY_ONCE:
        return value in (1, [1, 1])
    tables = [*(TABLES.get(kind, {}) for kind in kinds), KEYS_ANYWHERE]
    sentences = next((table[name] for table in tables if name in table), None)
    return sentences is not None and without_blanks(sentences).startswith("leave it out")


def here(key: str, kinds: list[str], known: list[str]) -> str | None:
    """Return the setting here that a key of another library stands for."""
    other = renamed(key, kinds) or OTHER_NAMES.get(folded(key))
    if other in known:
        return other
    return {folded(name): name for name in known}.get(folded(key))


def is_default(value: Any, definition: Mapping[str, Any] | None) -> bool:
    """Return whether a setting has its default, so that it need not be written."""
    return (
        definition is not None
        and "default" in definition
        and definition["default"] == value
        and not (isinstance(value, bool) ^ isinstance(definition["default"], bool))
    )


def plain(value: Any, definition: Mapping[str, Any]) -> Any:
    """Return a value as a document writes it: 3 for [3, 3], "same" for "SAME", 10 for 10.0."""
    types = definition.get("type", ())
    if isinstance(value, list) and len(value) == 2 and "integer" in types and value[0] == value[1]:
        value = value[0]
    if isinstance(value, str) and "then" in definition:
        value = closest(value, definition["then"]["enum"]) or value
    if isinstance(value, str) and ("integer" in types or "number" in types) and "then" not in definition:
        axes = reading.integers(value)
        value = value if axes is None else axes[0] if len(set(axes)) == 1 else axes
    if isinstance(value, float) and value.is_integer() and types == "integer":
        value = int(value)
    elif isinstance(value, float):
        value = reading.as_written(value)
    if isinstance(value, int) and not isinstance(value, bool) and types == "boolean" and value in (0, 1):
        value = bool(value)
    return value


def initializer(value: Any, schema: Schema) -> Any:
    """Return an initializer of another library as a document writes it; as it is where it is not known."""
    name = reading.one_name(value)
    type_ = None if name is None else known_type("initializer", name, schema)
    if type_ is None:
        return value
    inner = value.get("config", value) if isinstance(value, dict) else {}
    settings, _ = settings_of(
        "initializer", type_, inner if isinstance(inner, dict) else {}, schema, with_defaults=False
    )
    settings.pop("class_name", None)
    return {"type": type_, **settings} if settings else type_


def adapted(
    kind: str, name: str, type_: str, inner: Mapping[str, Any], settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the type and the settings with what another library does by default, and this one does not."""
    if type_ == "Conv2D" and folded(name) == "convolutional":  # of Darknet, where pad=1 keeps the size
        settings["padding"] = "same" if settings.get("padding") else "valid"
    if type_ == "Conv2D" and name in BORDERS_OF_OTHERS and "padding" not in settings:
        settings["padding"] = "valid"
    if folded(name) == "avgpool" and "pool_size" not in settings:
        return "GlobalAveragePooling", {}
    if name in ("BatchNorm2d", "BatchNorm1d") and reading.is_number(settings.get("momentum")):
        settings["momentum"] = round(1 - settings["momentum"], 12)
    if kind == "optimizer" and type_ == "SGD":
        for key in ("momentum", "nesterov"):
            if settings.get(key):
                type_ = "SGDMomentum"
            else:
                settings.pop(key, None)
    return type_, settings
