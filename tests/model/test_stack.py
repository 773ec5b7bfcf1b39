"""Stack: layers in sequence, and errors for layers that do not fit."""

from dataclasses import dataclass
from typing import Any

import pytest

from graphnn.errors import GraphError, ShapeError, SpecError
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.model.stack import Stack


@dataclass(frozen=True)
class Unregistered(ReLU):
    """A layer that the schema does not define."""


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        (Dense.from_checked(units=-3), SpecError, r"^layers\[3\]\.units: must be at least 1, found -3$"),
        (Dense.from_checked(units=2.5), SpecError, r"layers\[3\].*2\.5"),
        (Dense.from_checked(units=5, name="a/b"), SpecError, 'layers\\[3\\] "a/b"\\.name: .*a name'),
        (Unregistered(), SpecError, r'^layers\[3\]: unknown layer type "Unregistered"; known: '),
        (Conv2D(4), ShapeError, "Conv2D needs an image C×H×W, but the Softmax before it gives 3"),
        (Dense(5, input_shape=(7,)), ShapeError, "made with input_shape 7, but the Softmax before it gives 3"),
        (Dense, GraphError, r"not .*; did you mean Dense\(…\)"),
        (None, GraphError, r"add takes a layer such as Dense\(10\), not None"),
    ],
)
def test_layers_that_cannot_be_added(layer: Any, error: type[GraphError], message: str) -> None:
    stack = Stack()
    for fitting in (Dense(8, input_shape=(2,)), Dense(3), Softmax()):
        stack.add(fitting)
    with pytest.raises(error, match=message):
        stack.add(layer)
    assert len(stack.layers) == 3
    assert stack.output_shape == (3,)


def test_the_message_of_an_unfit_layer_names_the_one_before() -> None:
    stack = Stack()
    stack.add(MaxPooling2D(name="pool2", input_shape=(64, 16, 16)))
    with pytest.raises(ShapeError, match='Dense needs a vector, but "pool2" gives 64×8×8; put Flatten or'):
        stack.add(Dense(10))


def test_the_first_layer_needs_an_input_shape() -> None:
    stack = Stack()
    with pytest.raises(ShapeError, match="Dense needs the shape of its input"):
        stack.add(Dense(10))
    with pytest.raises(ShapeError, match="Dense needs a vector, but the input gives 1×8×8"):
        stack.add(Dense(10, input_shape=(1, 8, 8)))
    assert stack.input_shape is None
    stack.add(Dense(10, input_shape=(64,)))
