"""What an editor should offer at a place of a document, by the schema. Test modules read this file with runpy."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphnn.specification.schema import Schema, load_schema

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
POSITIONS: dict[str, Any] = json.loads((FOLDER / "positions.json").read_text(encoding="utf-8"))
SCHEMA = load_schema()
CURSOR = "‸"
KINDS: dict[str, tuple[str, str]] = {kind: (kind, text) for kind, text in POSITIONS["kinds"].items()}
KINDS |= {name: (one["kind"], one["at"]) for name, one in POSITIONS["elsewhere"].items()}  # where it may stand, too
SECTIONS: dict[str, str] = POSITIONS["sections"] | {
    f"defaults/{type_}": f'"defaults": {{"{type_}": {{{CURSOR}}}}}'
    for type_, one in SCHEMA.section("defaults")["properties"].items()
    if "$ref" not in one
}


@dataclass(frozen=True)
class Place:
    """A document with the cursor's mark, and the labels of all that is valid there.

    inserted: whether the document is valid once one of them is inserted.
    """

    name: str
    text: str
    offered: frozenset[str]
    inserted: bool = True

    @property
    def file(self) -> Path:
        """The file, which is never written: beside those of models/, or where settings associate the schema."""
        return ROOT / ("models" if '"$schema"' in self.text else "associated") / "new.json"


def document(section: str, beside: Mapping[str, Any] | None = None) -> str:
    """Return the document with one of its sections written anew: `"loss": {‸}`; "‸" for a place between sections."""
    key = section.split('"')[1].replace(CURSOR, "") if '"' in section else ""
    others = {**POSITIONS["document"], **(beside or {})}
    rest = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in others.items() if name != key]
    return "{\n  " + ",\n  ".join(['"$schema": "../schemas/network.schema.json"', section, *rest]) + "\n}\n"


def places(schema: Schema = SCHEMA) -> Iterator[Place]:
    """Yield all places: those of the file, and for each type and key of the schema its own."""
    for name, (kind, text) in KINDS.items():
        yield from places_of_a_kind(name, kind, text, schema)
    for name, text in SECTIONS.items():
        properties = properties_at(name, schema)
        known = set(POSITIONS["document"]) | {"$schema"} if not name else set()
        yield Place(f"keys of {name or 'the document'}", document(text), frozenset(set(properties) - known))
        for key, definition in properties.items():
            if name and schema.kind_of(definition) is None:
                place = document(text.replace(CURSOR, f"{json.dumps(key)}: {CURSOR}"))
                yield Place(f"{name}.{key}", place, frozenset(values(definition, schema)))
    for one in POSITIONS["positions"]:
        text = one["whole"] if "whole" in one else document(one["at"], POSITIONS["beside"].get(one.get("beside")))
        offered = frozenset(demanded(one, schema))
        yield Place(one.get("at", one.get("whole")), text, offered, one.get("inserted", True))


def places_of_a_kind(where: str, kind: str, text: str, schema: Schema) -> Iterator[Place]:
    """Yield the places of all objects of one kind, such as "layer", where the text has one."""
    key = schema.choosing_key(kind)
    yield Place(f"a {where}", document(text), frozenset(labels(kind, schema)))
    chosen = document(text.replace(CURSOR, f'{{"{key}": "{CURSOR}"}}'))
    yield Place(f"{key} of a {where}", chosen, frozenset(map(json.dumps, schema.types(kind))))
    for name in schema.types(kind):
        written = f'{{"{key}": "{name}", {CURSOR}}}'
        properties = schema.properties(kind, name)
        keys = frozenset(set(properties) - {key})
        yield Place(f"keys of {name}, a {where}", document(text.replace(CURSOR, written)), keys)
        for setting, definition in schema.written_properties(kind, name).items():
            if setting != key and schema.kind_of(definition) is None:
                place = document(text.replace(CURSOR, written.replace(CURSOR, f'"{setting}": {CURSOR}')))
                yield Place(f"{name}.{setting} of a {where}", place, frozenset(values(definition, schema)))


def demanded(position: Mapping[str, str], schema: Schema) -> Iterator[str]:
    """Yield the labels that a position of the file demands."""
    if "offered" in position:
        yield from position["offered"]
    elif "kind" in position:
        yield from labels(position["kind"], schema)
    elif "types" in position:
        yield from map(json.dumps, schema.types(position["types"]))
    elif "keys" in position:
        text = position.get("at", position.get("whole", ""))
        properties = properties_at(position["keys"], schema)
        yield from (key for key in properties if not present(key, text))
    else:
        *where, key = position["values"].split()
        definition = properties_at(" ".join(where), schema)[key] if where else schema.definitions[key]
        yield from values(definition, schema)


def present(key: str, text: str) -> bool:
    """Return whether the object around the cursor's mark has a key; objects in it are not looked at."""
    before, _, after = text.partition(CURSOR)
    return f'"{key}"' in before[before.rfind("{") :] + after[: after.find("}")]


def properties_at(name: str, schema: Schema) -> Mapping[str, Any]:
    """Return the properties of "layer Dense", "training", "training/early_stopping", a definition, or the document."""
    if not name:
        return dict(schema.root["properties"])
    first, *rest = name.replace("/", " ").split()
    if first in schema.switches:
        return schema.properties(first, rest[0])
    definition = schema.section(first) if first in schema.root["properties"] else schema.definitions[first]
    for key in rest:
        definition = schema.follow(definition["properties"][key])
    return dict(definition["properties"])


def labels(kind: str, schema: Schema) -> Iterator[str]:
    """Yield what is offered where an object of a kind may stand: one for each type, and names alone where they do."""
    definition = schema.definitions[kind]
    if "then" in definition:
        yield from map(json.dumps, schema.types(kind))
        settings = {name: " and ".join(schema.settings(kind, name)) for name in schema.types(kind)}
        yield from (f"{name} with {own}" for name, own in settings.items() if own)
    else:
        yield from schema.types(kind)


def values(definition: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    """Yield what is offered as the value of a key: all that it can be, or its default and its examples."""
    definition = schema.follow(definition)
    kind = next((name for name in schema.switches if schema.definitions[name] is definition), None)
    if kind is not None:
        yield from labels(kind, schema)
        return
    types = definition.get("type", [])
    listed = [*definition.get("enum", ()), *definition.get("then", {}).get("enum", ())]
    listed += [definition[key] for key in ("const", "default") if key in definition] + definition.get("examples", [])
    listed += [False, True] if "boolean" in types and "enum" not in definition else []
    snippets = [snippet["label"] for snippet in definition.get("defaultSnippets", ())]
    yield from map(label, listed)
    yield from snippets
    if types == "object" and not listed and not snippets:
        yield "{}"  # which an editor has for objects of which it knows nothing else


def label(value: Any) -> str:
    """Return a value as JavaScript writes it: 1 for 1.0, 0.00001 for 1e-05, 1e-8 for 1e-08."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, float) and 1e-6 <= value < 1e-4:
        return f"{value:.9f}".rstrip("0")
    return json.dumps(value).replace("e-0", "e-")
