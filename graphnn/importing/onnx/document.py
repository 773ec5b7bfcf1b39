"""The document and the weights of an imported network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.document.values import section_values
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.branches import Branching
from graphnn.importing.onnx.graph import ReadGraph
from graphnn.importing.onnx.names import layer_names_from
from graphnn.importing.onnx.steps import LayerStep
from graphnn.layers.base import LAYERS, Layer
from graphnn.losses.base import LOSSES
from graphnn.metrics.outputs import Numbers
from graphnn.specification.names import layer_names
from graphnn.text.suggestions import quoted
from graphnn.types import Array

Row = Sequence[LayerStep | Branching]


@frozen_dataclass
class Written:
    """The layers of a document, and its weights by 'layer/parameter'."""

    layers: list[dict[str, Any]]
    arrays: dict[str, Array]


def written(row: Row, graph: ReadGraph) -> Written:
    """Return a row of steps as layers of a document, with names of the file where these are somebody's."""
    steps = list(layer_steps(row))
    names = dict(zip(map(id, steps), layer_names_from(steps, graph.arrays), strict=True))
    values = layer_values(row, names, graph)
    made = layer_names(values)
    if len(set(made.values())) < len(made):  # a name of the file is what another layer is called without one
        values = layer_values(row, {}, graph)
        made = layer_names(values)
    arrays = {
        f"{name}/{key}": real(array, step, graph)
        for name, step in zip(names_of_layers(made, values), steps, strict=True)
        for key, array in step.arrays.items()
    }
    return Written(values, arrays)


def names_of_layers(made: Mapping[Any, str | None], values: Any) -> list[str]:
    """Return the names of all layers but blocks, in the document's order."""
    from graphnn.document.document import value_at

    return [str(name) for path, name in made.items() if value_at(values, path[1:])["type"] != "Residual"]


def layer_steps(row: Row) -> "Sequence[LayerStep]":
    """Return all layers of a row, those of its blocks too, in the document's order."""
    found: list[LayerStep] = []
    for item in row:
        if isinstance(item, Branching):
            found += [*layer_steps(item.layers), *layer_steps(item.shortcut)]  # type: ignore[arg-type]
        else:
            found.append(item)
    return found


def layer_values(row: Row, names: Mapping[int, str | None], graph: ReadGraph) -> list[dict[str, Any]]:
    """Return a row as the values of layers. names: by the identity of the step. Raises GraphError with the node."""
    values = []
    for item in row:
        try:
            values.append(section_values(layer_of(item, names)))
        except GraphError as problem:
            operation = (item.step if isinstance(item, Branching) else item).operation
            assert operation is not None
            raise GraphError(graph.problem(operation, f"has a setting that no layer here has: {problem}")) from problem
    return values


def layer_of(item: LayerStep | Branching, names: Mapping[int, str | None]) -> Layer:
    """Return the layer of a step, without arrays."""
    if isinstance(item, Branching):
        rows = ([layer_of(each, names) for each in row] for row in (item.layers, item.shortcut))  # type: ignore[arg-type]
        body, shortcut = rows
        return LAYERS["Residual"](layers=tuple(body), shortcut=tuple(shortcut))  # type: ignore[call-arg]
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in item.settings.items()
    }
    return LAYERS[item.type](name=names.get(id(item)), **settings)


def real(array: Array, step: LayerStep, graph: ReadGraph) -> Array:
    """Return an array as float32. Raises GraphError where it holds no real numbers, or some beyond float32."""
    if array.dtype.kind not in "fV" and array.dtype.name != "bfloat16":
        assert step.operation is not None
        raise GraphError(graph.problem(step.operation, f"has weights of {array.dtype}, where real numbers are needed"))
    with np.errstate(over="ignore"):
        result = np.array(array, np.float32)
    if not np.isfinite(result).all():
        assert step.operation is not None
        raise GraphError(graph.problem(step.operation, "has weights that are not finite, or beyond float32"))
    return result


def document_values(
    name: str, shape: Sequence[int], layers: list[dict[str, Any]], data: Mapping[str, Any], about: str
) -> dict[str, Any]:
    """Return the values of a document with sections that one can train on with. about: its description."""
    return {
        "format_version": 1,
        "name": name,
        "description": about,
        "input": {"shape": list(shape)},
        "layers": layers,
        "loss": {"type": loss_after(layers[-1]["type"])},
        "optimizer": {"type": "Adam", "learning_rate": 0.001},
        "data": dict(data),
        "training": {"epochs": 10, "batch_size": 64, "seed": 0},
    }


def loss_after(layer: str) -> str:
    """Return the loss that is made for outputs of a type of layer, or else that of numbers."""
    made_for = {loss.fused_with.__name__: name for name, loss in LOSSES.items() if loss.fused_with is not None}
    return made_for.get(layer) or next(name for name, loss in LOSSES.items() if loss.outputs is Numbers)


def advice(layers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what the user of imported layers should know, but what comes from operations left out."""
    if any(isinstance(layer.get("trainable"), Mapping) for layer in every(layers)):
        yield (
            "scales and shifts of channels are BatchNormalization with fixed statistics, which trains gamma and beta: "
            "the file has their product with the statistics alone, if it ever had these"
        )
    last = layers[-1]
    if last["type"] == "Dense" and last["units"] > 1:
        yield (
            f"the last layer gives {last['units']} numbers, so the loss is MeanSquaredError; if they are scores of "
            "classes, import it with --softmax"
        )
    elif last["type"] == "Dense":
        yield (
            "the last layer gives a number, so the loss is MeanSquaredError; if it is the score of a yes, add "
            '{"type": "Sigmoid"} and write the loss BinaryCrossEntropy'
        )


def shared_weights(graph: ReadGraph) -> Iterator[str]:
    """Yield a note on weights that several layers of a file have together."""
    matrices = {name: array for name, array in graph.arrays.items() if array.ndim > 1 and array.dtype.kind == "f"}
    shared = [name for name in matrices if graph.uses[name] > 1]
    if shared:
        names = ", ".join(quoted(name) for name in shared[:3]) + (", …" if len(shared) > 3 else "")
        yield f"layers that share weights in the file ({names}) each have their own here, equal until they are trained"


def every(layers: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield all layers at any depth."""
    for layer in layers:
        yield layer
        for key in ("layers", "shortcut"):
            yield from every(layer.get(key, ()))


def check_not_empty(layers: Sequence[Any], graph: ReadGraph) -> None:
    """Raise GraphError where a network has no layers."""
    if not layers:
        raise GraphError(f"{graph.file.path}: its output {quoted(graph.output.name)} is its input; there is no layer")
