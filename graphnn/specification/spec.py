"""The Spec: a document that has passed the schema, frozen, with every default filled in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from graphnn.document.document import (
    Document,
    DocumentSyntaxError,
    Path,
    document_of_values,
    parse_document,
    path_text,
    read_document,
)
from graphnn.document.values import described
from graphnn.errors import Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.migrations import migrate
from graphnn.specification.names import SHORT_FORMS, has_short_forms, layer_names
from graphnn.specification.schema import Definition, Schema, load_schema
from graphnn.specification.schema_problems import Finding, find, in_order
from graphnn.specification.sections import LayerSection, Section, named, optimizer, options, to_json, typed
from graphnn.text.visible import without_bytes
from graphnn.types import Shape

AUTO = "auto"
PATHS = {"path", "test_path"}  # of data, relative to the document


@frozen_dataclass
class Spec:
    """A checked document. Specs with equal content are equal, whatever files they were read from.

    data["path"] is absolute, or None, and so is data["test_path"], if there is one. The other keys of data are those of
    its data set. notices: for the author of the document, such as that its format is old.
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

    @property
    def learns_inputs(self) -> bool:
        """Whether the targets are the network's own inputs, as of an autoencoder, rather than those of the data."""
        return self.data.get("targets") == "inputs"

    @property
    def every_layer(self) -> Iterator[LayerSection]:
        """All layers at any depth, a block before the layers inside it."""
        return (each for layer in self.layers for each in layer.with_inside())

    def problem(self, path: Path, message: str, *, key: bool = False) -> Problem:
        """Return a problem with the value at `path`, or with its key, with its position in the document."""
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
        present = {key: to_json(value) for key, value in options.items() if value is not None}
        for key in PATHS & present.keys():
            present[key] = without_bytes(present[key])  # a document can hold no others
        return {**described(self.descriptions.get(name)), **present}


Plugins = Mapping[str, Definition]


def read_spec(file: str | os.PathLike[str], *, overrides: Sequence[str] = (), plugins: Plugins | None = None) -> Spec:
    """Return the spec of the document in a file.

    overrides: `training.epochs=5`, checked like the document. plugins: schema fragments of plugin layers, by type.
    Raises SpecError with every problem that the first failing check finds: reading, overrides, or the schema. Where
    the remedies for all mistakes of syntax are certain, it has those that the further checks find then, too.
    """
    return spec_of(partial(read_document, file), overrides, plugins)


def parse_spec(
    text: str,
    file: str = "<document>",
    *,
    folder: FilePath | None = None,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
) -> Spec:
    """Return the spec of a document's text; file: its name in messages; folder: what paths in it are relative to."""
    return spec_of(partial(parse_document, text, file, folder), overrides, plugins)


def spec_from_values(
    values: Mapping[str, Any],
    file: str = "<document>",
    *,
    folder: FilePath | None = None,
    overrides: Sequence[str] = (),
    plugins: Plugins | None = None,
) -> Spec:
    """Return the spec of a document given as Python values; its problems have no line."""
    return make_spec(document_of_values(values, file, folder), overrides, plugins)


def spec_of(read: Callable[[], Document], overrides: Sequence[str], plugins: Plugins | None) -> Spec:
    """Return the spec of the document that `read` returns. Raises SpecError as read_spec does."""
    try:
        document = read()
    except DocumentSyntaxError as refused:
        raise refused.with_further(lambda repaired: make_spec(repaired, overrides, plugins)) from None
    return make_spec(document, overrides, plugins)


