"""The schema of documents: its file, the definition of each type of object, and a validator."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from graphnn.specification.float32 import CHECKS

FILE = "network.schema.json"
FOLDERS = (  # in an installed package, in a checkout
    FilePath(__file__).parents[1] / "schemas",
    FilePath(__file__).parents[2] / "schemas",
)
COMMON = ("type", "name", "description")  # keys of every layer; other kinds have `type` and `description`
REFERENCE = "#/definitions/"
IN_BLOCK = "_in_block"  # ends the names of definitions that also let a parameter of the block stand for a value
WORDS = "wrong_in_layers"  # the definition with what editors say of wrong keys in all layers

Definition = Mapping[str, Any]


def schema_file() -> FilePath:
    """Return the path of the schema's file. Raises FileNotFoundError where the installation is damaged."""
    for folder in FOLDERS:
        if (folder / FILE).is_file():
            return folder / FILE
    raise FileNotFoundError(f"{FILE} is missing from {FOLDERS[0]}; install graphnn again")


class Schema:
    """The schema, with the definitions of plugin layers added.

    Objects of one kind have a `type` that chooses their definition: layer, loss, optimizer, schedule, averaging, …
    That of the data is called `dataset`.
    """

    def __init__(self, root: dict[str, Any], plugins: Mapping[str, Definition]) -> None:
        self.root = root
        self.definitions: dict[str, Any] = root["definitions"]
        if "layer" in self.definitions:
            without_blocks(root)
            without_words(root)
        for type_, fragment in plugins.items():
            self._add(type_, fragment)
        self.switches = {
            kind: dict(branches(definition["allOf"], self.definitions))
            for kind, definition in self.definitions.items()
            if "allOf" in definition
        }
        self.validator = strict_validator(self.switches, self.definitions)(root)

    def choosing_key(self, kind: str) -> str:
        """Return the key whose value chooses the definition of an object of a kind."""
        return choosing_key(self.definitions[kind]["allOf"][0])

    @property
    def format_version(self) -> int:
        """The version of the format that the schema describes."""
        return int(self.root["properties"]["format_version"]["const"])

    def types(self, kind: str) -> tuple[str, ...]:
        """Return the known types of a kind, in the schema's order."""
        return tuple(self.switches[kind])

    def definition(self, kind: str, type_: str) -> Definition:
        """Return the definition of one type."""
        definition: Definition = self.switches[kind][type_]
        return definition

    def properties(self, kind: str, type_: str | None = None) -> dict[str, Definition]:
        """Return the properties of one type of a kind, or of a section without types, with references followed."""
        return {name: self.follow(one) for name, one in self.written_properties(kind, type_).items()}

    def written_properties(self, kind: str, type_: str | None = None) -> dict[str, Definition]:
        """Return the properties of one type of a kind, or of a section without types, with references as written."""
        if type_ is None:
            return dict(self.section(kind)["properties"])
        shared = self.definitions[kind]["properties"]
        written = {
            name: shared[name] if one is True else one
            for name, one in self.definition(kind, type_)["properties"].items()
        }
        return {name: one for name, one in written.items() if not is_refused(one)}

    def kind_of(self, definition: Definition) -> str | None:
        """Return the kind that a definition refers to; None where it refers to none."""
        kind = str(definition.get("$ref", "")).removeprefix(REFERENCE)
        return kind if kind in self.switches else None

    def settings(self, kind: str, type_: str) -> dict[str, Definition]:
        """Return the settings of a type: its properties without type, name and description."""
        return {name: one for name, one in self.properties(kind, type_).items() if name not in COMMON}

    def section(self, name: str) -> Definition:
        """Return the definition of a section of the document: input, data, training, …"""
        return self.follow(self.root["properties"][name])

    def follow(self, definition: Definition) -> Definition:
        """Return the definition that a reference points to; a definition without a reference is returned itself."""
        reference = definition.get("$ref")
        if reference is None:
            return definition
        found: Any = self.definitions
        for step in reference.removeprefix(REFERENCE).split("/"):
            found = found[step]
        return self.follow(found)

    def _add(self, type_: str, fragment: Definition) -> None:
        """Add the definition of a plugin's layer type."""
        layer = self.definitions["layer"]
        layer["properties"]["type"]["enum"].append(type_)
        self.definitions[type_] = layer_definition(type_, fragment)
        layer["allOf"].append(branch_of(type_, type_))
        from graphnn.specification.short_forms import defaults_of  # for plugins only

        defaults = defaults_of(type_, self.definitions[type_])
        if defaults is not None:
            self.definitions["defaults"]["properties"][type_] = defaults


