"""What a file of graphnn says of itself is taken where the graph agrees, and nothing of it where it does not."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.importing.onnx.imported import Imported
from graphnn.specification.spec import spec_from_values

Import = Callable[..., Imported]


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


DOCUMENT = {
    "format_version": 1,
    "name": "shared",
    "description": "digits as vectors",
    "input": {"shape": [64]},
    "layers": [
        {"type": "Dense", "name": "hidden", "units": 6, "initializer": "he_uniform", "trainable": {"biases": False}},
        {"type": "BatchNormalization", "name": "norm", "momentum": 0.99, "scale": False},
        {"type": "ReLU", "description": "the only one"},
        {"type": "Dropout", "rate": 0.25},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy", "label_smoothing": 0.1},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05, "schedule": {"type": "cosine"}},
    "data": {"dataset": "digits", "validation_split": 0.2, "seed": 3},
    "training": {"epochs": 7, "batch_size": 50, "seed": 4},
}
NODES = [
    ("Sub", "x offset", "normalisation/subtract"),
    ("Div", "normalisation/subtract divisor", "normalisation/divide"),
    ("Flatten", "normalisation/divide", "normalisation/flatten"),
    ("Gemm", "normalisation/flatten w1 b1", "h", {"transB": 1}),
    ("BatchNormalization", "h one beta mean variance", "n"),
    ("Relu", "n", "r"),
    ("Mul", "r kept", "d"),
    ("Gemm", "d w2 b2", "o", {"transB": 1}),
    ("Softmax", "o", "p"),
    ("Sub", "p share", "beliefs/rest"),
    ("Relu", "beliefs/rest", "beliefs/positive"),
    ("ReduceSum", "beliefs/positive axes", "beliefs/total"),
    ("Div", "beliefs/positive beliefs/total", "beliefs/divide"),
]
ARRAYS = {
    "offset": np.float32(4.9),
    "divisor": np.float32(6.0),
    "w1": random(6, 64),
    "b1": random(6),
    "one": np.ones(6, np.float32),
    "beta": random(6),
    "mean": random(6),
    "variance": np.abs(random(6)) + 1,
    "kept": np.float32(0.75),
    "w2": random(10, 6),
    "b2": random(10),
    "share": np.float32(0.01),
    "axes": np.array([1]),
}
NORMALISATION = {"mode": "per_channel", "shape": [1, 8, 8], "offset": [4.9000000001], "divisor": [6.0]}


def file_metadata(document: Any = DOCUMENT, **more: Any) -> dict[str, str]:
    resolved = spec_from_values(document).resolved()
    known = {
        "graphnn.document": resolved,
        "classes": list("0123456789"),
        "graphnn.normalisation": NORMALISATION,
        **more,
    }
    known.setdefault("graphnn.figures", {"epochs": 7, "test": {"loss": 0.1, "accuracy": 0.97}})
    return {key: json.dumps(value) for key, value in known.items()}


def read(imported: Import, nodes: Any = NODES, arrays: Any = ARRAYS, **settings: Any) -> Imported:
    return imported(nodes, arrays, (1, 8, 8), output="beliefs/divide", **settings)


def test_the_document_comes_back(imported: Import) -> None:
    found = read(imported, metadata=file_metadata())
    assert found.spec.resolved() == spec_from_values(DOCUMENT).resolved()
    assert found.values["layers"] == DOCUMENT["layers"]
    assert found.values["training"] == {"epochs": 7, "batch_size": 50, "seed": 4}
    assert list(found.arrays) == [
        *("hidden/weights", "hidden/biases", "norm/beta", "norm/running_mean", "norm/running_variance"),
        *("dense_2/weights", "dense_2/biases"),
    ]
    np.testing.assert_array_equal(found.arrays["hidden/weights"], ARRAYS["w1"])
    assert found.meta["classes"] == list("0123456789")
    assert found.meta["normalisation"] == NORMALISATION
    assert found.meta["metrics"]["test"]["accuracy"] == 0.97
    assert found.notes == ()


def test_constants_that_disagree_are_those_of_the_graph(imported: Import) -> None:
    other = {**NORMALISATION, "offset": [5.0]}
    found = read(imported, metadata=file_metadata(**{"graphnn.normalisation": other}))
    assert found.meta["normalisation"]["offset"] == [4.9]


@pytest.mark.parametrize(
    ("index", "layer"),
    [
        (0, {"type": "Dense", "name": "hidden", "units": 7}),
        (2, {"type": "Tanh"}),
        (3, {"type": "Dropout", "rate": 0.3}),
        (1, {"type": "BatchNormalization", "epsilon": 0.1, "scale": False}),
        (1, {"type": "BatchNormalization", "scale": False, "center": False}),
    ],
)
def test_another_document_is_left_alone_with_a_note(index: int, layer: dict[str, Any], imported: Import) -> None:
    layers = [layer if place == index else each for place, each in enumerate(DOCUMENT["layers"])]  # type: ignore[arg-type]
    found = read(imported, metadata=file_metadata({**DOCUMENT, "layers": layers}))
    assert [each["type"] for each in found.values["layers"]] == [
        *("Flatten", "Dense", "BatchNormalization", "ReLU", "Scale", "Dense", "Softmax")
    ]
    assert "describes another network" in " ".join(found.notes)
    assert found.values["loss"] == DOCUMENT["loss"]  # which the nodes at the end of the graph undo


def test_label_smoothing_that_the_graph_does_not_undo_so_is_refused(imported: Import) -> None:
    with pytest.raises(GraphError, match="do not give what onnx"):
        read(imported, arrays=ARRAYS | {"share": np.float32(0.03)}, metadata=file_metadata())


def test_a_fitting_scale_of_one_and_a_dropout_of_none(imported: Import) -> None:
    layers: list[Any] = list(DOCUMENT["layers"])  # type: ignore[call-overload]
    layers.insert(1, {"type": "Scale", "factor": 1})
    layers.insert(1, {"type": "Dropout", "rate": 0})
    found = read(imported, metadata=file_metadata({**DOCUMENT, "layers": layers}))
    assert found.values["layers"] == layers


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"layers": 3}', "null"])
def test_damaged_documents_are_ignored(text: str, imported: Import) -> None:
    nodes, arrays = NODES[:9], ARRAYS
    found = imported(nodes, arrays, (1, 8, 8), output="p", metadata={"graphnn.document": text})
    assert found.values["name"] == "net"


def test_blocks_whose_branches_were_written_the_other_way_round(imported: Import) -> None:
    block = {
        "type": "Residual",
        "name": "block",
        "layers": [{"type": "Dense", "name": "short", "units": 8}],
        "shortcut": [
            {"type": "Dense", "name": "a", "units": 8},
            {"type": "Tanh"},
            {"type": "Dense", "name": "b", "units": 8},
        ],
    }
    document = {**DOCUMENT, "input": {"shape": [8]}, "layers": [block, {"type": "Softmax"}]}
    document["data"] = {"dataset": "npz", "path": "some.npz", "normalize": "none"}
    nodes = [
        *(("Gemm", "x u v", "s"), ("Gemm", "x w v", "a"), ("Tanh", "a", "t"), ("Gemm", "t u v", "b")),
        *(("Add", "s b", "c"), ("Softmax", "c", "y")),
    ]
    arrays = {"u": random(8, 8), "w": random(8, 8) + 1, "v": random(8)}
    found = imported(
        nodes, arrays, (8,), metadata={"graphnn.document": json.dumps(spec_from_values(document).resolved())}
    )
    assert found.values["layers"] == document["layers"]
    np.testing.assert_array_equal(found.arrays["a/weights"], arrays["w"].T)
    np.testing.assert_array_equal(found.arrays["short/weights"], arrays["u"].T)
