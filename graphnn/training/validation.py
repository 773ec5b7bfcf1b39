"""Measures samples in inference, as at the end of an epoch, and says what cannot be watched with them."""

import numpy as np

from graphnn.engine.batch import SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import loss_takes_logits
from graphnn.errors import DataError
from graphnn.graph.graph import Graph
from graphnn.losses.class_weights import ClassWeighted
from graphnn.metrics.base import METRICS
from graphnn.text.working import working
from graphnn.training.monitor import Watch
from graphnn.training.observer import Stop, never
from graphnn.training.samples import Samples
from graphnn.types import Array


def check_classes(watch: Watch, graph: Graph, samples: Samples | None) -> None:
    """Raise DataError where the figure to watch compares two classes, of which the samples have one.

    samples: to validate on; None: there are none.
    """
    loss = graph.loss
    if samples is None or not METRICS[watch.metric].two_classes or not isinstance(loss, ClassWeighted):
        return
    counts = loss.counts(samples.all_targets, graph.output_shape)
    if not counts.all():
        other = "second" if counts[0] else "first"
        found = f"none of the {len(samples):,} samples to validate on is of the {other} class"
        advice = "watch another figure, or validate on more samples"
        raise DataError(f"{watch.monitor} is watched, but {found}; {advice}")


def evaluate(engine: Engine, samples: Samples, stop: Stop = never, *, what: str = "measuring") -> Array | None:
    """Return the loss's partial sums over all samples, in inference; None if `stop()` returned True before the end.

    what: it is called while it takes long. Raises DataError where there are no samples.
    """
    graph, total = engine.graph, np.zeros(0)
    gathered, logits = graph.gathered(), loss_takes_logits(graph)
    with working(what, len(samples)) as task:
        for chunk in engine.chunks(len(samples)):
            if stop():
                return None
            chosen = np.arange(chunk.start, chunk.stop)
            shape = (len(chosen), *graph.output_shape)
            inputs = np.empty(shape, engine.parameters.dtype) if gathered.needed else None
            sums = engine.evaluate(SourceBatch(samples, chosen), inputs)
            total = total + sums if total.size else sums.copy()
            if inputs is not None:
                gathered.add(samples.targets(chosen), inputs, logits=logits)
            task.advance(len(chosen))
    if not total.size:
        raise DataError("there is no sample to evaluate on")
    return gathered.filled(total)
