"""Forms of operations that few exporters write."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.importing.onnx.imported import Imported, ImportWishes, import_onnx

onnx = pytest.importorskip("onnx")
Import = Callable[..., Imported]
Write = Callable[..., Path]
F = np.float32
IMAGE, VECTOR = (3, 6, 6), (8,)


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(F)


DENSE = {"type": "Dense", "units": 5, "use_bias": False}
READ: Mapping[str, tuple[list[Any], Mapping[str, Any], tuple[int, ...], int, list[dict[str, Any]]]] = {
    "a limit by attributes": ([("Clip", "x", "y", {"min": 0.0})], {}, VECTOR, 9, [{"type": "ReLU"}]),
    "a limit that limits nothing": ([("Clip", "x", "c"), ("Relu", "c", "y")], {}, VECTOR, 20, [{"type": "ReLU"}]),
    "a pad by attributes": (
        [("Pad", "x", "p", {"pads": [0, 0, 1, 1, 0, 0, 1, 1]}), ("Conv", "p w", "y")],
        {"w": random(2, 3, 3, 3)},
        IMAGE,
        9,
        [{"type": "Conv2D", "filters": 2, "use_bias": False}],
    ),
    "a pad of nothing": (
        [("Pad", "x z", "p"), ("Relu", "p", "y")],
        {"z": np.zeros(8, np.int64)},
        IMAGE,
        20,
        [{"type": "ReLU"}],
    ),
    "a pad of two axes": (
        [("Pad", "x p - a", "q"), ("Conv", "q w", "y")],
        {"p": np.array([1, 1, 1, 1]), "a": np.array([-2, -1]), "w": random(2, 3, 3, 3)},
        IMAGE,
        20,
        [{"type": "Conv2D", "filters": 2, "use_bias": False}],
    ),
    "axes of size one": (
        [("Unsqueeze", "x a", "u"), ("Squeeze", "u a", "s"), ("Relu", "s", "y")],
        {"a": np.array([1])},
        VECTOR,
        20,
        [{"type": "ReLU"}],
    ),
    "axes by attributes": (
        [("Unsqueeze", "x", "u", {"axes": [2]}), ("Squeeze", "u", "s"), ("Relu", "s", "y")],
        {},
        VECTOR,
        11,
        [{"type": "ReLU"}],
    ),
    "a shape with 0 and -1": (
        [("Reshape", "x s", "f"), ("Gemm", "f w", "y")],
        {"s": np.array([0, -1]), "w": random(108, 5)},
        IMAGE,
        20,
        [{"type": "Flatten"}, DENSE],
    ),
    "a vector that is an image in between": (
        [("Flatten", "x", "f"), ("Reshape", "f s", "i"), ("MaxPool", "i", "y", {"kernel_shape": [2, 2]})],
        {"s": np.array([-1, 3, 6, 6])},
        IMAGE,
        20,
        [{"type": "MaxPooling2D", "strides": 1}],
    ),
    "dropout of an old version": ([("Dropout", "x", "d"), ("Relu", "d", "y")], {}, VECTOR, 10, [{"type": "ReLU"}]),
    "tanh GELU": ([("Gelu", "x", "y", {"approximate": "tanh"})], {}, VECTOR, 20, [{"type": "GELU"}]),
    "a mean by attributes": (
        [("ReduceMean", "x", "y", {"axes": [-2, -1], "keepdims": 0})],
        {},
        IMAGE,
        13,
        [{"type": "GlobalAveragePooling"}],
    ),
    "a number minus the result": ([("Sub", "c x", "y")], {"c": F(0)}, VECTOR, 20, [{"type": "Scale", "factor": -1.0}]),
    "a number divided": (
        [("Neg", "x", "n"), ("Exp", "n", "e"), ("Add", "e o", "a"), ("Div", "o a", "y")],
        {"o": F(1)},
        VECTOR,
        20,
        [{"type": "Sigmoid"}],
    ),
    "constants of every kind": (
        [
            ("Constant", "", "a", {"value_float": 2.0}),
            ("Constant", "", "b", {"value_floats": [0.5]}),
            ("Constant", "", "i", {"value_int": 8}),
            ("Constant", "", "j", {"value_ints": [0, -1]}),
            ("Mul", "a b", "one"),
            ("Mul", "x one", "m"),
            ("Range", "zero i step", "r"),
            ("Reshape", "m j", "q"),
            ("Cast", "r", "c", {"to": 1}),
            ("Tile", "c two", "t"),
            ("Reshape", "t shape", "w"),
            ("MatMul", "q w", "y"),
        ],
        {"zero": np.array(0), "step": np.array(1), "two": np.array([2]), "shape": np.array([8, 2])},
        VECTOR,
        20,
        [{"type": "Dense", "units": 2, "use_bias": False}],
    ),
    "a matrix that is expanded": (
        [("Expand", "v s", "w"), ("MatMul", "x w", "y")],
        {"v": random(8, 1), "s": np.array([8, 5])},
        VECTOR,
        20,
        [DENSE],
    ),
    "no bias": (
        [("Conv", "x w", "y")],
        {"w": random(2, 3, 3, 3)},
        IMAGE,
        20,
        [{"type": "Conv2D", "filters": 2, "padding": "valid", "use_bias": False}],
    ),
    "a bias of nothing else": (
        [("Gemm", "x w", "g"), ("Add", "g c", "y")],
        {"w": random(8, 5), "c": F(2)},
        VECTOR,
        20,
        [{"type": "Dense", "units": 5}],
    ),
    "a layer normalisation without a shift": (
        [("LayerNormalization", "x g", "y")],
        {"g": random(8)},
        VECTOR,
        20,
        [{"type": "LayerNormalization", "center": False}],
    ),
    "a softmax of a mean": (
        [("GlobalAveragePool", "x", "p"), ("Softmax", "p", "s", {"axis": 1}), ("Flatten", "s", "y")],
        {},
        IMAGE,
        20,
        [{"type": "GlobalAveragePooling"}, {"type": "Softmax"}],
    ),
}


@pytest.mark.parametrize("case", READ)
def test_forms_that_are_read(case: str, imported: Import) -> None:
    nodes, arrays, shape, opset, layers = READ[case]
    found = imported(nodes, arrays, shape, opset=opset)
    assert [{key: value for key, value in each.items() if key != "name"} for each in found.values["layers"]] == layers


REFUSED: Mapping[str, tuple[list[Any], Mapping[str, Any], tuple[int, ...], str]] = {
    "a transposed batch": ([("Gemm", "x w", "y", {"transA": 1})], {"w": random(8, 5)}, VECTOR, "transposes the batch"),
    "weights of three axes": ([("MatMul", "x w", "y")], {"w": random(2, 8, 5)}, VECTOR, "weights of 2×8×5"),
    "a slope below zero": ([("LeakyRelu", "x", "y", {"alpha": -0.5})], {}, VECTOR, "a LeakyReLU has none below 0"),
    "an alpha below zero": ([("Elu", "x", "y", {"alpha": -0.5})], {}, VECTOR, "an ELU has none below 0"),
    "a slope for each pixel": ([("PRelu", "x s", "y")], {"s": random(*IMAGE)}, IMAGE, "a slope for each pixel"),
    "a full dropout": (
        [("Dropout", "x r t", "y")],
        {"r": F(1), "t": np.array(True)},
        VECTOR,
        "has a rate of 1, where one below 1",
    ),
    "a flatten of everything": ([("Flatten", "x", "y", {"axis": 0})], {}, VECTOR, "keeps the samples of a batch apart"),
    "padding that cuts": (
        [("Pad", "x p", "q"), ("Conv", "q w", "y")],
        {"p": np.array([0, 0, -1, -1, 0, 0, 0, 0]), "w": random(2, 3, 3, 3)},
        IMAGE,
        "pads or cuts what is no image",
    ),
    "padded channels": (
        [("Pad", "x p", "q"), ("Conv", "q w", "y")],
        {"p": np.array([0, 1, 0, 0, 0, 0, 0, 0]), "w": random(2, 4, 3, 3)},
        IMAGE,
        "pads the channels",
    ),
    "reflected padding": (
        [("Pad", "x p", "q", {"mode": "reflect"}), ("Conv", "q w", "y")],
        {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "w": random(2, 3, 3, 3)},
        IMAGE,
        "pads by reflect",
    ),
    "weights for other channels": (
        [("Conv", "x w", "y")],
        {"w": random(2, 3, 3, 3)},
        (6, 6, 6),
        "has weights for 3 channels, but takes 6×6×6",
    ),
    "three inputs of a maximum": ([("Max", "x x x", "y")], {}, VECTOR, "takes 3 inputs"),
    "a batch axis that moves": ([("Transpose", "x", "y", {"perm": [1, 0]})], {}, VECTOR, "moves the axis of the batch"),
    "division by zero": ([("Div", "x c", "y")], {"c": F(0)}, VECTOR, "divides by 0"),
    "functions that are no layer": (
        [("Exp", "x", "e"), ("Abs", "e", "y")],
        {},
        VECTOR,
        "computes a function of each number",
    ),
    "an order that is mixed": (
        [("Transpose", "x", "t", {"perm": [0, 2, 1, 3]}), ("MaxPool", "t", "y", {"kernel_shape": [2, 2]})],
        {},
        IMAGE,
        "in an order that is not C×H×W",
    ),
    "only constants": ([("Identity", "c", "y")], {"c": random(1, 3)}, VECTOR, "does not depend on its input"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_forms_that_are_refused(case: str, write: Write) -> None:
    nodes, arrays, shape, said = REFUSED[case]
    with pytest.raises(GraphError, match=said):
        import_onnx(write(nodes, arrays, shape), ImportWishes())


def test_swish_of_new_versions(imported: Import, write: Write) -> None:
    if onnx.defs.onnx_opset_version() < 24:
        pytest.skip("this onnx has no Swish")
    found = imported([("Swish", "x", "y")], {}, VECTOR, opset=24)
    assert found.values["layers"] == [{"type": "SiLU", "name": "y"}]
    with pytest.raises(GraphError, match="has an alpha of 2; a SiLU has 1"):
        import_onnx(write([("Swish", "x", "y", {"alpha": 2.0})], {}, VECTOR, opset=24), ImportWishes())


def test_functions_of_the_file_are_written_out(write: Write) -> None:
    path = write([("Relu", "x", "y")], {}, VECTOR, domains=["mine"])
    model = onnx.load(path)
    body = [onnx.helper.make_node("Sigmoid", ["a"], ["s"]), onnx.helper.make_node("Mul", ["a", "s"], ["b"])]
    function = onnx.helper.make_function("mine", "Gate", ["a"], ["b"], body, [onnx.helper.make_opsetid("", 20)])
    model.functions.append(function)
    model.graph.node[0].op_type, model.graph.node[0].domain = "Gate", "mine"
    onnx.save(model, path)
    layers = import_onnx(path, ImportWishes()).values["layers"]
    assert [layer["type"] for layer in layers] == ["SiLU"]


def test_names_that_are_no_text(write: Write) -> None:
    path = write([("Relu", "x", "y")], {}, VECTOR)
    path.write_bytes(path.read_bytes().replace(b"Relu", b"R\xfflu"))
    with pytest.raises(GraphError, match="names that are not UTF-8"):
        import_onnx(path, ImportWishes())


def test_blocks_deeper_than_any_document(write: Write) -> None:
    nodes, last = [], "x"
    for index in range(50):
        nodes.append(("Relu", last, f"r{index}"))
        nodes.append(("Add", f"r{index} x", f"a{index}"))
        last = f"a{index}"
    nodes.append(("Tanh", last, "y"))
    with pytest.raises(GraphError, match="in more than 40 blocks inside one another"):
        import_onnx(write(nodes, {}, VECTOR), ImportWishes())
