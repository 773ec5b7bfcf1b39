"""What stands at the head of the page: the figures at a glance, and how they came about."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from graphnn.document.document import value_at
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import figure, label
from graphnn.page.measurement import Measured
from graphnn.page.network import Network
from graphnn.page.subject import ReadRun, Subject
from graphnn.runs.facts import FINISHED, FOUND, RESUMED
from graphnn.runs.final_figures import WITH, final_label
from graphnn.runs.trained import Trained
from graphnn.text.numbers import clock, count_text, short_count_text
from graphnn.types import shape_text

PARTS = ("test", "validation", "training")


@frozen_dataclass
class Tile:
    """A figure at a glance. detail: what it is of, in a few words."""

    label: str
    value: str
    detail: str = ""


@frozen_dataclass
class KnownFact:
    """A label and what is known. code: whether it is a command or a file."""

    label: str
    value: str
    code: bool = False


def tiles(subject: Subject, measured: Measured | None, drawn: Network) -> Iterator[Tile]:
    """Yield the figures at a glance: of the parts of the data, then of the training and the network."""
    run, known = subject.run, dict(subject.figures)
    if measured is not None:
        known[measured.part_name] = measured.evaluation.figures
    for part in sorted(known, key=order_of_part):
        if part == "training" and len(known) > 1:
            continue
        metric = chief_metric(known[part])
        value = known[part].get(metric) if metric else None
        if metric is not None and value is not None and math.isfinite(value):
            limit = None if subject.run is None or part != "test" else subject.run.facts.limit
            other = recorded_otherwise(subject.figures.get(part, {}).get(metric), metric, value, limit)
            yield Tile(final_label(part, metric), figure(metric, value), other or details(known[part], metric))
    if run is not None and run.facts.state != FOUND:
        detail = "" if run.facts.state == FINISHED else f"{run.state}; {run.facts.epochs:g} were planned"
        yield Tile("epochs", f"{run.done}", detail)
        seconds = run.facts.seconds or sum(record.seconds for record in run.history)
        if seconds:
            yield Tile("training time", clock(seconds) if seconds >= 60 else f"{seconds:.1f} s", speed(run))
    elif subject.trained is not None and (epochs := recorded_epochs(subject.trained)) is not None:
        yield Tile("epochs", f"{epochs}")
    layers = sum(1 for _ in subject.spec.every_layer)
    yield Tile("parameters", short_count_text(drawn.parameters), f"in {layers} layer{'s' if layers > 1 else ''}")


def recorded_otherwise(recorded: float | None, metric: str, value: float, limit: int | None) -> str:
    """Return in words that a run has recorded another value than that measured now; "" where it has not.

    limit: the most samples that the run measured on; None: all.
    """
    if recorded is None or figure(metric, recorded) == figure(metric, value):
        return ""
    on = "" if limit is None else f" on {limit:,} samples or fewer"
    return f"the run recorded {figure(metric, recorded)}{on}"


def order_of_part(part: str) -> tuple[int, str]:
    """Return the place of a part among the figures: test, then validation, then training; views after their part."""
    name = part.partition(WITH)[0]
    return (PARTS.index(name) if name in PARTS else len(PARTS)), part


def chief_metric(figures: Mapping[str, float | None]) -> str | None:
    """Return the metric that says most: the first that people are shown besides the loss, or else the loss."""
    known = [name for name in figures if name in METRICS]
    brief = [name for name in known if METRICS[name].brief and name != "loss"]
    return next(iter([*brief, *known]), None)


def details(figures: Mapping[str, float | None], chief: str) -> str:
    """Return the other figures of a part in words."""
    others = {name: value for name, value in figures.items() if name != chief and name in METRICS and value is not None}
    return ", ".join(f"{label(name)} {figure(name, value)}" for name, value in others.items())


def speed(run: ReadRun) -> str:
    """Return the speed of a run's last epoch."""
    rate = run.history[-1].images_per_second if run.history else 0
    return f"{count_text(round(rate))} samples/s" if rate >= 1 else ""


def recorded_epochs(trained: Trained) -> int | None:
    """Return the number of epochs that weights say they were trained for."""
    metrics = trained.meta.get("metrics")
    epochs = metrics.get("epochs") if isinstance(metrics, dict) else None
    return epochs if type(epochs) is int else None


