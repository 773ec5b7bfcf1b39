"""ONNX files that compute with integers of 8 bits: calibrated on training samples, and measured on others."""

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphnn.errors import DataError
from graphnn.exporting.base import ExportError, ExportWishes
from graphnn.exporting.onnx.graph import INPUT, OUTPUT, TYPE
from graphnn.exporting.onnx.model import PRODUCER, SINGLE, checked, describe, metadata, model_of
from graphnn.exporting.onnx.running import run
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.onnx.session import onnx_runtime
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.reports.kinds import BYTES, SHARE, VALUE
from graphnn.reports.report import Fact
from graphnn.text.numbers import count_text
from graphnn.text.working import working
from graphnn.types import Array
from graphnn.version import __version__

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

CALIBRATION, MEASURED = 256, 2000  # samples
BATCH = 32
WEIGHTED = ("Conv", "Gemm")
QUANTIZED = (*WEIGHTED, "MaxPool", "AveragePool", "GlobalAveragePool", "Add", "Relu", "LeakyRelu", "Flatten")
LAST = ("Softmax", "Sigmoid")  # what they take are scores
SCALED = ("Dropout", "Scale")  # types of layers whose Mul is by a constant
QUANTIZATION = "graphnn.quantization"  # in the metadata


@frozen_dataclass
class Calibrated:
    """What is known of a quantised file.

    calibration: the number of samples. figure: what was measured, of float32 and of int8, on samples of `part`, as many
    as `count`; None where there were no samples with targets to measure on.
    """

    calibration: int
    figure: str | None = None
    single: float = 0.0
    int8: float = 0.0
    part: str = ""
    count: int = 0


def quantized(network: TrainedNetwork, wishes: ExportWishes) -> tuple["ModelProto", list[Fact]]:
    """Return a network in integers of 8 bits, checked, and what to tell of it.

    Weights are quantised channel by channel, symmetrically, values by their range over CALIBRATION training samples;
    normalisation, exact activations and the end, from the scores on, stay float32. Raises ExportError where nothing can
    be quantised, or there are no samples.
    """
    single = model_of(network, fold=True)
    if not any(node.op_type in WEIGHTED for node in single.graph.node):
        raise ExportError("there is no Dense and no Conv2D, so no weights to quantize; leave --quantize out")
    size = single.ByteSize()
    calibration, part, x, y = samples(wishes)
    with working("calibrating", len(calibration)):
        made = calibrated(single, calibration)
    found = Calibrated(len(calibration))
    if len(y):
        with working(f"comparing accuracy on {count_text(len(x))} samples", len(x)):
            name, before = figure(network, run(single.SerializeToString(), x), y, x)
            _, after = figure(network, run(made.SerializeToString(), x), y, x)
        found = Calibrated(len(calibration), name, before, after, part, len(x))
    finish(made, network, found)
    return checked(made), facts(found, size)


def samples(wishes: ExportWishes) -> tuple[Array, str, Array, Array]:
    """Return samples to calibrate on, and others, with the name of their part and their targets, to measure on.

    These are of the validation part, or where there is none, of the training part; never of the test part.
    """
    if wishes.samples is None:
        raise ExportError("int8 is calibrated on training samples, and there are none; give some")
    x, y = wishes.samples("train", CALIBRATION + MEASURED)
    chosen = np.zeros(len(x), bool)
    chosen[np.linspace(0, len(x) - 1, min(CALIBRATION, len(x))).astype(np.int64)] = True
    try:
        return x[chosen], "validation", *wishes.samples("validation", MEASURED)
    except DataError:  # there is none
        return x[chosen], "training", x[~chosen], y[~chosen] if len(y) else y


