"""keras: a `.keras` file, which every backend of Keras 3 loads without code of ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportWishes, write_whole
from graphnn.exporting.keras.build import keras_model
from graphnn.exporting.keras.file import is_exported, keras_file
from graphnn.exporting.keras.layers import CONVERSIONS
from graphnn.exporting.keras.outputs import backend, keras_outputs
from graphnn.exporting.keras.training import KerasTraining
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.reports.report import Fact
from graphnn.text.installing import install_command
from graphnn.types import Array


class Keras(Exporter):
    """A `.keras` file of a functional model of Keras' own layers, with weights, compiled as the document trains."""

    name = "keras"
    suffix = ".keras"
    summary = "a model for Keras 3, with any of its backends"
    needed: ClassVar = {"h5py": "h5py>=3.10"}
    conversions: ClassVar = CONVERSIONS

    def is_own(self, head: bytes) -> bool:
        return is_exported(head)

    def write(self, network: TrainedNetwork, path: Path, wishes: ExportWishes) -> Exported:
        training = KerasTraining.of(network)
        model = keras_model(network, training)
        content = keras_file(model, training.config(), training.state(model), about(network))
        write_whole(path, content)
        notes = list(training.notes)
        if backend() is None:
            command = install_command("keras", "torch")
            notes.append(f"the file is not compared with the network, because no Keras can run here: {command}")
        facts = (Fact("input", size(next(iter(model.layers.values())).shape)), Fact("output", size(model.output.shape)))
        return Exported((path,), facts, tuple(notes))

    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        y = keras_outputs(files[0], x.transpose(0, 2, 3, 1) if x.ndim == 4 else x)
        return y if y is None or y.ndim != 4 else y.transpose(0, 3, 1, 2)


def size(shape: Sequence[int]) -> str:
    """Return the shape of a batch in words: N×32×32×3."""
    return "×".join(["N", *map(str, shape)])


def about(network: TrainedNetwork) -> dict[str, Any]:
    """Return what the file's metadata say of the network."""
    return {"name": network.name, "classes": network.classes, "figures": network.figures}


TARGETS.register(Keras())
