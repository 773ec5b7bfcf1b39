"""Names of layers, from those of an ONNX file where a person has given them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from graphnn.importing.onnx.graph import Operation
from graphnn.importing.onnx.steps import LayerStep
from graphnn.layers.base import LAYERS
from graphnn.types import Array

PARAMETER = re.compile(
    r"^(.+?)[./](?:weights?|kernel|gamma|scale|slopes?|MatMul/ReadVariableOp.*|Conv2D/ReadVariableOp.*)$"
)
MADE = re.compile(r"^(?:node_.*|n\d+(?:_\d+)?|val_\d+|onnx::.*|\d+|.*_\d+_\d+)$", re.IGNORECASE)  # by a program
USABLE = re.compile(r"[^/\\\x00-\x1f\x7f]{1,100}")


def layer_names_from(steps: Sequence[LayerStep], arrays: Mapping[str, Array]) -> list[str | None]:
    """Return a name for each layer, None where the file has none that a person gave, or the same for several."""
    found = [candidate(step, arrays) for step in steps]
    counts = Counter(found)
    return [name if name is not None and counts[name] == 1 else None for name in found]


def candidate(step: LayerStep, arrays: Mapping[str, Array]) -> str | None:
    """Return the name of a layer in the file, if it is one that a person gave."""
    operation = step.operation
    if operation is None or step.type == "Flatten":
        return None
    name = of_node(operation) or (of_parameter(operation, arrays) if step.arrays else None)
    if name is None or not USABLE.fullmatch(name) or "\n" in name or is_made(name, step):
        return None
    return name


def of_node(operation: Operation) -> str | None:
    """Return what a node's name says: conv1 for /conv1/Conv, layer1.0.conv1 for /layer1/layer1.0/conv1/Conv."""
    if not operation.named:
        return None
    parts = [part for part in operation.name.split("/") if part]
    if parts and is_kind(parts[-1], operation):
        parts.pop()
    after = [*parts[1:], ""]
    kept = [part for part, following in zip(parts, after, strict=False) if not following.startswith(f"{part}.")]
    name = ".".join(kept)
    return None if not name or MADE.fullmatch(name) else name


def of_parameter(operation: Operation, arrays: Mapping[str, Array]) -> str | None:
    """Return what the name of a node's weights says: conv1 for conv1.weight."""
    for given in operation.inputs[1:]:
        match = PARAMETER.fullmatch(given) if given in arrays else None
        if match is not None:
            name = match[1].strip("/").replace("/", ".")
            return None if MADE.fullmatch(name) else name
    return None


def is_kind(part: str, operation: Operation) -> bool:
    """Whether a part of a name is only the type of the operation, with a number or without."""
    return re.sub(r"_\d+$", "", part) in {operation.type, "Conv2D", "BiasAdd", "MatMul", "FusedBatchNormV3"}


def is_made(name: str, step: LayerStep) -> bool:
    """Whether a name is one that graphnn or an exporter makes from a type, with a number or, without weights, alone."""
    last = name.rsplit(".", 1)[-1]
    stem, numbered = re.subn(r"_\d+$", "", last)
    assert step.operation is not None
    kinds = {step.operation.type.lower(), *(type_.lower() for type_ in LAYERS)}
    return stem.lower() in kinds and bool(numbered or not step.arrays)
