"""Sessions of onnxruntime report nothing to its makers."""

import re
from pathlib import Path
from typing import Any

import pytest

from graphnn.importing.onnx.session import onnx_session

helper = pytest.importorskip("onnx.helper")
onnxruntime = pytest.importorskip("onnxruntime")
FLOAT = 1


def model() -> bytes:
    ends = [helper.make_tensor_value_info(name, FLOAT, ["n", 2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(made.SerializeToString())


def test_telemetry_is_off_before_a_session_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    make = onnxruntime.InferenceSession

    def session(*arguments: Any, **options: Any) -> Any:
        done.append("session")
        return make(*arguments, **options)

    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: done.append("off"))
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert onnx_session(model()).run(None, {"x": [[-1.0, 2.0]]})[0].tolist() == [[0, 2]]
    assert done == ["off", "session"]


def test_the_package_is_imported_in_one_place() -> None:
    root = Path(__file__).parents[3] / "graphnn"
    files = {file for file in root.rglob("*.py") if re.search(r"(import|from) onnxruntime\b", file.read_text("utf-8"))}
    assert {file.name for file in files} == {"session.py", "quantization.py"}
    calibration = (root / "exporting" / "onnx" / "quantization.py").read_text("utf-8")
    assert calibration.index("onnx_runtime()\n") < calibration.index("from onnxruntime.")
