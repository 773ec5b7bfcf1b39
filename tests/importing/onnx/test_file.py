"""ONNX files: what is read, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.onnx.file import read_initializers

onnx = pytest.importorskip("onnx")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper


def model(weights: Any = None) -> Any:
    """Return y = x W for vectors of three numbers."""
    if weights is None:
        weights = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "w")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="dense")],
        "network",
        [value("x", TensorProto.FLOAT, ["N", 3])],
        [value("y", TensorProto.FLOAT, ["N", 2])],
        [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def external(location: str, **entries: str) -> Any:
    """Return 3×2 weights that lie in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3, 2], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def saved(folder: Path, content: Any) -> Path:
    """Write a file, and return its path."""
    path = folder / "network.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    return path


def test_arrays_by_name(tmp_path: Path) -> None:
    read = read_initializers(saved(tmp_path, model()))
    assert list(read.arrays) == ["w"]
    np.testing.assert_array_equal(read.arrays["w"], [[0, 1], [2, 3], [4, 5]])
    assert read.model.graph.node[0].name == "dense"


def test_external_data_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"skip" + np.arange(6, dtype=np.float32).tobytes())
    read = read_initializers(saved(tmp_path, model(external("w.bin", offset="4", length="24"))))
    np.testing.assert_array_equal(read.arrays["w"], [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "C:\\w.bin", "", "link.bin"])
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, location: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(24))
    (inner / "link.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(WeightsError, match="outside of the folder"):
        read_initializers(saved(inner, model(external(location))))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"length": "20"}, "20 bytes at 0, but its shape takes 24"),
        ({"offset": "-4"}, "24 bytes at -4"),
        ({"offset": "4"}, "too short: it ends before byte 28"),
        ({"offset": "x"}, "does not say where"),
    ],
)
def test_wrong_places_in_external_data(tmp_path: Path, entries: dict[str, str], said: str) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(24))
    with pytest.raises(WeightsError, match=said):
        read_initializers(saved(tmp_path, model(external("w.bin", **entries))))


def test_external_data_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r'"w" lies in .*w\.bin, which is missing; put it into'):
        read_initializers(saved(tmp_path, model(external("w.bin"))))


def test_a_huge_array_is_refused_before_it_is_read(tmp_path: Path) -> None:
    weights = external("w.bin")
    weights.dims[0] = 2**40
    with pytest.raises(WeightsError, match="more than the 2 GiB that are read"):
        read_initializers(saved(tmp_path, model(weights)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and more", "this is a weights file"),
        (b"hello, world", "no ONNX file"),
        (b"\x08\x08", "no ONNX file: it holds no graph"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        read_initializers(saved(tmp_path, content))


def test_every_cut_is_refused(tmp_path: Path) -> None:
    whole = model().SerializeToString()
    for length in range(0, len(whole), 3):
        with pytest.raises(WeightsError):
            read_initializers(saved(tmp_path, whole[:length]))


def test_an_invalid_graph(tmp_path: Path) -> None:
    wrong = model()
    wrong.graph.node[0].op_type = "MatMull"
    with pytest.raises(WeightsError, match=r"no valid ONNX file: .*MatMull"):
        read_initializers(saved(tmp_path, wrong))


def test_an_array_with_too_few_values(tmp_path: Path) -> None:
    wrong = model()
    wrong.graph.initializer[0].raw_data = bytes(20)
    with pytest.raises(WeightsError, match="w"):
        read_initializers(saved(tmp_path, wrong))


def test_a_missing_file_with_another_near(tmp_path: Path) -> None:
    saved(tmp_path, model())
    with pytest.raises(WeightsError, match=r"no such file; did you mean \S*network\.onnx\?"):
        read_initializers(tmp_path / "networks.onnx")
    with pytest.raises(WeightsError, match="is a folder"):
        read_initializers(tmp_path)


def test_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(GraphError, match=r"reading ONNX needs onnx, which is not installed.*pip install .*onnx"):
        read_initializers(saved(tmp_path, b"x"))
