"""A document's values -> the frozen Spec, checked against the schema, with every default filled in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from graphnn.document.document import Document, Path, document_of_values, parse_document, path_text, read_document
from graphnn.document.values import described
from graphnn.errors import Problem, SpecError
from graphnn.specification.migrations import migrate
from graphnn.specification.names import BLOCK, BRANCHES, layer_names
from graphnn.specification.overrides import apply_overrides
from graphnn.specification.schema import COMMON, Definition, Schema, load_schema
from graphnn.specification.schema_problems import Finding, find, in_order
from graphnn.types import Shape


@dataclass(frozen=True)
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
        settings = {key: listed(value) for key, value in self.options.items() if value is not None}
        return {"type": self.type, **described(self.description), **settings}


@dataclass(frozen=True, kw_only=True)
class LayerSection(Section):
    """A layer. named: whether the document gives the name, rather than its being made of the type (conv2d_1)."""

    name: str
    named: bool = field(default=True, compare=False)

    @property
    def inside(self) -> tuple[LayerSection, ...]:
        """The layers that a block is made of, without those inside them."""
        return tuple(layer for key in (BRANCHES if self.type == BLOCK else ()) for layer in self.options[key])

    def values(self) -> dict[str, Any]:
        """Return the layer as JSON values, its name written out."""
        values = super().values()
        return {"type": values.pop("type"), "name": self.name, **values}


@dataclass(frozen=True)
class Spec:
    """A checked document. Specs are equal where they mean the same, wherever they were read from.

    data["path"] is absolute, or None. notices: what whoever keeps the document should know, such as an old format.
    """

    name: str
    description: str | None
    input_shape: Shape
    layers: tuple[LayerSection, ...]
    loss: Section
    optimizer: Section  # its option "schedule" is a Section, or None
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    descriptions: Mapping[str, str]  # of input, data, training and evaluation
    document: Document = field(compare=False, repr=False)
    notices: tuple[str, ...] = field(default=(), compare=False)

    def problem(self, path: Path, message: str, *, key: bool = False) -> Problem:
        """Return the problem with the value at `path`, or with its key, with its place in the document."""
        return self.document.problem(path, message, key=key)

    def resolved(self) -> dict[str, Any]:
        """Return the document as JSON values, with every default and every layer's name written out."""
        return {
            "format_version": 1,
            "name": self.name,
            **described(self.description),
            "input": {**described(self.descriptions.get("input")), "shape": list(self.input_shape)},
            "layers": [layer.values() for layer in self.layers],
            "loss": self.loss.values(),
            "optimizer": self.optimizer.values(),
            "data": self._plain_section("data", self.data),
            "training": self._plain_section("training", self.training),
            "evaluation": self._plain_section("evaluation", self.evaluation),
        }

    def _plain_section(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        present = {key: listed(value) for key, value in options.items() if value is not None}
        return {**described(self.descriptions.get(name)), **present}


Plugins = Mapping[str, Definition]


def read_spec(file: str | os.PathLike[str], *, overrides: Sequence[str] = (), plugins: Plugins | None = None) -> Spec:
    """Return the spec in a file.

    overrides: `training.epochs=5`, checked like the document. plugins: schema fragments of further layers, by type.
    Raises SpecError with every problem of the first rung that fails.
    """
    return make_spec(read_document(file), overrides, plugins)


def parse_spec(
    text: str,
    file: str = "<document>",
    *,
    folder: FilePath | None = None,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
) -> Spec:
    """Return the spec in a text; `file` is its name in messages, `folder` what its paths are relative to."""
    return make_spec(parse_document(text, file, folder), overrides, plugins)


def spec_from_values(
    values: Mapping[str, Any],
    file: str = "<document>",
    *,
    folder: FilePath | None = None,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
) -> Spec:
    """Return the spec of a document made in Python, whose problems have no line."""
    return make_spec(document_of_values(values, file, folder), overrides, plugins)


def make_spec(document: Document, overrides: Sequence[str], plugins: Plugins | None) -> Spec:
    """Return the spec of a document. Raises SpecError with every problem at once."""
    schema = load_schema(plugins)
    document, notices = migrate(document, schema.format_version)
    if overrides:
        document = apply_overrides(document, overrides)
    names = layer_names(document.value.get("layers"))
    problems = in_order(document, [*find(document.value, schema), *equal_names(document, names)])
    if problems:
        raise SpecError(*problems)
    return fill(document, schema, {path: str(name) for path, name in names.items()}, notices)


def equal_names(document: Document, names: Mapping[Path, str | None]) -> Iterator[Finding]:
    """Yield a finding for each layer whose name another one has, at a place where the name is written."""
    first: dict[str, Path] = {}
    for path, name in names.items():
        if name is None:
            continue
        if name not in first:
            first[name] = path
            continue
        here, other = path, first[name]
        if document.written_name(here) is None:
            here, other = other, here
        given = "" if document.written_name(other) is not None else ", which has no name of its own,"
        place = document.locate((*other, "name"))
        line = "" if place is None else f" (line {place[0]}, column {place[1]})"
        message = f'{path_text(other)}{given} is called "{name}" too{line}; names must differ'
        yield Finding((*here, "name"), message)


def fill(document: Document, schema: Schema, names: Mapping[Path, str], notices: tuple[str, ...]) -> Spec:
    """Return the spec of a document that has passed the schema."""
    values = document.value
    layers = [
        named(typed(layer, "layer", ("layers", index), schema), names, document)
        for index, layer in enumerate(values["layers"])
    ]
    plain = {
        name: options(values.get(name, {}), schema.written_properties(name), (name,), schema)
        for name in ("input", "data", "training", "evaluation")
    }
    descriptions = {name: one.pop("description") for name, one in plain.items() if "description" in one}
    path = plain["data"].get("path")
    plain["data"]["path"] = None if path is None else os.path.normpath(document.folder.absolute() / path)
    return Spec(
        name=values.get("name", FilePath(document.file).stem.strip("<>")),
        description=values.get("description"),
        input_shape=plain["input"]["shape"],
        layers=tuple(layers),
        loss=typed(values["loss"], "loss", ("loss",), schema),
        optimizer=optimizer(values["optimizer"], schema),
        data=plain["data"],
        training=plain["training"],
        evaluation=plain["evaluation"],
        descriptions=descriptions,
        document=document,
        notices=notices,
    )


def typed(values: Mapping[str, Any] | str, kind: str, path: Path, schema: Schema) -> Section:
    """Return an object with a type, its defaults filled in. A kind that may be a string too takes it for the type."""
    written = {"type": values} if isinstance(values, str) else values
    type_ = written["type"]
    settings = {name: one for name, one in schema.written_properties(kind, type_).items() if name not in COMMON}
    return Section(type_, options(written, settings, path, schema), path, written.get("description"))


def named(section: Section, names: Mapping[Path, str], document: Document) -> LayerSection:
    """Return a layer with its name; where it is a block, with those of what is inside it."""
    inside = {
        key: tuple(named(layer, names, document) for layer in section.options[key])
        for key in (BRANCHES if section.type == BLOCK else ())
    }
    return LayerSection(
        section.type,
        {**section.options, **inside},
        section.path,
        section.description,
        name=names[section.path],
        named=document.written_name(section.path) is not None,
    )


def optimizer(values: Mapping[str, Any], schema: Schema) -> Section:
    """Return the optimizer; its schedule is None where there is none."""
    section = typed(values, "optimizer", ("optimizer",), schema)
    return replace(section, options={**section.options, "schedule": section.options.get("schedule")})


def options(
    values: Mapping[str, Any], properties: Mapping[str, Definition], path: Path, schema: Schema
) -> dict[str, Any]:
    """Return what is given or has a default, in the schema's order.

    A default is a value, or with "defaultFrom" in the schema that of another setting, which comes before it.
    """
    given: dict[str, Any] = {}
    for name, one in properties.items():
        definition = schema.follow(one)
        default = given.get(definition["defaultFrom"]) if "defaultFrom" in definition else definition.get("default")
        given[name] = values.get(name, default)
    return {
        name: meant(value, properties[name], (*path, name), schema)
        for name, value in given.items()
        if value is not None
    }


def meant(value: Any, definition: Definition, path: Path, schema: Schema) -> Any:
    """Return a value as a spec holds it: a section where it has a type, and tuples for lists."""
    kind = schema.kind_of(definition)
    if kind is not None:
        return typed(value, kind, path, schema)
    definition = schema.follow(definition)
    if isinstance(value, list):
        items = definition.get("items", {})  # of each, or one for each place
        each = items if isinstance(items, list) else [items] * len(value)
        return tuple(meant(item, each[place], (*path, place), schema) for place, item in enumerate(value))
    if isinstance(value, dict):
        return options(value, definition.get("properties", {key: {} for key in value}), path, schema)
    return value


def listed(value: Any) -> Any:
    """Return a value as JSON values: lists for tuples, and a section as its values."""
    if isinstance(value, Section):
        return value.values()
    if isinstance(value, Mapping):
        return {key: listed(item) for key, item in value.items()}
    return [listed(item) for item in value] if isinstance(value, tuple) else value
