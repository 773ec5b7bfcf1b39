"""Every layer of documents comes back from an ONNX file."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from graphnn.importing.onnx.imported import Imported
from graphnn.layers.base import LAYERS

Import = Callable[..., Imported]


def random(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def positive(*shape: int) -> Any:
    return np.abs(random(*shape)) + np.float32(0.5)


IMAGE, VECTOR = (3, 6, 6), (8,)
NORM = {"g": random(3), "b": random(3, seed=1), "m": random(3, seed=2), "v": positive(3)}
RESIDUAL = [("Conv", "x w", "c", {"pads": [1, 1, 1, 1]}), ("Relu", "c", "r"), ("Add", "r x", "y")]
# nodes, arrays, shape of a sample, and the layers of the document
CASES: Mapping[str, tuple[list[Any], Mapping[str, Any], tuple[int, ...], list[dict[str, Any]]]] = {
    "Dense": (
        [("Gemm", "x w b", "y", {"transB": 1})],
        {"w": random(5, 8), "b": random(5)},
        VECTOR,
        [{"type": "Dense", "name": "y", "units": 5}],
    ),
    "Conv2D": (
        [("Conv", "x w b", "y", {"pads": [2, 1, 2, 1], "strides": [2, 1]})],
        {"w": random(4, 3, 3, 2), "b": random(4)},
        IMAGE,
        [{"type": "Conv2D", "name": "y", "filters": 4, "kernel_size": [3, 2], "strides": [2, 1], "padding": [2, 1]}],
    ),
    "MaxPooling2D": (
        [("MaxPool", "x", "y", {"kernel_shape": [3, 2], "strides": [1, 2]})],
        {},
        IMAGE,
        [{"type": "MaxPooling2D", "name": "y", "pool_size": [3, 2], "strides": [1, 2]}],
    ),
    "AveragePooling2D": (
        [("AveragePool", "x", "y", {"kernel_shape": [2, 2], "strides": [2, 2]})],
        {},
        IMAGE,
        [{"type": "AveragePooling2D", "name": "y"}],
    ),
    "GlobalAveragePooling": (
        [("GlobalAveragePool", "x", "y")],
        {},
        IMAGE,
        [{"type": "GlobalAveragePooling", "name": "y"}],
    ),
    "Flatten": ([("Flatten", "x", "y")], {}, IMAGE, [{"type": "Flatten"}]),
    "BatchNormalization": (
        [("BatchNormalization", "x g b m v", "y", {"epsilon": 0.001, "momentum": 0.75})],
        NORM,
        IMAGE,
        [{"type": "BatchNormalization", "name": "y", "momentum": 0.75, "epsilon": 0.001}],
    ),
    "LayerNormalization": (
        [("LayerNormalization", "x g b", "y", {"axis": 1, "epsilon": 0.01})],
        {"g": random(*IMAGE), "b": random(*IMAGE, seed=1)},
        IMAGE,
        [{"type": "LayerNormalization", "name": "y", "epsilon": 0.01}],
    ),
    "Dropout": (
        [("Dropout", "x rate on", "y")],
        {"rate": np.float32(0.2), "on": np.array(True)},
        VECTOR,
        [{"type": "Dropout", "rate": 0.2}, {"type": "Scale", "factor": 1.25}],
    ),
    "Scale": ([("Mul", "x c", "y")], {"c": np.float32(-0.5)}, VECTOR, [{"type": "Scale", "name": "y", "factor": -0.5}]),
    "ReLU": ([("Relu", "x", "y")], {}, VECTOR, [{"type": "ReLU", "name": "y"}]),
    "LeakyReLU": (
        [("LeakyRelu", "x", "y", {"alpha": 0.2})],
        {},
        VECTOR,
        [{"type": "LeakyReLU", "name": "y", "negative_slope": 0.2}],
    ),
    "PReLU": ([("PRelu", "x s", "y")], {"s": random(3, 1, 1)}, IMAGE, [{"type": "PReLU", "name": "y"}]),
    "ELU": ([("Elu", "x", "y", {"alpha": 0.7})], {}, VECTOR, [{"type": "ELU", "name": "y", "alpha": 0.7}]),
    "GELU": ([("Gelu", "x", "y")], {}, VECTOR, [{"type": "GELU", "name": "y", "approximate": "none"}]),
    "SiLU": ([("Sigmoid", "x", "s"), ("Mul", "s x", "y")], {}, VECTOR, [{"type": "SiLU", "name": "y"}]),
    "Sigmoid": ([("Sigmoid", "x", "y")], {}, VECTOR, [{"type": "Sigmoid", "name": "y"}]),
    "Tanh": ([("Tanh", "x", "y")], {}, VECTOR, [{"type": "Tanh", "name": "y"}]),
    "Softmax": ([("Softmax", "x", "y")], {}, VECTOR, [{"type": "Softmax", "name": "y"}]),
    "Residual": (
        RESIDUAL,
        {"w": random(3, 3, 3, 3)},
        IMAGE,
        [
            {
                "type": "Residual",
                "layers": [
                    {"type": "Conv2D", "name": "c", "filters": 3, "use_bias": False},
                    {"type": "ReLU", "name": "r"},
                ],
            }
        ],
    ),
}


def test_every_layer_has_a_case() -> None:
    assert set(CASES) == set(LAYERS.built_in())


@pytest.mark.parametrize("type_", CASES)
def test_a_layer_comes_back(type_: str, imported: Import) -> None:
    nodes, arrays, shape, layers = CASES[type_]
    found = imported(nodes, arrays, shape)
    assert found.values["layers"] == layers
    assert found.values["input"] == {"shape": list(shape)}


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 21, 24])
@pytest.mark.parametrize(
    "type_", ["Dense", "Conv2D", "MaxPooling2D", "Softmax", "BatchNormalization", "PReLU", "Residual"]
)
def test_old_and_new_versions_of_the_operators(opset: int, type_: str, imported: Import) -> None:
    nodes, arrays, shape, layers = CASES[type_]
    assert imported(nodes, arrays, shape, opset=opset).values["layers"] == layers


def test_the_weights_are_those_of_the_file(imported: Import) -> None:
    nodes, arrays, shape, _ = CASES["Conv2D"]
    found = imported(nodes, arrays, shape)
    np.testing.assert_array_equal(found.arrays["y/weights"], arrays["w"])
    np.testing.assert_array_equal(found.arrays["y/biases"], arrays["b"])
    nodes, arrays, shape, _ = CASES["BatchNormalization"]
    found = imported(nodes, arrays, shape)
    names = {"gamma": "g", "beta": "b", "running_mean": "m", "running_variance": "v"}
    for name, key in names.items():
        np.testing.assert_array_equal(found.arrays[f"y/{name}"], arrays[key])


def test_alpha_beta_and_both_orders_of_gemm(imported: Import) -> None:
    arrays = {"w": random(8, 5), "b": np.float32(3)}
    found = imported([("Gemm", "x w b", "y", {"alpha": 0.5, "beta": 2.0})], arrays, VECTOR)
    np.testing.assert_array_equal(found.arrays["y/weights"], arrays["w"].T / 2)
    np.testing.assert_array_equal(found.arrays["y/biases"], np.full(5, 6))
    bare = imported([("Gemm", "x w b", "y", {"beta": 0.0})], arrays, VECTOR)
    assert bare.values["layers"] == [{"type": "Dense", "name": "y", "units": 5, "use_bias": False}]


def test_a_product_and_a_sum_are_a_dense(imported: Import) -> None:
    arrays = {"w": random(8, 5), "b": random(1, 5)}
    for second in ("p b", "b p"):
        found = imported([("MatMul", "x w", "p"), ("Add", second, "y")], arrays, VECTOR)
        assert found.values["layers"] == [{"type": "Dense", "name": "p", "units": 5}]
        np.testing.assert_array_equal(found.arrays["p/biases"], arrays["b"][0])


@pytest.mark.parametrize(
    ("settings", "padding"),
    [
        ({"pads": [1, 1, 1, 1]}, None),
        ({"auto_pad": "SAME_UPPER"}, None),
        ({"auto_pad": "SAME_LOWER"}, None),
        ({"auto_pad": "VALID"}, "valid"),
        ({}, "valid"),
        ({"pads": [2, 2, 2, 2]}, 2),
        ({"pads": [0, 2, 0, 2]}, [0, 2]),
    ],
)
def test_paddings(settings: dict[str, Any], padding: Any, imported: Import) -> None:
    found = imported([("Conv", "x w", "y", settings)], {"w": random(4, 3, 3, 3)}, IMAGE)
    assert found.values["layers"][0].get("padding") == padding


def test_a_pad_before_a_convolution_is_its_padding(imported: Import) -> None:
    nodes = [("Pad", "x p", "q"), ("Conv", "q w", "y", {"strides": [2, 2]})]
    arrays = {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "w": random(4, 3, 3, 3)}
    found = imported(nodes, arrays, IMAGE)
    assert found.values["layers"] == [{"type": "Conv2D", "name": "y", "filters": 4, "strides": 2, "use_bias": False}]


def test_a_global_maximum_is_a_pooling_of_the_size_of_the_image(imported: Import) -> None:
    found = imported([("GlobalMaxPool", "x", "p"), ("Flatten", "p", "y")], {}, IMAGE)
    assert found.values["layers"] == [{"type": "MaxPooling2D", "name": "p", "pool_size": 6}, {"type": "Flatten"}]


def test_a_convolution_of_one_pixel_is_a_dense(imported: Import) -> None:
    nodes = [("GlobalAveragePool", "x", "p"), ("Conv", "p w b", "c"), ("Flatten", "c", "y")]
    found = imported(nodes, {"w": random(5, 3, 1, 1), "b": random(5)}, IMAGE)
    assert found.values["layers"] == [
        {"type": "GlobalAveragePooling", "name": "p"},
        {"type": "Dense", "name": "c", "units": 5},
    ]


def test_dropout_for_inference_is_left_out_with_a_note(imported: Import) -> None:
    found = imported([("Dropout", "x rate", "d"), ("Relu", "d", "y")], {"rate": np.float32(0.2)}, VECTOR)
    assert found.values["layers"] == [{"type": "ReLU", "name": "y"}]
    assert "write a Dropout of 0.2, and after it a Scale of 1.25" in " ".join(found.notes)


def test_a_batch_normalisation_in_training_gets_the_running_statistics(imported: Import) -> None:
    nodes = [("BatchNormalization", "x g b m v", "y mean variance", {"training_mode": 1})]
    found = imported(nodes, NORM, IMAGE, opset=15)
    assert found.values["layers"] == [{"type": "BatchNormalization", "name": "y"}]


def test_one_slope_for_all_channels_becomes_one_for_each(imported: Import) -> None:
    found = imported([("PRelu", "x s", "y")], {"s": np.array([0.3], np.float32)}, IMAGE)
    np.testing.assert_array_equal(found.arrays["y/slopes"], np.full(3, 0.3, np.float32))
    assert "one slope for all channels in the file" in " ".join(found.notes)


def test_the_logarithm_of_the_last_softmax_is_left_out_with_a_note(imported: Import) -> None:
    found = imported([("LogSoftmax", "x", "y")], {}, VECTOR)
    assert found.values["layers"] == [{"type": "Softmax", "name": "y"}]
    assert "Softmax for LogSoftmax" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("last", "loss"), [("Softmax", "CrossEntropy"), ("Sigmoid", "BinaryCrossEntropy"), ("Tanh", "MeanSquaredError")]
)
def test_the_loss_follows_from_the_last_layer(last: str, loss: str, imported: Import) -> None:
    assert imported([(last, "x", "y")]).values["loss"] == {"type": loss}
