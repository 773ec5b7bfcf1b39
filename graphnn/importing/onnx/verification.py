"""The comparison of an imported network with its file: the outputs of both for random samples."""

import importlib.util
from typing import Any

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.importing.onnx.graph import ReadGraph
from graphnn.importing.onnx.session import onnx_session
from graphnn.importing.onnx.steps import Tensor
from graphnn.importing.reading import first_line
from graphnn.kernels.kernels import NUMPY
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array

SAMPLES = 8
ALLOWED = 1e-4  # difference, relative to the largest output if that is above 1
ALLOWED_IN_HALF = 2e-2  # where the file computes in float16
DTYPES: dict[str, Any] = {"FLOAT": np.float32, "DOUBLE": np.float64, "FLOAT16": np.float16, "UINT8": np.uint8}


@frozen_dataclass
class Verified:
    """difference: the largest of all outputs. largest: the size of the largest output. by: what ran the file."""

    samples: int
    difference: float
    largest: float
    by: str


def verify(
    graph: Graph,
    parameters: Parameters,
    normalisation: Normalisation,
    file: ReadGraph,
    first: Tensor,
    *,
    normalised: bool,
    logarithms: bool,
    added: int,
    smoothed: bool,
) -> Verified:
    """Return how far the outputs of a network are from those of its file for random samples.

    first: the file's input, which says where in a sample its values stand. normalised: whether the file takes samples
    that are normalised already. logarithms: whether the file gives the logarithms of the outputs. added: how many
    layers at the end the file does not have. smoothed: whether the file undoes label smoothing. Raises GraphError where
    the file cannot be run, and where the outputs are not the same.
    """
    samples = drawn_samples(normalisation, file)
    inputs = normalisation.apply(samples, normalisation.shape) if normalised else samples
    theirs, by = outputs_of_file(file, as_in_file(inputs, first))
    theirs = np.exp(theirs) if logarithms else theirs
    shortened = Graph(graph.input_shape, graph.nodes[: len(graph.nodes) - added], graph.loss)
    with Engine(shortened, parameters, batch_size=SAMPLES, samples=len(samples), threads=1, kernels=NUMPY) as engine:
        ours = engine.predict(normalisation.apply(samples, graph.input_shape))
    ours = graph.loss.beliefs(ours) if smoothed else ours
    ours, theirs = (np.asarray(each, np.float64).reshape(len(samples), -1) for each in (ours, theirs))
    if ours.shape != theirs.shape:
        raise GraphError(
            f"{file.file.path}: gives {theirs.shape[1]} numbers for a sample, and the layers {ours.shape[1]}"
        )
    if not np.isfinite(theirs).all():
        raise WeightsError(f"{file.file.path}: its outputs for random inputs are not finite, by {by}")
    difference, largest = float(np.abs(ours - theirs).max()), float(np.abs(theirs).max())
    half = file.input.type in ("FLOAT16", "BFLOAT16") or any(
        array.dtype.itemsize == 2 for array in file.arrays.values()
    )
    if not difference <= (ALLOWED_IN_HALF if half else ALLOWED) * max(1.0, largest):
        raise GraphError(
            f"{file.file.path}: the layers do not give what {by} computes from the file: the outputs for random inputs "
            f"differ by {difference:.1e}, of at most {largest:.3g}; nothing was written. Please report it with the file"
        )
    return Verified(len(samples), difference, largest, by)


def drawn_samples(normalisation: Normalisation, file: ReadGraph) -> Array:
    """Return random samples such as the network was probably trained on, before normalisation."""
    rng = np.random.default_rng(0)
    if file.input.type == "UINT8":
        return rng.integers(0, 256, (SAMPLES, *normalisation.shape)).astype(np.uint8)
    drawn = normalisation.restored(rng.standard_normal((SAMPLES, *normalisation.shape)))
    dtype = np.float16 if file.input.type in ("FLOAT16", "BFLOAT16") else np.float32
    return np.asarray(drawn.astype(dtype).astype(np.float32))


def as_in_file(samples: Array, first: Tensor) -> Array:
    """Return samples in the shape and order of the file's input."""
    flat = samples.reshape(len(samples), -1)
    return np.ascontiguousarray(flat if first.order is None else flat[:, first.order]).reshape(-1, *first.shape)


def outputs_of_file(file: ReadGraph, samples: Array) -> tuple[Array, str]:
    """Return what a file gives for samples, and what computed it. Raises GraphError where nothing here can."""
    model = for_inference(file)
    fixed = file.input.shape[0] if file.input.shape else None
    size = fixed or len(samples)
    whole = -(-len(samples) // size) * size  # the samples of whole batches: some come twice
    enough = np.resize(samples, (whole, *samples.shape[1:])).astype(DTYPES.get(file.input.type, np.float32))
    feeds = [enough[start : start + size] for start in range(0, whole, size)]
    problems = []
    for name, run in RUNNERS.items():
        if importlib.util.find_spec(name) is None:
            continue
        try:
            return np.concatenate([run(model, file, each) for each in feeds])[: len(samples)], name
        except Exception as problem:  # each of them raises many kinds, its own too
            problems.append(f"{name}: {first_line(problem)}")
    raise GraphError(
        f"{file.file.path}: cannot be run, so that the layers cannot be compared with it: {'; '.join(problems)}"
    )


def run_by_runtime(model: Any, file: ReadGraph, x: Array) -> Array:
    """Return the outputs of a model by onnxruntime, on one core."""
    session = onnx_session(model.SerializeToString())
    return np.asarray(session.run(None, {file.input.name: x})[0])


def run_by_reference(model: Any, file: ReadGraph, x: Array) -> Array:
    """Return the outputs of a model by the evaluator that comes with onnx, which is slow."""
    from onnx.reference import ReferenceEvaluator

    with np.errstate(all="ignore"):
        outputs: list[Any] = list(ReferenceEvaluator(model).run(None, {file.input.name: x}))
    return np.asarray(outputs[0])


RUNNERS = {"onnxruntime": run_by_runtime, "onnx.reference": run_by_reference}


def for_inference(file: ReadGraph) -> Any:
    """Return the model of a file without what only training does."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(file.file.model)
    for node in model.graph.node:
        if node.op_type == "Dropout" and len(node.input) > 2:
            del node.input[2:]
        if node.op_type == "BatchNormalization":
            kept = [each for each in node.attribute if each.name != "training_mode"]
            del node.attribute[:]
            node.attribute.extend(kept)
            del node.output[1:]
    return model
