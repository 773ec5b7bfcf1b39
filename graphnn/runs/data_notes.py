"""Notes about loaded data that are probably not what their user takes them for."""

from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.datasets.base import Dataset, facts_of
from graphnn.datasets.precision import column_ranges, pieces
from graphnn.datasets.provenance import range_of
from graphnn.document.document import listed
from graphnn.graph.graph import Graph
from graphnn.graph.length_notes import seed_notes
from graphnn.metrics.outputs import Classes
from graphnn.specification.schema_problems import Finding, in_order
from graphnn.specification.spec import Spec
from graphnn.specification.split_seed import moved_split
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import note
from graphnn.types import Array

DATA = ("data", "path")
FACTOR = 20  # between the mean sizes of the inputs of two parts; between 0…1 and 0…255 it is 255
FEWEST = 10  # samples, whose mean size says something about all


def print_data_notes(
    spec: Spec, graph: Graph, dataset: Dataset, training: Array, validation: Array, *, limit: int | None
) -> None:
    """Print notes on stderr about the data of a run. training, validation: the indices of their samples.

    limit: as in TrainingData; what is missing from the first samples need not be missing from all.
    """
    findings = list(batch_notes(spec, len(training))) if limit is None else []
    if facts_of(spec.data["dataset"]) is None:  # published data are as they should be
        findings += input_notes(dataset)
        if limit is None and not dataset.test_drawn:
            findings += seed_notes(spec)
        if limit is None and not spec.learns_inputs:
            findings += label_notes(graph, dataset, training, validation)
    for problem in in_order(spec.document, findings):
        note(problem.without_source())


def print_split_note(spec: Spec) -> None:
    """Print a note on stderr where older versions held out other samples for validation by the same document."""
    finding = moved_split(spec)
    if finding is not None:
        note(spec.problem(finding.path, finding.message).without_source())


def batch_notes(spec: Spec, count: int) -> Iterator[Finding]:
    """Yield a note where a batch would hold more samples than there are. count: of the samples to train on."""
    size = spec.training["batch_size"]
    if size > count:
        message = f"{size:,} is more than the {count:,} samples to train on, so each epoch is one step; write less"
        yield Finding(("training", "batch_size"), message)


def input_notes(dataset: Dataset) -> Iterator[Finding]:
    """Yield notes about inputs that never change, and about parts of which one is far larger than the other."""
    x, other = dataset.x_train, dataset.x_test
    if dataset.summaries:  # pixels of pictures, which are on one scale
        known = dataset.summaries["train"]
        constant = np.flatnonzero(np.equal(known.low, known.high))
    else:
        low, high = column_ranges(x)
        if x.ndim == 4:
            low, high = low.min(axis=(1, 2)), high.max(axis=(1, 2))
        constant = np.flatnonzero(low == high)
    kind = "channel" if x.ndim == 4 else "column"
    if len(constant) == x.shape[1]:
        yield Finding(DATA, f"in x_train each {kind} is constant, so that nothing can be learnt from it")
    elif len(constant) and (x.ndim == 4 or x.dtype != np.uint8):  # bytes of vectors are pixels, of which many are black
        names = listed([str(i) if dataset.features is None else quoted(dataset.features[i]) for i in constant])
        one = f"{kind} {names} is constant; it says"
        several = f"{len(constant):,} {kind}s of {x.shape[1]:,} are constant: {names}; they say"
        yield Finding(DATA, f"in x_train {one if len(constant) == 1 else several} nothing about the labels")
    size, test_size = (
        mean_size(each) if part not in dataset.summaries else dataset.summaries[part].mean
        for part, each in (("train", x), ("test", other))
    )
    if test_size > FACTOR * size or (size > FACTOR * test_size and len(other) >= FEWEST):
        ranges = ", ".join(
            f"{name} {'runs ' if name == 'x_train' else ''}from {limits[0]:g} to {limits[1]:g}"
            for name, limits in (("x_train", range_of(x)), ("x_test", range_of(other)))
        )
        yield Finding(DATA, f"{ranges}; scale them alike, or the test figures mean nothing")


def mean_size(x: Array) -> float:
    """Return the mean of |x|, in float64."""
    if x.dtype == np.uint8:  # whose sums are exact
        return sum(int(piece.sum()) for piece in pieces(x)) / max(1, x.size)
    return sum(float(np.abs(piece, dtype=np.float64).sum()) for piece in pieces(x)) / max(1, x.size)


def label_notes(graph: Graph, dataset: Dataset, training: Array, validation: Array) -> Iterator[Finding]:
    """Yield notes about labels or targets that are all the same, and about classes that the training part lacks."""
    targets = dataset.y_train[training]
    if len(targets) > 1 and (targets == targets[0]).all():
        what = f"class {name_of(dataset, targets[0])}" if dataset.classes and targets.ndim == 1 else "target"
        yield Finding(DATA, f"all samples to train on have the same {what}, so that any network is right about them")
        return
    if graph.loss.outputs is not Classes or targets.ndim != 1:
        return
    outputs, known = graph.output_shape[0], len(dataset.classes or ())
    if outputs > known > 0:
        last = next((node.path for node in reversed(graph.nodes) if hasattr(node.layer, "units")), None)
        message = f"the network has {outputs:,} outputs, but the labels are 0…{known - 1}; write {known} units"
        yield Finding(DATA if last is None else (*last, "units"), message)
    seen = np.bincount(targets, minlength=outputs) > 0
    missing = [label for label in range(min(known, outputs)) if not seen[label]]
    if missing:
        others = {"validation": dataset.y_train[validation], "test": dataset.y_test}
        counts = {part: int(np.isin(labels, missing).sum()) for part, labels in others.items()}
        there = " and ".join(f"{count:,} of {part}" for part, count in counts.items() if count)
        names = listed([name_of(dataset, label) for label in missing])
        message = f"no sample to train on is of {'class' if len(missing) == 1 else 'the classes'} {names}"
        yield Finding(DATA, f"{message}, but {there}" if there else message)


def name_of(dataset: Dataset, label: int) -> str:
    """Return the name of a class."""
    names: Sequence[str] = dataset.classes or ()
    return names[label] if label < len(names) else str(label)
