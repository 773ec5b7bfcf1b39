"""safetensors: the parameters alone, by the names that PyTorch gives them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportWishes, write_whole
from graphnn.exporting.torch_source.state import constants
from graphnn.exporting.torch_source.structure import state_names
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.exporting.unchanged import check_unchanged, digest
from graphnn.layers.base import LAYERS
from graphnn.types import Array

KEY = "graphnn"  # of all metadata; several keys would come in any order


class Safetensors(Exporter):
    """A `.safetensors` file of all parameters: `conv1.weight` for `conv1/weights`."""

    name = "safetensors"
    suffix = ".safetensors"
    summary = "the weights alone, by PyTorch's names"
    needed: ClassVar = {"safetensors": "safetensors>=0.4"}
    computes = False
    conversions: ClassVar = LAYERS

    def is_own(self, head: bytes) -> bool:
        return b'{"__metadata__":{"graphnn":' in head

    def write(self, network: TrainedNetwork, path: Path, wishes: ExportWishes) -> Exported:
        from safetensors.numpy import save

        check_unchanged(path, unchanged, wishes)
        arrays = torch_names(network)
        content = save(arrays, {KEY: json.dumps(about(network, arrays), ensure_ascii=False)})
        write_whole(path, content)
        return Exported((path,))

    def outputs(self, files: Sequence[Path], x: Array) -> Array | None:
        return None


def arrays_digest(arrays: Mapping[str, Array]) -> str:
    """Return a digest of the names and values of arrays."""
    parts = [name.encode() + np.ascontiguousarray(array).tobytes() for name, array in sorted(arrays.items())]
    return digest(b"".join(parts))


def unchanged(content: bytes) -> bool:
    """Whether the content of a file has the arrays that were written."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
        length = int.from_bytes(content[:8], "little")
        known = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][KEY])
    except (SafetensorError, ValueError, KeyError, TypeError):
        return False
    return bool(known.get("digest") == arrays_digest(arrays))


def about(network: TrainedNetwork, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return what else belongs to the weights: the document, the classes, the normalisation."""
    return {
        "name": network.name,
        "digest": arrays_digest(arrays),
        "classes": network.classes,
        "normalisation": network.normalisation.to_json(),
        "document": network.document,
    }


def torch_names(network: TrainedNetwork) -> dict[str, Array]:
    """Return all arrays by their names in the state_dict of the network that `--to torch` writes."""
    names = state_names(network.spec, network.graph)
    arrays = {names[name]: array for name, array in network.arrays().items()}
    return constants(network.normalisation) | arrays


SAFETENSORS = TARGETS.register(Safetensors())
