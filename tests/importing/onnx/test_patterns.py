"""Layers that exporters write as several operations."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from graphnn.importing.onnx.imported import Imported

Import = Callable[..., Imported]
F = np.float32
VECTOR, IMAGE = (8,), (3, 4, 4)


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(F)


HALF, ONE, ROOT = F(0.5), F(1), F(math.sqrt(2))
GELU = {"half": HALF, "one": ONE, "root": ROOT}
TANH = {"half": HALF, "one": ONE, "c": F(0.044715), "k": F(math.sqrt(2 / math.pi)), "three": F(3)}
INNER = [("Pow", "x three", "q"), ("Mul", "q c", "i"), ("Add", "x i", "a"), ("Mul", "a k", "u"), ("Tanh", "u", "t")]
CASES: Mapping[str, tuple[list[Any], Mapping[str, Any], dict[str, Any]]] = {
    "GELU, as torch writes it": (
        [("Div", "x root", "d"), ("Erf", "d", "e"), ("Add", "e one", "a"), ("Mul", "x a", "m"), ("Mul", "m half", "y")],
        GELU,
        {"type": "GELU", "approximate": "none"},
    ),
    "GELU, as Keras writes it": (
        [("Mul", "half x", "h"), ("Div", "x root", "d"), ("Erf", "d", "e"), ("Add", "one e", "a"), ("Mul", "h a", "y")],
        GELU,
        {"type": "GELU", "approximate": "none"},
    ),
    "GELU by tanh": (
        [*INNER, ("Add", "t one", "b"), ("Mul", "x half", "h"), ("Mul", "h b", "y")],
        TANH,
        {"type": "GELU"},
    ),
    "SiLU": ([("Sigmoid", "x", "s"), ("Mul", "x s", "y")], {}, {"type": "SiLU"}),
    "SiLU from an exponential": (
        [("Neg", "x", "n"), ("Exp", "n", "e"), ("Add", "e one", "a"), ("Div", "x a", "y")],
        {"one": ONE},
        {"type": "SiLU"},
    ),
    "Sigmoid from an exponential": (
        [("Neg", "x", "n"), ("Exp", "n", "e"), ("Add", "e one", "a"), ("Reciprocal", "a", "y")],
        {"one": ONE},
        {"type": "Sigmoid"},
    ),
    "ReLU as a maximum": ([("Max", "x zero", "y")], {"zero": F(0)}, {"type": "ReLU"}),
    "ReLU as a limit": ([("Clip", "x zero", "y")], {"zero": F(0)}, {"type": "ReLU"}),
    "LeakyReLU as a maximum": (
        [("Mul", "x s", "m"), ("Max", "x m", "y")],
        {"s": F(0.2)},
        {"type": "LeakyReLU", "negative_slope": 0.2},
    ),
    "LeakyReLU as a choice": (
        [("Greater", "x zero", "g"), ("Mul", "x s", "m"), ("Where", "g x m", "y")],
        {"zero": F(0), "s": F(0.1)},
        {"type": "LeakyReLU", "negative_slope": 0.1},
    ),
    "ELU as a choice": (
        [
            ("Exp", "x", "e"),
            ("Sub", "e one", "m"),
            ("Mul", "m a", "n"),
            ("Greater", "x zero", "g"),
            ("Where", "g x n", "y"),
        ],
        {"zero": F(0), "one": ONE, "a": F(0.7)},
        {"type": "ELU", "alpha": 0.7},
    ),
    "PReLU, as Keras writes it": (
        [("Relu", "x", "p"), ("Neg", "x", "n"), ("Relu", "n", "r"), ("Mul", "s r", "m"), ("Add", "p m", "y")],
        {"s": random(8)},
        {"type": "PReLU"},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("before", [False, True], ids=["alone", "between layers"])
def test_an_activation_in_parts(case: str, before: bool, imported: Import) -> None:
    nodes, arrays, layer = CASES[case]
    if before:
        renamed = [
            (kind, inputs.replace("x", "z") if "x" in inputs.split() else inputs, outputs)
            for kind, inputs, outputs in nodes
        ]
        nodes = [("Gemm", "x w", "z"), *renamed[:-1], (*renamed[-1][:2], "o"), ("Gemm", "o w", "y")]
        arrays = {**arrays, "w": random(8, 8)}
    found = imported(nodes, arrays, VECTOR)
    layers = [{key: value for key, value in each.items() if key != "name"} for each in found.values["layers"]]
    dense = {"type": "Dense", "units": 8, "use_bias": False}
    assert layers == ([dense, layer, dense] if before else [layer])


def test_slopes_of_channels(imported: Import) -> None:
    nodes, _, _ = CASES["PReLU, as Keras writes it"]
    slopes = random(3, 1, 1)
    found = imported(nodes, {"s": slopes}, IMAGE)
    np.testing.assert_allclose(found.arrays["y/slopes"], -slopes.ravel(), rtol=1e-6)


NORM = [
    ("ReduceMean", "x axes", "mean"),
    ("Sub", "x mean", "d"),
    ("Pow", "d two", "q"),
    ("ReduceMean", "q axes", "v"),
    ("Add", "v eps", "w"),
    ("Sqrt", "w", "s"),
    ("Div", "d s", "n"),
]


@pytest.mark.parametrize("shape", [VECTOR, IMAGE])
def test_a_layer_normalisation_in_parts(shape: tuple[int, ...], imported: Import) -> None:
    axes = np.arange(1, 1 + len(shape))
    arrays = {"axes": axes, "two": F(2), "eps": F(1e-3), "g": random(*shape), "b": random(*shape)[::-1].copy()}
    nodes = [*NORM, ("Mul", "n g", "m"), ("Add", "m b", "y")]
    found = imported(nodes, arrays, shape, opset=18)
    assert [{**each, "name": ""} for each in found.values["layers"]] == [
        {"type": "LayerNormalization", "name": "", "epsilon": 0.001}
    ]
    assert {key.split("/")[1]: array.shape for key, array in found.arrays.items()} == {"gamma": shape, "beta": shape}
    bare = imported([*NORM[:-1], ("Div", "d s", "y")], arrays, shape, opset=18)
    assert bare.values["layers"][0] | {"name": ""} == {
        "type": "LayerNormalization",
        "name": "",
        "epsilon": 0.001,
        "scale": False,
        "center": False,
    }


def test_a_scale_and_shift_of_channels_keep_their_place(imported: Import) -> None:
    nodes = [("Relu", "x", "r"), ("Mul", "r g", "m"), ("Add", "m b", "a"), ("Relu", "a", "y")]
    found = imported(nodes, {"g": random(3, 1, 1), "b": random(3, 1, 1)}, IMAGE)
    assert found.values["layers"] == [
        {"type": "ReLU", "name": "r"},
        {"type": "BatchNormalization", "name": "a", "trainable": {"statistics": False}},
        {"type": "ReLU", "name": "y"},
    ]
    assert "BatchNormalization with fixed statistics" in " ".join(found.notes)


def test_the_bias_of_a_convolution_may_come_after_it(imported: Import) -> None:
    nodes = [("Conv", "x w", "c", {"pads": [1, 1, 1, 1]}), ("Add", "c b", "y")]
    found = imported(nodes, {"w": random(4, 3, 3, 3), "b": random(4, 1, 1)}, IMAGE)
    assert found.values["layers"] == [{"type": "Conv2D", "name": "c", "filters": 4}]


@pytest.mark.parametrize(
    ("nodes", "constants", "mode", "offset", "divisor"),
    [
        ([("Div", "x d", "n")], {"d": F(255)}, "unit", [0], [255]),
        ([("Mul", "x d", "n")], {"d": F(1 / 256)}, "unit", [0], [256]),
        ([("Sub", "x o", "s"), ("Div", "s d", "n")], {"o": F(33), "d": F(78)}, "per_channel", [33] * 3, [78] * 3),
        (
            [("Div", "x a", "u"), ("Sub", "u o", "s"), ("Div", "s d", "n")],
            {"a": F(255), "o": F([[[0.5]], [[0.25]], [[0.75]]]), "d": F([[[0.5]], [[0.25]], [[0.125]]])},
            "per_channel",
            [127.5, 63.75, 191.25],
            [127.5, 63.75, 31.875],
        ),
    ],
)
def test_a_normalisation_at_the_start(
    nodes: list[Any], constants: dict[str, Any], mode: str, offset: list[float], divisor: list[float], imported: Import
) -> None:
    found = imported([*nodes, ("Relu", "n", "y")], constants, IMAGE)
    assert found.values["layers"] == [{"type": "ReLU", "name": "y"}]
    assert found.values["data"]["normalize"] == mode
    known = found.meta["normalisation"]
    assert (known["mode"], known["shape"]) == (mode, list(IMAGE))
    np.testing.assert_allclose(known["offset"], offset, rtol=1e-6)
    np.testing.assert_allclose(known["divisor"], divisor, rtol=1e-6)


def test_a_normalisation_of_each_feature(imported: Import) -> None:
    offset, divisor = random(8), np.abs(random(8)) + F(0.5)
    nodes = [("Sub", "x o", "s"), ("Div", "s d", "n"), ("Tanh", "n", "y")]
    found = imported(nodes, {"o": offset, "d": divisor}, VECTOR)
    assert found.values["data"]["normalize"] == "per_feature"
    np.testing.assert_allclose(found.meta["normalisation"]["offset"], offset, rtol=1e-6)


def test_shapes_that_are_computed_are_folded(imported: Import) -> None:
    nodes = [
        ("Shape", "x", "s"),
        ("Gather", "s zero", "n", {"axis": 0}),
        ("Unsqueeze", "n zeros", "u"),
        ("Concat", "u rest", "t", {"axis": 0}),
        ("Reshape", "x t", "f"),
        ("Gemm", "f w", "y"),
    ]
    arrays = {"zero": np.array(0), "zeros": np.array([0]), "rest": np.array([-1]), "w": random(48, 5)}
    found = imported(nodes, arrays, IMAGE)
    assert [layer["type"] for layer in found.values["layers"]] == ["Flatten", "Dense"]


def test_weights_may_be_computed_from_constants(imported: Import) -> None:
    nodes = [("Transpose", "w", "t"), ("Cast", "t", "f", {"to": 1}), ("MatMul", "x f", "y")]
    weights = random(5, 8).astype(np.float64)
    found = imported(nodes, {"w": weights}, VECTOR)
    np.testing.assert_allclose(found.arrays["y/weights"], weights, rtol=1e-7)
