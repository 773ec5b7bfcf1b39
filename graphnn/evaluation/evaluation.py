"""The evaluation of trained weights on a part of the data: loss, metrics, and for classes the confusion matrix."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

import numpy as np

from graphnn.datasets.agreement import numbered
from graphnn.engine.batch import SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for, loss_takes_logits
from graphnn.errors import DataError
from graphnn.evaluation.metrics import ClassScore, class_scores, confusion_matrix, label_scores
from graphnn.evaluation.views import averaged_sums, check_averaged, check_views
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.metrics.outputs import Classes, Numbers, Outputs
from graphnn.parameters.parameters import Parameters
from graphnn.text.working import working
from graphnn.training.divergence import check_figures
from graphnn.training.samples import Samples
from graphnn.types import Array


@frozen_dataclass
class Evaluation:
    """The figures of trained weights on one part of the data.

    count: number of samples. weights: their file. figures: "loss" and the loss's metrics. classes, scores and matrix
    are empty for regression. scores: of each class, or of each output where several may be true at once; then there is
    no matrix. matrix: see confusion_matrix. averaged: the figures with outputs averaged over `views` of each image;
    empty for "none". notes: what a reader of the figures should know, in words. outputs: those of all samples, with
    their targets; None where these are the inputs, which are many.
    """

    part: str
    count: int
    weights: Path
    figures: dict[str, float]
    classes: tuple[str, ...] = ()
    scores: tuple[ClassScore, ...] = ()
    matrix: Array | None = None
    views: str = "none"
    averaged: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    outputs: Outputs | None = None


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
    views: str = "none",
) -> Evaluation:
    """Return the evaluation of one part of the data.

    part, weights: for the report. classes: their names, where they are known. views: as
    evaluation.test_time_augmentation in a document. Raises DataError where there are no samples, the targets do not
    fit the loss, or the samples do not fit the views, and DivergenceError where a figure is not finite.
    """
    count, loss = len(samples), graph.loss
    if count == 0:
        raise DataError(f"the {part} part holds no samples")
    y_gt = samples.y if samples.indices is None else samples.y[samples.indices]
    if not samples.learns_inputs:
        graph.check_targets(f"the {part} part", y_gt)
    check_views(views, samples.x.shape[1:])
    logits = loss_takes_logits(graph)
    sums: list[Array] = []
    outputs: list[Array] = []
    ranges: list[tuple[Array, Array]] = []  # of each target, in a chunk
    gathered = graph.gathered()
    used = kernels_for(graph, kernels)
    with Engine(graph, parameters, batch_size=batch_size, samples=count, threads=threads, kernels=used) as engine:
        with working(f"measuring on the {part} part", count) as task:
            for chunk in engine.chunks(count):
                chosen = np.arange(chunk.start, chunk.stop)
                values, targets = engine.loss_inputs(SourceBatch(samples, chosen)), samples.targets(chosen)
                with np.errstate(all="ignore"):  # what is not finite is reported below
                    sums.append(loss.piece(targets, values, count, logits=logits))
                    gathered.add(targets, values, logits=logits)
                if not samples.learns_inputs:
                    outputs.append(values)
                if loss.outputs is Numbers:
                    flat = targets.reshape(len(targets), -1)
                    ranges.append((flat.min(axis=0), flat.max(axis=0)))
                task.advance(len(chosen))
        where = f"of {weights} over the {part} part"
        figures = graph.summarise(gathered.filled(np.sum(sums, axis=0)), count)
        result = Evaluation(part, count, weights, figures, views=views)
        check_figures(engine, samples, result.figures, where)
        if views != "none":
            averaged = averaged_sums(engine, samples, views)
            result = replace(result, averaged=graph.summarise(np.asarray(averaged), count))
            check_averaged(engine, samples, views, result.averaged, where)
    result = replace(result, notes=tuple(notes_of(ranges, result)))
    if samples.learns_inputs:
        return result
    interpreted = loss.outputs(y_gt, np.concatenate(outputs), logits=logits)
    result = replace(result, outputs=interpreted)
    if isinstance(interpreted, Numbers):
        return result
    if loss.outputs is Classes:
        names = class_names(classes, interpreted.y.shape[1])
        return with_classes(result, interpreted.truth, interpreted.predicted, names)
    predicted, truth = interpreted.predicted.reshape(count, -1), interpreted.truth.reshape(count, -1)
    if predicted.shape[1] == 1:  # one yes-or-no output tells two classes apart
        return with_classes(result, truth[:, 0], predicted[:, 0], class_names(classes, 2))
    names = class_names(classes, predicted.shape[1])
    return replace(result, classes=names, scores=tuple(label_scores(truth, predicted)))


def notes_of(ranges: Sequence[tuple[Array, Array]], result: Evaluation) -> Iterator[str]:
    """Yield a note where R² is 0/0 for an output, because its target is the same in all samples.

    ranges: the least and the largest target of each output in the chunks.
    """
    if "r2" in result.figures:
        low, high = np.min([each for each, _ in ranges], axis=0), np.max([each for _, each in ranges], axis=0)
        constant = np.flatnonzero(low == high)
        if constant.size:
            which = f"output {constant[0]}" + (f" and {constant.size - 1} more" if constant.size > 1 else "")
            yield (
                f"the target of {which} is the same in all {result.count:,} samples of the {result.part} part, so that "
                "its R² is 0/0; it counts as 1 where every prediction is exact, else as 0"
            )


def with_classes(result: Evaluation, y_gt: Array, y_pred: Array, classes: tuple[str, ...]) -> Evaluation:
    """Return the evaluation with the confusion matrix of two vectors of labels, and the scores from it."""
    matrix = confusion_matrix(y_gt, y_pred, len(classes))
    return replace(result, classes=classes, scores=tuple(class_scores(matrix)), matrix=matrix)


def class_names(known: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the names of `count` classes: 0, 1, 2, … where none are known, or more than there are outputs.

    Outputs beyond the known names are named by their position, so that a network with too many keeps the others' names.
    """
    if known is None or len(known) > count:
        return tuple(map(str, range(count)))
    word = "" if numbered(known) else "output "
    return (*known, *(f"{word}{index}" for index in range(len(known), count)))
