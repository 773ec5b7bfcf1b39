"""Files of Keras: .keras archives, .weights.h5, and the older .h5 of models or weights."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import GraphError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.reading import check_memory, file_content, first_line, import_problem
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.keras_layers import ReadKerasLayer, keras_layers
from graphnn.importing.weights.modules import BIAS, MEAN, VARIANCE, WEIGHT, Module, ModuleKind, in_our_layout, split
from graphnn.importing.weights.number_types import converted
from graphnn.text.suggestions import quoted
from graphnn.types import Array

COPIES = 3  # of the weights in memory while a file is read
LONGEST_CONFIG = 2**26  # bytes
WEIGHTS, CONFIG = "model.weights.h5", "config.json"  # members of a .keras
NUMBERED = re.compile(r"(.*/)?layers/(?P<layer>[^/]+)/vars/(?P<place>\d+)")
EPSILON = 1e-3  # of Keras' normalisations by default
PARTS_BY_CLASS = {  # in the order in which Keras keeps them
    "batch_normalization": (WEIGHT, BIAS, MEAN, VARIANCE),
    "layer_normalization": (WEIGHT, BIAS),
    "p_re_lu": (WEIGHT,),
}
KERNEL_AND_BIAS = (WEIGHT, BIAS)


@frozen_dataclass
class Variables:
    """The arrays of one layer in a file of Keras.

    group: where they lie, as conv2d_1. name: of the layer. arrays: in order; names: of each, where the file has them.
    """

    group: str
    name: str
    arrays: tuple[Array, ...]
    names: tuple[str, ...]


def read_keras_weights(path: Path) -> ForeignFile:
    """Read a file of Keras.

    Raises GraphError where the package h5py is missing, and WeightsError where the file is damaged, refers to other
    files, or does not tell what its arrays are.
    """
    try:
        import h5py
    except ImportError as problem:
        raise GraphError(f"{path}: reading files of Keras needs h5py{import_problem(problem, 'keras')}") from problem
    data = file_content(path, COPIES)
    config = None
    if data.startswith(b"PK"):
        data, config = unpacked(data, path)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            if config is None and isinstance(file.attrs.get("model_config"), str):
                config = file.attrs["model_config"]
            found = list(variables(h5py, file, path))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, OverflowError, MemoryError) as problem:
        raise WeightsError(f"{path}: is no file of Keras', or is damaged: {first_line(problem)}") from problem
    layers = {} if config is None else keras_layers(config, path)
    modules = tuple(module for each in found if (module := as_module(each, layers.get(each.name), path)) is not None)
    used = {source for module in modules for source in module.sources.values()}
    others = tuple(name for each in found for name in each.names if name not in used)
    names = [module.name for module in modules]
    before = None
    if layers and all(module.name in layers for module in modules):
        before = {name: layers[name].before & frozenset(names) for name in names}
    return ForeignFile(path, "Keras", modules, others, before=before, epsilon=None if layers else EPSILON)


def unpacked(data: bytes, path: Path) -> tuple[bytes, str]:
    """Return the weights and the configuration in a .keras archive. Raises WeightsError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if not {WEIGHTS, CONFIG} <= sizes.keys():
                raise WeightsError(f"{path}: is a zip archive, but no .keras: it has no {WEIGHTS} and {CONFIG}")
            check_memory(COPIES * sizes[WEIGHTS], path)
            if sizes[CONFIG] > LONGEST_CONFIG:
                raise WeightsError(f"{path}: its {CONFIG} takes {sizes[CONFIG]:,} bytes, more than a network needs")
            return archive.read(WEIGHTS), archive.read(CONFIG).decode()
    except (
        zipfile.BadZipFile,
        ValueError,
        OverflowError,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
    ) as problem:
        raise WeightsError(f"{path}: the .keras archive is damaged or truncated: {first_line(problem)}") from problem


