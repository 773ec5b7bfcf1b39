"""Stack: layers in sequence, each of which can take the output of the one before it."""

from functools import reduce

from graphnn.errors import GraphError, ShapeError
from graphnn.layers.base import Layer, UnfitInput
from graphnn.layers.built import as_shape, check_findings
from graphnn.layers.settings import check_settings
from graphnn.types import Shape, shape_text


class Stack:
    """The layers of a model, in order. input_shape: that of the first one; None while there is no layer."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.input_shape: Shape | None = None

    @property
    def output_shape(self) -> Shape | None:
        """The output shape of the last layer for one sample; None while there is no layer."""
        if self.input_shape is None:
            return None
        return reduce(lambda shape, layer: layer.output_shape(shape), self.layers, self.input_shape)

    def add(self, layer: Layer) -> None:
        """Add a layer after the last one. The first layer must have an input_shape.

        Raises SpecError where a setting of the layer is wrong, ShapeError where it cannot take its input.
        """
        if not isinstance(layer, Layer):
            hint = f"; did you mean {layer.__name__}(…)?" if isinstance(layer, type) else ""
            raise GraphError(f"add takes a layer such as Dense(10), not {layer!r}{hint}")
        check_settings(layer, f"layers[{len(self.layers)}]")
        shape = self.output_shape
        if shape is None:
            shape = as_shape(layer, layer.input_shape)
        elif layer.input_shape is not None and as_shape(layer, layer.input_shape) != shape:
            made_with, found = shape_text(layer.input_shape), shape_text(shape)
            raise ShapeError(f"{layer.type} was made with input_shape {made_with}, but {self._source} gives {found}")
        try:
            layer.output_shape(shape)
        except UnfitInput as unfit:
            raise ShapeError(unfit.message(self._source)) from unfit
        check_findings(layer, shape, f"layers[{len(self.layers)}]")
        self.input_shape = self.input_shape or shape
        self.layers.append(layer)

    @property
    def _source(self) -> str:
        """The source of the next layer's input, for messages."""
        if not self.layers:
            return "the input"
        name = self.layers[-1].name
        return f'"{name}"' if name else f"the {self.layers[-1].type} before it"
