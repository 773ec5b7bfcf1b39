"""Damaged ONNX files are refused in words, or read as what they say; nothing else comes out of them."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError
from graphnn.importing.onnx.imported import ImportWishes, import_onnx

onnx = pytest.importorskip("onnx")
Write = Callable[..., Path]
TYPES = (
    *("Relu", "Add", "Mul", "MatMul", "Conv", "Flatten", "Reshape", "Transpose", "Softmax", "Gather", "Concat", "Sub"),
    *("ReduceMean", "Squeeze", "Unsqueeze", "Pad", "MaxPool", "Sum", "Pow", "Where", "LayerNormalization", "Gemm"),
    *("BatchNormalization", "Dropout", "Clip", "PRelu", "Cast", "Identity"),
)


@pytest.fixture
def whole(write: Write) -> bytes:
    """The bytes of a file with layers of many kinds."""

    def draw(*shape: int) -> Any:
        return np.random.default_rng(0).normal(size=shape).astype(np.float32)

    nodes = [
        *(("Sub", "x o", "s"), ("Conv", "s w", "c", {"pads": [1, 1, 1, 1]}), ("BatchNormalization", "c g g g v", "n")),
        *(("Relu", "n", "r"), ("Add", "r s", "a"), ("MaxPool", "a", "p", {"kernel_shape": [2, 2], "strides": [2, 2]})),
        *(("Transpose", "p", "t", {"perm": [0, 2, 3, 1]}), ("Reshape", "t k", "f"), ("Gemm", "f u b", "y")),
    ]
    arrays = {"o": np.float32(0.5), "w": draw(3, 3, 3, 3), "g": draw(3), "v": np.ones(3, np.float32)}
    arrays |= {"k": np.array([-1, 12]), "u": draw(12, 4), "b": draw(4)}
    return write(nodes, arrays, (3, 4, 4)).read_bytes()


def with_other_bytes(data: bytes, draw: random.Random) -> bytes:
    """Return a file with some bytes changed."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def with_other_nodes(data: bytes, draw: random.Random) -> bytes:
    """Return a file with other types of nodes, inputs, attributes, or shapes of arrays."""
    model = onnx.load_from_string(data)
    graph = model.graph
    names = [each.name for each in graph.initializer] + [name for node in graph.node for name in node.output]
    for _ in range(draw.randint(1, 3)):
        node, chance = draw.choice(graph.node), draw.random()
        if chance < 0.3:
            node.op_type = draw.choice(TYPES)
        elif chance < 0.5:
            node.input[draw.randrange(len(node.input))] = draw.choice(names)
        elif chance < 0.6 and node.attribute:
            del node.attribute[0]
        elif chance < 0.8 and node.attribute:
            ints = node.attribute[0].ints
            ints[draw.randrange(len(ints))] = draw.choice([-3, -1, 0, 1, 2, 5, 2**40])
        else:
            array = draw.choice([each for each in graph.initializer if each.dims])
            array.dims[draw.randrange(len(array.dims))] = draw.choice([0, 1, 2, 7])
    return model.SerializeToString()


@pytest.mark.parametrize("change", [with_other_bytes, with_other_nodes])
@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=pytest.mark.long) for each in range(1, 20))])
def test_nothing_but_a_network_or_an_error_in_words(
    change: Callable[[bytes, random.Random], bytes], seed: int, whole: bytes, tmp_path: Path
) -> None:
    draw, path = random.Random(seed), tmp_path / "damaged.onnx"
    said = []
    for _ in range(60):
        path.write_bytes(change(whole, draw))
        try:
            import_onnx(path, ImportWishes())
        except GraphError as error:
            said.append(str(error).strip())
    assert said, "no change made a file that is refused"
    assert all(said), "an error without words"
    assert [text for text in said if "do not give what" in text] == []  # a change that comparing alone has noticed
