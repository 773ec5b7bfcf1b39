"""Sums of results become residual blocks, in rows and inside one another."""

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.importing.onnx.imported import Imported

Import = Callable[..., Imported]
IMAGE = (3, 6, 6)
SAME = {"pads": [1, 1, 1, 1]}


def random(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


ARRAYS = {"w": random(3, 3, 3, 3), "v": random(3, 3, 1, 1), "u": random(3, 3, 3, 3, seed=1)}


def types(layers: list[dict[str, Any]]) -> list[Any]:
    return [
        (types(each["layers"]), types(each.get("shortcut", []))) if each["type"] == "Residual" else each["type"]
        for each in layers
    ]


def test_blocks_in_a_row_with_an_activation_after_each(imported: Import) -> None:
    nodes = [
        *(("Conv", "x w", "c1", SAME), ("Relu", "c1", "r1"), ("Conv", "r1 u", "c2", SAME), ("Add", "c2 x", "a1")),
        *(("Relu", "a1", "r2"), ("Conv", "r2 u", "c3", SAME), ("Conv", "r2 v", "s"), ("Add", "s c3", "a2")),
        ("Relu", "a2", "y"),
    ]
    found = imported(nodes, ARRAYS, IMAGE)
    assert types(found.values["layers"]) == [
        (["Conv2D", "ReLU", "Conv2D"], []),
        "ReLU",
        (["Conv2D"], ["Conv2D"]),
        "ReLU",
    ]


def test_blocks_inside_one_another(imported: Import) -> None:
    nodes = [
        *(("Conv", "x w", "c1", SAME), ("Relu", "c1", "r1"), ("Add", "r1 c1", "a1"), ("Tanh", "a1", "t")),
        ("Add", "x t", "y"),
    ]
    found = imported(nodes, ARRAYS, IMAGE)
    assert types(found.values["layers"]) == [(["Conv2D", (["ReLU"], []), "Tanh"], [])]


def test_a_sum_of_three_is_a_block_in_a_block(imported: Import) -> None:
    nodes = [("Conv", "x w", "a", SAME), ("Conv", "x v", "b"), ("Sum", "x a b", "y")]
    found = imported(nodes, ARRAYS, IMAGE)
    assert types(found.values["layers"]) == [([(["Conv2D"], [])], ["Conv2D"])]


def test_a_difference_is_a_sum_with_a_scale(imported: Import) -> None:
    found = imported([("Conv", "x w", "a", SAME), ("Relu", "a", "r"), ("Sub", "x r", "y")], ARRAYS, IMAGE)
    assert types(found.values["layers"]) == [(["Conv2D", "ReLU", "Scale"], [])]


def test_a_result_added_to_itself(imported: Import) -> None:
    found = imported([("Conv", "x w", "a", SAME), ("Add", "a a", "y")], ARRAYS, IMAGE)
    assert types(found.values["layers"]) == ["Conv2D", "Scale"]


def test_flattened_branches(imported: Import) -> None:
    nodes = [("GlobalAveragePool", "x", "p"), ("Flatten", "p", "f"), ("Gemm", "f g", "d"), ("Add", "d f", "y")]
    found = imported(nodes, {"g": random(3, 3)}, IMAGE)
    assert types(found.values["layers"]) == ["GlobalAveragePooling", (["Dense"], [])]
