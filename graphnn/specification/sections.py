"""The sections of a spec: objects of a document with their defaults filled in, and back to JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from graphnn.document.document import Document, Path
from graphnn.document.values import described
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.fixed_statistics import written_out
from graphnn.specification.names import BRANCHES, RESIDUAL
from graphnn.specification.schema import COMMON, Definition, Schema


@frozen_dataclass
class Section:
    """An object of the document whose `type` says what it is: a loss, an optimizer, a schedule.

    options: its settings, defaults filled in, lists as tuples; one that is absent and has no default is left out.
    """

    type: str
    options: Mapping[str, Any]
    path: Path
    description: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the section as JSON values."""
        settings = {key: to_json(value) for key, value in self.options.items() if value is not None}
        return {"type": self.type, **described(self.description), **settings}


@frozen_dataclass(kw_only=True)
class LayerSection(Section):
    """A layer. named: whether its name is not the one that it would have by its type and place (conv2d_1)."""

    name: str
    named: bool = field(default=True, compare=False)

    @property
    def inside(self) -> tuple[LayerSection, ...]:
        """The layers directly inside a block; none for other types."""
        return tuple(layer for key in (BRANCHES if self.type == RESIDUAL else ()) for layer in self.options[key])

    def with_inside(self) -> Iterator[LayerSection]:
        """Yield the layer and those inside it at any depth, in the document's order."""
        yield self
        for layer in self.inside:
            yield from layer.with_inside()

    def values(self) -> dict[str, Any]:
        """Return the layer as JSON values, its name written out."""
        values = super().values()
        return {"type": values.pop("type"), "name": self.name, **written_out(self.type, values)}


def typed(values: Mapping[str, Any] | str, kind: str, path: Path, schema: Schema) -> Section:
    """Return an object with a type as a section, its defaults filled in. A string is short for a type alone."""
    written = {"type": values} if isinstance(values, str) else values
    type_ = written["type"]
    settings = {name: one for name, one in schema.written_properties(kind, type_).items() if name not in COMMON}
    return Section(type_, options(written, settings, path, schema), path, written.get("description"))


def named(
    section: Section, names: Mapping[Path, str], made: Mapping[Path, str | None], document: Document
) -> LayerSection:
    """Return a layer's section with its name; the layers inside a block get theirs too.

    made: the names that plain layers without one would have.
    """
    name = names[section.path]
    inside = {
        key: tuple(named(layer, names, made, document) for layer in section.options[key])
        for key in (BRANCHES if section.type == RESIDUAL else ())
    }
    return LayerSection(
        section.type,
        {**section.options, **inside},
        section.path,
        section.description,
        name=name,
        named=name != made[section.path] or document.written_name(section.path) is not None,
    )


def optimizer(values: Mapping[str, Any], schema: Schema) -> Section:
    """Return the optimizer's section; its option "schedule" is None where the document has none."""
    section = typed(values, "optimizer", ("optimizer",), schema)
    return replace(section, options={**section.options, "schedule": section.options.get("schedule")})


def options(
    values: Mapping[str, Any], properties: Mapping[str, Definition], path: Path, schema: Schema
) -> dict[str, Any]:
    """Return the settings that are given or have a default, in the schema's order.

    The schema gives a default as a value, `default`, or as that of an earlier setting, `defaultFrom`.
    """
    given: dict[str, Any] = {}
    for name, one in properties.items():
        definition = schema.follow(one)
        default = given.get(definition["defaultFrom"]) if "defaultFrom" in definition else definition.get("default")
        given[name] = values.get(name, default)
    return {
        name: from_json(value, properties[name], (*path, name), schema)
        for name, value in given.items()
        if value is not None
    }


def from_json(value: Any, definition: Definition, path: Path, schema: Schema) -> Any:
    """Return a JSON value in the form of a spec: a Section for an object with a type, a tuple for a list."""
    kind = schema.kind_of(definition)
    if kind is not None:
        return typed(value, kind, path, schema)
    definition = schema.follow(definition)
    if isinstance(value, list):
        items = definition.get("items", {})  # one definition for all items, or a list with one for each
        each = items if isinstance(items, list) else [items] * len(value)
        return tuple(from_json(item, each[index], (*path, index), schema) for index, item in enumerate(value))
    if isinstance(value, dict):
        return options(value, definition.get("properties", {key: {} for key in value}), path, schema)
    return value


def to_json(value: Any) -> Any:
    """Return a value of a spec as a JSON value: an object for a Section, a list for a tuple."""
    if isinstance(value, Section):
        return value.values()
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, tuple) else value
