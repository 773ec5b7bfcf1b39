"""ONNX files: opened, checked, and their named arrays."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.document.unreadable import SIGNATURES
from graphnn.errors import GraphError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.external_data import load_external
from graphnn.importing.reading import check_memory, first_line, import_problem, readable
from graphnn.text.numbers import bytes_text
from graphnn.text.suggestions import quoted
from graphnn.types import Array

LARGEST = 2**31 - 1  # bytes of a protocol buffer
COPIES = 3  # of the weights, that are in memory while a file is read: its bytes, the parsed ones, the arrays


@frozen_dataclass
class OnnxFile:
    """The content of an ONNX file, checked, with all its data in memory.

    model: an `onnx.ModelProto`. arrays: the initializers of its graph by name, in the file's order, of the types that
    the file holds them in.
    """

    path: Path
    model: Any
    arrays: dict[str, Array]


def read_initializers(path: Path) -> OnnxFile:
    """Read an ONNX file, and the files beside it that hold its data, if there are any.

    Raises GraphError where the package onnx is missing, and WeightsError where the file cannot be read, is damaged or
    no ONNX file, names data outside its folder, or takes more memory than there is.
    """
    require_onnx(path)
    model = parsed(path, file_bytes(path))
    load_external(model, path)
    check(model, path)
    if model.graph.sparse_initializer:
        name = model.graph.sparse_initializer[0].values.name
        raise WeightsError(f"{path}: {quoted(name)} is stored as a sparse tensor; export it as a dense one")
    return OnnxFile(path, model, {each.name: tensor_array(each, path) for each in model.graph.initializer})


def require_onnx(path: Path) -> None:
    """Raise GraphError unless the package onnx can be imported."""
    try:
        import onnx  # noqa: F401
    except ImportError as problem:
        raise GraphError(f"{path}: reading ONNX needs onnx{import_problem(problem, 'onnx')}") from problem


def file_bytes(path: Path) -> bytes:
    """Return the bytes of a file that may be an ONNX file. Raises WeightsError."""
    with readable(path) as file:
        size = file.seek(0, 2)
        if size > LARGEST:
            advice = "save it with external data, as onnx.save(model, path, save_as_external_data=True) does"
            raise WeightsError(f"{path}: takes {bytes_text(size)}, more than 2 GiB, which no ONNX file may; {advice}")
        check_memory(COPIES * size, path)
        file.seek(0)
        data = file.read()
    if not data:
        raise WeightsError(f"{path}: is empty")
    for signature, found in SIGNATURES:
        if data.startswith(signature):
            raise WeightsError(f"{path}: {found}, not an ONNX file")
    return data


def parsed(path: Path, data: bytes) -> Any:
    """Return the model that bytes describe. Raises WeightsError where they describe none."""
    import onnx

    try:
        model = onnx.load_model_from_string(data)
    except Exception as problem:  # google.protobuf.message.DecodeError, or what another implementation raises
        raise WeightsError(f"{path}: is no ONNX file, or is damaged: {first_line(problem)}") from problem
    if not all(isinstance(text, str) for text in texts(model)):  # bytes, where they are no UTF-8
        raise WeightsError(f"{path}: is damaged: it has names that are not UTF-8")
    if not model.HasField("graph") or not model.opset_import:
        raise WeightsError(f"{path}: is no ONNX file: it holds no graph with a version of its operators")
    return model


def texts(model: Any) -> Iterator[Any]:
    """Yield all names in a model, an `onnx.ModelProto`."""
    for entry in model.metadata_props:
        yield from (entry.key, entry.value)
    yield from (entry.domain for entry in model.opset_import)
    graphs = [model.graph]
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output, *function.attribute)
        graphs.append(function)
    while graphs:
        graph = graphs.pop()
        for node in graph.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            for attribute in node.attribute:
                yield from (attribute.name, attribute.ref_attr_name)
                graphs += [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
        for tensor in getattr(graph, "initializer", ()):
            yield tensor.name
            yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
        for value in (*getattr(graph, "input", ()), *getattr(graph, "output", ()), *graph.value_info):
            if not isinstance(value, str):
                yield value.name
                yield from (size.dim_param for size in value.type.tensor_type.shape.dim)


def check(model: Any, path: Path) -> None:
    """Raise WeightsError unless a model, with all its data in it, is valid."""
    import onnx

    try:
        onnx.checker.check_model(model)
    except ValueError as problem:  # a protocol buffer of more than 2 GiB
        raise WeightsError(f"{path}: is too large to be checked: {first_line(problem)}") from problem
    except Exception as problem:  # onnx.checker.ValidationError, and RuntimeError of its C++ part
        raise WeightsError(f"{path}: is no valid ONNX file: {first_line(problem)}") from problem


def tensor_array(tensor: Any, path: Path) -> Array:
    """Return the values of an `onnx.TensorProto`. Raises WeightsError where they are not as many as its shape says."""
    from onnx import numpy_helper

    try:
        array = np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, OverflowError, KeyError, MemoryError) as problem:
        raise WeightsError(f"{path}: the array {quoted(tensor.name)} is damaged: {first_line(problem)}") from problem
    if array.shape != tuple(tensor.dims) or array.size != math.prod(tensor.dims):
        raise WeightsError(f"{path}: the array {quoted(tensor.name)} has not the shape that it states")
    return array
