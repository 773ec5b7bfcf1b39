"""What is on the page, section by section; what cannot be shown is left out, with a sentence that says why."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from graphnn.datasets.base import Dataset
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.metrics.figures import figure, label
from graphnn.metrics.outputs import Numbers
from graphnn.page.augmented import TrainingSamples, training_samples
from graphnn.page.changes import Changes, between, since_the_run_before, to_the_document_of_now
from graphnn.page.classes import ClassFigures, class_figures
from graphnn.page.compared import ComparedRuns, compared_runs
from graphnn.page.filters import Filters, filters
from graphnn.page.graphs import Chart, Curves, curves, graphs_of
from graphnn.page.headline import KnownFact, Tile, facts, tiles
from graphnn.page.images import Limits
from graphnn.page.layer_times import LayerTimes, layer_times
from graphnn.page.measurement import Measured, load_data, measure, output_names, part_to_measure
from graphnn.page.mistakes import Mistakes, mistakes
from graphnn.page.network import Network, network
from graphnn.page.reconstructions import Reconstructions, reconstructions
from graphnn.page.regression import OutputFigures, output_figures
from graphnn.page.subject import Subject, Tell
from graphnn.runs.trained import Trained
from graphnn.text.working import working

T = TypeVar("T")


@frozen_dataclass(kw_only=True)
class Results:
    """What the outputs on a part of the data show. figures: label and value.

    classes, outputs: of a regression, the latter. Where the network learns to give back its inputs, there are
    reconstructions alone.
    """

    figures: tuple[tuple[str, str], ...]
    classes: ClassFigures | None = None
    outputs: OutputFigures | None = None
    graphs: tuple[Chart, ...] = ()
    mistakes: Mistakes | None = None
    reconstructions: Reconstructions | None = None


@frozen_dataclass(kw_only=True)
class Content:
    """What is on the page. A section that is None is left out; `lacking` says why, by the name of its field.

    notes: what a reader should know, in words.
    """

    subject: Subject
    made: datetime
    tiles: tuple[Tile, ...]
    facts: tuple[KnownFact, ...]
    notes: tuple[str, ...]
    measured: Measured | None
    compared: ComparedRuns | None
    curves: Curves | None
    results: Results | None
    network: Network
    filters: Filters | None
    samples: TrainingSamples | None
    before: Changes | None
    others: tuple[Changes, ...]
    edited: Changes | None
    lacking: Mapping[str, str]


@frozen_dataclass(kw_only=True)
class Wishes:
    """What the command line says of how the page is made. part: of the data; None: that which the run has measured."""

    part: str | None = None
    data_dir: Path | None = None
    plugins: tuple[Path, ...] = ()
    threads: int | None = None
    kernels: str | None = None


class Maker:
    """Makes sections, and keeps the sentences about those that cannot be made.

    tell: called with the sentences that begin with `why`.
    """

    def __init__(self, tell: Tell) -> None:
        self.tell, self.lacking = tell, dict[str, str]()

    def attempt(self, section: str, make: Callable[[], T], why: str = "") -> T | None:
        """Return a section; None, with a sentence, where it cannot be made. why: begins the sentence, and is told."""
        try:
            return make()
        except GraphError as error:
            self.lacking[section] = f"{why}{error.problems[0]}"
        except OSError as error:
            self.lacking[section] = f"{why}{error.filename or ''}: {error.strerror or error}"
        if why:
            self.tell(self.lacking[section])
        return None


def make_content(subject: Subject, wishes: Wishes, made: datetime, tell: Tell, notes: list[str]) -> Content:
    """Return what is on the page.

    tell: called with notes. notes: a list that all notes of the command are added to while it is made.
    """
    maker = Maker(tell)
    trained = subject.trained
    data = part = None
    if trained is None:
        run = "The training" if subject.run is None else f"Run {subject.run.number}"
        maker.lacking["measured"] = f"{run} has no weights yet, so that nothing could be measured."
        maker.lacking["filters"] = "Without weights, there is nothing to show."
    else:
        data, part = data_and_part(maker, subject, trained, wishes)
    times = timed(maker, subject, wishes)
    with working("drawing the page"):
        drawn = network(subject, times)
        limits = None if trained is None or trained.provenance is None else trained.provenance.range
        own = data is not None and data.own_validation > 0
        return Content(
            subject=subject,
            made=made,
            tiles=tuple(tiles(subject, part, drawn)),
            facts=tuple(facts(subject, part, used_kernels(subject, wishes), own_validation=own)),
            notes=tuple(each for each in dict.fromkeys(notes) if each not in maker.lacking.values()),
            measured=part,
            compared=compared_runs(subject),
            curves=shown_curves(maker, subject),
            results=results(trained, data, part, limits, wishes),
            network=drawn,
            filters=None if trained is None else maker.attempt("filters", lambda: filters(subject, trained)),
            samples=shown_samples(maker, trained, data, limits),
            before=since_the_run_before(subject),
            others=tuple(changes for run in subject.others if subject.run and (changes := between(subject.run, run))),
            edited=to_the_document_of_now(subject),
            lacking=maker.lacking,
        )


def data_and_part(
    maker: Maker, subject: Subject, trained: Trained, wishes: Wishes
) -> tuple[Dataset | None, Measured | None]:
    """Return the data set and the network on a part of it; None for what there is not."""
    part = wishes.part or part_to_measure(subject)
    data = maker.attempt("measured", lambda: load_data(trained, wishes.data_dir), "the data could not be read: ")
    if data is None:
        return None, None
    measured = maker.attempt(
        "measured",
        lambda: measure(trained, data, part, threads=wishes.threads, kernels=wishes.kernels),
        "the network could not be measured: ",
    )
    return data, measured


def timed(maker: Maker, subject: Subject, wishes: Wishes) -> LayerTimes | None:
    """Return the times of the layers; None where they cannot be measured."""
    plugins, kernels = [str(file) for file in wishes.plugins], used_kernels(subject, wishes)
    with working("timing the layers"):
        return maker.attempt(
            "times", lambda: layer_times(subject, plugins, kernels), "the time of the layers was not measured: "
        )


def used_kernels(subject: Subject, wishes: Wishes) -> str:
    """Return the name of the kernels that measure: those that are wished for, else those of the training."""
    trained = subject.trained
    known = kernels_for(subject.graph, wishes.kernels) if trained is None else trained.kernels(wishes.kernels)
    return known.name


def results(
    trained: Trained | None, data: Dataset | None, part: Measured | None, limits: Limits | None, wishes: Wishes
) -> Results | None:
    """Return what the outputs on a part of the data show; None where nothing was measured.

    limits: the range of the training inputs, where it is known.
    """
    if trained is None or data is None or part is None:
        return None
    figures = tuple((label(name), figure(name, value)) for name, value in part.evaluation.figures.items())
    outputs, names = part.outputs, output_names(trained)
    if outputs is None:
        returned = reconstructions(trained, part, limits, threads=wishes.threads, kernels=wishes.kernels)
        return Results(figures=figures, reconstructions=returned)
    return Results(
        figures=figures,
        classes=class_figures(part.evaluation) if part.evaluation.scores else None,
        outputs=output_figures(outputs, names) if isinstance(outputs, Numbers) else None,
        graphs=tuple(graphs_of(outputs, part.probabilities, names)),
        mistakes=mistakes(data, part, outputs, names, limits),
    )


def shown_curves(maker: Maker, subject: Subject) -> Curves | None:
    """Return the curves of the runs; None, with a sentence, where there are none."""
    found = curves(subject)
    if found is None:
        maker.lacking["curves"] = (
            "The weights are of no run that is known here, so that there is no history of their training."
            if subject.run is None
            else f"Run {subject.run.number} has no history of finished epochs."
        )
    return found


def shown_samples(
    maker: Maker, trained: Trained | None, data: Dataset | None, limits: Limits | None
) -> TrainingSamples | None:
    """Return training samples; None where there are no data."""
    if trained is None or data is None:
        maker.lacking["samples"] = "Without the data, there are no samples to show."
        return None
    return maker.attempt("samples", lambda: training_samples(trained, data, limits))
