"""ONNX: the whole network, from samples as they are stored to probabilities, for onnxruntime and many others."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportWishes, NotInstalled, write_whole
from graphnn.exporting.onnx.layers import CONVERSIONS
from graphnn.exporting.onnx.model import PRODUCER, SINGLE, model_of
from graphnn.exporting.onnx.running import can_run, run
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.reports.report import Fact
from graphnn.text.installing import extra_command
from graphnn.types import Array


class Onnx(Exporter):
    """An `.onnx` file of operator set 20, with normalisation and metadata; see graphnn/exporting/README.md."""

    name = "onnx"
    suffix = ".onnx"
    summary = "a file for onnxruntime, also in browsers and on phones"
    needed: ClassVar = {"onnx": "onnx>=1.17"}
    conversions: ClassVar = CONVERSIONS

    def check_wishes(self, wishes: ExportWishes) -> None:
        if wishes.quantize is not None and not can_run():
            raise NotInstalled(f"--quantize needs onnxruntime; {extra_command('onnx')}")

    def is_own(self, head: bytes) -> bool:
        return f"\x12{chr(len(PRODUCER))}{PRODUCER}\x1a".encode() in head[:16]  # the fields producer_name and version

    def write(self, network: TrainedNetwork, path: Path, wishes: ExportWishes) -> Exported:
        if wishes.quantize is None:
            model, facts = model_of(network), list[Fact]()
        else:
            from graphnn.exporting.onnx.quantization import quantized  # takes onnxruntime

            model, facts = quantized(network, wishes)
        write_whole(path, model.SerializeToString(deterministic=True))
        return Exported((path,), tuple(facts), tuple(notes(model.ByteSize(), facts)))

    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        return run(files[0], x) if can_run() else None


def notes(size: int, facts: Sequence[Fact]) -> Iterator[str]:
    """Yield what a user should know of a file. size: of the file, bytes. facts: what is told of its quantisation."""
    if not can_run():
        yield f"the file was not compared: that needs onnxruntime; {extra_command('onnx')}"
    single = next((fact.value for fact in facts if fact.label == SINGLE), None)
    if single is not None and size >= single:
        yield "the network is so small that its file in int8 is no smaller than in float32; leave --quantize out"


TARGETS.register(Onnx())
