"""The figures at the end of a run: on the test part, or on the part that it was validated or trained on."""

from collections.abc import Mapping

from graphnn.engine.engine import Engine
from graphnn.evaluation.views import averaged_sums, check_averaged
from graphnn.metrics.figures import label
from graphnn.runs.data import TrainingData
from graphnn.specification.spec import Spec
from graphnn.training.divergence import check_figures
from graphnn.training.history import Record
from graphnn.training.observer import Stop, never
from graphnn.training.samples import Samples
from graphnn.training.validation import evaluate

WITH = " with "  # between a part and the views over which its outputs are averaged


def final_figures(
    engine: Engine, spec: Spec, data: TrainingData, last: Record, stop: Stop
) -> Mapping[str, Mapping[str, float]] | None:
    """Return the final figures of the weights in the engine, by part; None where `stop` ends the run.

    last: the record of the epoch that they are from. The part is test; validation, where the test part is not used; or
    training, where there is no validation. Where outputs are averaged over views of test or validation images, their
    figures are added: those of "test with flip". Raises DivergenceError.
    """
    if data.test is not None:
        return measured(engine, spec, "test", data.test, stop)
    if data.validation is None or last.validation is None:
        return {"training": last.training}
    return measured(engine, spec, "validation", data.validation, stop, plain=last.validation)


def measured(
    engine: Engine,
    spec: Spec,
    part: str,
    samples: Samples,
    stop: Stop = never,
    *,
    plain: Mapping[str, float] | None = None,
) -> Mapping[str, Mapping[str, float]] | None:
    """Return the figures on one part, plain and averaged over the document's views; None where `stop` ended it.

    plain: the figures without views, where they are known. Raises DivergenceError.
    """
    graph, when = engine.graph, f"over the {part} part, after the last epoch,"
    if plain is None:
        sums = evaluate(engine, samples, stop, what=f"measuring on the {part} part")
        if sums is None:
            return None
        plain = graph.summarise(sums, len(samples))
        check_figures(engine, samples, plain, when)
    views = spec.evaluation["test_time_augmentation"]
    if views == "none":
        return {part: plain}
    sums = averaged_sums(engine, samples, views, stop)
    if sums is None:
        return None
    averaged = graph.summarise(sums, len(samples))
    check_averaged(engine, samples, views, averaged, when)
    return dict(zip(measured_parts(part, views), (plain, averaged), strict=True))


def measured_parts(part: str, views: str) -> tuple[str, ...]:
    """Return what the figures on a part are kept under: the part, and the part with views, if there are any."""
    return (part,) if views == "none" else (part, f"{part}{WITH}{views}")


def final_label(part: str, metric: str) -> str:
    """Return what a final figure is called: test accuracy with flip."""
    name, separator, views = part.partition(WITH)
    return f"{name} {label(metric)}{separator}{views}"
