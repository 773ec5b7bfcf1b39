"""External data of ONNX files: arrays that lie in files beside them, read from nowhere else."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

from graphnn.errors import WeightsError
from graphnn.machine.memory import shortage
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.text.numbers import bytes_text
from graphnn.text.suggestions import quoted

LARGEST = 2**31 - 1  # bytes of all arrays of a file, which the checker takes as one protocol buffer


def load_external(model: Any, path: Path) -> None:
    """Read into a model, an `onnx.ModelProto`, the arrays that its file leaves to files beside it.

    path: of the file. Raises WeightsError where an array's file is outside of the folder of `path` or cannot be read,
    where it is too short, or where all of them take more memory than there is.
    """
    from onnx import TensorProto

    outside = [tensor for tensor in tensors(model.graph) if tensor.data_location == TensorProto.EXTERNAL]
    sizes = [stated_bytes(tensor, path) for tensor in outside]
    total = sum(sizes)
    if total > LARGEST:
        raise WeightsError(f"{path}: its arrays take {bytes_text(total)}, more than the 2 GiB that are read")
    short = shortage(3 * total)
    if short is not None:
        raise WeightsError(f"{path}: reading its arrays takes {bytes_text(3 * total)}, but {short}")
    for tensor, size in zip(outside, sizes, strict=True):
        tensor.raw_data = part_of_file(tensor, size, path)
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]


def tensors(graph: Any) -> Iterator[Any]:
    """Yield all arrays in an `onnx.GraphProto`: initializers and attributes of nodes, also of graphs inside nodes."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from tensors(inner)


def stated_bytes(tensor: Any, path: Path) -> int:
    """Return how many bytes an array takes by its type and shape. Raises WeightsError for types of no fixed size."""
    from onnx import helper

    try:
        item = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    except (KeyError, TypeError, ValueError) as problem:
        raise WeightsError(f"{path}: the array {quoted(tensor.name)} is of a type that is not known") from problem
    return int(math.prod(tensor.dims) * item)


def part_of_file(tensor: Any, size: int, path: Path) -> bytes:
    """Return the bytes of an array that lies in a file beside `path`. Raises WeightsError."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    what = f"{path}: the array {quoted(tensor.name)}"
    try:
        offset, length = int(said.get("offset", 0)), int(said.get("length", size))
    except ValueError as problem:
        raise WeightsError(f"{what} does not say where in its file it lies") from problem
    if length != size or offset < 0:
        raise WeightsError(f"{what} is said to take {length} bytes at {offset}, but its shape takes {size}")
    file = place(said.get("location", ""), path, what)
    try:
        with open_regular(file) as opened:
            opened.seek(offset)
            data = opened.read(size)
    except OSError as problem:
        missing = "is missing" if isinstance(problem, FileNotFoundError) else reading_problem(problem)
        advice = f"; put it into {path.parent} again" if isinstance(problem, FileNotFoundError) else ""
        raise WeightsError(f"{what} lies in {file}, which {missing}{advice}") from problem
    if len(data) < size:
        raise WeightsError(f"{what} lies in {file}, which is too short: it ends before byte {offset + size}")
    return data


def place(location: str, path: Path, what: str) -> Path:
    """Return the file that a location names. Raises WeightsError where that is not inside the folder of `path`."""
    folder = Path(os.path.realpath(path.parent))
    file = folder / location
    anywhere = not location or "\0" in location or PureWindowsPath(location).anchor or Path(location).is_absolute()
    if anywhere or ".." in PureWindowsPath(location).parts or not Path(os.path.realpath(file)).is_relative_to(folder):
        raise WeightsError(
            f"{what} is said to lie in {quoted(location)}, outside of the folder of the file, where nothing is read; "
            "save it as one file, as onnx.save(onnx.load(path), path) does"
        )
    return path.parent / location
