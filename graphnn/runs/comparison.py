"""Trainings of the variants of a document: their files, what is done already, and the table of what came out."""

import re
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass

from graphnn.errors import GraphError
from graphnn.runs.files import Outputs
from graphnn.specification.variants import Variant
from graphnn.storage.weights import load_weights
from graphnn.text.figures import figure, label
from graphnn.text.numbers import clock
from graphnn.text.tables import Column, markdown_table, table
from graphnn.training.checkpoint import RunSettings, load_checkpoint


@dataclass(frozen=True)
class Training:
    """One training of one variant.

    settings: what it is started with. part: whose figures count, "test" or "validation".
    """

    variant: Variant
    seed: int
    settings: RunSettings
    outputs: Outputs
    part: str

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self.outputs.weights.exists()

    def check(self) -> None:
        """Raise GraphError where there are files of another training in the place of its own."""
        way_out = "remove both, or compare in another folder with --output"
        weights, checkpoint = self.outputs.weights, self.outputs.checkpoint
        if checkpoint.exists():
            # A run that is not at its end can go on with another number of epochs; train itself sees whether.
            free = frozenset() if self.finished else frozenset({"training.epochs"})
            differences = load_checkpoint(checkpoint)[1].differences(self.settings, ignore=free, where="there")
            if differences:
                folder, first = self.outputs.folder, differences[0]
                raise GraphError(f"{weights} and {folder}: hold another training ({first}); {way_out}")
            if self.finished:
                self.figures()
        elif self.finished:
            raise GraphError(f"{weights}: there is no {checkpoint}, which says how it was trained; {way_out}")

    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Return the part's final figures, plain and with views. Raises GraphError where there are none."""
        metrics = load_weights(self.outputs.weights).meta.get("metrics", {})
        found = {part: own for part, own in metrics.items() if part.split(" ")[0] == self.part}
        if not found:
            raise GraphError(
                f"{self.outputs.weights}: holds a training that was not measured on the {self.part} part; remove it "
                f"and {self.outputs.folder}, or compare in another folder with --output"
            )
        return found

    @property
    def seconds(self) -> float:
        """How long all epochs took, validation included, as its history says."""
        with self.outputs.history.open(newline="", encoding="utf-8") as file:
            return sum(float(row["seconds"]) for row in DictReader(file))


def file_name(variant: Variant, seed: int) -> str:
    """Return the name of a training's weights: the words of the variant's name, and the seed."""
    words = "-".join(re.findall(r"\w+", variant.name.lower())) or "variant"
    return f"{words}-seed{seed}.npz"


def comparison_lines(
    trainings: Sequence[Training], diverged: Collection[Training] = (), *, markdown: bool, width: int | None
) -> list[str]:
    """Return the table of all variants that have a training at its end, or one that diverged.

    The first variant is what the others differ from. A cell is empty where a variant has no such figure.
    """
    results = list(by_variant(trainings))
    if not any(own for _, own in results):
        return []
    parts = list(dict.fromkeys(part for _, own in results for figures, _ in own for part in figures))
    metric = metric_of([one for _, own in results for figures, _ in own for one in figures.values()])
    columns = [Column("variant", least=12)]
    for part in parts:
        columns += [Column(f"{part}\n{label(metric)}", right=True), Column("\ndifference", right=True)]
    columns.append(Column("\ntime", right=True))
    first: dict[str, list[float]] = {}
    rows = []
    for variant, own in results:
        lost = sum(one.variant == variant for one in diverged)
        if not own and not lost:
            continue
        cells = [variant.name]
        for place, part in enumerate(parts):
            values = [figures[part][metric] for figures, _ in own if part in figures]
            text = spread_text(metric, values) if values else ""
            if lost and place == 0:
                text = f"{text}, {lost} diverged" if text else "diverged"
            base = first.setdefault(part, values)
            differs = variant != results[0][0] and values and base
            cells += [text, difference_text(metric, mean(values) - mean(base)) if differs else ""]
        rows.append([*cells, clock(mean([seconds for _, seconds in own])) if own else ""])
    return markdown_table(columns, rows) if markdown else table(columns, rows, width)


Result = tuple[Mapping[str, Mapping[str, float]], float]  # figures by part, and seconds


def by_variant(trainings: Sequence[Training]) -> Iterator[tuple[Variant, list[Result]]]:
    """Yield each variant with the results of its trainings that are at their end."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        own = [one for one in trainings if one.variant == variant and one.finished]
        yield variant, [(one.figures(), one.seconds) for one in own]


def metric_of(figures: Iterable[Mapping[str, float]]) -> str:
    """Return the metric that the table shows: the first after the loss that all figures have, else the loss."""
    names = list(figures)
    return next((name for name in names[0] if name != "loss" and all(name in own for own in names)), "loss")


def mean(values: Sequence[float]) -> float:
    """Return the arithmetic mean."""
    return statistics.fmean(values)


def spread_text(metric: str, values: Sequence[float]) -> str:
    """Return a mean, and the sample's standard deviation where there are several values."""
    text = figure(metric, mean(values))
    return text if len(values) == 1 else f"{text} ± {figure(metric, statistics.stdev(values))}"


def difference_text(metric: str, value: float) -> str:
    """Return a difference with its sign."""
    return f"{'−' if value < 0 else '+'}{figure(metric, abs(value))}"
