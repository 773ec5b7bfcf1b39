"""The settings of a layer that is made in Python, held against the definition of its type in the schema."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphnn.layers.base import LAYERS, Layer
from graphnn.specification.describable import check_section


def check_made(layer: Layer) -> None:
    """Raise SpecError where a document would be refused for a layer just made, if all types in it are defined."""
    types = list(types_in(layer))
    if all(LAYERS.holds(one) and (LAYERS.is_built_in(one) or hasattr(one, "schema")) for one in types):
        check_settings(layer, layer.type)


def check_settings(layer: Layer, place: str) -> None:
    """Raise SpecError where a document would be refused for a layer; place: what messages call it."""
    check_section(layer, "layer", place, fragments(types_in(layer)))


def types_in(layer: Layer) -> Iterator[type[Layer]]:
    """Yield the classes of a layer and of those inside it."""
    yield type(layer)
    for one in layer.inside:
        yield from types_in(one)


def fragments(layers: Iterable[type[Layer]]) -> dict[str, Mapping[str, Any]]:
    """Return the schema fragments that layer classes from outside the library carry, by type."""
    return {layer.__name__: layer.schema for layer in layers if hasattr(layer, "schema")}


def added_fragments() -> dict[str, Mapping[str, Any]]:
    """Return the schema fragments of all layer classes that plugins have registered, by type."""
    return fragments(LAYERS.added())
