"""Turns objects as other libraries write them into objects of a document: layers, losses, optimizers and the like.

Read are {"class_name": "Dense", "config": {…}}, {"type": "Linear", …}, {"Dense": {"units": 10}}, {"Dense": 10},
["Dense", 10], "Dense", "nn.Linear(784, 10)" and {"name": "Adam", …}.
"""

import ast
import json
from collections.abc import Mapping
from typing import Any

from graphnn.specification.habits import reading
from graphnn.specification.habits.keys_of_layers import CONSTRAINT, DECAY, LAYER
from graphnn.specification.habits.renamed import renamed
from graphnn.specification.habits.types import ACTIVATIONS
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import OTHER_NAMES, closest, folded

LONGEST = 20_000  # characters of a value that is read
MOST_SHOWN = 1_500  # characters of objects in a message
ARGUMENTS = {  # the first arguments of a layer that is written as a call, by the name there
    "Linear": ("in_features", "units"),
    "Conv2d": ("in_channels", "filters", "kernel_size", "strides", "padding"),
    "Dense": ("units", "activation"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding"),
    "MaxPooling2D": ("pool_size", "strides"),
    "AveragePooling2D": ("pool_size", "strides"),
    "Dropout": ("rate",),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
    "Scale": ("factor",),
}
POOLINGS = {"max": "MaxPooling2D", "ave": "AveragePooling2D", "avg": "AveragePooling2D", "average": "AveragePooling2D"}
AROUND = ("config", "params", "parameters", "args", "kwargs", "options", "settings", "attributes", "hyperparameters")
ACTIVATION = tuple(key for key, sentences in LAYER.items() if sentences is LAYER["activation"])
DROPOUT, NORMALISATION = ("dropout", "dropoutrate", "dropoutp"), ("batchnorm", "batchnormalize", "usebn", "bn")
PENALTIES = {key for key, sentences in LAYER.items() if sentences in (DECAY, CONSTRAINT)}
BORDERS_OF_OTHERS = ("Conv2d", "Convolution", "Convolution2D")  # where no padding means none


def objects(kind: str, value: Any, schema: Schema) -> list[dict[str, Any]] | None:
    """Return the objects of a document that a value of another library means; None where this is not known.

    A layer may become several, such as one for its activation.
    """
    written = apart(kind, value, schema)
    if written is None:
        return None
    name, inner = written
    if kind == "layer" and folded(name) == "pooling":
        name = POOLINGS.get(folded(str(inner.get("pool", "max"))), name)
    type_ = known_type(kind, name, schema)
    if type_ is None:
        return None
    dumped = isinstance(value, dict) and any(folded(key) in ("classname", "config") for key in value)
    settings, after = settings_of(kind, type_, inner, schema, with_defaults=not dumped)
    if kind == "layer":
        adapt(name, type_, inner, settings)
    return [{schema.choosing_key(kind): type_, **settings}, *after]


def text(many: list[dict[str, Any]] | None, longest: int = MOST_SHOWN) -> str | None:
    """Return objects as JSON, separated by commas; None for more characters than people read."""
    if not many:
        return None
    shown = ", ".join(json.dumps(one, ensure_ascii=False) for one in many)
    return shown if len(shown) <= longest else None


def completed(kind: str, many: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Return objects with examples of the settings that they need, such as the rate of a Dropout."""
    for one in many or ():
        for key, example in NEEDED.get((kind, one.get("type")), {}).items():
            one.setdefault(key, example)
    return many


def apart(kind: str, value: Any, schema: Schema) -> tuple[str, dict[str, Any]] | None:
    """Return the name of the type that a value gives, and its settings."""
    if isinstance(value, str):
        return called(value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        name, *rest = value
        return with_arguments(name, rest, {})
    if not isinstance(value, dict):
        return None
    for key, name in value.items():
        if folded(key) in ("type", "classname", "layertype") or (renamed(key, [kind]) == schema.choosing_key(kind)):
            if not isinstance(name, str):
                continue
            if folded(key) == "name" and known_type(kind, name, schema) is None:
                continue
            return name, {**inside(value, (key,))}
    if len(value) == 1:
        ((name, inner),) = value.items()
        if known_type(kind, name, schema) is None:
            return None
        if isinstance(inner, dict):
            return name, inside(inner, ())
        return with_arguments(
            name, inner if isinstance(inner, list) else [] if inner in (None, True, "") else [inner], {}
        )
    return None


def inside(value: Mapping[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings of an object, those of a "config" in it among them."""
    result: dict[str, Any] = {}
    for key, one in value.items():
        if key in without:
            continue
        if isinstance(one, dict) and (folded(key) in AROUND or folded(key).endswith("param")):
            result.update(one)
        else:
            result[key] = one
    return result


def called(value: str) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the settings in a text such as "Dense" or "nn.Linear(784, 10, bias=False)"."""
    if len(value) > LONGEST:
        return None
    try:
        tree = ast.parse(value.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (value.strip(), {})
    if isinstance(tree, ast.Name | ast.Attribute):
        return last_name(tree), {}
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name | ast.Attribute):
        return None
    try:
        given = [ast.literal_eval(one) for one in tree.args]
        by_name = {str(one.arg): ast.literal_eval(one.value) for one in tree.keywords}
    except (ValueError, TypeError, RecursionError):
        return None
    return with_arguments(last_name(tree.func), given, by_name)


def last_name(tree: ast.expr) -> str:
    """Return the last part of a name such as torch.nn.Linear."""
    return tree.attr if isinstance(tree, ast.Attribute) else tree.id if isinstance(tree, ast.Name) else ""


def with_arguments(name: str, given: list[Any], by_name: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a name and its settings, the first of which are given without their names."""
    names = ARGUMENTS.get(name) or ARGUMENTS.get(OTHER_NAMES.get(folded(name), ""), ())
    listed = {key: list(one) if isinstance(one, tuple) else one for key, one in zip(names, given, strict=False)}
    return name, {**listed, **{key: list(one) if isinstance(one, tuple) else one for key, one in by_name.items()}}


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

    Left out are those that say nothing here and, unless `with_defaults`, those that are as they are by default.
    """
    known = schema.properties(kind, type_)
    result: dict[str, Any] = {}
    after: list[dict[str, Any]] = []
    for key, value in inner.items():
        name = folded(key)
        if kind == "layer" and name in ACTIVATION and key not in known:
            layer = reading.activation(value)
            if layer is not None and layer[0] is not None:
                after.append(layer[0])
        elif (
            kind == "layer" and name in DROPOUT and key not in known and type_ != "Dropout" and reading.is_number(value)
        ):
            after.append({"type": "Dropout", "rate": value})
        elif kind == "layer" and name in NORMALISATION and value:
            after.insert(0, {"type": "BatchNormalization"})
        else:
            setting = key if key in known else here(key, kinds_of(kind, type_), list(known))
            if setting is not None and setting not in (schema.choosing_key(kind), "description"):
                result[setting] = plain(value, known[setting])
            elif name == "keepprob" and type_ == "Dropout" and reading.is_number(value):
                result["rate"] = round(1 - value, 12)
            elif name == "nobias" and "use_bias" in known and value:
                result["use_bias"] = False
            elif name == "betas" and isinstance(value, list) and len(value) == 2 and "beta_1" in known:
                result["beta_1"], result["beta_2"] = value
            elif "initializer" in known and name in INITIALIZERS and value is not None:
                result["initializer"] = initializer(value, schema)
            elif name in PENALTIES and value is not None:
                result[key] = value  # to be answered when it is read again
    given = {key: value for key, value in result.items() if value is not None}
    if not with_defaults:
        given = {key: value for key, value in given.items() if not is_default(value, known.get(key))}
    return given, after


NEEDED: Mapping[tuple[str, Any], dict[str, Any]] = {
    ("schedule", "step"): {"every": 10},
    ("schedule", "piecewise_linear"): {"points": [[0, 1], [1, 0]]},
    ("layer", "Dense"): {"units": 10},
    ("layer", "Conv2D"): {"filters": 32},
    ("layer", "Dropout"): {"rate": 0.5},
}
INITIALIZERS = tuple(key for key, sentences in LAYER.items() if sentences is LAYER["kernelinitializer"])


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
    if isinstance(value, int) and not isinstance(value, bool) and types == "boolean" and value in (0, 1):
        value = bool(value)
    return value


def initializer(value: Any, schema: Schema) -> Any:
    """Return an initializer of another library as a document writes it; as it is where it is not known."""
    name = reading.one_name(value)
    many = None if name is None else objects("initializer", value if isinstance(value, dict) else name, schema)
    if not many:
        return value
    return many[0]["type"] if len(many[0]) == 1 else many[0]


def adapt(name: str, type_: str, inner: Mapping[str, Any], settings: dict[str, Any]) -> None:
    """Write out what a layer of another library does by default, and this one does not."""
    padded = any("padding" in (key, renamed(key, ["Conv2D"])) for key in inner)
    if type_ == "Conv2D" and name in BORDERS_OF_OTHERS and not padded:
        settings["padding"] = "valid"
    if name in ("BatchNorm2d", "BatchNorm1d") and reading.is_number(inner.get("momentum")):
        settings["momentum"] = round(1 - inner["momentum"], 12)
        if settings["momentum"] == 0.9:
            del settings["momentum"]
