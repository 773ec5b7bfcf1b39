"""Safetensors files: named arrays with a header in JSON. Their order is that of their names, and says nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import GraphError, WeightsError
from graphnn.importing.reading import file_content, first_line, import_problem
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.modules import grouped, uncounted
from graphnn.importing.weights.number_types import converted, from_bfloat16, refuse_parameter
from graphnn.text.suggestions import quoted
from graphnn.types import Array

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
METADATA = "__metadata__"
OWN = "graphnn"  # in the metadata of files that graphnn exported
COPIES = 3  # of the weights in memory while a file is read: its bytes, those of the arrays, the arrays as float32


def read_safetensors(path: Path) -> ForeignFile:
    """Read a safetensors file.

    Raises GraphError where the package safetensors is missing, and WeightsError where the file is damaged, holds two
    arrays of one name, or parameters of numbers that are no floats.
    """
    try:
        from safetensors import SafetensorError, deserialize
    except ImportError as problem:
        raise GraphError(f"{path}: reading it needs safetensors{import_problem(problem, 'safetensors')}") from problem
    data = file_content(path, COPIES)
    try:
        listed = deserialize(data)  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, OverflowError, MemoryError) as problem:
        what = first_line(problem).removeprefix("Error while deserializing: ")
        raise WeightsError(f"{path}: is no safetensors file, or is damaged: {what}") from problem
    metadata = header_metadata(data, path)
    arrays = {}
    for name, tensor in sorted(listed, key=lambda item: str(item[0])):
        array = as_array(name, tensor, path)
        if array is not None:
            arrays[name] = array
    found = grouped(arrays)
    keras = any(module.channels_last for module in found.modules)
    kind = "safetensors with the names of Keras" if keras else "safetensors"
    unread = uncounted(sorted(name for name, _ in listed if name not in arrays))
    own = OWN in metadata
    epsilon = None if own else 1e-3 if keras else 1e-5
    return ForeignFile(path, kind, found.modules, (*found.others, *unread), epsilon=epsilon, own=own)


def as_array(name: str, tensor: Mapping[str, Any], path: Path) -> Array | None:
    """Return one tensor as float32; None for one of other numbers that is no parameter. Raises WeightsError."""
    dtype = tensor["dtype"]
    if dtype not in FLOATS:
        refuse_parameter(dtype, name, path)
        return None
    array = np.frombuffer(tensor["data"], FLOATS[dtype]).reshape(tensor["shape"])
    return converted(from_bfloat16(array) if dtype == "BF16" else array, name, path)


def header_metadata(data: bytes, path: Path) -> Mapping[str, Any]:
    """Return the metadata of a file that safetensors has read. Raises WeightsError where a name stands in it twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            names = [name for name, _ in pairs]
            name = next(each for each in names if names.count(each) > 1)
            raise WeightsError(
                f"{path}: {quoted(name)} stands twice in its header, and it is not said which one counts"
            )
        return result

    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")], object_pairs_hook=once)
    found = header.get(METADATA)
    return found if isinstance(found, dict) else {}
