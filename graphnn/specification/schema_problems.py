"""The errors of the schema check, as problems with positions and advice, in the document's order."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

from graphnn.document.document import Document, NoJson, Path, json_value, where_text, written_name
from graphnn.errors import Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.float32 import KEYWORD
from graphnn.specification.schema import COMMON, Schema
from graphnn.specification.value_advice import expected, found, hint
from graphnn.text.suggestions import ABSENT, closest, did_you_mean, folded, quoted, unknown_name

if TYPE_CHECKING:
    from graphnn.specification.blocks import Blocks

NAMES_AND_NUMBERS = re.compile(r'"[^"]*"|[0-9]+')
MOST_PROBLEMS = 100  # nobody reads more; a file with thousands is not a network document


@frozen_dataclass
class Violation:
    """A value that breaks a rule of the schema. limit: the value of the keyword, such as 0 for `minimum`.

    key: whether the value is the last key of the path.
    """

    path: Path
    keyword: str
    limit: Any
    value: Any
    definition: Mapping[str, Any]
    message: str
    key: bool = False


@frozen_dataclass
class Finding:
    """One fault, before it has a position. key: whether the key at `path` is wrong, rather than its value.

    where: the path named in the message; by default `path`, or for a key the path of its object.
    """

    path: Path
    message: str
    key: bool = False
    where: Path | None = None

    @property
    def named_path(self) -> Path:
        """The path named in the message."""
        if self.where is not None:
            return self.where
        return self.path[:-1] if self.key else self.path


def in_order(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    """Return findings as problems, in the document's order, up to MOST_PROBLEMS."""
    ordered = sorted(
        once(document, findings), key=lambda finding: rank(document.value, document.written_path(finding.path))
    )
    shown = [document.problem(one.path, one.message, key=one.key, where=one.where) for one in ordered[:MOST_PROBLEMS]]
    if len(ordered) > MOST_PROBLEMS:
        shown.append(Problem(f"and {len(ordered) - MOST_PROBLEMS} more problems", file=document.file))
    return shown


