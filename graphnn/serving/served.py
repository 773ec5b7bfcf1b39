"""Served: a trained network that answers requests, with the engine that computes it."""

import hashlib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.evaluation.prediction import Result, finite_rows, prediction_report
from graphnn.evaluation.table_predictions import predictions_of
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import Trained, load_trained, weights_beside
from graphnn.serving.problems import RequestProblem, unsuitable
from graphnn.serving.rows import row_answer
from graphnn.serving.samples import RequestSamples
from graphnn.storage.regular_files import open_regular
from graphnn.training.divergence import wrong_in_inference
from graphnn.types import Array

BLOCK = 1 << 20
Stamp = tuple[int, int, int]  # what changes when a file is replaced: its number, size and time


class Served:
    """A trained network with an engine of one thread, so that no process waits for work beside it.

    Calls may come from any thread, one at a time. most: samples that are computed at a time. digest: SHA-256 of
    the weights file, in hexadecimal. stamp: of that file when it was read.
    """

    def __init__(self, trained: Trained, digest: str, stamp: Stamp, *, most: int, kernels: str | None = None) -> None:
        self.trained, self.digest, self.stamp, self.most = trained, digest, stamp, most
        self.kernels = kernels_for(trained.graph, trained.kernels(kernels).name)
        self._engine = Engine(
            trained.graph,
            trained.parameters,
            batch_size=trained.spec.training["batch_size"],
            samples=most,
            threads=1,
            kernels=self.kernels,
        )

    def close(self) -> None:
        """End the engine."""
        self._engine.close()

    def warm(self) -> None:
        """Compute a few batches, so that everything is compiled and all memory is there before the first request."""
        shape = self.trained.graph.input_shape
        for count in sorted({1, 2, self.most}):
            self._engine.predict(np.zeros((count, *shape), np.float32))

    @property
    def has_classes(self) -> bool:
        """Whether outputs are probabilities of classes."""
        return self.trained.graph.loss.outputs in (Classes, YesOrNo)

    def answers(self, requests: Sequence[RequestSamples]) -> list[list[Any] | RequestProblem]:
        """Return the answer to each request, computed together: a list with the answer for each of its samples."""
        x = self._inputs([part for one in requests for part in one.parts])
        y = np.concatenate([self._outputs(x[start : start + self.most]) for start in range(0, len(x), self.most)])
        finite, start = finite_rows(y), 0
        found: list[list[Any] | RequestProblem] = []
        alike: dict[int, list[tuple[int, Array]]] = {}  # by the number of classes asked for: requests, with outputs
        for index, one in enumerate(requests):
            place = slice(start, start := start + len(one))
            problem = self._problem(one, x[place], finite[place])
            if problem is not None:
                found.append(problem)
            elif one.table is not None:
                found.append(self._rows(one, self._results(one, y[place])))
            else:
                alike.setdefault(one.wanted.top or 1, []).append((index, y[place]))
                found.append([])
        for top, group in alike.items():
            results = [result for index, part in group for result in self._results(requests[index], part)]
            answers = iter(prediction_report(results, self.trained.graph, self.trained.classes, top).data)
            for index, _ in group:
                found[index] = [completed(next(answers), requests[index], i) for i in range(len(requests[index]))]
        return found

    def _inputs(self, parts: Sequence[Array]) -> Array:
        """Return samples normalised for the network; those of one type together, because each takes time by itself."""
        ready = [
            self.trained.normalisation.apply(joined(list(group)), self.trained.graph.input_shape)
            for _, group in groupby(parts, key=lambda part: part.dtype)
        ]
        return joined(ready)

    def _outputs(self, x: Array) -> Array:
        return self._engine.predict(x).reshape(len(x), -1)

    def _problem(self, samples: RequestSamples, x: Array, finite: Array) -> RequestProblem | None:
        """Return why a request has no answer, or None."""
        if not finite.all():
            first = int(np.argmin(finite))
            cause = wrong_in_inference(self._engine, x[first : first + 1])
            return unsuitable(f"{samples.labels[first]}: the network's output is not finite: {cause}")
        if samples.wanted.top is not None and not self.has_classes:
            return unsuitable("top is for classes, but the outputs of this network are numbers; leave it out")
        return None

    def _results(self, samples: RequestSamples, y: Array) -> list[Result]:
        beliefs = self.trained.graph.loss.beliefs(y)
        return self.trained.in_values_of_data(list(zip(samples.labels, beliefs, strict=True)))

    def _rows(self, samples: RequestSamples, results: Sequence[Result]) -> list[Any]:
        trained, table = self.trained, samples.table
        assert table is not None
        encoding = trained.table
        assert encoding is not None
        predictions = predictions_of(
            table,
            encoding,
            trained.graph.loss.outputs,
            dict(enumerate(y for _, y in results)),
            int(np.prod(trained.graph.output_shape)),
            given_back=trained.spec.learns_inputs,
        )
        return [
            row_answer(index + 1, row, {name: predictions.values[name][index] for name in predictions.columns})
            for index, row in enumerate(samples.rows)
        ]


def joined(parts: Sequence[Array]) -> Array:
    """Return arrays as one; a single one is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def completed(answer: dict[str, Any], samples: RequestSamples, index: int) -> dict[str, Any]:
    """Return the answer for a sample with its notes, and the picture as the network sees it, where there are any."""
    if samples.notes[index]:
        answer["notes"] = list(samples.notes[index])
    if samples.seen:
        answer["seen"] = samples.seen[index]
    return answer


def load_served(source: DocumentSource, weights: Path | None, *, most: int, kernels: str | None = None) -> Served:
    """Return the network of a document, ready to answer. weights: by default those beside the document.

    Raises GraphError where it cannot be loaded, or its weights are replaced again and again meanwhile.
    """
    path = weights or weights_beside(source.file, "--weights")
    while True:
        before = stamp_of(path)
        trained = load_trained(source, weights, "serve")
        digest = digest_of(path)
        if before is not None and stamp_of(path) == before:
            return Served(trained, digest, before, most=most, kernels=kernels)


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, as `sha256sum` shows it. Raises OSError where it cannot be read."""
    result = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(BLOCK):
            result.update(block)
    return result.hexdigest()