def make_spec(document: Document, overrides: Sequence[str], plugins: Plugins | None) -> Spec:
    """Return the spec of a document that has been read. Raises SpecError as read_spec does."""
    schema = load_schema(plugins)
    document, notices = migrate(document, schema.format_version)
    wrong: list[Problem] = []
    if overrides:
        from graphnn.specification.overrides import apply_overrides  # where there are any only

        document, wrong = apply_overrides(document, overrides)
    names = layer_names(document.value.get("layers"))
    short = has_short_forms(document.value)
    if short:
        from graphnn.specification.blocks import Blocks  # here and below: most documents have none

        blocks = Blocks(document.value, schema)
        findings = [*find(document.value, schema, blocks=blocks), *blocks.findings()]
    else:
        findings = [*find(document.value, schema)]
    findings += equal_names(document, names)
    problems = in_order(document, findings)
    if wrong:  # the other overrides may be wrong, too; the document may be right with these put right
        sources = {source for _, source in document.changed}
        raise SpecError(*wrong, *(problem for problem in problems if problem.file in sources))
    if problems:
        raise SpecError(*problems)
    layers = document.value["layers"]
    if short:
        from graphnn.specification.plain_layers import plain_layers

        layers, plain_names, document = plain_layers(document)
        names = dict(plain_names)
        check_plain_layers(layers, names, document, schema)
    return fill(document, layers, {path: str(name) for path, name in names.items()}, schema, notices)


def check_plain_layers(layers: Any, names: Mapping[Path, str | None], document: Document, schema: Schema) -> None:
    """Raise SpecError for values that a block's layers get from its uses and cannot take, and for equal names."""
    values = {key: value for key, value in document.value.items() if key not in SHORT_FORMS} | {"layers": layers}
    problems = in_order(document, [*find(values, schema), *equal_names(document, names)])
    if problems:
        raise SpecError(*problems)


def equal_names(document: Document, names: Mapping[Path, str | None]) -> Iterator[Finding]:
    """Yield a finding for each layer with the name of another, at a layer of the two whose name is written."""
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
        position = document.locate((*other, "name"))
        line = "" if position is None else f" (line {position[0]}, column {position[1]})"
        message = f'{path_text(document.written_path(other))}{given} is called "{name}" too{line}; names must differ'
        yield Finding((*here, "name"), message)


def fill(document: Document, layers: Any, names: Mapping[Path, str], schema: Schema, notices: tuple[str, ...]) -> Spec:
    """Return the spec of a document that has passed the schema. layers: the plain ones, each with its name by path."""
    values, made = document.value, layer_names(layers)
    sections = [
        named(typed(layer, "layer", ("layers", index), schema), names, made, document)
        for index, layer in enumerate(layers)
    ]
    dataset = {"data": values["data"]["dataset"]}
    plain = {
        name: options(values.get(name, {}), schema.written_properties(name, dataset.get(name)), (name,), schema)
        for name in ("input", "data", "training", "evaluation")
    }
    descriptions = {name: one.pop("description") for name, one in plain.items() if "description" in one}
    plain["data"] = known_from_document(plain["data"], plain["input"]["shape"], schema)
    for key in PATHS & plain["data"].keys():
        plain["data"][key] = os.path.normpath(document.folder.absolute() / plain["data"][key])
    plain["data"].setdefault("path", None)
    return Spec(
        name=values.get("name", without_bytes(FilePath(document.file).stem.strip("<>"))),
        description=values.get("description"),
        input_shape=plain["input"]["shape"],
        layers=tuple(sections),
        loss=typed(values["loss"], "loss", ("loss",), schema),
        optimizer=optimizer(values["optimizer"], schema),
        data=plain["data"],
        training=plain["training"],
        evaluation=plain["evaluation"],
        descriptions=descriptions,
        document=document,
        notices=notices,
    )


def known_from_document(data: dict[str, Any], input_shape: Shape, schema: Schema) -> dict[str, Any]:
    """Return the section `data` with what "auto" means, where it is known before the data are loaded.

    A data set's definition says it as `auto`; of an input that is an image, the samples are images.
    """
    known = schema.definition("data", data["dataset"]).get("auto", {})
    if len(input_shape) == 3:
        known = {**known, "normalize": "per_channel"}
    return {key: known.get(key, value) if value == AUTO else value for key, value in data.items()}
