"""What no document can say is refused by the name of the node, with the nearest that it can, all at once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.importing.onnx.imported import ImportWishes, import_onnx

onnx = pytest.importorskip("onnx")
Write = Callable[..., Path]
IMAGE, VECTOR = (4, 6, 6), (8,)
F = np.float32


def random(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(F)


W = random(4, 4, 3, 3)
SAME = {"pads": [1, 1, 1, 1]}
POOL = {"kernel_shape": [3, 3], "strides": [2, 2]}
# nodes, arrays, shape, and parts of the message
CASES: Mapping[str, tuple[list[Any], Mapping[str, Any], tuple[int, ...], tuple[str, ...]]] = {
    "groups": (
        [("Conv", "x w", "y", {**SAME, "group": 2})],
        {"w": random(4, 2, 3, 3)},
        IMAGE,
        ('node "y" (Conv)', "2 groups of channels apart", "groups=1"),
    ),
    "depthwise": (
        [("Conv", "x w", "y", {**SAME, "group": 4})],
        {"w": random(4, 1, 3, 3)},
        IMAGE,
        ("each channel apart (depthwise)",),
    ),
    "dilations": (
        [("Conv", "x w", "y", {"pads": [2, 2, 2, 2], "dilations": [2, 2]})],
        {"w": W},
        IMAGE,
        ("dilations [2, 2]", "train it with dilations of 1"),
    ),
    "uneven padding": (
        [("Conv", "x w", "y", {"auto_pad": "SAME_UPPER", "strides": [2, 2]})],
        {"w": W},
        IMAGE,
        ("padded unevenly, by [0, 0, 1, 1]", "same"),
    ),
    "padding of ones": (
        [("Pad", "x p v", "q"), ("Conv", "q w", "y")],
        {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "v": F(1), "w": W},
        IMAGE,
        ('node "q" (Pad)', "pads by 1.0", "zeros"),
    ),
    "a pad without a convolution": (
        [("Pad", "x p", "q"), ("Relu", "q", "y")],
        {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])},
        IMAGE,
        ('node "q" (Pad)', "for something else than a convolution"),
    ),
    "padded pooling": (
        [("MaxPool", "x", "y", {**POOL, **SAME})],
        {},
        IMAGE,
        ("padded by [1, 1, 1, 1]", "MaxPooling2D reads no padding", "padding 0"),
    ),
    "ceil_mode": (
        [("AveragePool", "x", "y", {**POOL, "ceil_mode": 1})],
        {},
        IMAGE,
        ("ceil_mode", "to 3×3", "gives 2×2", "ceil_mode=0"),
    ),
    "joined": ([("Concat", "x x", "y", {"axis": 1})], {}, VECTOR, ("(Concat)", "joined end to end", "Residual")),
    "HardSwish": ([("HardSwish", "x", "y")], {}, VECTOR, ("(HardSwish)", "ReLU, SiLU and GELU")),
    "ReLU6": ([("Clip", "x a b", "y")], {"a": F(0), "b": F(6)}, VECTOR, ("is ReLU6", "the nearest layer is ReLU")),
    "limits": ([("Clip", "x a b", "y")], {"a": F(-1), "b": F(1)}, VECTOR, ("a limit to -1.0 … 1.0",)),
    "recurrent": (
        [("Unsqueeze", "x a", "s"), ("LSTM", "s w r", "o", {"hidden_size": 2}), ("Flatten", "o", "y")],
        {"a": np.array([1]), "w": random(1, 8, 8), "r": random(1, 8, 2)},
        VECTOR,
        ('node "o" (LSTM)', "there is no recurrent layer"),
    ),
    "two results multiplied": (
        [("GlobalAveragePool", "x", "p"), ("Sigmoid", "p", "s"), ("Mul", "x s", "y")],
        {},
        IMAGE,
        ('node "y" (Mul)', "4×6×6 and 4×1×1", "squeeze-and-excitation"),
    ),
    "a gate": (
        [("Gemm", "x w", "a"), ("Gemm", "x w", "b"), ("Sigmoid", "b", "s"), ("Mul", "a s", "y")],
        {"w": random(8, 8)},
        VECTOR,
        ('node "y" (Mul)', "multiplies one result by another"),
    ),
    "an unknown function": ([("Exp", "x", "y")], {}, VECTOR, ('node "y" (Exp)', "the activations are ReLU")),
    "a part": (
        [("Slice", "x a b c", "y")],
        {"a": np.array([0]), "b": np.array([2]), "c": np.array([1])},
        VECTOR,
        ("a part of a result is taken",),
    ),
    "transposed convolution": (
        [("ConvTranspose", "x w", "y")],
        {"w": W},
        IMAGE,
        ("no transposed convolution",),
    ),
    "one axis": ([("Conv", "x w", "y")], {"w": random(3, 6, 3)}, (6, 6), ("is over 1 axes", "images C×H×W")),
    "computed weights": ([("Gemm", "x x", "y", {"transB": 1})], {}, VECTOR, ("takes its weights from another node",)),
    "attention": ([("MatMul", "x x", "y")], {}, (4, 4), ("multiplies two results",)),
    "a layer of the last axis": ([("MatMul", "x w", "y")], {"w": random(6, 2)}, IMAGE, ("put a Flatten before it",)),
    "normalised channels": (
        [("LayerNormalization", "x g", "y", {"axis": 3})],
        {"g": random(6)},
        IMAGE,
        ("over its axes from 3 on", "all values of a sample"),
    ),
    "each image apart": (
        [("InstanceNormalization", "x g b", "y")],
        {"g": random(4), "b": random(4)},
        IMAGE,
        ("BatchNormalization, and LayerNormalization",),
    ),
    "samples mixed": ([("Reshape", "x s", "y")], {"s": np.array([4, -1])}, VECTOR, ("mixes the samples of a batch",)),
    "a vector as an image": (
        [("Relu", "x", "r"), ("Reshape", "r s", "q"), ("MaxPool", "q", "y", {"kernel_shape": [2, 2]})],
        {"s": np.array([-1, 2, 2, 2])},
        VECTOR,
        ('node "y" (MaxPool)', "takes 8 as 2×2×2", "by Flatten"),
    ),
    "a softmax over channels": ([("Softmax", "x", "y", {"axis": 1})], {}, IMAGE, ("axis 1 of 4×6×6", "last axis")),
    "scores to the power": (
        [("LogSoftmax", "x", "l"), ("Relu", "l", "y")],
        {},
        VECTOR,
        ("logarithms to further layers",),
    ),
    "constants for each pixel": (
        [("Relu", "x", "r"), ("Mul", "r c", "y")],
        {"c": random(4, 6, 6)},
        IMAGE,
        ('node "y" (Mul)', "each pixel by its own constant"),
    ),
    "a mean of rows": ([("ReduceMean", "x a", "y")], {"a": np.array([3])}, IMAGE, ("over the axes [3]",)),
    "a mean of everything": ([("ReduceMean", "x a", "y")], {"a": np.array([1])}, VECTOR, ("all values of a sample",)),
    "the mean of a batch": ([("ReduceMean", "x a", "y")], {"a": np.array([0])}, VECTOR, ("samples of a batch",)),
    "rounded": ([("Cast", "x", "i", {"to": 7}), ("Cast", "i", "y", {"to": 1})], {}, VECTOR, ("rounds to int64",)),
    "channels last at the end": (
        [("Relu", "x", "r"), ("Transpose", "r", "y", {"perm": [0, 2, 3, 1]})],
        {},
        IMAGE,
        ('its output "y"', "another order", "without the last Transpose"),
    ),
    "quantised": (
        [("QuantizeLinear", "x s z", "q"), ("DequantizeLinear", "q s z", "y")],
        {"s": F(0.1), "z": np.uint8(0)},
        VECTOR,
        ('node "q" (QuantizeLinear)', "quantised"),
    ),
    "a result used by two branches that do not meet": (
        [
            ("Gemm", "x w", "a"),
            ("Relu", "a", "r"),
            ("Tanh", "r", "t"),
            ("Add", "r t", "s"),
            ("Add", "s a", "u"),
            ("Add", "u r", "y"),
        ],
        {"w": random(8, 8)},
        VECTOR,
        ("a Residual has two branches",),
    ),
    "a setting that is no number": (
        [("Elu", "x", "y", {"alpha": float("nan")})],
        {},
        VECTOR,
        ('node "y" (Elu): has a setting that no layer here has', "nan"),
    ),
    "a factor beyond all numbers": (
        [("Relu", "x", "a0"), *(("Add", f"a{i} a{i}", f"a{i + 1}") for i in range(199)), ("Add", "a199 a199", "y")],
        {},
        VECTOR,
        ('node "y" (Add): has a setting that no layer here has', "inf"),
    ),
    "no layer": ([("Identity", "x", "y")], {}, VECTOR, ("there is no layer",)),
    "a huge constant": (
        [("ConstantOfShape", "s", "c"), ("Add", "x c", "y")],
        {"s": np.array([2**20, 2**20])},
        VECTOR,
        ('node "c" (ConstantOfShape)', "more than 134,217,728 numbers"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_no_document_can_say(case: str, write: Write) -> None:
    nodes, arrays, shape, parts = CASES[case]
    with pytest.raises(GraphError) as caught:
        import_onnx(write(nodes, arrays, shape), ImportWishes())
    message = str(caught.value)
    assert "net.onnx: " in message
    assert [part for part in parts if part not in message] == [], message


def test_all_faults_at_once(write: Write) -> None:
    nodes = [
        ("Conv", "x w", "c1", {"dilations": [2, 2], "pads": [2, 2, 2, 2]}),
        ("HardSwish", "c1", "h"),
        ("Conv", "h w", "c2", {**SAME, "group": 1}),
        ("MaxPool", "c2", "p", {**POOL, **SAME}),
        ("Flatten", "p", "f"),
        ("LpNormalization", "f", "y", {"axis": 1}),
    ]
    with pytest.raises(GraphError) as caught:
        import_onnx(write(nodes, {"w": W}, IMAGE), ImportWishes())
    named = [str(problem).split(": ")[1] for problem in caught.value.problems]
    assert named == ['node "c1" (Conv)', 'node "h" (HardSwish)', 'node "p" (MaxPool)', 'node "y" (LpNormalization)']


def test_the_same_fault_of_many_nodes_is_told_once(write: Write) -> None:
    nodes = [("HardSwish", f"h{index}" if index else "x", f"h{index + 1}") for index in range(10)]
    with pytest.raises(GraphError) as caught:
        import_onnx(write([*nodes, ("Mish", "h10", "m"), ("Relu", "m", "y")], {}, VECTOR), ImportWishes())
    named = [str(problem).split(": ")[1] for problem in caught.value.problems]
    assert named == ['nodes "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8" and 2 more (HardSwish)', 'node "m" (Mish)']


def test_nothing_that_follows_from_a_fault_is_told(write: Write) -> None:
    nodes = [
        ("Transpose", "x", "t", {"perm": [1, 0, 2]}),
        ("Shape", "t", "s"),
        ("Gather", "s i", "n", {"axis": 0}),
        ("Expand", "w n", "e"),
        ("LSTM", "t w r", "o", {"hidden_size": 2}),
        ("MatMul", "o e", "y"),
    ]
    arrays = {"i": np.array([0]), "w": random(1, 8, 8), "r": random(1, 8, 2)}
    with pytest.raises(GraphError) as caught:
        import_onnx(write(nodes, arrays, (4, 8)), ImportWishes())
    named = [str(problem).split(": ")[1] for problem in caught.value.problems]
    assert named == ['node "t" (Transpose)', 'node "o" (LSTM)']


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shape": (3, "H", "W")}, "sizes that are not fixed"),
        ({"shape": ()}, "takes vectors N×F or images"),
        ({"shape": (1, 2, 3, 4)}, "takes vectors N×F or images"),
        ({"shape": (4096, 4096, 16)}, "too large"),
        ({"shape": VECTOR, "dtype": onnx.TensorProto.INT64}, "is of int64"),
        ({"shape": VECTOR, "extra_outputs": ["x2"]}, 'has one output, but the graph has 2: "y", "x2"'),
        ({"shape": VECTOR, "opset": 6}, "of version 6; 7 and newer are read"),
    ],
)
def test_inputs_and_outputs(settings: dict[str, Any], said: str, write: Write) -> None:
    nodes = [("Relu", "x", "y"), ("Relu", "x", "x2")]
    settings = dict(settings)
    try:
        path = write(nodes, {}, settings.pop("shape"), **settings)
    except onnx.shape_inference.InferenceError:
        pytest.skip("the file cannot be written")
    with pytest.raises(GraphError, match=said.replace("(", r"\(")):
        import_onnx(path, ImportWishes())


def test_operations_of_others(write: Write) -> None:
    path = write([("Gelu", "x", "y", {"domain": "com.microsoft"})], {}, VECTOR, domains=["com.microsoft"])
    with pytest.raises(GraphError, match=r'node "y" \(Gelu\): is an operation of "com.microsoft", not of ONNX itself'):
        import_onnx(path, ImportWishes())
