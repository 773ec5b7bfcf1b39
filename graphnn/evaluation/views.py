"""Test-time augmentation: outputs averaged over several views of each image."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from graphnn.augmentation.views import VIEWS, unfit_for_views
from graphnn.engine.batch import SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import loss_takes_logits
from graphnn.errors import DataError
from graphnn.metrics.figures import first_non_finite
from graphnn.text.suggestions import unknown_name
from graphnn.text.working import working
from graphnn.training.divergence import check_figures
from graphnn.training.observer import Stop, never
from graphnn.training.samples import Samples
from graphnn.training.validation import evaluate
from graphnn.types import Array, Shape


def check_views(views: str, shape: Shape) -> None:
    """Raise DataError where the views are unknown or cannot be made of samples of this shape; "none" always can."""
    if views == "none":
        return
    known = ("none", *VIEWS)
    problem = unfit_for_views(views, shape) if views in VIEWS else unknown_name("views", views, known)
    if problem is not None:
        raise DataError(f"test_time_augmentation: {problem}")


def averaged_sums(engine: Engine, samples: Samples, views: str, stop: Stop = never) -> Array | None:
    """Return the sum of Loss.piece over all samples, in inference; None where `stop` ended it early.

    The loss's inputs, logits where it is computed together with the last layer, are averaged over the views by their
    weights. Raises DataError where the samples are not images, or too small.
    """
    check_views(views, samples.x.shape[1:])
    loss, logits, count = engine.graph.loss, loss_takes_logits(engine.graph), len(samples)
    weighted = [(weight, replace(samples, view=view)) for weight, view in VIEWS[views]]
    engine.supply(*(viewed for _, viewed in weighted))  # all at once, because each call starts new processes
    sums, gathered = list[Array](), engine.graph.gathered()
    with working(f"measuring with {views}", count * len(weighted)) as task:
        for chunk in engine.chunks(count):
            chosen = np.arange(chunk.start, chunk.stop)
            mean = np.zeros((len(chosen), *engine.graph.output_shape), engine.parameters.dtype)
            for weight, viewed in weighted:
                if stop():
                    return None
                with np.errstate(all="ignore"):
                    mean += weight * engine.loss_inputs(SourceBatch(viewed, chosen))
                task.advance(len(chosen))
            with np.errstate(all="ignore"):  # figures that are not finite are looked for and reported elsewhere
                sums.append(loss.piece(samples.targets(chosen), mean, count, logits=logits))
                gathered.add(samples.targets(chosen), mean, logits=logits)
    return gathered.filled(np.asarray(np.sum(sums, axis=0)))


def check_averaged(engine: Engine, samples: Samples, views: str, figures: Mapping[str, float], where: str) -> None:
    """Raise DivergenceError where a figure with views is not finite, as check_figures does."""
    if first_non_finite(figures) is None:
        return
    for _, view in VIEWS[views]:
        viewed = replace(samples, view=view)
        sums = evaluate(engine, viewed)
        assert sums is not None
        check_figures(engine, viewed, engine.graph.summarise(sums, len(samples)), f"{where}, {view.text},")
    check_figures(engine, samples, figures, f"{where} with {views}")
