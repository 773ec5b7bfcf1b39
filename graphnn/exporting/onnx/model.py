"""The ONNX model of a trained network: its graph with all that a reader of the file needs to know, checked."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphnn.exporting.base import ExportError
from graphnn.exporting.branches import steps_of
from graphnn.exporting.onnx.beliefs import write_beliefs
from graphnn.exporting.onnx.folding import folded
from graphnn.exporting.onnx.graph import INPUT, OUTPUT, OnnxGraph
from graphnn.exporting.onnx.layers import write_steps
from graphnn.exporting.onnx.normalisation import write_normalisation
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.metrics.outputs import Classes, Numbers
from graphnn.text.numbers import bytes_text
from graphnn.types import Array, Shape
from graphnn.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20  # the first with Gelu
IR_VERSION = 10  # the first with metadata of nodes; read by onnxruntime since 1.18
BATCH = "batch"
PRODUCER = "graphnn"
SINGLE = "bytes in float32"  # the label of this fact, of a quantised file
LARGEST = 2**31 - 2**24  # bytes of parameters; protobuf takes 2 GiB in all


def model_of(network: TrainedNetwork, *, fold: bool = False) -> "ModelProto":
    """Return a network as a checked model. fold: batch normalisations into the weights before them.

    Raises ExportError where a file of ONNX cannot hold it.
    """
    from onnx.helper import make_graph, make_model, make_opsetid

    parameters = by_node(network)
    size = sum(array.nbytes for arrays in parameters.values() for array in arrays.values())
    if size > LARGEST:
        raise ExportError(
            f"the parameters take {bytes_text(size)}, and a file of ONNX holds 2 GiB at most; "
            "--to safetensors has no such limit"
        )
    steps = steps_of(network.graph)
    if fold:
        steps, parameters = folded(steps, parameters)
    graph = OnnxGraph()
    x = write_normalisation(graph, network.normalisation, network.graph.input_shape, INPUT)
    y = write_steps(graph, steps, parameters, x)
    write_beliefs(graph, network.graph.loss, network.graph.output_shape[0], y)
    graph.end()
    about = network.spec.description
    made = make_model(
        make_graph(
            graph.nodes,
            network.name,
            [value(INPUT, network.data_shape, network.input_text)],
            [value(OUTPUT, network.graph.output_shape, meaning(network))],
            graph.constants,
        ),
        opset_imports=[make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name=PRODUCER,
        producer_version=__version__,
        doc_string=about or "",
    )
    describe(made, metadata(network))
    return checked(made)


def by_node(network: TrainedNetwork) -> dict[str, dict[str, Array]]:
    """Return all parameters in float32, by node and name."""
    found: dict[str, dict[str, Array]] = {node.name: {} for node in network.graph.nodes}
    for key, array in network.arrays().items():
        node, name = key.rsplit("/", 1)
        found[node][name] = array
    return found


def value(name: str, shape: Shape, about: str) -> Any:
    """Return the declaration of an input or output, n×shape, float32."""
    from onnx import TensorProto
    from onnx.helper import make_tensor_value_info

    return make_tensor_value_info(name, TensorProto.FLOAT, [BATCH, *shape], about)


def meaning(network: TrainedNetwork) -> str:
    """Return what the outputs are, in words."""
    outputs = network.graph.loss.outputs
    if outputs is Classes:
        return "the probability of each class; their names are in the metadata, classes"
    if network.spec.learns_inputs:
        return "the sample that the network gives back, normalised; the constants are in graphnn.normalisation"
    if outputs is Numbers:
        return "numbers, in the units of the targets"
    said = "" if network.answers is None else "; the names are in the metadata, classes"
    return f"the probability of yes{said}" if network.graph.output_shape == (1,) else f"the probability of each{said}"


def metadata(network: TrainedNetwork) -> dict[str, str]:
    """Return the metadata of the file, JSON but for the version."""
    table = None if network.trained_on is None else network.trained_on.table
    names = network.answers if network.classes is None else network.classes
    values = {
        "graphnn.document": network.document,
        "graphnn.normalisation": network.normalisation.to_json(),
        **({} if names is None else {"classes": list(names)}),
        **({} if table is None else {"features": list(table.features), "graphnn.table": table.to_json()}),
        **({} if network.figures is None else {"graphnn.figures": dict(network.figures)}),
    }
    texts = {name: json.dumps(content, ensure_ascii=False) for name, content in values.items()}
    return {"graphnn.version": __version__, **texts}


def describe(model: "ModelProto", entries: Mapping[str, str]) -> None:
    """Give a model these metadata and no others."""
    del model.metadata_props[:]
    for name, text in entries.items():
        model.metadata_props.add(key=name, value=text)


def checked(model: "ModelProto") -> "ModelProto":
    """Return a model with the shapes of all values, which the checker of ONNX has accepted. Raises ExportError."""
    from onnx import checker, shape_inference

    try:
        inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        checker.check_model(inferred, full_check=True)
    except (shape_inference.InferenceError, checker.ValidationError) as problem:
        raise ExportError(f"ONNX refuses the network: {problem}") from problem
    return inferred
