"""Weights files: the parameters of a network and their metadata, as one .npz."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.parameters.parameters import Parameters
from graphnn.storage.archives import Archive
from graphnn.storage.described import DIGEST, META, listed, read_described, read_meta, write_described
from graphnn.storage.npy_arrays import Header
from graphnn.storage.weights_metadata import METADATA, check_meta
from graphnn.text.suggestions import closest, quoted
from graphnn.types import Array, Shape, shape_text

LONG = 400  # characters of a name in messages; a layer's name has at most 200
DATA_SET = ("x_train", "y_train")  # arrays that tell a file of data from one of weights
CHANGED = "\nIf the document was changed after they were trained, train it again, or undo the change"


@frozen_dataclass
class WeightsFile:
    """The content of a weights file.

    arrays: float32, by 'layer/parameter', in the file's order. meta: the file's `__meta__`, or empty. note: what a user
    should know about the file, if anything.
    """

    path: Path
    arrays: dict[str, Array]
    meta: dict[str, Any]
    note: str | None = None


@frozen_dataclass
class MatchReport:
    """The result of matching the arrays of a file with the parameters of a network.

    matched, missing: in the network's order; missing: parameters that are not in the file. extra: arrays that are not
    in the network, in the file's order. differing: (key, the network's shape, the file's shape).
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    differing: tuple[tuple[str, Shape, Shape], ...]

    @property
    def complete(self) -> bool:
        """Whether each parameter has an array of its shape, and each array a parameter."""
        return not (self.missing or self.extra or self.differing)

    def lines(self) -> list[str]:
        """Return one sentence for each mismatch."""
        return [
            *(f"{quoted(key, LONG)} is in the network, not in the file{self._closest(key)}" for key in self.missing),
            *(f"{quoted(key, LONG)} is in the file, not in the network" for key in self.extra),
            *(
                f"{quoted(key, LONG)} is {shape_text(wanted)} in the network, {shape_text(found)} in the file"
                for key, wanted, found in self.differing
            ),
        ]

    def _closest(self, key: str) -> str:
        close = closest(key, self.extra)
        return f"; the file has {quoted(close)}" if close else ""


def weights_path(document: Path) -> Path:
    """Return the default path of a document's weights: NAME.npz beside NAME.json."""
    return document.with_name(f"{document.stem}.npz")


def save_weights(
    path: str | Path, arrays: Mapping[str, Array], meta: Mapping[str, Any], *, dtype: str = "<f4", follow: bool = False
) -> None:
    """Write arrays, converted to `dtype`, and meta to exactly `path`; on failure, the file there is left unchanged.

    follow: of a symbolic link, replace the file that it leads to, rather than the link itself.
    meta: JSON values; numpy's numbers become JSON numbers, and NaN and infinity become null, because JSON has neither.
    The format's version and a digest are added to them. Equal arrays and meta give equal bytes. Raises WeightsError
    where the file cannot be written, a key is `__meta__` or cannot be a name in an .npz, or a value is beyond the range
    of `dtype`.
    """
    path = Path(path)
    converted = {key: stored(array, dtype, key, path) for key, array in arrays.items()}
    write_described(path, converted, as_json(meta), follow=follow)


def load_weights(
    path: str | Path,
    *,
    check_finite: bool = False,
    expected: Mapping[str, Shape] | None = None,
    network: str = "the network",
) -> WeightsFile:
    """Read a weights file, or any .npz of float arrays, as float32.

    check_finite: refuse arrays with NaN or infinity. expected: refuse, before any array is read, a file whose arrays
    are not exactly those of these shapes; network: what has them, for the message. Raises WeightsError, which suggests
    the closest name where `path` does not exist.
    """
    path = Path(path)
    with open_weights(path) as archive:
        if META not in archive.names and set(DATA_SET) <= set(archive.names):
            raise WeightsError(
                f"{path}: holds a data set, {' and '.join(DATA_SET)}, not weights; name the file that training wrote"
            )
        if expected is not None:
            check_shapes(archive, expected, network)
        read, meta = read_described(archive)
    note = None
    if meta is None:
        meta = {}
    elif DIGEST not in meta:
        note = "was written by an older graphnn, without the digest that would show whether it is as it was written"
    meta.pop(DIGEST, None)
    check_meta(meta, METADATA, path)
    arrays = {key: as_float32(array, key, path) for key, array in read.items()}
    if check_finite:
        refuse_non_finite(arrays, path)
    return WeightsFile(path, arrays, meta, note)


def open_weights(path: Path) -> Archive:
    """Open a weights file. Raises WeightsError, which suggests the closest name where there is no such file."""
    try:
        return Archive(path, WeightsError)
    except FileNotFoundError as problem:
        raise WeightsError(f"{path}: no such file{closest_file(path)}") from problem


