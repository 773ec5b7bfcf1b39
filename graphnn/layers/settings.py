"""Checks of the settings of layers made in Python, against the definitions of their types in the schema."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphnn.layers.base import LAYERS, Layer
from graphnn.specification.describable import check_section


def check_made(layer: Layer) -> None:
    """Raise SpecError where the schema refuses a new layer, unless it does not define all types of layers in it."""
    types = list(types_in(layer))
    if all(LAYERS.holds(each) and (LAYERS.is_built_in(each) or hasattr(each, "schema")) for each in types):
        check_settings(layer, layer.type)


def check_settings(layer: Layer, path: str) -> None:
    """Raise SpecError where the schema refuses the settings of a layer. path: of the layer, for messages."""
    check_section(layer, "layer", path, fragments(types_in(layer)))


def types_in(layer: Layer) -> Iterator[type[Layer]]:
    """Yield the classes of a layer and of the layers inside it."""
    yield type(layer)
    for inner in layer.inside:
        yield from types_in(inner)


def fragments(layers: Iterable[type[Layer]]) -> dict[str, Mapping[str, Any]]:
    """Return the schema fragments of those layer classes that have one, by type; the library's have none."""
    return {layer.__name__: layer.schema for layer in layers if hasattr(layer, "schema")}


def added_fragments() -> dict[str, Mapping[str, Any]]:
    """Return the schema fragments of all layer classes that plugins have registered, by type."""
    return fragments(LAYERS.added())
