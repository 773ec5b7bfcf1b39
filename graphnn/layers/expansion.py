"""Expansion: a list of layers as the flat sequence that is run, blocks taken apart, with the shape at each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphnn.document.document import Path
from graphnn.layers.base import UnfitInput
from graphnn.text.suggestions import quoted
from graphnn.types import Shape, shape_text

if TYPE_CHECKING:
    from graphnn.layers.base import Layer

Report = Callable[[Path, UnfitInput, str], None]
INPUT = "the input"  # what gives the first layer its input, in messages


@dataclass(frozen=True)
class ExpandedLayer:
    """One layer of the flat sequence. path: where the document has it, or the block that it belongs to."""

    path: Path
    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape


class Expansion:
    """The flat sequence of layers, put together from the first to the last.

    report: is called with each input that a layer cannot take: the layer's path, the error, and what gives the input.
    Shapes after such a layer are None until a layer gives the same shape whatever it gets.
    """

    def __init__(self, report: Report) -> None:
        self.layers: list[ExpandedLayer] = []
        self.report = report

    def extend(self, path: Path, layers: Iterable[tuple[str, Layer]], shape: Shape | None, source: str) -> Shape | None:
        """Add a list of layers, by name, that stands at `path`; return the shape that the last one gives.

        shape: what reaches the first; source: what gives it.
        """
        for index, (name, layer) in enumerate(layers):
            shape = layer.expand(self, (*path, index), name, shape, source)
            source = quoted(layer.name) if layer.name else f"the {layer.type} before it"
        return shape

    def add(self, path: Path, name: str, layer: Layer, shape: Shape | None, source: str) -> Shape | None:
        """Add one layer as it is; return the shape that it gives."""
        if shape is not None:
            try:
                if layer.input_shape is not None and tuple(layer.input_shape) != shape:
                    raise layer.unfit(f"the input_shape it was made with, {shape_text(layer.input_shape)}", shape)
                self.layers.append(ExpandedLayer(path, name, layer, shape, layer.output_shape(shape)))
                return self.layers[-1].output_shape
            except UnfitInput as unfit:
                self.report(path, unfit, source)
        return layer.constant_output_shape