def facts(subject: Subject, measured: Measured | None, kernels: str, *, own_validation: bool) -> Iterator[KnownFact]:
    """Yield how the figures came about.

    kernels: those that measured for the page. own_validation: whether the data come with a validation part.
    """
    run = subject.run
    if run is not None:
        yield KnownFact("run", f"{run.number} of {subject.file.name}, {run.state}{stands_by(run)}")
        if run.facts.state != FOUND:
            yield from training_facts(run)
    if subject.trained is not None:
        yield KnownFact("weights", str(subject.trained.weights), code=True)
    yield from data_facts(subject, measured, own_validation=own_validation)
    yield from settings_facts(subject)
    versions = version_of(subject)
    if versions:
        yield KnownFact(
            "versions", ", ".join(f"{name} {number}" for name, number in versions.items() if name != "system")
        )
        if "system" in versions:
            yield KnownFact("system", versions["system"])
    if measured is not None:
        samples = f"on all {len(measured.samples):,} samples of the part"
        yield KnownFact("measured for this page", f"by {kernels} kernels, {samples}")


def settings_facts(subject: Subject) -> Iterator[KnownFact]:
    """Yield the settings of the training: those of the run, or else those that the weights say they were trained by."""
    resolved: Mapping[str, Any] = subject.spec.resolved()
    if subject.run is None and subject.trained is not None and isinstance(subject.trained.meta.get("document"), dict):
        resolved = subject.trained.meta["document"]
    loss, optimizer, rate, size, seed, draw = (
        value_at(resolved, path)
        for path in (
            ("loss", "type"),
            ("optimizer", "type"),
            ("optimizer", "learning_rate"),
            ("training", "batch_size"),
            ("training", "seed"),
            ("data", "seed"),
        )
    )
    at = f" at learning rate {rate:g}" if isinstance(rate, int | float) else ""
    batches = f", batches of {size:,}" if isinstance(size, int) else ""
    yield KnownFact("training settings", f"{loss}, {optimizer}{at}{batches}")
    yield KnownFact("seeds", f"training {seed}" + ("" if draw is None else f", data {draw}"))


def stands_by(run: ReadRun) -> str:
    """Return why a run that is not finished is as it is, and what it began from."""
    message = f": {run.facts.message}" if run.facts.message else ""
    onward = f"; goes on from run {run.facts.goes_on_from}" if run.facts.goes_on_from is not None else ""
    start = f"; started from the weights {run.facts.init_from}" if run.facts.init_from is not None else ""
    return f"{message}{onward}{start}"


def training_facts(run: ReadRun) -> Iterator[KnownFact]:
    """Yield when a run was trained, and by which command."""
    yield KnownFact("trained", dates_text(run.facts.started, run.facts.ended))
    yield KnownFact("command", run.facts.command, code=True)
    if run.facts.resume and run.folder.resumable(run.facts):
        yield KnownFact("to go on", RESUMED.sub(f"--resume {run.number}", run.facts.resume, count=1), code=True)


def dates_text(started: str, ended: str | None) -> str:
    """Return two local times of ISO 8601 for people: 28 November 2026, 14:05 to 14:20; others as they are."""
    try:
        begin, end = datetime.fromisoformat(started), None if ended is None else datetime.fromisoformat(ended)
    except ValueError:
        return started if ended is None else f"{started} to {ended}"
    text = f"{date_text(begin)}, {begin:%H:%M}"
    if end is None or date_text(end) != date_text(begin):
        return text if end is None else f"{text} to {date_text(end)}, {end:%H:%M}"
    return text if f"{end:%H:%M}" == f"{begin:%H:%M}" else f"{text} to {end:%H:%M}"


def date_text(moment: datetime) -> str:
    """Return a day: 28 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def data_facts(subject: Subject, measured: Measured | None, *, own_validation: bool) -> Iterator[KnownFact]:
    """Yield what data the network was trained on. own_validation: whether they come with a validation part."""
    data, trained = subject.spec.data, subject.trained
    if data["path"] is not None:
        yield KnownFact("data", f"{data['dataset']}: {data['path']}", code=True)
    else:
        yield KnownFact("data", data["dataset"])
    known = None if trained is None else trained.provenance
    fraction = data["validation_split"] if known is None or known.validation_split is None else known.validation_split
    limit = None if known is None else known.limit
    held_out = f"{100 * fraction:g}% of the training part held out for validation" if fraction else "no validation part"
    parts = ["the validation part of the data" if own_validation else held_out]
    parts += [] if limit is None else [f"no more than {limit:,} samples of each part (--limit)"]
    if trained is not None:
        parts.append(f"samples {shape_text(trained.normalisation.shape)}, normalised {trained.normalisation.mode}")
    yield KnownFact("split", "; ".join(parts))
    if measured is not None:
        yield KnownFact("part on this page", f"{measured.part_name}, {len(measured.samples):,} samples")


def version_of(subject: Subject) -> Mapping[str, str]:
    """Return the versions of what trained the network, as far as they are known."""
    if subject.run is not None and subject.run.facts.versions:
        return subject.run.facts.versions
    known = {} if subject.trained is None else subject.trained.meta.get("versions", {})
    return {str(name): str(value) for name, value in known.items()} if isinstance(known, dict) else {}
