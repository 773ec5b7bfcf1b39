"""Served: a trained network that answers requests, with the engine that computes it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.evaluation.prediction import finite_rows, prediction_report
from graphnn.evaluation.table_predictions import predictions_of
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import Trained, load_trained, weights_beside
from graphnn.serving.problems import RequestProblem, unsuitable
from graphnn.serving.rows import row_answer
from graphnn.serving.samples import Samples
from graphnn.storage.regular_files import open_regular
from graphnn.training.divergence import wrong_in_inference
from graphnn.types import Array

BLOCK = 1 << 20
Stamp = tuple[int, int, int]  # what changes when a file is replaced: its number, size and time


class Served:
    """A trained network with an engine of one thread, so that no process waits for work beside it.

    All calls but the first have to come from one thread. most: samples that are computed at a time. digest: SHA-256 of
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

    def answers(self, requests: Sequence[Samples]) -> list[list[Any] | RequestProblem]:
        """Return the answer to each request, computed together: a list with the answer for each of its samples."""
        x = requests[0].x if len(requests) == 1 else np.concatenate([one.x for one in requests])
        y = np.concatenate([self._outputs(x[start : start + self.most]) for start in range(0, len(x), self.most)])
        ends = np.cumsum([len(one) for one in requests]).tolist()
        found: list[list[Any] | RequestProblem] = []
        for one, end in zip(requests, ends, strict=True):
            try:
                found.append(self._answer(one, y[end - len(one) : end]))
            except RequestProblem as problem:
                found.append(problem)
        return found

    def _outputs(self, x: Array) -> Array:
        return self._engine.predict(x).reshape(len(x), -1)

    def _answer(self, samples: Samples, y: Array) -> list[Any]:
        bad = np.flatnonzero(~finite_rows(y))
        if bad.size:
            first = int(bad[0])
            cause = wrong_in_inference(self._engine, samples.x[first : first + 1])
            raise unsuitable(f"{samples.labels[first]}: the network's output is not finite: {cause}")
        trained, wanted = self.trained, samples.wanted
        if wanted.top is not None and not self.has_classes:
            raise unsuitable("top is for classes, but the outputs of this network are numbers; leave it out")
        beliefs = trained.graph.loss.beliefs(y)
        results = trained.in_values_of_data(list(zip(samples.labels, beliefs, strict=True)))
        if samples.table is not None:
            return self._rows(samples, results)
        answers: list[Any] = prediction_report(results, trained.graph, trained.classes, wanted.top or 1).data
        for index, answer in enumerate(answers):
            if samples.notes[index]:
                answer["notes"] = list(samples.notes[index])
            if samples.seen:
                answer["seen"] = samples.seen[index]
        return answers

    def _rows(self, samples: Samples, results: Sequence[tuple[str, Array]]) -> list[Any]:
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
