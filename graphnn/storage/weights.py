"""Weights files: the parameters of a network, and what belongs to them, as one .npz."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import WeightsError
from graphnn.parameters.parameters import Parameters
from graphnn.storage.archives import Archive, replacing, write_archive
from graphnn.text.suggestions import closest, quoted
from graphnn.types import Array, Shape, shape_text

META = "__meta__"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class WeightsFile:
    """What a weights file holds.

    arrays: float32, by 'layer/parameter', in the file's order. meta: the file's `__meta__`; empty where it has none.
    """

    path: Path
    arrays: dict[str, Array]
    meta: dict[str, Any]


@dataclass(frozen=True)
class MatchReport:
    """How the arrays of a file fit the parameters of a network; each list in its owner's order.

    missing: parameters that the file lacks. extra: arrays that the network lacks.
    differing: (key, the network's shape, the file's shape).
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    differing: tuple[tuple[str, Shape, Shape], ...]

    @property
    def complete(self) -> bool:
        """Whether each parameter found its array, and each array its parameter."""
        return not (self.missing or self.extra or self.differing)

    def lines(self) -> list[str]:
        """Return what does not fit, one sentence each."""
        return [
            *(f'"{key}" is in the network, not in the file{self._closest(key)}' for key in self.missing),
            *(f'"{key}" is in the file, not in the network' for key in self.extra),
            *(
                f'"{key}" is {shape_text(wanted)} in the network, {shape_text(found)} in the file'
                for key, wanted, found in self.differing
            ),
        ]

    def _closest(self, key: str) -> str:
        close = closest(key, self.extra)
        return f"; the file has {quoted(close)}" if close else ""


def save_weights(path: str | Path, arrays: Mapping[str, Array], meta: Mapping[str, Any], *, dtype: str = "<f4") -> None:
    """Write arrays, as float32 or another type, and meta to exactly `path`: all of it or, on any failure, nothing.

    meta: JSON values; numpy's numbers are written as numbers, and numbers that are not finite as null, which is all
    that JSON has for them. The file's `format_version` is added. Equal arrays and meta give equal bytes. Raises
    WeightsError where the file cannot be written, or a key is `__meta__` or unfit for an .npz.
    """
    path = Path(path)
    if META in arrays:
        raise WeightsError(f'{path}: a parameter cannot be called "{META}": that is where the file describes itself')
    text = json.dumps(as_json({"format_version": FORMAT_VERSION, **meta}), ensure_ascii=False, allow_nan=False)
    members = {key: np.asarray(array, dtype=dtype) for key, array in arrays.items()}
    members[META] = np.frombuffer(text.encode(), np.uint8)
    try:
        with replacing(path) as file:
            write_archive(file, members)
    except ValueError as problem:
        raise WeightsError(f"{path}: {problem}") from problem
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem.strerror}") from problem


def load_weights(path: str | Path, *, check_finite: bool = False) -> WeightsFile:
    """Read a weights file, or any .npz of float arrays; of what type they were, they come as float32.

    check_finite: refuse arrays that hold NaN or infinity. Raises WeightsError, which names the closest file where
    `path` does not exist.
    """
    path = Path(path)
    try:
        archive = Archive(path, WeightsError)
    except FileNotFoundError as problem:
        raise WeightsError(f"{path}: no such file{closest_file(path)}") from problem
    with archive:
        meta = read_meta(archive) if META in archive.names else {}
        arrays = {key: as_float32(archive.read(key), key, path) for key in archive.names if key != META}
    if check_finite:
        counts = non_finite(arrays)
        if counts:
            raise WeightsError(
                *(f'{path}: "{key}" holds {n:,} values that are not finite' for key, n in counts.items())
            )
    return WeightsFile(path, arrays, meta)


def non_finite(arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return how many values are NaN or infinite, by key, of the arrays that have any."""
    counts = {key: array.size - int(np.isfinite(array).sum()) for key, array in arrays.items()}
    return {key: count for key, count in counts.items() if count}


def compare(shapes: Mapping[str, Shape], arrays: Mapping[str, Array]) -> MatchReport:
    """Return how arrays fit parameters of the given shapes, both by 'layer/parameter'."""
    shared = [key for key in shapes if key in arrays]
    return MatchReport(
        matched=tuple(key for key in shared if shapes[key] == arrays[key].shape),
        missing=tuple(key for key in shapes if key not in arrays),
        extra=tuple(key for key in arrays if key not in shapes),
        differing=tuple((key, shapes[key], arrays[key].shape) for key in shared if shapes[key] != arrays[key].shape),
    )


def assign(
    parameters: Parameters, arrays: Mapping[str, Array], *, strict: bool = True, file: str | Path = ""
) -> MatchReport:
    """Copy arrays into the parameters of the same key and shape, and report both ways what fits and what does not.

    strict: raise WeightsError with everything that does not fit, and copy nothing. Otherwise copy what fits, and raise
    only where nothing does. file: the name to put before each problem.
    """
    own = parameters.named()
    report = compare({key: array.shape for key, array in own.items()}, arrays)
    prefix = f"{file}: " if file else ""
    if strict and not report.complete:
        raise WeightsError(*(prefix + line for line in report.lines()))
    if own and not report.matched:
        raise WeightsError(f"{prefix}nothing in it fits the network", *(prefix + line for line in report.lines()))
    for key in report.matched:
        own[key][...] = arrays[key]
    return report


def read_meta(archive: Archive) -> dict[str, Any]:
    """Return the `__meta__` of a weights file. Raises WeightsError where it is damaged, or newer than this program."""
    array = archive.read(META)
    try:
        if array.dtype != np.uint8 or array.ndim != 1:
            raise ValueError(f"{shape_text(array.shape) or 'one'} {array.dtype}, not a row of bytes")
        meta = json.loads(array.tobytes().decode())
        if not isinstance(meta, dict):
            raise ValueError("not a JSON object")
    except (ValueError, RecursionError) as problem:
        raise WeightsError(f"{archive.path}: its {META} is damaged: {problem}") from problem
    version = meta.get("format_version", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise WeightsError(
            f"{archive.path}: weights of format version {version!r}, but this program knows {FORMAT_VERSION} only; "
            "a newer graphnn reads it"
        )
    return meta


def as_float32(array: Array, key: str, path: Path) -> Array:
    """Return the array as float32. Raises WeightsError unless it is of floats that float32 can hold."""
    if array.dtype.kind != "f":
        raise WeightsError(f'{path}: "{key}" is of {array.dtype}, where floats are needed')
    with np.errstate(over="ignore"):
        converted = np.asarray(array, np.float32)
    if array.dtype.itemsize > converted.dtype.itemsize and (np.isinf(converted) & np.isfinite(array)).any():
        raise WeightsError(f'{path}: "{key}" holds values beyond the range of float32')
    return converted


def as_json(value: Any) -> Any:
    """Return plain JSON values of the same meaning: mappings, sequences, numpy's numbers; null for NaN and infinity."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def closest_file(path: Path) -> str:
    """Return a hint at the .npz in the same folder whose name is most like the one asked for, or at train."""
    names = [other.name for other in path.parent.glob("*.npz")] if path.parent.is_dir() else []
    close = closest(path.name, names)
    return f"; did you mean {path.parent / close}?" if close else "; train the network to make it"
