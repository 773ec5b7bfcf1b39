"""Graphs with images that are channels last, as Keras and TensorFlow have them, become channels first."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.importing.onnx.imported import Imported

Import = Callable[..., Imported]
FIRST, LAST = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
LAYERS = [
    {"type": "Conv2D", "filters": 5},
    {"type": "MaxPooling2D"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 7},
]


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def bare(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in layer.items() if key != "name"} for layer in layers]


CONV = {"w": random(5, 3, 3, 3), "b": random(5)}
START = [
    ("Transpose", "x", "t1", FIRST),
    ("Conv", "t1 w b", "c", {"pads": [1, 1, 1, 1]}),
    ("Transpose", "c", "t2", LAST),
]


def test_the_inputs_of_a_dense_are_put_in_order(imported: Import) -> None:
    nodes = [
        *START,
        ("Transpose", "t2", "t3", FIRST),
        ("MaxPool", "t3", "p", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Transpose", "p", "t4", LAST),
        ("Reshape", "t4 s", "f"),
        ("MatMul", "f v", "m"),
        ("Add", "m a", "y"),
    ]
    arrays = {**CONV, "s": np.array([-1, 45]), "v": random(45, 7), "a": random(7)}
    found = imported(nodes, arrays, (6, 6, 3))
    assert found.values["input"] == {"shape": [3, 6, 6]}
    assert bare(found.values["layers"]) == LAYERS
    assert "channels last, 6×6×3" in " ".join(found.notes)
    weights = found.arrays["m/weights"].reshape(7, 5, 3, 3).transpose(2, 3, 1, 0).reshape(45, 7)
    np.testing.assert_array_equal(weights, arrays["v"])


def test_constants_of_the_last_axis_are_those_of_channels(imported: Import) -> None:
    arrays = {**CONV, "g": random(5), "h": random(5), "s": random(1, 1, 5)}
    nodes = [
        *START,
        ("Mul", "t2 g", "m"),
        ("Add", "m h", "a"),
        ("PRelu", "a s", "q"),
        ("ReduceMean", "q axes", "y", {"keepdims": 0}),
    ]
    found = imported(nodes, {**arrays, "axes": np.array([1, 2])}, (6, 6, 3))
    assert bare(found.values["layers"]) == [
        {"type": "Conv2D", "filters": 5},
        {"type": "BatchNormalization", "trainable": {"statistics": False}},
        {"type": "PReLU"},
        {"type": "GlobalAveragePooling"},
    ]
    np.testing.assert_array_equal(found.arrays["q/slopes"], arrays["s"].ravel())


def test_a_layer_normalisation_is_put_in_order(imported: Import) -> None:
    arrays = {**CONV, "g": random(6, 6, 5), "h": random(6, 6, 5)}
    nodes = [*START, ("LayerNormalization", "t2 g h", "n", {"axis": 1}), ("Transpose", "n", "y", FIRST)]
    found = imported(nodes, arrays, (6, 6, 3))
    np.testing.assert_array_equal(found.arrays["n/gamma"].transpose(1, 2, 0), arrays["g"])


def test_a_residual_block(imported: Import) -> None:
    arrays = {"w": random(3, 3, 3, 3)}
    nodes = [
        *START[:1],
        ("Conv", "t1 w", "c", {"pads": [1, 1, 1, 1]}),
        ("Transpose", "c", "t2", LAST),
        ("Add", "t2 x", "r"),
        ("Transpose", "r", "y", FIRST),
    ]
    found = imported(nodes, arrays, (6, 6, 3))
    assert [layer["type"] for layer in found.values["layers"]] == ["Residual"]


def test_a_normalisation_of_each_channel(imported: Import) -> None:
    mean, deviation = np.float32([1, 2, 3]), np.float32([4, 5, 6])
    nodes = [("Sub", "x m", "s"), ("Div", "s d", "n"), ("Transpose", "n", "t1", FIRST), ("Conv", "t1 w b", "y")]
    found = imported(nodes, {**CONV, "m": mean, "d": deviation}, (6, 6, 3))
    assert found.meta["normalisation"] == {
        "mode": "per_channel",
        "shape": [3, 6, 6],
        "offset": [1, 2, 3],
        "divisor": [4, 5, 6],
    }


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_grey_images_that_are_flattened(shape: tuple[int, ...], imported: Import) -> None:
    found = imported([("Flatten", "x", "f"), ("MatMul", "f w", "y")], {"w": random(784, 3)}, shape)
    assert found.values["input"] == {"shape": [1, 28, 28]}
    np.testing.assert_array_equal(found.arrays["y/weights"], random(784, 3).T)


def test_vectors_that_are_taken_as_images(imported: Import) -> None:
    nodes = [("Reshape", "x s", "i"), ("Conv", "i w b", "y")]
    found = imported(nodes, {**CONV, "s": np.array([-1, 3, 6, 6])}, (108,))
    assert found.values["input"] == {"shape": [3, 6, 6]}
