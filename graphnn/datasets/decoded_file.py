"""The file of decoded pictures, which training maps into memory, and what it was decoded from.

NAME.json says what is in the file of pixels, whose name has a part of its own for each time that it is written. The
JSON is replaced last, so that it is the old state or the new one, whole.
"""

import base64
import contextlib
import json
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import numpy as np

from graphnn.datasets.base import Summary
from graphnn.datasets.decoding import DIGEST
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.replacing import replacing
from graphnn.types import Array

PIXELS = ".pixels"  # the suffix of their files
VERSION = 1  # of the format, and of what decoding and resizing make of a picture; others are decoded anew
DAMAGE = (ValueError, KeyError, TypeError, AttributeError)  # what a damaged description raises when it is read


@frozen_dataclass(eq=False)
class Sources:
    """Files that pictures were decoded from. paths: relative to their folder. states: N×3, as `state` gives them.

    digests: N×16 bytes, of their content. problems: why a file could not be decoded, by its index.
    """

    paths: Sequence[str]
    states: Array
    digests: Array
    problems: Mapping[int, str]

    def content(self) -> dict[str, bytes]:
        """Return the digest of each file."""
        return dict(zip(self.paths, map(bytes, self.digests), strict=True))

    def good(self) -> Array:
        """Return the indices of the files that were decoded, which are those of the rows of pixels, in order."""
        return np.setdiff1d(np.arange(len(self.paths)), np.array(sorted(self.problems), np.int64))


@frozen_dataclass(eq=False)
class DecodedFile:
    """Decoded pictures. sources: their files. begun: when reading these began, in nanoseconds. parts: the number of
    files of each part, in order. pixels: N×H×W×C uint8, in their file. summaries: of the parts "train" and "test".
    """

    sources: Sources
    begun: int
    parts: Mapping[str, int]
    pixels: Array
    summaries: Mapping[str, Summary]

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return what the JSON in `file` describes; None where there is none, or where it or its pixels are damaged.

        Pixels count as damaged where their file has another size or time than when it was written.
        """
        try:
            values = json.loads(file.read_bytes())
            if values["version"] != VERSION:
                return None
            paths = values["paths"]
            states = numbers(values["states"], np.int64, (len(paths), 3))
            digests = numbers(values["digests"], np.uint8, (len(paths), DIGEST))
            problems = {int(index): str(text) for index, text in values["problems"].items()}
            summaries = {part: summary_of(each) for part, each in values["summaries"].items()}
            pixels = mapped(file.with_name(values["pixels"]), (len(paths) - len(problems), *values["shape"]))
            if written(file.with_name(values["pixels"])) != values["written"]:
                return None
            parts = {str(part): int(count) for part, count in values["parts"].items()}
            return cls(Sources(paths, states, digests, problems), int(values["begun"]), parts, pixels, summaries)
        except (*DAMAGE, FileNotFoundError, NotADirectoryError, PermissionError):
            return None

    def write(self, file: Path, pixels: Path) -> None:
        """Write the JSON that describes it, with the name of the file of its pixels beside it. Raises OSError."""
        values = {
            "version": VERSION,
            "pixels": pixels.name,
            "written": written(pixels),
            "shape": list(self.pixels.shape[1:]),
            "begun": self.begun,
            "parts": dict(self.parts),
            "paths": list(self.sources.paths),
            "states": text_of(self.sources.states),
            "digests": text_of(self.sources.digests),
            "problems": {str(index): text for index, text in self.sources.problems.items()},
            "summaries": {part: asdict(each) for part, each in self.summaries.items()},
        }
        with replacing(file) as out:
            out.write(json.dumps(values).encode())

    def rows(self) -> dict[bytes, int]:
        """Return the row of pixels of each file that was decoded, by the digest of its content."""
        digests = self.sources.digests[self.sources.good()]
        return {digest.tobytes(): row for row, digest in enumerate(digests)}

    def same_content(self, other: "DecodedFile") -> bool:
        """Return whether both were decoded from the same files, in whatever order."""
        one, two = (
            dict(zip(each.paths, map(bytes, each.digests), strict=True)) for each in (self.sources, other.sources)
        )
        return one == two


def state(path: Path) -> tuple[int, int, int]:
    """Return what changes with a file's content: its size, the time of its last change, and that of its entry.

    The third is set by the system alone: also where a program changes a file and sets the second back. All are -1 where
    there is no such file. Times are in nanoseconds.
    """
    try:
        found = path.stat()
    except OSError:
        return -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def mapped(file: Path, shape: tuple[int, ...]) -> Array:
    """Return the bytes of a file as an array of this shape, of which only what is used gets read.

    Raises ValueError where it has another size, OSError.
    """
    if file.stat().st_size != math.prod(shape):
        raise ValueError(f"{file}: not {shape}")
    return np.asarray(np.memmap(file, np.uint8, "r", shape=shape)) if math.prod(shape) else np.empty(shape, np.uint8)


def written(file: Path) -> list[int]:
    """Return the size and the time of the last change of a file of pixels, by which a changed one is told."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def new_pixels(file: Path) -> Path:
    """Return a new name for a file of pixels beside the JSON that will describe it."""
    return file.with_name(f"{file.stem}-{secrets.token_hex(4)}{PIXELS}")


def tidy(folder: Path, current: DecodedFile, *, age: float) -> None:
    """Remove what is of no use any more: what was decoded from other files than `current`, or belongs to no JSON.

    age: seconds for which such a file must not have changed, where there may be other writers.
    """
    used = set()
    for file in folder.glob("*.json"):
        found = DecodedFile.read(file)
        if found is None or not found.same_content(current):
            remove_old(file, age)
        else:
            used.add(json.loads(file.read_bytes())["pixels"])
    for file in folder.glob(f"*{PIXELS}"):
        if file.name not in used:
            remove_old(file, age)


def remove_old(file: Path, age: float) -> None:
    """Remove a file that has not changed for `age` seconds, if that is possible: Windows keeps one that is in use."""
    with contextlib.suppress(OSError):
        if time.time() - file.stat().st_mtime >= age:
            file.unlink()


def summary_of(values: Mapping[str, Any]) -> Summary:
    """Return a summary from its JSON values. Raises one of DAMAGE for others."""
    low, high = (tuple(map(float, values[key])) for key in ("low", "high"))
    return Summary(str(values["digest"]), low, high, float(values["mean"]))


def text_of(array: Array) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).data).decode()


def numbers(text: str, dtype: Any, shape: tuple[int, ...]) -> Array:
    """Return the array of `text_of`. Raises ValueError where it is another one."""
    values = np.frombuffer(base64.b64decode(text, validate=True), np.dtype(dtype).newbyteorder("<"))
    return values.astype(dtype).reshape(shape)
