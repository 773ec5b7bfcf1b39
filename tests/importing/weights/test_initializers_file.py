"""The weights of ONNX files: by the operations that use them, in the layout here."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.initializers_file import read_onnx_weights

onnx = pytest.importorskip("onnx")

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)


def read(tmp_path: Path, nodes: list[Any], arrays: dict[str, Any], size: tuple[int, ...] = (1, 3)) -> ForeignFile:
    helper, tensor = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", tensor, size)],
        [helper.make_tensor_value_info("y", tensor, ("n", "m"))],
        [onnx.numpy_helper.from_array(np.asarray(each, np.float32), name) for name, each in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "w.onnx")
    return read_onnx_weights(tmp_path / "w.onnx")


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), [output], name=f"/{output}/{kind}", **attributes)


def test_names_of_a_hundred_modules_are_found_at_once(tmp_path: Path) -> None:
    nodes = [node("Gemm", f"{f'h{n - 1}' if n else 'x'} same.weight", f"h{n}", transB=1) for n in range(100)]
    nodes.append(node("Identity", "h99", "y"))
    begun = time.process_time()
    found = read(tmp_path, nodes, {"same.weight": np.zeros((3, 3))})
    assert time.process_time() - begun < 5
    assert [module.name for module in found.modules[:4]] == ["same", "same.weight", "same#2", "same#3"]


def test_matrices_are_turned_as_their_operations_say(tmp_path: Path) -> None:
    square = np.arange(9, dtype=np.float32).reshape(3, 3)
    nodes = [
        node("Gemm", "x a.weight a.bias", "h1", transB=1),
        node("Gemm", "h1 b.weight b.bias", "h2"),
        node("MatMul", "h2 m", "h3"),
        node("Add", "m.bias h3", "h4"),
        node("Transpose", "t.weight", "t"),
        node("MatMul", "h4 t", "y"),
    ]
    arrays = dict.fromkeys(("a.weight", "b.weight", "m", "t.weight"), square)
    found = read(tmp_path, nodes, {**arrays, "a.bias": np.ones(3), "b.bias": np.full(1, 2.0), "m.bias": np.ones(3)})
    by_name = {module.name: module for module in found.modules}
    assert list(by_name) == ["a", "b", "h3.MatMul", "y.MatMul"]
    np.testing.assert_array_equal(by_name["a"].arrays["weight"], square)
    np.testing.assert_array_equal(by_name["b"].arrays["weight"], square.T)
    assert by_name["b"].arrays["bias"].tolist() == [2, 2, 2]
    np.testing.assert_array_equal(by_name["h3.MatMul"].arrays["weight"], square.T)
    assert by_name["h3.MatMul"].arrays["bias"].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(by_name["y.MatMul"].arrays["weight"], square)
    assert "bias" not in by_name["y.MatMul"].arrays
    assert found.before == {
        "a": set(),
        "b": {"a"},
        "h3.MatMul": {"a", "b"},
        "y.MatMul": {"a", "b", "h3.MatMul"},
    }


def test_factors_of_a_product_are_in_the_weights(tmp_path: Path) -> None:
    nodes = [node("Gemm", "x a.weight a.bias", "h", transB=1, alpha=0.5, beta=3.0), node("Gemm", "h b.weight", "y")]
    found = read(tmp_path, nodes, {"a.weight": ARRAY, "a.bias": np.ones(2), "b.weight": ARRAY})
    first, second = found.modules
    np.testing.assert_array_equal(first.arrays["weight"], ARRAY / 2)
    assert first.arrays["bias"].tolist() == [3, 3]
    np.testing.assert_array_equal(second.arrays["weight"], ARRAY.T)


def test_branches_do_not_come_before_each_other(tmp_path: Path) -> None:
    nodes = [
        node("Gemm", "x a.weight", "h"),
        node("Gemm", "h b.weight", "left"),
        node("Gemm", "h c.weight", "right"),
        node("Add", "left right", "sum"),
        node("Gemm", "sum d.weight", "y"),
    ]
    found = read(tmp_path, nodes, {f"{name}.weight": np.ones((3, 3)) for name in "abcd"})
    assert found.before == {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"a", "b", "c"}}


def test_a_vector_of_an_image_with_channels_last_is_told(tmp_path: Path) -> None:
    arrays = {"c.weight": np.ones((2, 3, 1, 1)), "d.weight": np.ones((8, 4)), "shape": np.ones(0)}
    conv = node("Conv", "x c.weight", "h")
    for nodes, last in (
        ([node("Flatten", "h", "f")], False),
        ([node("Transpose", "h", "t", perm=[0, 2, 3, 1]), node("Flatten", "t", "f")], True),
    ):
        found = read(tmp_path, [conv, *nodes, node("Gemm", "f d.weight", "y")], arrays, (1, 3, 2, 2))
        assert [module.channels_last for module in found.modules] == [False, last]


def test_epsilon_and_what_is_not_used(tmp_path: Path) -> None:
    arrays = {f"n.{part}": np.ones(3) for part in ("weight", "bias", "running_mean", "running_var")}
    norm = node("BatchNormalization", "x n.weight n.bias n.running_mean n.running_var", "y", epsilon=1e-3)
    found = read(tmp_path, [norm], {**arrays, "unused": ARRAY})
    assert found.modules[0].epsilon == pytest.approx(1e-3)
    assert set(found.modules[0].arrays) == {"weight", "bias", "mean", "variance"}
    assert found.others == ("unused",)
