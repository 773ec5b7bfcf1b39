"""The samples of many files, in order, joined into arrays that are large enough for the engine."""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np

from graphnn.engine.inference import CHUNK
from graphnn.errors import DataError, GraphError
from graphnn.evaluation.array_parts import array_parts, finite_samples
from graphnn.evaluation.inputs import Reader
from graphnn.evaluation.json_samples import json_samples
from graphnn.evaluation.json_values import SUFFIXES as JSON_SUFFIXES
from graphnn.evaluation.json_values import json_values
from graphnn.evaluation.standard_input import ARRAY, JSON, PICTURE, ROWS, STANDARD_INPUT, InputStream
from graphnn.pictures.opening import SUFFIXES, without_warnings
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.storage.weights import beside
from graphnn.text.terminal import complain
from graphnn.types import Array

MOST = 2 * CHUNK  # samples that are gathered at a time, and fewer
TOLD = 10  # samples of a file that cannot be predicted; more are counted
Labelled = tuple[list[str], Array]  # the samples' labels, and the samples
KNOWN = (*SUFFIXES, ".npy", *JSON_SUFFIXES, "")  # the last: of folders


@dataclass
class Files:
    """Reads the samples of many files, in order; prints errors, counts them in `failed`, and collects notes by kind.

    notes: of each kind the number of files, the first of them, and its details.
    """

    reader: Reader
    given: InputStream | None = None  # what standard input holds, where it is an input
    failed: int = 0
    notes: dict[str, tuple[int, Path, str]] = field(default_factory=dict)

    def read(self, paths: Iterable[Path]) -> Iterator[Labelled]:
        """Yield the samples of each file that can be read, with a label for each, at most CHUNK of them at a time."""
        for path in paths:
            try:
                yield from self.samples(path)
            except GraphError as error:
                self.fail(str(error))
            except FileNotFoundError:
                self.fail(f"{path}: no such file{beside(path, KNOWN, bare=True)}")
            except OSError as error:
                self.fail(f"{path}: {reading_problem(error)}")

    def fail(self, message: str) -> None:
        """Print an error."""
        self.failed += 1
        complain(message)

    def samples(self, path: Path) -> Iterator[Labelled]:
        """Yield the samples of a file. Raises DataError, OSError."""
        if path == STANDARD_INPUT and self.given is not None:
            yield from self.of_given(self.given)
            return
        suffix = path.suffix.lower()
        if suffix not in (".npy", *JSON_SUFFIXES) or path.is_dir():
            found = self.reader.read(path)
            self.collect(path, found.notes)
            yield [str(path)], found.x
            return
        with open_regular(path) as file:
            if suffix == ".npy":
                yield from self.of_array(path, file, os.fstat(file.fileno()).st_size)
            else:
                yield from self.of_json(path, cast(io.BufferedReader, file))

    def of_given(self, held: InputStream) -> Iterator[Labelled]:
        """Yield the samples of standard input. Raises DataError."""
        path = STANDARD_INPUT
        if held.kind == ARRAY:
            yield from self.of_array(path, held.stream)
        elif held.kind in (JSON, ROWS):
            yield from self.of_json(path, held.stream)
        elif held.kind == PICTURE:
            with without_warnings():
                found = self.reader.picture(path, held.stream.read())
            self.collect(path, found.notes)
            yield [str(path)], found.x
        else:
            raise DataError(
                f"{path}: standard input is text, where a picture, an .npy array or JSON is needed; names of files are "
                f"read by --files-from {path}"
            )

    def of_json(self, path: Path, stream: io.BufferedIOBase) -> Iterator[Labelled]:
        """Yield the samples in a stream of JSON, those that have come at a time; other values are told."""
        start, wrong = 0, Told(self)
        common: set[tuple[str, str]] | None = None
        for values in json_values(stream, path):
            labels, arrays = list[str](), list[Array]()
            for number, value in values:
                try:
                    x = json_samples(value, self.reader, f"{path}:{number}")
                except DataError as problem:
                    wrong.add(str(problem))
                    start += 1
                    continue
                labels += [f"{path}[{start + i}]" for i in range(len(x))]
                arrays.append(x)
                start += len(x)
            for at in range(0, len(labels), CHUNK) if arrays else ():
                x = np.concatenate(arrays)[at : at + CHUNK]
                notes = set(self.reader.scale_notes(x))
                common = notes if common is None else common & notes
                yield labels[at : at + CHUNK], x
        wrong.end(path, "values")
        self.collect(path, sorted(common or ()))

    def of_array(self, path: Path, file: IO[bytes], size: int | None = None) -> Iterator[Labelled]:
        """Yield the samples of an .npy array whose numbers are finite. The arguments are those of `array_parts`.

        Notes are those that all of its parts have.
        """
        common: tuple[tuple[str, str], ...] | None = None
        start, wrong = 0, Told(self)
        for part in array_parts(self.reader, path, file, size):
            labels = [str(path)] if part.single else [f"{path}[{start + i}]" for i in range(len(part.x))]
            common = part.notes if common is None else tuple(note for note in common if note in part.notes)
            finite = finite_samples(part.x)
            if finite.all():
                yield labels, part.x
            else:
                for i in np.flatnonzero(~finite):
                    wrong.add(f"{labels[i]}: holds numbers that are not finite")
                rows = np.flatnonzero(finite)
                yield [labels[i] for i in rows], part.x[rows]
            start += len(part.x)
        wrong.end(path, "samples")
        self.collect(path, common or ())

    def collect(self, path: Path, notes: Iterable[tuple[str, str]]) -> None:
        """Keep the notes about a file, to be told at the end."""
        for kind, details in notes:
            count, first, text = self.notes.get(kind, (0, path, details and f" ({details})"))
            self.notes[kind] = (count + 1, first, text)

    def messages(self) -> list[str]:
        """Return one sentence for each kind of note."""
        return [
            f"{count:,} files: {kind}, the first is {first}{text}" if count > 1 else f"{first}: {kind}{text}"
            for kind, (count, first, text) in self.notes.items()
        ]


@dataclass
class Told:
    """Errors about samples of one file, of which the first are printed."""

    files: Files
    count: int = 0

    def add(self, message: str) -> None:
        """Print an error if it is one of the first."""
        self.count += 1
        if self.count <= TOLD:
            self.files.fail(message)

    def end(self, path: Path, what: str) -> None:
        """Print how many more there were. what: in words."""
        if self.count > TOLD:
            complain(f"{path}: and {self.count - TOLD:,} more {what}")


def gathered(parts: Iterator[Labelled]) -> Iterator[Labelled]:
    """Yield the parts joined to CHUNK samples or more, so that the engine has work for all threads.

    Only the last may have fewer, and the last before another type of numbers: types are not joined, because an output
    should not depend on what else is in the batch.
    """
    labels: list[str] = []
    arrays: list[Array] = []
    for part_labels, x in parts:
        if arrays and x.dtype != arrays[0].dtype:
            yield labels, np.concatenate(arrays)
            labels, arrays = [], []
        labels += part_labels
        arrays.append(x)
        if len(labels) >= CHUNK:
            yield labels, np.concatenate(arrays)
            labels, arrays = [], []
    if labels:
        yield labels, np.concatenate(arrays)