def variables(h5py: Any, file: Any, path: Path) -> Iterator[Variables]:
    """Yield the arrays of each layer in an open HDF5 file, in the file's order where it has one."""
    root = file.get("model_weights", file)
    datasets = plain_datasets(h5py, root, path)
    if "layer_names" in root.attrs:
        for name in map(text_of, root.attrs["layer_names"]):
            names = [text_of(each) for each in root[name].attrs["weight_names"]]
            yield Variables(name, name, tuple(datasets[f"{name}/{each}"] for each in names), tuple(names))
        return
    layers: dict[str, dict[int, str]] = {}
    for name in datasets:
        found = NUMBERED.fullmatch(name)
        if found and not name.startswith("optimizer"):
            layers.setdefault(name.rpartition("/vars/")[0], {})[int(found["place"])] = name
    for group, places in sorted(layers.items(), key=lambda item: natural(item[0])):
        names = [places[place] for place in sorted(places)]
        label = text_of(root[f"{group}/vars"].attrs.get("name", ""))
        yield Variables(group, label, tuple(datasets[name] for name in names), tuple(names))


def plain_datasets(h5py: Any, root: Any, path: Path) -> dict[str, Array]:
    """Return all arrays of numbers in a group, by name. Raises WeightsError for one that lies in another file."""
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:  # links to other files are not followed
        if isinstance(item, h5py.Dataset):
            found[name] = item

    root.visititems(visit)
    total = 0
    for name, item in found.items():
        if item.is_virtual or item.external:
            raise WeightsError(f"{path}: {quoted(name)} lies in another file, where nothing is read")
        total += int(item.size or 0) * max(4, item.dtype.itemsize)
    check_memory(COPIES * total, path)
    return {name: np.asarray(item[()]) for name, item in found.items() if item.dtype.kind in "fiub"}


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which numbers in names sort as numbers, and no number before 1."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def text_of(value: Any) -> str:
    """Return text that HDF5 may keep as bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def as_module(found: Variables, layer: ReadKerasLayer | None, path: Path) -> Module | None:
    """Return the arrays of a layer as a module; None for a layer that is of no known kind. Raises WeightsError."""
    group = found.group.rpartition("layers/")[2]
    parts = parts_of(found, layer, group, path)
    if parts is None:
        return None
    arrays, sources = {}, {}
    for part, array, name in zip(parts, found.arrays, found.names, strict=True):
        values = converted(array, f"{name}/{part}", path)
        assert values is not None
        arrays[part], sources[part] = values, name
    slopes = arrays.get(WEIGHT)
    if slopes is not None and slopes.ndim == 3 and len(arrays) == 1 and slopes.shape[:2] != (1, 1):
        return None  # one for each pixel
    ours = in_our_layout(arrays)
    name = found.name if layer is not None else with_number(found.group)
    last = layer is None or layer.channels_last
    module = Module(name, ours, sources, last, None if layer is None else layer.epsilon, alias=found.name)
    return None if module.kind is ModuleKind.OTHER else module


def parts_of(found: Variables, layer: ReadKerasLayer | None, group: str, path: Path) -> tuple[str, ...] | None:
    """Return what the arrays of a layer are, in order; None where that is not known. Raises WeightsError."""
    last = [split(name)[1] for name in found.names]
    if not any(name.isdecimal() for name in last):
        known = {"kernel": WEIGHT, "gamma": WEIGHT, "alpha": WEIGHT, "bias": BIAS, "beta": BIAS}
        known |= {"moving_mean": MEAN, "moving_variance": VARIANCE}
        parts = tuple(known[name] for name in last if name in known)
        return parts if parts and len(parts) == len(last) == len(set(parts)) else None
    kind = re.sub(r"_\d+$", "", group)
    parts = PARTS_BY_CLASS.get(kind, KERNEL_AND_BIAS)
    if kind in PARTS_BY_CLASS and layer is not None:
        parts = tuple(part for part in parts if part not in layer.without)
    elif kind == "batch_normalization" and len(found.arrays) == 2:
        parts = (MEAN, VARIANCE)
    elif len(found.arrays) != len(parts) and kind in ("batch_normalization", "layer_normalization"):
        raise WeightsError(
            f"{path}: {quoted(found.name or group)} has a scale or a shift, and the file does not say which; save the "
            "whole model as .keras"
        )
    if len(found.arrays) > len(parts) or not found.arrays or found.arrays[0].dtype.kind != "f":
        return None
    return parts[: len(found.arrays)]


def with_number(group: str) -> str:
    """Return the name of a group in which the first of a class has its number too: conv2d as conv2d_0."""
    name = re.sub(r"(^|/)layers/", r"\1", group)
    return name if re.search(r"_\d+$", name) else f"{name}_0"
