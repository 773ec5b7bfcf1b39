"""Whether a network with weights of an ONNX file gives what that file computes, which holds all of the network."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from graphnn.errors import GraphError
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.importing.onnx.file import read_initializers
from graphnn.importing.onnx.graph import ReadGraph, graph_of
from graphnn.importing.onnx.verification import outputs_of_file
from graphnn.types import Array, Shape

SAMPLES = 8
ALLOWED = 1e-3  # difference, relative to the largest output if that is above 1


def outputs_note(path: Path, network: TrainedNetwork) -> str | None:
    """Return a sentence where the outputs of a network are not those of its file for random samples.

    They may differ by a Softmax or Sigmoid at the end, and by whether samples are normalised already. None where they
    are the same, and where the file cannot be run or takes samples of another form.
    """
    try:
        file = graph_of(read_initializers(path))
        stored = network.likely_samples(SAMPLES)
        both = (stored, network.normalisation.apply(stored, network.data_shape))
        theirs = [outputs_of_file(file, each)[0] for given in both for each in in_form(given, file)]
    except GraphError:
        return None
    ours = network.outputs(stored).reshape(SAMPLES, -1)
    same = [each.reshape(len(each), -1) for each in theirs if each.size == ours.size]
    differences = [float(np.abs(ours - each).max()) for given in same for each in readings(given)]
    if not differences or min(differences) <= ALLOWED * max(1.0, float(np.abs(ours).max())):
        return None
    return (
        f"the network gives other outputs than the file, for random samples by {min(differences):.1e} at least: more "
        "than the weights is different; compare the layers and their settings, or import the file without --into"
    )


def in_form(samples: Array, file: ReadGraph) -> Iterator[Array]:
    """Yield samples in the shape that a file takes: flat, as images, or as images with their channels last."""
    shape: Shape = tuple(size or 0 for size in (file.input.shape or ())[1:])
    if file.input.type != "FLOAT" or math.prod(shape) != samples[0].size:
        return
    if samples.ndim == 4 and len(shape) == 3 and shape != samples.shape[1:]:
        yield np.ascontiguousarray(samples.transpose(0, 2, 3, 1)).reshape(-1, *shape)
    else:
        yield np.ascontiguousarray(samples).reshape(-1, *shape)


def readings(y: Array) -> Iterator[Array]:
    """Yield outputs n×K as they are, and as probabilities if they were scores or logarithms."""
    with np.errstate(all="ignore"):
        shares = np.exp(y - y.max(axis=1, keepdims=True))
        yield from (y, shares / shares.sum(axis=1, keepdims=True), 1 / (1 + np.exp(-y)), np.exp(y))
