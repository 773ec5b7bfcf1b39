"""The outputs of the trained network on one part of the data, measured for the page."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from graphnn.datasets.base import Dataset, check_input_shape
from graphnn.describe.limits import refuse_inference
from graphnn.evaluation.evaluation import Evaluation, evaluate
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.outputs import Classes, Outputs, YesOrNo
from graphnn.page.subject import Subject
from graphnn.runs.data import stored
from graphnn.runs.trained import Trained
from graphnn.training.samples import Samples
from graphnn.types import Array

MEANINGS = {
    "test": "samples that training never saw",
    "validation": "samples that training did not learn from, but that may have guided the choice of settings",
    "train": "the samples that it was trained on, so that the figures are better than on new data",
}


@frozen_dataclass(kw_only=True)
class Measured:
    """The network on one part of the data.

    samples: of the part. evaluation: with the outputs of all samples. probabilities: n×K of the classes, or of yes for
    n×K outputs; None for regression, and where the network learns to give back its inputs. origins: of the samples in
    the arrays of the data set, where files say where they are from.
    """

    part: str
    samples: Samples
    evaluation: Evaluation
    probabilities: Array | None
    origins: Sequence[str] | Array | None = None

    @property
    def outputs(self) -> Outputs | None:
        """What the network gave, with the targets; None where it learns to give back its inputs."""
        return self.evaluation.outputs

    @property
    def part_name(self) -> str:
        """The part in words."""
        return "training" if self.part == "train" else self.part

    def index(self, position: int) -> int:
        """Return the index of a sample of the part in the arrays of the data set."""
        return position if self.samples.indices is None else int(self.samples.indices[position])

    def origin(self, position: int) -> str:
        """Return where a sample of the part is from: the path of a picture, line 17 of a table, or else sample 16."""
        index = self.index(position)
        if self.origins is None:
            return f"sample {index}"
        known = self.origins[index]
        return known if isinstance(known, str) else f"line {known}"


def part_to_measure(subject: Subject) -> str:
    """Return the part of the data that the page measures: test where the run has, else validation, else train."""
    figures = subject.figures
    for part in ("test", "validation"):
        if part in figures:
            return part
    provenance = None if subject.trained is None else subject.trained.provenance
    split = None if provenance is None else provenance.validation_split
    return "validation" if (subject.spec.data["validation_split"] if split is None else split) else "train"


def load_data(trained: Trained, data_dir: Path | None) -> Dataset:
    """Return the data set of the document. Raises GraphError where it is not there, or not for this network."""
    data = stored(trained.spec, data_dir, table=trained.table, settings=trained.data_settings)
    check_input_shape(data.name, data.shape, trained.spec.input_shape)
    return data


def measure(trained: Trained, data: Dataset, part: str, *, threads: int | None, kernels: str | None) -> Measured:
    """Return the network's outputs and figures on a part of the data. Raises GraphError."""
    samples, batch_size = trained.part(data, part), trained.spec.training["batch_size"]
    used = trained.kernels(kernels)
    refuse_inference(trained.graph, batch_size, used, str(trained.weights), len(samples))
    evaluation = evaluate(
        trained.graph,
        trained.parameters,
        samples,
        part=part,
        weights=trained.weights,
        classes=trained.classes or data.classes,
        batch_size=batch_size,
        threads=threads,
        kernels=used.name,
    )
    known = None if evaluation.outputs is None else probabilities(evaluation.outputs)
    known = None if known is None else trained.graph.loss.beliefs(known)
    origins = data.origins.get("test" if part == "test" else "train")
    return Measured(part=part, samples=samples, evaluation=evaluation, probabilities=known, origins=origins)


def probabilities(outputs: Outputs) -> Array | None:
    """Return the probabilities that outputs stand for, float64: of classes n×K, of yes n×K; None for numbers."""
    y = outputs.y.reshape(len(outputs.y), -1).astype(np.float64)
    if isinstance(outputs, Classes):
        if outputs.logits:
            y = np.exp(y - y.max(axis=1, keepdims=True))
        return np.asarray(y / y.sum(axis=1, keepdims=True)) if outputs.logits else y
    if isinstance(outputs, YesOrNo):
        return np.asarray(0.5 * (1 + np.tanh(y / 2))) if outputs.logits else y
    return None


def input_names(data: Dataset, most: int) -> tuple[str, ...]:
    """Return the names of the first inputs of samples that are vectors; none for images."""
    if len(data.shape) != 1:
        return ()
    return tuple(data.features[:most]) if data.features else tuple(f"input {at}" for at in range(data.shape[0]))[:most]


def output_names(trained: Trained) -> tuple[str, ...]:
    """Return the names of the network's outputs: those of the columns of a table, or output 0, output 1, …"""
    count = math.prod(trained.graph.output_shape)
    targets = () if trained.table is None else trained.table.targets
    return tuple(targets) if len(targets) == count else tuple(f"output {at}" for at in range(count))
