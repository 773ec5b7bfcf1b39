"""The plain layers of a document: repetitions and the uses of blocks written out, the defaults of types filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from graphnn.document.document import Document, Path
from graphnn.document.json_reader import MAX_DEPTH
from graphnn.document.origins import Origin, StandIn
from graphnn.errors import SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.specification.names import BRANCHES, CONTAINERS, REPEAT, RESIDUAL, layer_names
from graphnn.specification.schema import COMMON, load_schema
from graphnn.specification.schema_problems import Finding, find, in_order

REFERENCE = "$"  # begins the name of a block's parameter where its value is to stand
MOST_LAYERS = 10_000


class PlainLayers(NamedTuple):
    """The layers of a document as they are computed. names: of all, also of those inside, by their paths."""

    values: list[dict[str, Any]]
    names: Mapping[Path, str | None]
    document: Document  # with the origins of the layers


@frozen_dataclass
class Surroundings:
    """What holds for the layers of a list: how their names begin and end, and the parameters of the block.

    parameters: the values, each with the path at which it is written.
    """

    names: Mapping[Path, str | None]
    start: str = ""
    end: str = ""
    parameters: Mapping[str, tuple[Any, Path]] | None = None  # None: outside of blocks
    steps: tuple[StandIn, ...] = ()


def plain_layers(document: Document) -> PlainLayers:
    """Return the plain layers of a document that has passed the schema and the checks of its blocks.

    A layer inside a Repeat is called as in the document, with a point and the number of the repetition; one of a block
    as in the block, after the name of the layer that uses it and a point. So no name changes with what comes later, or
    with more repetitions. Raises SpecError for more than MOST_LAYERS, for layers that stand for each other more than
    MAX_DEPTH deep, and where the value of a parameter cannot say how often layers are repeated.
    """
    layers = document.value["layers"]
    writer = _Writer(document)
    layers = writer.written_out(layers, ("layers",), ("layers",), Surroundings(layer_names(layers)))
    if writer.wrong:
        raise SpecError(*in_order(replace(document, origins=writer.repeats), writer.wrong))
    return PlainLayers(layers, writer.names, replace(document, origins=writer.origins))


class _Writer:
    """Writes the layers of one document out, and notes where each comes from."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.defaults: Mapping[str, Mapping[str, Any]] = document.value.get("defaults", {})
        self.blocks: Mapping[str, Mapping[str, Any]] = document.value.get("blocks", {})
        self.block_names = {name: layer_names(one["layers"], body(name)) for name, one in self.blocks.items()}
        self.origins: dict[Path, Origin] = {}
        self.names: dict[Path, str | None] = {}
        self.wrong: list[Finding] = []  # about repetitions
        self.repeats: dict[Path, Origin] = {}  # of these, by their paths in the findings

    def written_out(self, layers: list[Any], written: Path, target: Path, around: Surroundings) -> list[dict[str, Any]]:
        """Return the plain layers that a list of layers stands for. written, target: the paths of both lists."""
        result: list[dict[str, Any]] = []
        for origin, layer, inside in self.flat(layers, written, around):
            path = (*target, len(result))
            self.origins[path], self.names[path] = origin, name_of(origin.written, inside)
            if len(self.origins) > MOST_LAYERS:
                raise self.too_much(origin, f"this makes more than {MOST_LAYERS:,} layers")
            if len(path) > MAX_DEPTH:
                raise self.too_much(origin, f"layers lie more than {MAX_DEPTH // 2} deep in each other here")
            result.append(layer)
            for branch in BRANCHES if layer["type"] == RESIDUAL else ():
                if branch in layer:
                    layer[branch] = self.written_out(layer[branch], (*origin.written, branch), (*path, branch), inside)
        return result

    def flat(
        self, layers: list[Any], written: Path, around: Surroundings
    ) -> Iterator[tuple[Origin, dict[str, Any], Surroundings]]:
        """Yield each plain layer of a list with its origin, and what holds for the layers inside it."""
        if len(around.steps) > MAX_DEPTH:
            message = f"blocks and repetitions lie more than {MAX_DEPTH} deep in each other here"
            raise self.too_much(Origin(written, around.steps), message)
        for index, one in enumerate(layers):
            path = (*written, index)
            layer, elsewhere = filled(one, around)
            if layer["type"] == REPEAT:
                for number in range(1, self.times(layer, elsewhere, path, around) + 1):
                    inside = replace(around, end=f"{around.end}.{number}", steps=(*around.steps, StandIn(path, number)))
                    yield from self.flat(layer["layers"], (*path, "layers"), inside)
            elif layer["type"] in self.blocks:
                yield from self.of_block(layer, elsewhere, path, around)
            else:
                for key, value in self.defaults.get(layer["type"], {}).items():
                    if key not in layer:
                        layer[key] = value
                        elsewhere[key] = ("defaults", layer["type"], key)
                yield Origin(path, around.steps, elsewhere), layer, around

    def times(self, layer: Mapping[str, Any], elsewhere: Mapping[str, Path], path: Path, around: Surroundings) -> int:
        """Return how often a Repeat repeats its layers; once, with a finding, where a parameter does not tell."""
        if "times" in elsewhere:
            plain = {**layer, "layers": [{"type": "ReLU"}]}
            here = ("layers", len(self.repeats))
            wrong = [replace(one, path=(*here, *one.path[1:])) for one in find(plain, load_schema(), "layer")]
            if wrong:
                self.repeats[here] = Origin(path, around.steps, elsewhere)
                self.wrong += wrong
                return 1
        return int(layer["times"])

    def too_much(self, origin: Origin, message: str) -> SpecError:
        """Return the error about too much at an origin, with the place of the layer at the top that stands for it."""
        path = origin.steps[0].path if origin.steps else origin.written
        return SpecError(self.document.problem(path, message))

    def of_block(
        self, use: dict[str, Any], elsewhere: Mapping[str, Path], path: Path, around: Surroundings
    ) -> Iterator[tuple[Origin, dict[str, Any], Surroundings]]:
        """Yield what `flat` does, for a layer that uses a block."""
        name = use["type"]
        block = self.blocks[name]
        given = {key: (value, elsewhere.get(key, (*path, key))) for key, value in use.items() if key not in COMMON}
        optional = {key: (value, ("blocks", name, "optional", key)) for key, value in block.get("optional", {}).items()}
        called = name_of(path, around)
        inside = Surroundings(
            self.block_names[name],
            f"{called}.",
            parameters={**optional, **given},
            steps=(*around.steps, StandIn(path, name=called)),
        )
        yield from self.flat(block["layers"], body(name), inside)


def body(block: str) -> Path:
    """Return the path of the layers of a block."""
    return ("blocks", block, "layers")


def name_of(written: Path, around: Surroundings) -> str:
    """Return the name of a plain layer, or of the use of a block."""
    return f"{around.start}{around.names[written]}{around.end}"


def filled(layer: Mapping[str, Any], around: Surroundings) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return a layer with the values of the block's parameters, and the paths at which these are written."""
    values, elsewhere = dict(layer), dict[str, Path]()
    for key, name in references(layer):
        if around.parameters is not None:
            values[key], elsewhere[key] = around.parameters[name]
    return values, elsewhere


def references(layer: Any) -> Iterator[tuple[str, str]]:
    """Yield the settings of a layer that refer to a parameter of the block, with its name: "filters" for "$filters".

    No parameter stands for the layers inside a layer.
    """
    type_ = layer.get("type") if isinstance(layer, dict) else None
    inside = CONTAINERS.get(type_, ()) if isinstance(type_, str) else ()
    for key, value in layer.items() if isinstance(layer, dict) else ():
        if key not in COMMON and key not in inside and isinstance(value, str) and value.startswith(REFERENCE):
            yield key, value[len(REFERENCE) :]