def calibrated(model: "ModelProto", x: Array) -> "ModelProto":
    """Return a model in integers of 8 bits (QDQ), with the ranges of its values over samples x."""
    import onnx

    onnx_runtime()
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        batches = iter([{INPUT: x[start : start + BATCH]} for start in range(0, len(x), BATCH)])

        def get_next(self) -> dict[str, Array] | None:
            return next(self.batches, None)

    try:
        with tempfile.TemporaryDirectory() as folder, quiet():
            given, made_at = (Path(folder) / name for name in ("float32.onnx", "int8.onnx"))
            given.write_bytes(model.SerializeToString())
            quantize_static(
                given,
                made_at,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
                extra_options={"QDQKeepRemovableActivations": True},  # a Relu before a value that stays float32
                nodes_to_quantize=[node.name for node in model.graph.node if is_quantized(node)],
            )
            made = onnx.load(str(made_at))
    except OSError as problem:
        raise ExportError(f"{tempfile.gettempdir()}: cannot be written: {problem.strerror or problem}") from problem
    keep_scores(made, [node.input[0] for node in model.graph.node if node.op_type in LAST][-1:])
    return made


def is_quantized(node: "NodeProto") -> bool:
    """Whether a node is to compute with integers."""
    kind = next((entry.value for entry in node.metadata_props if entry.key == TYPE), None)
    beside = kind is None and node.op_type != "GlobalAveragePool"  # normalisation, beliefs, the sigmoid of SiLU
    return not beside and (node.op_type in QUANTIZED or kind in SCALED)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the advice of onnxruntime to preprocess from stderr: the normalisations are folded already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def keep_scores(model: "ModelProto", scores: Sequence[str]) -> None:
    """Leave the output and its scores as they are, so that no two classes tie because they were rounded."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    for restoring in [node for node in graph.node if node.op_type == "DequantizeLinear"]:
        rounding = makers.get(restoring.input[0])
        if rounding is not None and (rounding.input[0] in scores or restoring.output[0] == OUTPUT):
            rename(graph, restoring.output[0], rounding.input[0])
            graph.node.remove(restoring)
            graph.node.remove(rounding)
    used = {name for node in graph.node for name in node.input}
    for constant in [each for each in graph.initializer if each.name not in used]:
        graph.initializer.remove(constant)


def rename(graph: "GraphProto", restored: str, exact: str) -> None:
    """Let what reads a restored value read the exact one, and be the graph's output where the restored one is that."""
    for node in graph.node:
        node.input[:] = [exact if name == restored else name for name in node.input]
        if restored == OUTPUT:
            node.input[:] = [OUTPUT if name == exact else name for name in node.input]
            node.output[:] = [OUTPUT if name == exact else name for name in node.output]


def figure(network: TrainedNetwork, outputs: Array, y: Array, x: Array) -> tuple[str, float]:
    """Return the name and the value of what tells how good outputs are."""
    loss = network.graph.loss
    if network.spec.learns_inputs:
        targets = network.normalisation.apply(x, network.graph.output_shape)
        return "loss", loss(targets, outputs)
    if loss.outputs is Classes:
        truth = y if y.ndim == 1 else y.argmax(axis=1)
        return "accuracy", float((outputs.argmax(axis=1) == truth).mean())
    if loss.outputs is YesOrNo:
        return "accuracy", float(((outputs > 0.5) == (y.reshape(outputs.shape) > 0.5)).mean())
    return "loss", loss(y, outputs)


def finish(model: "ModelProto", network: TrainedNetwork, found: Calibrated) -> None:
    """Give a model the metadata of the network and of its quantisation."""
    model.producer_name, model.producer_version = PRODUCER, __version__
    model.doc_string = network.spec.description or ""
    about: dict[str, object] = {"type": "int8", "calibration_samples": found.calibration}
    if found.figure is not None:
        about |= {"part": found.part, "samples": found.count}
        about[found.figure] = {"float32": found.single, "int8": found.int8}
    describe(model, {**metadata(network), QUANTIZATION: json.dumps(about)})


def facts(found: Calibrated, size: int) -> list[Fact]:
    """Return what to tell of a quantised file. size: of the file in float32, bytes."""
    told = [
        Fact(SINGLE, size, BYTES),
        Fact("calibrated on", f"{count_text(found.calibration)} samples of the training part"),
    ]
    if found.figure is None:
        return told
    kind = SHARE if found.figure == "accuracy" else VALUE
    return [
        *told,
        Fact(f"{found.figure} in float32", found.single, kind),
        Fact(f"{found.figure} in int8", found.int8, kind),
        Fact("measured on", f"{count_text(found.count)} samples of the {found.part} part"),
    ]
