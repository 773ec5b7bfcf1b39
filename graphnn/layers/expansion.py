"""Expansion: the layers of a network in one flat sequence with their shapes, each block replaced by what is inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import UnfitInput
from graphnn.text.suggestions import quoted
from graphnn.types import Shape, shape_text

if TYPE_CHECKING:
    from graphnn.layers.base import Layer

UnfitHandler = Callable[[Path, UnfitInput, str], None]
INPUT = "the input"  # the source of the first layer's input, in messages


@frozen_dataclass
class ExpandedLayer:
    """One layer of the flat sequence. path: in the document; that of the block for Save, Swap and Add."""

    path: Path
    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape


class Expansion:
    """The flat sequence of layers, built from the first to the last.

    on_unfit: called for each layer that cannot take its input, with the layer's path, the error, and the source of the
    input. The shapes after such a layer are None, until a layer whose output shape is the same for every input.
    """

    def __init__(self, on_unfit: UnfitHandler) -> None:
        self.layers: list[ExpandedLayer] = []
        self.on_unfit = on_unfit

    def extend(self, path: Path, layers: Iterable[tuple[str, Layer]], shape: Shape | None, source: str) -> Shape | None:
        """Add the layers of the list at `path`, each with its name, and return the output shape of the last.

        shape: of the first one's input. source: where that input comes from, for messages.
        """
        for index, (name, layer) in enumerate(layers):
            shape = layer.expand(self, (*path, index), name, shape, source)
            source = quoted(layer.name) if layer.name else f"the {layer.type} before it"
        return shape

    def add(self, path: Path, name: str, layer: Layer, shape: Shape | None, source: str) -> Shape | None:
        """Add one layer, and return its output shape; None where the input shape is not known or does not fit."""
        if shape is not None:
            try:
                if layer.input_shape is not None and tuple(layer.input_shape) != shape:
                    raise layer.unfit(f"the input_shape it was made with, {shape_text(layer.input_shape)}", shape)
                self.layers.append(ExpandedLayer(path, name, layer, shape, layer.output_shape(shape)))
                return self.layers[-1].output_shape
            except UnfitInput as unfit:
                self.on_unfit(path, unfit, source)
        return layer.constant_output_shape
