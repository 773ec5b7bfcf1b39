"""ONNX files written node by node, and what is imported from them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.importing.onnx.imported import Imported, ImportWishes, import_onnx

Node = tuple[Any, ...]  # type, inputs, outputs as words; attributes
Write = Callable[..., Path]
Import = Callable[..., Imported]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an ONNX file: write(nodes, arrays, shape) with x and y as input and output, and return its path."""

    def to_file(
        nodes: Sequence[Node],
        arrays: Mapping[str, Any] | None = None,
        shape: Sequence[Any] = (4,),
        *,
        opset: int = 20,
        batch: Any = "N",
        output: str = "y",
        metadata: Mapping[str, str] | None = None,
        dtype: int = 1,
        name: str = "net.onnx",
        extra_outputs: Sequence[str] = (),
        domains: Sequence[str] = (),
    ) -> Path:
        onnx = pytest.importorskip("onnx")
        helper = onnx.helper
        made = [
            helper.make_node(
                kind, inputs.split(), outputs.split(), name=outputs.split()[0], **(rest[0] if rest else {})
            )
            for kind, inputs, outputs, *rest in nodes
        ]
        for each, (_, inputs, *_) in zip(made, nodes, strict=True):  # "-" stands for an input that is left out
            del each.input[:]
            each.input.extend("" if word == "-" else word for word in inputs.split())
        graph = helper.make_graph(
            made,
            "network",
            [helper.make_tensor_value_info("x", dtype, [batch, *shape])],
            [helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, None) for each in (output, *extra_outputs)],
            [onnx.numpy_helper.from_array(np.asarray(array), key) for key, array in (arrays or {}).items()],
        )
        imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8 if opset <= 20 else 10)
        helper.set_model_props(model, dict(metadata or {}))
        model = onnx.shape_inference.infer_shapes(model)
        for value in model.graph.output:
            if not value.type.tensor_type.HasField("shape"):
                value.type.tensor_type.shape.dim.add()
        path = tmp_path / name
        path.write_bytes(model.SerializeToString())
        return path

    return to_file


@pytest.fixture
def imported(write: Write) -> Import:
    """Write an ONNX file as `write` does, and import it; what it computes was compared, to 1e-5."""

    def read(*arguments: Any, wishes: ImportWishes | None = None, **settings: Any) -> Imported:
        result = import_onnx(write(*arguments, **settings), wishes or ImportWishes())
        assert result.verified.difference < 1e-5 * max(1, result.verified.largest)
        return result

    return read
