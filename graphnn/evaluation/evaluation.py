"""Trained weights held against a part of the data: loss and metrics, and for classes who was taken for whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from graphnn.engine.engine import Engine
from graphnn.engine.kernel_choice import kernels_for
from graphnn.engine.plan import fuses
from graphnn.errors import DataError
from graphnn.evaluation.metrics import ClassScore, class_scores, confusion_matrix, label_scores
from graphnn.graph import Graph
from graphnn.losses import BinaryCrossEntropy, CrossEntropy
from graphnn.parameters import Parameters
from graphnn.training.samples import Samples
from graphnn.types import Array

AT_ONCE = 1024  # samples that are prepared together: enough pieces for all threads, and little memory


@dataclass(frozen=True)
class Evaluation:
    """What was measured. figures: "loss" and the loss's metrics. The rest is empty for regression.

    scores: of each class, or of each output where several may be true at once; then there is no matrix.
    """

    part: str
    count: int
    weights: Path
    figures: dict[str, float]
    classes: tuple[str, ...] = ()
    scores: tuple[ClassScore, ...] = ()
    matrix: Array | None = None


def evaluate(
    graph: Graph,
    parameters: Parameters,
    samples: Samples,
    *,
    part: str,
    weights: Path,
    classes: Sequence[str] | None,
    batch_size: int,
    threads: int | None = None,
    kernels: str | None = None,
) -> Evaluation:
    """Return the evaluation of one part of the data. Raises DataError where targets do not fit, or there are none.

    Where the loss is computed together with the last layer, that layer is left out and one pass gives both the loss
    that training reports and the predictions.
    """
    count, loss = len(samples), graph.loss
    if count == 0:
        raise DataError(f"the {part} part holds no samples")
    y_gt = samples.y if samples.indices is None else samples.y[samples.indices]
    loss.check_targets(y_gt, graph.output_shape)
    logits = fuses(graph) and len(graph.nodes) > 1
    run = replace(graph, nodes=graph.nodes[:-1]) if logits else graph
    sums: list[Array] = []
    outputs: list[Array] = []
    chosen = kernels_for(run, kernels)
    with Engine(run, parameters, batch_size=batch_size, threads=threads, kernels=chosen) as engine:
        for start in range(0, count, AT_ONCE):
            x, y = samples.take(np.arange(start, min(start + AT_ONCE, count)), graph.input_shape)
            outputs.append(engine.predict(x))
            sums.append(loss.piece(y, outputs[-1], count, logits=logits, dy=None))
    result = Evaluation(part, count, weights, loss.summarise(np.sum(sums, axis=0), count))
    y_pred = np.concatenate(outputs)
    if isinstance(loss, CrossEntropy):
        labels = y_gt if y_gt.ndim == 1 else y_gt.argmax(axis=1)
        return with_classes(result, labels, y_pred.argmax(axis=1), class_names(classes, y_pred.shape[1]))
    if isinstance(loss, BinaryCrossEntropy):
        said = y_pred.reshape(count, -1) > (0 if logits else 0.5)
        there = y_gt.reshape(said.shape) > 0.5
        if said.shape[1] == 1:  # one yes-or-no output tells two classes apart
            return with_classes(result, there[:, 0], said[:, 0], class_names(classes, 2))
        return replace(result, classes=class_names(classes, said.shape[1]), scores=tuple(label_scores(there, said)))
    return result


def with_classes(result: Evaluation, y_gt: Array, y_pred: Array, classes: tuple[str, ...]) -> Evaluation:
    """Return the evaluation with the confusion matrix of two vectors of labels, and what follows from it."""
    matrix = confusion_matrix(y_gt, y_pred, len(classes))
    return replace(result, classes=classes, scores=tuple(class_scores(matrix)), matrix=matrix)


def class_names(known: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the names of `count` classes: the known ones where they are as many, else 0, 1, 2, …"""
    return tuple(known) if known is not None and len(known) == count else tuple(map(str, range(count)))
