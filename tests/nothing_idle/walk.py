"""Every setting of the schema, found by following it, and where the objects of a document that have it are.

Test modules read this file with runpy, because they cannot import each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphnn.specification.schema import REFERENCE, Definition, Schema

Path = tuple[Any, ...]
SAME = {"group_optimizer": "optimizer"}  # kinds whose types are those of another, with the same definitions


@dataclass(frozen=True)
class Setting:
    """A key that a document may have. owner: of which object, such as "layer.Dense", "training" or "group".

    required: whether each such object has it.
    """

    owner: str
    key: str
    definition: Definition
    required: bool = False

    @property
    def name(self) -> str:
        """The setting in one word: "layer.Dense.units"."""
        return joined(self.owner, self.key)


def joined(owner: str, key: str) -> str:
    """Return a key with what it belongs to; the document itself has no name."""
    return f"{owner}.{key}" if owner else key


def settings(schema: Schema) -> list[Setting]:
    """Return every setting at any depth, each definition of an object once."""
    found: dict[str, Setting] = {}
    seen: set[int] = set()

    def visit(owner: str, definition: Definition, shared: Definition) -> None:
        if id(definition) in seen:
            return
        seen.add(id(definition))
        for key, written in definition.get("properties", {}).items():
            one = shared.get(key, {}) if written is True else written
            setting = Setting(owner, key, schema.follow(one), key in definition.get("required", ()))
            found.setdefault(setting.name, setting)
            for name, child, of_kind in below(schema, one, setting.name):
                visit(name, child, of_kind)
        for name, child, of_kind in inside(schema, definition, owner):
            visit(name, child, of_kind)

    for kind, types in schema.switches.items():  # first, because a definition is called after its kind
        if kind in SAME:
            continue
        for type_, definition in types.items():
            visit(f"{kind}.{type_}", definition, schema.definitions[kind]["properties"])
    visit("", schema.root, {})
    return list(found.values())


def below(schema: Schema, definition: Definition, owner: str) -> Iterator[tuple[str, Definition, Definition]]:
    """Yield (owner, definition, properties shared by its kind) for each kind of object that a value may be.

    owner: what an object is called whose definition has no name of its own.
    """
    kind = schema.kind_of(definition)
    if kind is not None:
        kind = SAME.get(kind, kind)
        shared = schema.definitions[kind]["properties"]
        for type_ in schema.types(kind):
            yield f"{kind}.{type_}", schema.definition(kind, type_), shared
        return
    reference = definition.get("$ref")
    yield (owner if reference is None else reference.removeprefix(REFERENCE)), schema.follow(definition), {}


def inside(schema: Schema, definition: Definition, owner: str) -> Iterator[tuple[str, Definition, Definition]]:
    """Yield, as `below` does, what the items of a list or the branches of a choice may be."""
    branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in definition.get(key, ())]
    branches += [definition[key] for key in ("then", "else") if key in definition]
    items = definition.get("items", [])
    branches += items if isinstance(items, list) else [items]
    others = definition.get("additionalProperties")
    branches += [others] if isinstance(others, dict) else []
    for branch in branches:
        yield from below(schema, branch, owner)


def objects(schema: Schema, document: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield (owner, path) for every object of a document, at any depth."""
    yield "", ()
    yield from objects_of(schema, schema.root, document, "", (), {})


def objects_of(
    schema: Schema, definition: Definition, value: Any, owner: str, path: Path, shared: Definition
) -> Iterator[tuple[str, Path]]:
    """Yield the objects below a value that follows a definition."""
    if isinstance(value, dict):
        for key, written in definition.get("properties", {}).items():
            if key in value:
                one = shared.get(key, {}) if written is True else written
                yield from object_at(schema, one, value[key], joined(owner, key), (*path, key))
    elif isinstance(value, list):
        items = definition.get("items", {})
        for index, each in enumerate(value):
            one = items[index] if isinstance(items, list) else items
            yield from object_at(schema, one, each, owner, (*path, index))
    for key in ("anyOf", "oneOf", "allOf"):
        for branch in definition.get(key, ()):
            yield from object_at(schema, branch, value, owner, path)


def object_at(schema: Schema, definition: Definition, value: Any, owner: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the object at a path, if its value is one, and those below it."""
    kind = schema.kind_of(definition)
    if kind is not None:
        type_ = value.get(schema.choosing_key(kind)) if isinstance(value, dict) else None
        if type_ in schema.types(kind):
            here, definition = f"{kind}.{type_}", schema.definition(kind, type_)
            yield here, path
            yield from objects_of(schema, definition, value, here, path, schema.definitions[kind]["properties"])
        return
    reference = definition.get("$ref")
    here = owner if reference is None else reference.removeprefix(REFERENCE)
    if isinstance(value, dict):
        yield here, path
    yield from objects_of(schema, schema.follow(definition), value, here, path, {})
