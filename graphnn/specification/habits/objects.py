"""Turns objects as other libraries write them into objects of a document: layers, losses, optimizers and the like.

Read are {"class_name": "Dense", "config": {…}}, {"type": "Linear", …}, {"Dense": {"units": 10}}, {"Dense": 10},
["Dense", 10], "Dense", "nn.Linear(784, 10)" and {"name": "Adam", …}.
"""

import ast
import json
from collections.abc import Mapping
from typing import Any

from graphnn.specification.habits.renamed import renamed
from graphnn.specification.habits.translation import adapted, known_type, settings_of
from graphnn.specification.schema import Schema
from graphnn.text.suggestions import OTHER_NAMES, folded

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
    type_, settings = adapted(kind, name, type_, inner, settings)
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


NEEDED: Mapping[tuple[str, Any], dict[str, Any]] = {
    ("schedule", "step"): {"every": 10},
    ("schedule", "piecewise_linear"): {"points": [[0, 1], [1, 0]]},
    ("layer", "Dense"): {"units": 10},
    ("layer", "Conv2D"): {"filters": 32},
    ("layer", "Dropout"): {"rate": 0.5},
}
