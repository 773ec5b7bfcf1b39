"""Predictions that are averaged over several views of each image: test-time augmentation."""

from dataclasses import replace

import numpy as np

from graphnn.augmentation.views import VIEWS, unfit_for_views
from graphnn.engine.batch import SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import fuses
from graphnn.errors import DataError
from graphnn.text.suggestions import unknown_name
from graphnn.training.observer import Stop, never
from graphnn.training.samples import Samples
from graphnn.types import Array, Shape


def check_views(views: str, shape: Shape) -> None:
    """Raise DataError where samples of this shape cannot be seen in these views; "none" suits all."""
    if views == "none":
        return
    known = ("none", *VIEWS)
    problem = unfit_for_views(views, shape) if views in VIEWS else unknown_name("views", views, known)
    if problem is not None:
        raise DataError(f"test_time_augmentation: {problem}")


def averaged_sums(engine: Engine, samples: Samples, views: str, stop: Stop = never) -> Array | None:
    """Return the loss's partial sums over all samples, in inference; None where `stop` asked to stop on the way.

    What the loss is computed from, logits where it is computed together with the last layer, is averaged over the
    views by their weights. Raises DataError where samples are no images, or too small.
    """
    check_views(views, samples.x.shape[1:])
    loss, logits, count = engine.graph.loss, fuses(engine.graph), len(samples)
    seen = [(weight, replace(samples, view=view)) for weight, view in VIEWS[views]]
    engine.supply(*(own for _, own in seen))  # all at once: new samples take new processes
    sums: list[Array] = []
    for chunk in engine.chunks(count):
        chosen = np.arange(chunk.start, chunk.stop)
        mean = np.zeros((len(chosen), *engine.graph.output_shape), np.float32)
        for weight, own in seen:
            if stop():
                return None
            mean += weight * engine.loss_inputs(SourceBatch(own, chosen))
        sums.append(loss.piece(samples.targets(chosen), mean, count, logits=logits))
    return np.asarray(np.sum(sums, axis=0))
