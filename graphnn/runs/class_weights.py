"""Class weights that were counted among the training samples, in words."""

from collections.abc import Iterator

import numpy as np

from graphnn.datasets.agreement import numbered
from graphnn.document.document import listed
from graphnn.graph.graph import Graph
from graphnn.losses.base import Loss
from graphnn.losses.class_weights import ClassWeighted
from graphnn.runs.data import TrainingData
from graphnn.text.visible import single_line

MOST = 10  # classes whose weights are written out


def balanced_lines(loss: Loss, data: TrainingData) -> Iterator[str]:
    """Yield a line with the balanced weights of the classes, and one where there are classes without samples."""
    assert isinstance(loss, ClassWeighted)
    assert isinstance(loss.class_weights, tuple)
    weights = np.array(loss.class_weights)
    yes = weights if weights.ndim == 1 else weights[:, 1]
    names = data.classes if data.classes is not None and len(data.classes) == len(yes) else [*map(str, range(len(yes)))]
    what = "Class weights" if weights.ndim == 1 else "Weights of yes"
    if len(yes) <= MOST:
        separator = " has " if numbered(names) else " "
        text = ", ".join(f"{single_line(name)}{separator}{each:.3g}" for name, each in zip(names, yes, strict=True))
        yield f"{what}, balanced: {text}."
    else:
        yield f"{what}, balanced: {yes.min():.3g} to {yes.max():.3g}, for {len(yes)} classes."


def absent_note(graph: Graph, data: TrainingData) -> str | None:
    """Return a sentence where "balanced" finds a class, or an answer, without samples to train on."""
    assert isinstance(graph.loss, ClassWeighted)
    counts = graph.loss.counts(data.training.all_targets, graph.output_shape)
    absent = np.flatnonzero((counts == 0) if counts.ndim == 1 else (counts == 0).any(axis=0)).tolist()
    if not absent:
        return None
    names = data.classes or ()
    listing = listed([names[index] if index < len(names) else str(index) for index in absent])
    return f"balanced class weights: there are no samples to train on of {listing}, so that the weight is 1"
