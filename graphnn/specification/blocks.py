"""The check of a document's blocks and of the layers that use them, which no schema of draft 7 can express."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from graphnn.document.document import Path, value_at
from graphnn.specification.names import CONTAINERS, each_layer
from graphnn.specification.plain_layers import REFERENCE, body, references
from graphnn.specification.schema import COMMON, Schema
from graphnn.specification.schema_problems import Finding
from graphnn.text.suggestions import closest, did_you_mean, folded, quoted

if TYPE_CHECKING:
    from graphnn.specification.explanations import Violation  # which imports what explains mistakes

MOST_NAMES = 8  # in a message about a circle
OWN_NAME = re.compile(r"[a-z][a-z0-9_]*")  # of a block or a parameter
WORD = re.compile(r"[a-z0-9_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[- .]+")  # between the words of a name
BODY = '{"parameters": […], "layers": […]}'
FORMS: Mapping[Path, str] = {("blocks",): f'{{"conv": {BODY}}}, in this document, with a name for each'}
CALCULATION = re.compile(r"[-+*/%() ]")


class Blocks:
    """The blocks of a document that may have faults. parameters: the names of each block's parameters, in order."""

    def __init__(self, values: Any, schema: Schema) -> None:
        written = values.get("blocks") if isinstance(values, dict) else None
        self.values = values
        self.schema = schema
        self.written: Mapping[str, Any] = written if isinstance(written, dict) else {}
        self.parameters = {name: [*chain(*required_and_optional(one))] for name, one in self.written.items()}
        self.unclear = {name for name, one in self.written.items() if not has_readable_parameters(one)}
        self.unreadable = isinstance(values, dict) and "blocks" in values and not isinstance(written, dict)

    def with_names(self, error: Violation) -> Violation:
        """Return an error about a layer's type with the names of the blocks among the known ones."""
        if error.keyword == "enum" and error.path[-1:] == ("type",) and in_list_of_layers(error.path):
            return replace(error, limit=[*error.limit, *self.written])
        return error

    def allows(self, path: Path, value: Any) -> bool:
        """Whether a value that the schema refuses at `path` is the name of a block, or refers to a parameter."""
        if not isinstance(value, str):
            return False
        if path == ("blocks", value):
            return self.alike(value) is not None  # which `findings` says
        if path[-1:] == ("type",):
            known = value in self.written or (self.unreadable and OWN_NAME.fullmatch(value) is not None)
            return known and in_list_of_layers(path)
        in_block = path[:1] == ("blocks",) and in_list_of_layers(path)
        return in_block and path[-1] in dict(references(value_at(self.values, path[:-1])))

    def advice(self, path: Path, value: Any) -> str | None:
        """Return what to write instead of a name or a value that the schema refuses; None where it is not known."""
        if path[:1] != ("blocks",):
            return None
        if path in FORMS or (len(path) == 2 and path != ("blocks", value)):
            return f"write {FORMS.get(path, BODY)}"
        if path[2:] == ("parameters",) and isinstance(value, dict) and value:
            return f'write "optional": {json.dumps(value)} for values that a layer may leave out'
        if path[2:] == ("optional",):
            return 'write {"strides": 1}, with the value of each where a layer does not give it'
        if not isinstance(value, str):
            return None
        if path == ("blocks", value) or path[2:3] == ("parameters",):
            name = HUMP.sub("_", value).lower()
            return f"write {quoted(name)}" if OWN_NAME.fullmatch(name) and name != value else None
        if in_list_of_layers(path) and value in self.parameters.get(str(path[1]), ()):
            return f"write {quoted(REFERENCE + value)}"
        return None

    def findings(self) -> Iterator[Finding]:
        """Yield all findings about blocks, their parameters, and the layers that use them."""
        yield from self._uses(self.values.get("layers"), ("layers",), None)
        for name, block in self.written.items():
            if not isinstance(block, dict):
                continue
            yield from self._about(name, block)
            yield from self._uses(block.get("layers"), body(name), name)
        yield from self._circles()

    def alike(self, name: str) -> str | None:
        """Return the layer type that is spelt as the name of a block, but for capitals; None where there is none."""
        return next((known for known in self.schema.types("layer") if folded(known) == folded(name)), None)

    def _about(self, name: str, block: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield findings about the name of a block, and its parameters."""
        path = ("blocks", name)
        alike = self.alike(name)
        if alike is not None:
            message = f"{quoted(name)} is too like the layer type {alike}; call the block something else"
            yield Finding(path, message, key=True)
        given, optional = required_and_optional(block)
        for index, parameter in enumerate(given):
            if parameter in optional:
                message = f"{quoted(parameter)} is among the optional ones, too; remove it from one of them"
                yield Finding((*path, "parameters", index), message)
        if name in self.unclear or not isinstance(block.get("layers"), list):
            return
        layers = [layer for _, layer in each_layer(block["layers"], body(name)) if isinstance(layer, dict)]
        meant = {word for layer in layers for _, text in references(layer) for word in WORD.findall(text)}
        meant |= {value for layer in layers for value in self._refused(layer)}
        for index, parameter in enumerate(given):
            if parameter and parameter not in meant:
                yield Finding((*path, "parameters", index), unused(parameter))
        for parameter in optional:
            if parameter not in meant:
                yield Finding((*path, "optional", parameter), unused(parameter), key=True)

    def _refused(self, layer: Mapping[str, Any]) -> Iterator[str]:
        """Yield the texts of a layer's settings that the schema refuses, where `advice` says more."""
        type_ = layer.get("type")
        known = type_ in self.schema.types("layer")
        settings = self.schema.properties("layer", str(type_)) if known else {}
        texts = {key: value for key, value in layer.items() if isinstance(value, str) and key in settings}
        for key, text in texts.items():
            if not self.schema.validator.evolve(schema=settings[key]).is_valid(text):
                yield text

    def _uses(self, layers: Any, path: Path, block: str | None) -> Iterator[Finding]:
        """Yield findings about references, and about layers that use blocks, in a list. block: in whose body it is."""
        known = self.parameters.get(block, []) if block is not None else []
        for at, layer in each_layer(layers, path):
            if not isinstance(layer, dict):
                continue
            type_ = layer.get("type")
            for key, name in references(layer):
                if name in known:
                    continue
                value = layer[key]
                if block is not None:
                    if block not in self.unclear:
                        yield Finding((*at, key), no_parameter(block, name, known))
                elif isinstance(type_, str) and type_ in self.written:
                    message = f"{quoted(value)} stands for a parameter, which only blocks have; write its value"
                    yield Finding((*at, key), message)
            if isinstance(type_, str) and type_ in self.written and type_ not in self.unclear:
                yield from self._use(layer, at, type_)

    def _use(self, layer: Mapping[str, Any], path: Path, name: str) -> Iterator[Finding]:
        """Yield findings about the settings of a layer that uses a block."""
        known = self.parameters[name]
        title = f"the block {quoted(name)}"
        suggested: set[str] = set()
        for key in layer:
            if key in COMMON or key in known:
                continue
            free = [each for each in known if each not in layer]
            close = closest(key, free)
            suggested |= {close} if close else set()
            advice = did_you_mean(key, free) or f"; it has {', '.join(known) or 'no parameters'}"
            yield Finding((*path, key), f"unknown key {quoted(key)} of {title}{advice}", key=True)
        for key in required_and_optional(self.written[name])[0]:
            if key not in layer and key not in suggested:
                yield Finding(path, f'missing "{key}", which {title} needs')

    def _circles(self) -> Iterator[Finding]:
        """Yield a finding for each block that ends a circle of uses: it uses one that leads to it, or itself."""
        done: set[str] = set()
        for start in self.written:
            if start in done:
                continue
            way, uses = [start], [self._used(start)]
            while uses:
                path, used = next(uses[-1], (None, ""))
                if path is None:
                    done.add(way.pop())
                    uses.pop()
                elif used in way:
                    circle = [quoted(each) for each in [*way[way.index(used) :], used]]
                    shown = circle if len(circle) <= MOST_NAMES else [*circle[: MOST_NAMES - 2], "…", circle[-1]]
                    yield Finding((*path, "type"), f"a block cannot use itself: {' uses '.join(shown)}")
                elif used not in done:
                    way.append(used)
                    uses.append(self._used(used))

    def _used(self, name: str) -> Iterator[tuple[Path, str]]:
        """Yield the path of each layer in a block that uses a block, and the name of that."""
        block = self.written[name]
        for path, layer in each_layer(block.get("layers") if isinstance(block, dict) else None, body(name)):
            type_ = layer.get("type") if isinstance(layer, dict) else None
            if isinstance(type_, str) and type_ in self.written:
                yield path, type_


def required_and_optional(block: Any) -> tuple[list[str], list[str]]:
    """Return the names of the parameters that a use of a block must give, and of those that it may give.

    The name of what is no string is empty.
    """
    if not isinstance(block, dict):
        return [], []
    required, optional = block.get("parameters"), block.get("optional")
    names = [name if isinstance(name, str) else "" for name in required] if isinstance(required, list) else []
    return names, list(optional) if isinstance(optional, dict) else []


def has_readable_parameters(block: Any) -> bool:
    """Whether it is certain which parameters a block has: it has no fault there that has its own message."""
    if not isinstance(block, dict):
        return False
    names = ("parameters", "optional")
    unknown = [key for key in block if key not in (*names, "layers", "description")]
    forms = isinstance(block.get("parameters", []), list) and isinstance(block.get("optional", {}), dict)
    return forms and not any(closest(key, names) for key in unknown)


def no_parameter(block: str, name: str, known: list[str]) -> str:
    """Return the message about a reference to a parameter that a block does not have."""
    written = [REFERENCE + each for each in known]
    if CALCULATION.search(name):
        return f"found {quoted(REFERENCE + name)}; nothing is calculated in documents: make a parameter of the result"
    close = did_you_mean(REFERENCE + name, written) or f"; its parameters: {', '.join(written) or 'none'}"
    return f"the block {quoted(block)} has no parameter {quoted(name)}{close}"


def unused(parameter: str) -> str:
    """Return the message about a parameter that changes nothing."""
    return f"no layer of the block has {quoted(REFERENCE + parameter)} as a value; remove it, or use it"


def in_list_of_layers(path: Path) -> bool:
    """Whether a path leads to a setting of a layer: its last list is one of layers."""
    lists = {key for keys in CONTAINERS.values() for key in keys}
    return len(path) >= 3 and isinstance(path[-2], int) and path[-3] in lists
