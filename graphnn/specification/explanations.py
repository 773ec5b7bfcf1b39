"""Says in words what is wrong with a value that breaks a rule of the schema, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.float32 import KEYWORD
from graphnn.specification.habits.advice import about_type
from graphnn.specification.habits.figures import figure_named
from graphnn.specification.habits.forms import about_form
from graphnn.specification.schema import Schema, is_refused
from graphnn.specification.value_advice import expected, found, hint
from graphnn.text.suggestions import closest, did_you_mean, quoted, unknown_name


@frozen_dataclass
class Violation:
    """A value that breaks a rule of the schema. limit: the value of the keyword, such as 0 for `minimum`.

    root: what `path` starts from. whole: whether that is a whole document, rather than one section by its kind. key:
    whether the value is the last key of the path.
    """

    path: Path
    keyword: str
    limit: Any
    value: Any
    definition: Mapping[str, Any]
    message: str
    root: Any
    whole: bool
    schema: Schema
    key: bool = False

    @property
    def document(self) -> Any:
        """The whole document, or None for a section alone."""
        return self.root if self.whole else None

    def at(self, path: Path) -> Any:
        """Return the value at a path that leads to this one."""
        value = self.root
        for step in path:
            value = value[step]
        return value


def wrong_type(error: Violation) -> str:
    """Explain `type`: a value of the wrong JSON type, such as a string instead of a number."""
    advice = about_form(error.value, error.definition, error.path, error.document, error.schema)
    advice = hint(error.value, error.definition) if advice is None else advice
    optional = len(error.path) > 1 and error.path[-1] != "type" and "default" not in error.definition
    if error.value is False and optional and ("enum" in error.definition or error.definition.get("type") == "object"):
        advice = "leave the key out"
    if advice and ("enum" in error.definition or "then" in error.definition):
        return f"found {found(error.value)}; {advice}"
    message = f"expected {expected(error.definition)}, found {found(error.value)}"
    return f"{message}; {advice}" if advice else message


def bound(words: str) -> Callable[[Violation], str]:
    """Return the function that explains a bound; words: "at least", "less than" and so on."""

    def explain(error: Violation) -> str:
        message = f"must be {words} {error.limit}, found {found(error.value)}"
        if words in ("at most", "less than") and error.limit == 1 and 2 <= error.value <= 100:
            message += f"; {error.value:g} % is {error.value / 100:g}"
        return message

    return explain


def wrong_choice(error: Violation) -> str:
    """Explain `enum`: an unknown type, data set, or other choice."""
    known, value = error.limit, error.value
    if error.path[-1] in ("type", "dataset") and isinstance(value, str):
        path = error.path[:-1]
        name = kind(path)
        what = {"layer": "layer type", "data": "dataset"}.get(name, name)
        own = [one for one in known if name not in error.schema.switches or one not in error.schema.types(name)]
        advice = None if closest(value, own) else about_type(name, value, error.at(path), path, error.schema)
        return unknown_name(what, value, known) if advice is None else f"unknown {what} {quoted(value)}; {advice}"
    figure = figure_named(value) if error.path[-1] in ("monitor", "keep_best") else None
    suggestion = did_you_mean(figure or value, known) if isinstance(value, str) else ""
    if suggestion:
        return f"found {found(value)}{suggestion}"
    return f"must be one of {', '.join(json.dumps(name) for name in known)}, found {found(value)}"


def kind(path: Path) -> str:
    """Return what messages call an object with a type: layer, loss, optimizer, schedule, averaging, augmentation."""
    if isinstance(path[-1], str):
        return path[-1]
    return "augmentation" if path[-2] == "augment" else "layer"


def wrong_constant(error: Violation) -> str:
    """Explain `const`."""
    return f"must be {json.dumps(error.limit)}, found {found(error.value)}"


def wrong_form(error: Violation) -> str:
    """Explain the form of a name, the length of a list, or a key that is refused, by its `errorMessage`."""
    advice = error.definition.get("errorMessage")
    if is_refused(error.definition):
        return str(advice)
    if advice is not None:
        if error.key:
            return f"found {quoted(error.value)}; {advice}"
        return f"found {found(error.value)}; {advice}" if error.value and error.limit else advice
    if error.keyword == "minLength" and error.limit == 1:
        return "must not be empty"
    if error.definition.get("minItems") == error.definition.get("maxItems") == 2:
        return f"a pair has 2 numbers, found {found(error.value)}"
    return jsonschema_message(error)


def too_long(error: Violation) -> str:
    """Explain `maxLength`."""
    return f"has {len(error.value):,} characters; write at most {error.limit:,}"


def jsonschema_message(error: Violation) -> str:
    """Return the finding with jsonschema's message, for the keywords that only plugins use."""
    return error.message


EXPLAIN: Mapping[str, Callable[[Violation], str]] = {
    "type": wrong_type,
    "minimum": bound("at least"),
    "exclusiveMinimum": bound("greater than"),
    "maximum": bound("at most"),
    "exclusiveMaximum": bound("less than"),
    "enum": wrong_choice,
    "const": wrong_constant,
    "pattern": wrong_form,
    "not": wrong_form,
    "minLength": wrong_form,
    "maxLength": too_long,
    "minItems": wrong_form,
    "maxItems": wrong_form,
    "minProperties": wrong_form,
    KEYWORD: jsonschema_message,
}