def once(document: Document, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that say again, of the same place in the text, what one says of a repetition."""
    if not document.origins:
        return list(findings)
    first: dict[tuple[Path, str], Finding] = {}
    for one in findings:
        first.setdefault((document.written_path(one.path), NAMES_AND_NUMBERS.sub("", one.message)), one)
    return list(first.values())


def rank(value: Any, path: Path) -> tuple[int, ...]:
    """Return the key that sorts paths in the document's order, an object before its contents."""
    ranks = []
    for step in path:
        if isinstance(value, dict) and step in value:
            ranks.append(list(value).index(str(step)))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            ranks.append(step)
        else:
            break
        value = value[step]
    return tuple(ranks)


def section_problems(values: Mapping[str, Any], kind: str, schema: Schema, label: str) -> list[Problem]:
    """Return the schema's problems with one section that was made in Python, such as a layer.

    kind: as in Schema. label: what messages call the section.
    """
    name = written_name(values)
    start = label if name is None else f"{label} {quoted(name)}"
    try:
        value = json_value(values)
    except NoJson as unfit:
        return [Problem(str(unfit), where_text(values, unfit.path, start))]
    findings = sorted(find(value, schema, kind), key=lambda finding: rank({kind: value}, finding.path))
    return [Problem(one.message, where_text(value, one.named_path[1:], start)) for one in findings]


def find(value: Any, schema: Schema, kind: str | None = None, blocks: Blocks | None = None) -> Iterator[Finding]:
    """Yield a finding for each unknown key and each missing key, and at most one for each wrong value.

    kind: for one section of a document, whose path is then (kind,); None for a whole document. blocks: those of the
    document, which explain values that the schema does not know.
    """
    validator = schema.validator
    if kind is None:
        errors = [violation(error) for error in validator.iter_errors(value)]
    else:
        errors = [violation(error) for error in validator.descend(value, schema.definitions[kind], path=kind)]
    if blocks is not None:
        errors = [blocks.with_names(error) for error in errors if not blocks.explain(error.path, error.value)]
    reported: dict[Path, set[str]] = defaultdict(set)  # keys not to report as missing (again), by object
    for error in errors:
        if error.keyword == "additionalProperties":
            yield from unknown_keys(error, schema, reported[error.path])
    explained: set[Path] = set()
    for error in sorted(errors, key=lambda error: error.keyword != "type"):
        if error.keyword == "required":
            yield from missing_keys(error, schema, reported[error.path])
        elif error.keyword != "additionalProperties" and error.path not in explained:
            explained.add(error.path)
            yield EXPLAIN.get(error.keyword, jsonschema_message)(error)


def violation(error: ValidationError) -> Violation:
    """Return an error of jsonschema with plain types."""
    definition: Any = error.schema
    path, key = tuple(error.absolute_path), "propertyNames" in error.absolute_schema_path
    return Violation(
        (*path, str(error.instance)) if key else path,
        str(error.validator),
        error.validator_value,
        error.instance,
        definition if isinstance(definition, Mapping) else {},
        error.message,
        key,
    )


def unknown_keys(error: Violation, schema: Schema, reported: set[str]) -> Iterator[Finding]:
    """Yield a finding for each key that is not in the definition; adds the keys that it suggests to `reported`."""
    known = list(error.definition.get("properties", ()))
    free = [key for key in known if key not in error.value]
    unknown = [key for key in error.value if key not in known]
    for key in unknown[:MOST_PROBLEMS]:
        # "deviation" is spelt like "description", but is not a misspelling of it
        likely = [name for name in known if name != "description" or key.casefold().startswith("desc")]
        close = closest(key, [name for name in likely if name in free])
        message = f"unknown key {quoted(key)}"
        if (elsewhere := known_elsewhere(key, error.path, schema)) is not None:
            message += f"; {elsewhere}"
        elif close is not None:
            reported.add(close)
            message += f"; did you mean {quoted(close)}?"
        elif (present := closest(key, likely)) is not None:
            message += f'; did you mean "{present}", which is there already?'
        elif (instead := ABSENT.get(folded(key))) is not None:
            message += f"; {instead}"
        else:
            settings = [name for name in known if name not in COMMON]
            shared = [name for name in COMMON[1:] if name in known]
            if known:
                message += f"; {object_name(error)} has {'' if settings else 'only '}{', '.join([*settings, *shared])}"
        yield Finding((*error.path, key), message, key=True)
    if len(unknown) > MOST_PROBLEMS:
        yield Finding(error.path, f"has {len(unknown)} unknown keys; is this a network document?")


def known_elsewhere(key: str, path: Path, schema: Schema) -> str | None:
    """Return in words where a key is known that is not at `path`: in another section, or in other types of this one."""
    if key in COMMON or "optimizer" not in schema.switches:  # the schema of variants has no kinds
        return None
    here, section = path[-1] if path else None, path[0] if path else None
    if section == "defaults" and here in schema.types("layer") and key in schema.settings("layer", str(here)):
        return f"each {here} writes its own"
    if here in schema.switches:
        types = [name for name in schema.types(str(here)) if key in schema.written_properties(str(here), name)]
        if types:
            return f"{', '.join(types)} {'has' if len(types) == 1 else 'have'} it"
    others = [name for name in ("optimizer", "loss", "data", "training", "evaluation") if name != section]
    found = [name for name in others if key in properties_of(name, schema)]
    return f"it belongs in {found[0]}" if found else None


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


def missing_keys(error: Violation, schema: Schema, reported: set[str]) -> Iterator[Finding]:
    """Yield a finding for each key that is required and missing, unless it is in `reported`; adds it there."""
    properties = error.definition.get("properties", {})
    for key in error.limit:
        if key in error.value or key in reported:
            continue
        reported.add(key)  # jsonschema gives one error for each missing key, each with the whole list
        definition = schema.follow(properties.get(key, {}))
        what = purpose(definition)
        if not error.path:
            example = json.dumps({key: definition["examples"][0]})[1:-1]
            yield Finding((), f'missing section "{key}"{what}; for example {example}')
        elif key == "type":
            yield missing_type(error.path, error.value, definition["enum"])
        elif "title" in error.definition:
            yield Finding(error.path, f'missing "{key}", which {error.definition["title"]} needs{what}')
        else:
            yield Finding(error.path, f'missing "{key}"{what}')


def purpose(definition: Mapping[str, Any]) -> str:
    """Return the first sentence of a description, to be written at the end of a message: ": number of outputs"."""
    sentence = str(definition.get("description", "")).split(". ")[0].rstrip(".")
    return f": {sentence[0].lower()}{sentence[1:]}" if sentence else ""


def missing_type(path: Path, instance: Mapping[str, Any], known: list[str]) -> Finding:
    """Return the finding about an object whose `type` is missing, or misspelt."""
    for key in instance:
        if closest(key, ["type"]) is not None:
            return Finding((*path, key), f'unknown key {quoted(key)}; did you mean "type"?', key=True)
    return Finding(path, f'missing "type", which every {kind(path)} needs: one of {", ".join(known)}')


def kind(path: Path) -> str:
    """Return what messages call an object with a type: layer, loss, optimizer, schedule, averaging, augmentation."""
    if isinstance(path[-1], str):
        return path[-1]
    return "augmentation" if path[-2] == "augment" else "layer"


def wrong_type(error: Violation) -> Finding:
    """Explain `type`: a value of the wrong JSON type, such as a string instead of a number."""
    advice = hint(error.value, error.definition)
    optional = len(error.path) > 1 and error.path[-1] != "type" and "default" not in error.definition
    if error.value is False and optional and ("enum" in error.definition or error.definition.get("type") == "object"):
        advice = "leave the key out"
    message = f"expected {expected(error.definition)}, found {found(error.value)}"
    return Finding(error.path, f"{message}; {advice}" if advice else message)


def bound(words: str) -> Callable[[Violation], Finding]:
    """Return the function that explains a bound; words: "at least", "less than" and so on."""

    def explain(error: Violation) -> Finding:
        message = f"must be {words} {error.limit}, found {found(error.value)}"
        if words in ("at most", "less than") and error.limit == 1 and 2 <= error.value <= 100:
            message += f"; {error.value:g} % is {error.value / 100:g}"
        return Finding(error.path, message)

    return explain


def wrong_choice(error: Violation) -> Finding:
    """Explain `enum`: an unknown type, data set, or other choice."""
    known = error.limit
    if error.path[-1] == "type":
        name = kind(error.path[:-1])
        message = unknown_name("layer type" if name == "layer" else name, str(error.value), known)
        return Finding(error.path, message, where=error.path[:-1])
    suggestion = did_you_mean(error.value, known) if isinstance(error.value, str) else ""
    choice = ", ".join(json.dumps(name) for name in known)
    return Finding(error.path, f"must be one of {choice}, found {found(error.value)}{suggestion}")


def wrong_constant(error: Violation) -> Finding:
    """Explain `const`."""
    return Finding(error.path, f"must be {json.dumps(error.limit)}, found {found(error.value)}")


def wrong_form(error: Violation) -> Finding:
    """Explain the form of a name or the length of a list, by the schema's `errorMessage` where it has one."""
    advice = error.definition.get("errorMessage")
    if advice is not None:
        if error.key:
            return Finding(error.path, f"found {quoted(error.value)}; {advice}", key=True)
        return Finding(error.path, f"found {found(error.value)}; {advice}" if error.value and error.limit else advice)
    if error.keyword == "minLength" and error.limit == 1:
        return Finding(error.path, "must not be empty")
    if error.definition.get("minItems") == error.definition.get("maxItems") == 2:
        return Finding(error.path, f"a pair has 2 numbers, found {found(error.value)}")
    return jsonschema_message(error)


def too_long(error: Violation) -> Finding:
    """Explain `maxLength`."""
    return Finding(error.path, f"has {len(error.value):,} characters; write at most {error.limit:,}")


def jsonschema_message(error: Violation) -> Finding:
    """Return the finding with jsonschema's message, for the keywords that only plugins use."""
    return Finding(error.path, error.message)


EXPLAIN: Mapping[str, Callable[[Violation], Finding]] = {
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
