"""The samples of many files, in order, joined into arrays that are large enough for the engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphnn.engine.inference import CHUNK
from graphnn.errors import GraphError
from graphnn.evaluation.inputs import Reader
from graphnn.storage.regular_files import reading_problem
from graphnn.text.terminal import complain
from graphnn.types import Array

MOST = 2 * CHUNK  # samples that are gathered at a time, and fewer
Labelled = tuple[list[str], Array]  # the samples' labels, and the samples


@dataclass
class Files:
    """Reads the samples of many files, in order; prints errors, counts them in `failed`, and collects notes by kind."""

    reader: Reader
    failed: int = 0
    notes: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)

    def read(self, paths: Sequence[Path]) -> Iterator[Labelled]:
        """Yield the samples of each file that can be read, with a label for each, at most CHUNK of them at a time."""
        for path in paths:
            try:
                found = self.reader.read(path)
            except GraphError as error:
                self.failed += 1
                complain(str(error))
                continue
            except OSError as error:
                self.failed += 1
                complain(f"{path}: {reading_problem(error)}")
                continue
            for kind, details in found.notes:
                self.notes.setdefault(kind, []).append((path, details and f" ({details})"))
            for start in range(0, len(found.x), CHUNK):
                x = found.x[start : start + CHUNK]
                yield [str(path)] if found.single else [f"{path}[{start + i}]" for i in range(len(x))], x

    def messages(self) -> list[str]:
        """Return one sentence for each kind of note."""
        return [
            f"{len(files)} files: {kind}, the first is {files[0][0]}{files[0][1]}"
            if len(files) > 1
            else f"{files[0][0]}: {kind}{files[0][1]}"
            for kind, files in self.notes.items()
        ]


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
