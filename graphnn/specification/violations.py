"""What is said of keys and values that break the rules of the schema, and what to write instead."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

from graphnn.document.document import Path
from graphnn.specification.explanations import EXPLAIN, Violation, jsonschema_message, kind
from graphnn.specification.habits import advice
from graphnn.specification.habits.reading import shape
from graphnn.specification.schema import COMMON, Schema, is_refused
from graphnn.specification.schema_problems import MOST_PROBLEMS, Finding, is_about_key, path_of
from graphnn.specification.value_advice import found
from graphnn.text.suggestions import OTHER_NAMES, closest, folded, quoted

if TYPE_CHECKING:
    from graphnn.specification.blocks import Blocks

SHAPE: Path = ("input", "shape")


def explained(
    broken: Sequence[ValidationError], root: Any, whole: bool, schema: Schema, blocks: Blocks | None
) -> Iterator[Finding]:
    """Yield the findings about errors of jsonschema.

    root: what their paths start from; whole: whether that is a whole document. blocks: those of the document.
    """
    errors = [violation(error, root, whole, schema) for error in broken]
    if blocks is not None:
        errors = [blocks.with_names(error) for error in errors]
    reported: dict[Path, set[str]] = defaultdict(set)  # keys not to report as missing (again), by object
    for error in errors:
        if error.keyword == "additionalProperties":
            yield from unknown_keys(error, schema, reported)
    told: set[Path] = set()
    for error in sorted(errors, key=lambda error: error.keyword != "type"):
        path = error.path[:2] if error.path[:2] == SHAPE else error.path
        if error.keyword == "required":
            yield from missing_keys(error, schema, reported)
        elif error.keyword != "additionalProperties" and path not in told:
            told.add(path)
            finding = explained_finding(error)
            better = blocks.advice(error.path, error.value) if blocks is not None else None
            yield finding if better is None else replace(finding, message=f"{finding.message}; {better}")


def explained_finding(error: Violation) -> Finding:
    """Return the finding about a wrong value."""
    if error.path[:2] == SHAPE and (better := shape_advice(error)) is not None:
        return Finding(SHAPE, better)
    of_type = error.keyword == "enum" and error.path[-1] == "type"
    explain = EXPLAIN.get(error.keyword, jsonschema_message)
    key = error.key or is_refused(error.definition)
    return Finding(error.path, explain(error), key=key, where=error.path[:-1] if of_type else None)


def violation(error: ValidationError, root: Any, whole: bool, schema: Schema) -> Violation:
    """Return an error of jsonschema with plain types."""
    definition: Any = error.schema
    return Violation(
        path_of(error),
        str(error.validator),
        error.validator_value,
        error.instance,
        definition if isinstance(definition, Mapping) else {},
        error.message,
        root,
        whole,
        schema,
        is_about_key(error),
    )


def unknown_keys(error: Violation, schema: Schema, reported: dict[Path, set[str]]) -> Iterator[Finding]:
    """Yield a finding for each key that is not in the definition; adds the keys that it suggests to `reported`."""
    known = list(error.definition.get("properties", ()))
    unknown = [key for key in error.value if key not in known]
    if not error.path and advice.is_dump(error.value):
        whole = key_advice("config", error, schema, known, reported)
        yield Finding((), f"this is a model as Keras writes it{whole}")
        return
    for key in unknown[:MOST_PROBLEMS]:
        message = f"unknown key {quoted(key)}{key_advice(key, error, schema, known, reported)}"
        yield Finding((*error.path, key), message, key=True)
    if len(unknown) > MOST_PROBLEMS:
        yield Finding(error.path, f"has {len(unknown)} unknown keys; is this a network document?")


def key_advice(key: str, error: Violation, schema: Schema, known: list[str], reported: dict[Path, set[str]]) -> str:
    """Return what to write instead of an unknown key, as the end of its message."""
    # "deviation" is spelt like "description", but is not a misspelling of it
    likely = [name for name in known if name != "description" or key.casefold().startswith("desc")]
    free = [name for name in likely if name not in error.value]
    here = reported[error.path]
    if error.path == ("defaults",) and error.document and key in error.document.get("blocks", ()):
        return f"; {quoted(key)} is a block: {advice.line('optional', error.value[key])} there"
    spelt = [name for name in known if folded(name) == folded(key)]
    network = schema.switches and "optimizer" in schema.switches  # the schema of variants has no kinds
    if network and not spelt:
        line = advice.about_key(key, error.value, error.path, error.document, schema)
        if line is not None:
            for path, keys in advice.told(line, error.path).items():
                reported[path].update(keys)
            return f"; {line}"
        renamed = advice.new_name(key, error.value, error.path, schema)
        if renamed in known and renamed not in error.value:
            line = advice.line(str(renamed), error.value[key], schema)
            here.update({str(renamed)}.union(*advice.told(line, ()).values()))
            return f"; {line}"
        if renamed in known:
            return f'; did you mean "{renamed}", which is there already?'
    if network and (elsewhere := known_elsewhere(key, error, schema, reported)) is not None:
        return f"; {elsewhere}"
    if (close := closest(key, free)) is not None:
        here.add(close)
        if OTHER_NAMES.get(folded(key)) == close:
            return f"; {advice.line(close, error.value[key])}"
        return f"; did you mean {quoted(close)}?"
    if (present := closest(key, likely)) is not None:
        return f'; did you mean "{present}", which is there already?'
    settings = [name for name in known if name not in COMMON]
    shared = [name for name in COMMON[1:] if name in known]
    return f"; {object_name(error)} has {'' if settings else 'only '}{', '.join([*settings, *shared])}" if known else ""


def known_elsewhere(key: str, error: Violation, schema: Schema, reported: dict[Path, set[str]]) -> str | None:
    """Return in words where a key is known that is not at its path: in another section, or in other types."""
    if key in COMMON:
        return None
    here, section = error.path[-1] if error.path else None, error.path[0] if error.path else None
    if section == "defaults" and here in schema.types("layer") and key in schema.settings("layer", str(here)):
        return f"each {here} writes its own"
    if error.path == ("defaults",) and key in schema.types("layer"):
        return f"{key} has no setting that a layer may leave out"
    if here in schema.switches or isinstance(here, int):
        kind_ = kind(error.path)
        types = schema.types(kind_) if kind_ in schema.switches else ()
        having = [name for name in types if key in schema.written_properties(kind_, name)]
        if having:
            return f"{', '.join(having)} {'has' if len(having) == 1 else 'have'} it"
    if error.path and key in schema.root["properties"]:
        return f"{advice.line(key, error.value[key])} at the top of the document"
    others = [name for name in ("optimizer", "loss", "training", "data", "evaluation") if name != section]
    found = [name for name in others if key in properties_of(name, schema)]
    if not found:
        return None
    reported[(found[0],)].add(key)
    return f"it belongs in {found[0]}: {advice.line(key, error.value[key])} there"


def properties_of(section: str, schema: Schema) -> set[str]:
    """Return the keys that a section may have, whatever its type."""
    if section not in schema.switches:
        return set(schema.written_properties(section))
    return {key for name in schema.types(section) for key in schema.written_properties(section, name)}


def object_name(error: Violation) -> str:
    """Return what messages call an object: its type, its section, or the document."""
    if not error.path:
        return "a document"
    return str(error.definition.get("title", error.path[-1]))


def missing_keys(error: Violation, schema: Schema, reported: dict[Path, set[str]]) -> Iterator[Finding]:
    """Yield a finding for each key that is required and missing, unless it is in `reported`; adds it there."""
    root = {} if error.path else schema.root.get("properties", {})  # for what is required under a condition
    properties = error.definition.get("properties", root)
    for key in error.limit:
        if key in error.value or key in reported[error.path]:
            continue
        reported[error.path].add(key)  # jsonschema gives one error for each missing key, each with the whole list
        definition = schema.follow(properties.get(key, {}))
        what = purpose(definition)
        if not error.path:
            example = json.dumps({key: definition["example"]})[1:-1]
            yield Finding((), f'missing section "{key}"{what}; for example {example}')
        elif kind(error.path) in schema.switches and key == schema.choosing_key(kind(error.path)):
            yield missing_type(error, key, definition["enum"])
        elif "title" in error.definition:
            yield Finding(error.path, f'missing "{key}", which {error.definition["title"]} needs{what}')
        else:
            yield Finding(error.path, f'missing "{key}"{what}')


def purpose(definition: Mapping[str, Any]) -> str:
    """Return the first sentence of a description, to be written at the end of a message: ": number of outputs"."""
    sentence = str(definition.get("description", "")).split(". ")[0].rstrip(".")
    return f": {sentence[0].lower()}{sentence[1:]}" if sentence else ""


def missing_type(error: Violation, key: str, known: list[str]) -> Finding:
    """Return the finding about an object whose `type`, or `dataset` of the data, is missing or misspelt."""
    name = kind(error.path)
    if (line := advice.about_missing_type(name, error.value, error.schema)) is not None:
        return Finding(error.path, f"missing {quoted(key)}; {line}")
    for other in error.value:
        if closest(other, [key]) is not None:
            return Finding((*error.path, other), f"unknown key {quoted(other)}; did you mean {quoted(key)}?", key=True)
    what = f"every {name} needs" if key == "type" else "the data need"
    return Finding(error.path, f"missing {quoted(key)}, which {what}: one of {', '.join(known)}")


def shape_advice(error: Violation) -> str | None:
    """Return the message about the shape of an input that another library writes otherwise."""
    value = error.at(SHAPE)
    axes = None if isinstance(value, bool) else shape(value)
    return None if axes is None or axes == value else f"found {found(value)}; write {json.dumps(axes)}"
