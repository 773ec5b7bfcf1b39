"""safetensors: the parameters alone, by the names that PyTorch gives them."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from graphnn.exporting.base import TARGETS, Exported, Exporter, Wishes, write_whole
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.layers.base import LAYERS
from graphnn.types import Array

NAMES = {
    "weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "slopes": "weight",
    "running_mean": "running_mean",
    "running_variance": "running_var",
}  # of parameters, in PyTorch


class Safetensors(Exporter):
    """A `.safetensors` file of all parameters: `conv1.weight` for `conv1/weights`."""

    name = "safetensors"
    suffix = ".safetensors"
    summary = "the weights alone, by PyTorch's names"
    needed: ClassVar = {"safetensors": "safetensors>=0.4"}
    conversions: ClassVar = LAYERS

    def is_own(self, head: bytes) -> bool:
        return b'"graphnn.name"' in head

    def write(self, network: TrainedNetwork, path: Path, wishes: Wishes) -> Exported:
        from safetensors.numpy import save

        content = save(torch_names(network), {"graphnn.name": network.name})
        write_whole(path, content)
        return Exported((path,))

    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        return None  # it computes nothing


def torch_names(network: TrainedNetwork) -> dict[str, Array]:
    """Return all parameters by the names that PyTorch gives them: `conv1.weight` for `conv1/weights`."""
    return {f"{node}.{NAMES.get(name, name)}": array for node, name, array in split_names(network)}


def split_names(network: TrainedNetwork) -> list[tuple[str, str, Array]]:
    """Return (node, parameter, array) for all parameters."""
    return [(*key.rsplit("/", 1), array) for key, array in network.arrays().items()]  # type: ignore[misc]


TARGETS.register(Safetensors())
