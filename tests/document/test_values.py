"""Layers, losses, optimizers and schedules made in Python, as the JSON values of a document."""

import json

import numpy as np

from graphnn.document.values import document_text, section_values
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.losses.cross_entropy import CrossEntropy


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    written = section_values(Conv2D(np.int64(4), kernel_size=(np.int32(3), 3), strides=np.array([1, 2])))
    assert json.loads(document_text({"layers": [written], "name": "ä"})) == {
        "layers": [{"type": "Conv2D", "filters": 4, "kernel_size": [3, 3], "strides": [1, 2]}],
        "name": "ä",
    }


def test_a_value_that_equals_the_default_but_is_of_another_type_is_written_so_that_it_is_refused() -> None:
    assert section_values(Conv2D.from_checked(filters=4, kernel_size=3.0))["kernel_size"] == 3.0


def test_a_description_stands_after_the_type() -> None:
    assert list(section_values(CrossEntropy(), "why").items()) == [("type", "CrossEntropy"), ("description", "why")]


BLOCK = Residual(
    [Conv2D(4, input_shape=(4, 8, 8)), Residual([ReLU(description="gate")])], [Conv2D(4, 1, name="way")], name="b"
)
TEXT = """\
{
  "name": "net",
  "layers": [
    {"type": "Residual", "name": "b", "layers": [
      {"type": "Conv2D", "filters": 4},
      {"type": "Residual", "layers": [
        {"type": "ReLU", "description": "gate"}
      ]}
    ], "shortcut": [
      {"type": "Conv2D", "name": "way", "filters": 4, "kernel_size": 1}
    ]}
  ],
  "input": {"shape": [4, 8, 8]}
}
"""


def test_each_layer_inside_a_block_has_a_line() -> None:
    written = section_values(BLOCK, leave_out={"input_shape"})
    assert document_text({"name": "net", "layers": [written], "input": {"shape": [4, 8, 8]}}) == TEXT
