"""An ONNX file as a document with weights: read, translated, and compared before anything is written."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.datasets.provenance import Provenance
from graphnn.errors import GraphError, Problem
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph, named_parameters
from graphnn.importing.class_names import checked_classes
from graphnn.importing.data_section import data_section
from graphnn.importing.onnx.branches import Item, rows_of, with_affines_merged
from graphnn.importing.onnx.document import advice, check_not_empty, document_values, shared_weights, written
from graphnn.importing.onnx.file import read_initializers
from graphnn.importing.onnx.graph import ReadGraph, graph_of, size_text
from graphnn.importing.onnx.metadata import Known, known_network
from graphnn.importing.onnx.patterns import Patterns
from graphnn.importing.onnx.sample_normalisation import given_normalisation, normalisation_of
from graphnn.importing.onnx.steps import LARGEST, Affine, Input, Tensor
from graphnn.importing.onnx.translation import BATCH, translated
from graphnn.importing.onnx.verification import Verified, verify
from graphnn.parameters.parameters import Parameters
from graphnn.specification.spec import Spec, spec_from_values
from graphnn.storage.weights import assign
from graphnn.text.suggestions import quoted
from graphnn.training.metadata import weights_metadata
from graphnn.types import Array, Shape, shape_text

COLOURS = (1, 3, 4)  # channels of pictures
UNNORMALISED = (
    "the file does not normalise samples; if they were normalised before it, say how by --scale, --mean and --std"
)

WITHOUT_DATA = 'the document names no samples yet; import with --data, or fill in its section "data"'


@frozen_dataclass
class ImportWishes:
    """What the user says beyond the file.

    classes: the names of the classes. data: a data set or a place of files, as for `data_section`. scale, mean, std:
    how samples were normalised before the file's input: (x/scale − mean)/std. softmax: whether a Softmax is added.
    """

    classes: tuple[str, ...] | None = None
    data: str | None = None
    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    softmax: bool = False

    @property
    def normalises(self) -> bool:
        """Whether the user says how samples were normalised."""
        return self.scale is not None or bool(self.mean) or bool(self.std)


@frozen_dataclass
class Imported:
    """A network from a file. values: its document. arrays, meta: of its weights. notes: what its user should know."""

    values: dict[str, Any]
    spec: Spec
    graph: Graph
    arrays: dict[str, Array]
    meta: dict[str, Any]
    verified: Verified
    notes: tuple[str, ...]


def import_onnx(path: Path, wishes: ImportWishes, *, folder: Path | None = None) -> Imported:
    """Return the network in an ONNX file, compared with what the file computes.

    folder: what paths in the document are relative to. Raises GraphError with all that a document cannot say, and
    WeightsError where the file is damaged.
    """
    whole = graph_of(read_initializers(path))
    known, graph = known_network(whole)
    first, batch, notes = first_tensor(graph, known is not None)
    found = translated(graph, first, batch)
    check_output(found.output, graph)
    rows: Sequence[Item] = rows_of(Patterns().applied(found.output.step), graph)
    shape = found.input.shape
    normalisation, rows = split_normalisation(rows, shape, known, wishes, graph)
    row = with_affines_merged(rows, graph)
    check_not_empty(row, graph)
    layers = written(row, graph)
    data = None if wishes.data is None else data_section(wishes.data, folder or Path(), shape)
    values = document_values(
        path.stem,
        shape,
        [*layers.layers, *([{"type": "Softmax"}] if wishes.softmax else [])],
        {**(data or placeholder(path)), "normalize": normalisation.mode},
        f"Imported from {path.name}.",
    )
    if known is not None and graph is not whole:  # the file undoes label smoothing, as its loss does
        values["loss"] = known.spec.resolved()["loss"]
    spec = spec_from_values(values, path.name, folder=folder)
    arrays = layers.arrays
    if known is None:
        if normalisation.mode == "none":
            notes += (UNNORMALISED,)
        if data is None:
            notes += (WITHOUT_DATA,)
        notes += (*advice(values["layers"]), *shared_weights(graph))
    if known is not None and not wishes.softmax:
        joined = known.joined(spec, arrays, normalisation, data)
        if joined is None:
            notes += ("the document in the file's metadata describes another network, so it is left alone",)
        else:
            values, arrays, normalisation = joined
            spec = spec_from_values(values, path.name, folder=folder)
    network = build_graph(spec)
    parameters = Parameters({node.name: node.parameters for node in network.nodes})
    assign(parameters, arrays, file=path)
    last = next(each for each in graph.operations if graph.output.name in each.outputs)
    logarithms = last.type == "LogSoftmax"
    verified = verify(
        network,
        parameters,
        normalisation,
        whole,
        first,
        normalised=wishes.normalises,
        logarithms=logarithms,
        added=int(wishes.softmax),
        smoothed=graph is not whole,
    )
    given = wishes.classes or (known.classes if known else None)
    classes = checked_classes(given, network, path, advice="add --softmax if it gives scores of classes")
    meta = weights_metadata(
        spec.resolved(),
        classes=classes,
        normalisation=normalisation.to_json(),
        metrics={} if known is None else known.figures,
        data=None if known is not None else Provenance(None).to_json(),  # nobody knows what another library trained on
        loss=network.loss,
    )
    ordered = {key: arrays[key] for key in named_parameters(network.nodes)}
    return Imported(values, spec, network, ordered, meta, verified, (*notes, *found.notes))


def first_tensor(graph: ReadGraph, own: bool) -> tuple[Tensor, int, tuple[str, ...]]:
    """Return the input of a graph, its number of samples in shapes, and notes. Raises GraphError.

    own: whether graphnn wrote the file, so that images are channels first.
    """
    stated, name = graph.input.shape, quoted(graph.input.name)
    path = str(graph.file.path)
    if stated is None or len(stated) not in (2, 3, 4):
        shown = "of no stated shape" if stated is None else f"of {size_text(stated)}"
        raise GraphError(
            Problem(f"its input {name} is {shown}; a network takes vectors N×F or images N×C×H×W", file=path)
        )
    if any(size is None or size < 1 for size in stated[1:]):
        raise GraphError(
            Problem(
                f"its input {name} is of {size_text(stated)}, with sizes that are not fixed, as a document has them: "
                "export it for one size, with the batch alone left open",
                file=path,
            )
        )
    shape = tuple(int(size) for size in stated[1:] if size is not None)
    if math.prod(shape) > LARGEST:
        raise GraphError(Problem(f"its input {name} is of {size_text(stated)}, too large to be read", file=path))
    batch = stated[0] or BATCH
    if len(shape) == 2:
        return Tensor(Input((), (1, *shape)), shape), batch, ()
    if len(shape) == 3 and not own and is_channels_last(graph, shape):
        height, width, channels = shape
        places = np.arange(math.prod(shape)).reshape(channels, height, width).transpose(1, 2, 0)
        note = (
            f"the file's images are channels last, {shape_text(shape)}; the document's are channels first, "
            f"{shape_text((channels, height, width))}, and the weights are put in that order"
        )
        return Tensor(Input((), (channels, height, width)), shape).moved(places), batch, (note,)
    return Tensor(Input((), shape), shape), batch, ()


def is_channels_last(graph: ReadGraph, shape: Shape) -> bool:
    """Whether the images that a graph takes are H×W×C: by the first operation that knows, else by their sizes."""
    name = graph.input.name
    following = {each: operation for operation in graph.operations for each in operation.inputs}
    while graph.uses[name] == 1 and (operation := following.get(name)) is not None:
        if operation.type == "Transpose":
            return tuple(operation.attributes.get("perm", ())) == (0, 3, 1, 2)
        if operation.type in ("Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization"):
            return False
        if operation.type not in ("Identity", "Cast", "Add", "Sub", "Mul", "Div", "Relu", "Pad"):
            break
        name = operation.outputs[0]
    return shape[-1] in COLOURS and shape[0] not in COLOURS


def check_output(output: Tensor, graph: ReadGraph) -> None:
    """Raise GraphError where a graph gives its results in another order than its last layer."""
    if output.order is not None:
        raise GraphError(
            Problem(
                f"its output {quoted(graph.output.name)} has the values of its last layer in another order, as "
                "channels last; a document has them channels first: export it without the last Transpose",
                file=str(graph.file.path),
            )
        )


def split_normalisation(
    rows: Sequence[Item], shape: Shape, known: Known | None, wishes: ImportWishes, graph: ReadGraph
) -> tuple[Normalisation, Sequence[Item]]:
    """Return the normalisation of samples, and the rows without it. Raises GraphError where there are two."""
    path = graph.file.path
    if rows and isinstance(rows[0], Affine):
        found = normalisation_of(rows[0], None if known is None else known.mode)
        if found is not None:
            if wishes.normalises:
                raise GraphError(f"{path}: normalises its input itself; leave out --scale, --mean and --std")
            return found, rows[1:]
    if not wishes.normalises:
        return Normalisation.none(shape), rows
    given = given_normalisation(shape, wishes.scale or 1.0, wishes.mean, wishes.std)
    if given is None:
        raise GraphError(
            f"{path}: takes {shape_text(shape)}; --mean and --std are one number, or one for each of {shape[0]} "
            "channels, and no deviation is 0"
        )
    return given, rows


def placeholder(path: Path) -> dict[str, Any]:
    """Return the section of data that the user fills."""
    return {
        "description": "to be filled in: where the samples are, and how they are normalised",
        "dataset": "npz",
        "path": f"{path.stem}_data.npz",
    }