def without_blocks(root: dict[str, Any]) -> None:
    """Leave out of the schema what it says of blocks for editors: see blocks.py, which knows the names of a document.

    A layer in a block is then one as any other, and the types of layers are an enum.
    """
    definitions = root["definitions"]
    if root.pop("if", None) is None:
        return
    del root["else"], definitions["layers_without_blocks"], definitions["parameter"]
    type_ = definitions["layer"]["properties"]["type"]
    type_.update(type_.pop("anyOf")[0])
    for name in [name for name in definitions if name.endswith(IN_BLOCK)]:
        definitions[name] = {"$ref": REFERENCE + name.removesuffix(IN_BLOCK)}


def without_words(root: dict[str, Any]) -> None:
    """Leave out the words that editors show at keys of other libraries, which are refused without them, too."""
    definitions = root["definitions"]
    for section in (root, *root["properties"].values(), *definitions.values()):
        if is_for_editors(section.get("propertyNames", {})):
            del section["propertyNames"]
    if definitions.pop(WORDS, None) is not None:
        del definitions["layer"]["if"], definitions["layer"]["then"]


def layer_definition(type_: str, fragment: Definition) -> dict[str, Any]:
    """Return the definition of a plugin's layer type."""
    return {
        "title": type_,
        "additionalProperties": False,
        **fragment,
        "properties": {**dict.fromkeys(COMMON, True), **fragment.get("properties", {})},
    }


def branch_of(type_: str, definition: str) -> dict[str, Any]:
    """Return what leads from a layer's `type` to the definition of this name."""
    return {
        "if": {"required": ["type"], "properties": {"type": {"const": type_, "doNotSuggest": True}}},
        "then": {"$ref": REFERENCE + definition},
    }


def load_schema(plugins: Mapping[str, Definition] | None = None) -> Schema:
    """Return the schema, with the fragments of `plugins` (by layer type) added."""
    return Schema(json.loads(schema_text()), plugins) if plugins else plain_schema()


@cache
def plain_schema() -> Schema:
    """Return the schema without plugins."""
    return Schema(json.loads(schema_text()), {})


@cache
def schema_text() -> str:
    """Return the text of the schema."""
    return schema_file().read_text("utf-8")


def branches(all_of: list[Definition], definitions: Definition) -> Iterator[tuple[str, Definition]]:
    """Yield (type, definition) for each `if type == X then …`."""
    for branch in all_of:
        type_ = branch["if"]["properties"][choosing_key(branch)]["const"]
        yield type_, definitions[branch["then"]["$ref"].removeprefix(REFERENCE)]


def choosing_key(branch: Definition) -> str:
    """Return the key whose value a branch asks for: `type`, or `dataset` of the data."""
    (key,) = branch["if"]["properties"]
    return str(key)


def is_for_editors(names: Definition) -> bool:
    """Whether `propertyNames` only give editors words for wrong keys, which are refused without them, too."""
    return bool(names.get("allOf")) and all("errorMessage" in one for one in names["allOf"])


def is_refused(definition: Definition) -> bool:
    """Whether the definition of a key only says, as its `errorMessage`, why the key may not stand there."""
    return definition.get("not") == {}


def is_integer(checker: Any, value: Any) -> bool:
    """Whether a value is written as an integer: 10, but not 10.0, which draft-07 accepts too."""
    return isinstance(value, int) and not isinstance(value, bool)


def strict_validator(switches: Mapping[str, Definition], definitions: Definition) -> type[Draft7Validator]:
    """Return draft-07's validator with strict integers, and with a table to find the definition of a `type`.

    Numbers that float32 cannot hold are refused.
    Trying each `if type == X` in turn gives the same errors, but took 12 ms instead of 2 for 40 layers.
    """
    tables = {
        id(definitions[kind]["allOf"]): (choosing_key(definitions[kind]["allOf"][0]), table)
        for kind, table in switches.items()
    }
    try_each = Draft7Validator.VALIDATORS["allOf"]

    def all_of(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        key, table = tables.get(id(value), ("", None))
        if table is None:
            yield from try_each(validator, value, instance, schema)
        elif isinstance(instance, dict) and isinstance(instance.get(key), str) and instance[key] in table:
            yield from validator.descend(instance, table[instance[key]])

    checker = Draft7Validator.TYPE_CHECKER.redefine("integer", is_integer)
    return extend(Draft7Validator, {**CHECKS, "allOf": all_of}, type_checker=checker)  # type: ignore[no-any-return, no-untyped-call]