def check_shapes(archive: Archive, expected: Mapping[str, Shape], network: str) -> None:
    """Raise WeightsError with all mismatches of an archive's arrays, of which only the headers are read."""
    report = compare(expected, {name: archive.header(name) for name in archive.names if name != META})
    if not report.complete:
        lines = "".join(f"\n  {line}" for line in report.lines())
        raise WeightsError(f"{archive.path}: these weights do not fit {network}:{lines}{CHANGED}")


def load_meta(path: Path) -> dict[str, Any] | None:
    """Return the metadata of a weights file of graphnn, possibly behind a link; None where there is nothing at all.

    Its arrays are not read, nor are the metadata compared with their digest. Raises WeightsError for anything else.
    """
    if path.is_symlink() and not path.exists():
        raise WeightsError(f"{path}: is a link to {path.readlink()}, which does not exist")
    try:
        with Archive(path, WeightsError) as archive:
            if META not in archive.names:
                names = listed(archive.names) or "none"
                what = f"holds arrays ({names}) without graphnn's description of them, so it is no file of weights"
                raise WeightsError(f"{path}: {what}")
            meta, _ = read_meta(archive)
    except FileNotFoundError:
        return None
    if "checkpoint_version" in meta:
        raise WeightsError(f"{path}: is the checkpoint of a run")
    return meta


def refuse_non_finite(arrays: Mapping[str, Array], path: Path) -> None:
    """Raise WeightsError with the arrays that hold NaN or infinity, if any does."""
    counts = non_finite(arrays)
    if counts:
        raise WeightsError(
            *(f"{path}: {quoted(key, LONG)} holds {not_finite_text(count)}" for key, count in counts.items())
        )


def non_finite(arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return the numbers of NaN and infinite values, by key, for the arrays that have any."""
    counts = {key: array.size - int(np.isfinite(array).sum()) for key, array in arrays.items()}
    return {key: count for key, count in counts.items() if count}


def not_finite_text(count: int) -> str:
    """Return a number of values that are not finite in words."""
    return "1 value that is not finite" if count == 1 else f"{count:,} values that are not finite"


def compare(shapes: Mapping[str, Shape], arrays: Mapping[str, Array] | Mapping[str, Header]) -> MatchReport:
    """Match arrays, or their headers, with parameters of the given shapes, both by 'layer/parameter'."""
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
    """Copy arrays into the parameters of the same key and shape, and return what matched and what did not.

    strict: on any mismatch, raise WeightsError with all of them and copy nothing; if not strict, raise only where
    nothing matches. file: the name that is put before each problem.
    """
    named = parameters.named()
    report = compare({key: array.shape for key, array in named.items()}, arrays)
    prefix = f"{file}: " if file else ""
    if strict and not report.complete:
        raise WeightsError(*(prefix + line for line in report.lines()))
    if named and not report.matched:
        raise WeightsError(f"{prefix}nothing in it fits the network", *(prefix + line for line in report.lines()))
    for key in report.matched:
        named[key][...] = arrays[key]
    return report


def class_names(file: WeightsFile) -> tuple[str, ...] | None:
    """Return the class names in a weights file; None where there are none."""
    classes = file.meta.get("classes")
    return None if classes is None else tuple(classes)


def as_float32(array: Array, key: str, path: Path) -> Array:
    """Return the array as float32. Raises WeightsError unless its values are floats within the range of float32."""
    if array.dtype.kind != "f":
        raise WeightsError(f"{path}: {quoted(key, LONG)} is of {array.dtype}, where floats are needed")
    return stored(array, np.float32, key, path)


def stored(array: Array, dtype: Any, key: str, path: Path) -> Array:
    """Return the array as one of `dtype`. Raises WeightsError where a finite value is beyond its range."""
    with np.errstate(over="ignore"):
        converted = np.asarray(array, dtype)
    if array.dtype.itemsize > converted.dtype.itemsize and (np.isinf(converted) & np.isfinite(array)).any():
        raise WeightsError(f"{path}: {quoted(key, LONG)} holds values beyond the range of {converted.dtype}")
    return converted


def as_json(value: Any) -> Any:
    """Return the value in JSON's types: mappings, sequences, numpy's numbers; null for NaN and infinity."""
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
    """Return advice: the .npz in the same folder with the closest name, or to train the network."""
    return beside(path, (".npz",)) or "; train the network to make it"


def beside(path: Path, suffixes: Collection[str], *, bare: bool = False) -> str:
    """Return advice: the file in the same folder with the closest name and one of the suffixes; "" where none is.

    suffixes: in small letters. bare: whether names are compared without their suffixes.
    """
    try:
        there = [other for other in path.parent.iterdir() if other.suffix.lower() in suffixes]
    except OSError:  # no such folder, or one whose names may not be read
        return ""
    names = {other.stem if bare else other.name: other for other in there}
    close = closest(path.stem if bare else path.name, names)
    return f"; did you mean {names[close]}?" if close else ""
