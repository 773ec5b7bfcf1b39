"""The file of a Keras model: a zip of its metadata, its configuration and its weights, the same bytes each time."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.exporting.keras.model import KerasModel
from graphnn.storage.archives import EPOCH
from graphnn.types import Array

WRITTEN_AS = "3.11.0"  # the version of Keras whose format this is; later ones read it
MARK = b'"graphnn"'


def keras_file(
    model: KerasModel, training: Mapping[str, Any] | None, state: Sequence[Array], about: Mapping[str, Any]
) -> bytes:
    """Return the content of a `.keras` file. state: variables of the optimizer. about: of the network, as metadata."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        metadata = {"graphnn": about, "keras_version": WRITTEN_AS}
        write(archive, "metadata.json", json.dumps(metadata).encode())
        write(archive, "config.json", json.dumps(model.config(training)).encode())
        write(archive, "model.weights.h5", weights_file(model, state))
    return content.getvalue()


def write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a member without its time, not compressed, as Keras does."""
    archive.writestr(zipfile.ZipInfo(name, EPOCH), content)


def weights_file(model: KerasModel, state: Sequence[Array]) -> bytes:
    """Return the weights as HDF5: `layers/conv2d/vars/0`. Zeros of the optimizer's state take no space."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_group("vars").attrs["name"] = model.name
        for path, layer in model.weights().items():
            group = file.create_group(f"layers/{path}/vars")
            group.attrs["name"] = layer.name
            for index, array in enumerate(layer.weights):
                group.create_dataset(str(index), data=array)
        if state:
            group = file.create_group("optimizer/vars")
            for index, array in enumerate(state):
                if array.any():
                    group.create_dataset(str(index), data=array)
                else:
                    group.create_dataset(str(index), array.shape, array.dtype)
    return content.getvalue()


def is_exported(head: bytes) -> bool:
    """Whether a file was written here, by its first bytes."""
    return head.startswith(b"PK") and MARK in head
