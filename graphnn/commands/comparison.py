"""Trainings of the variants of a document: their files, what is done already, and the table of what came out."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass
from typing import Any

from graphnn.commands.figures import clock, figure, label
from graphnn.commands.outputs import Outputs
from graphnn.describe.tables import Column, markdown_table, table
from graphnn.errors import GraphError
from graphnn.spec.variants import Variant
from graphnn.training.checkpoint import Identity
from graphnn.weights import load_weights


@dataclass(frozen=True)
class Training:
    """One training of one variant.

    resolved: its document with all defaults. part: whose figures count, "test" or "validation". limit: of --limit.
    """

    variant: Variant
    seed: int
    resolved: Mapping[str, Any]
    outputs: Outputs
    part: str
    limit: int | None

    def figures(self) -> Mapping[str, Mapping[str, float]] | None:
        """Return the part's final figures, plain and with views, or None where this has not come to its end.

        Raises GraphError where the files are those of another training.
        """
        if not self.outputs.weights.exists():
            return None
        meta = load_weights(self.outputs.weights).meta
        before, now = Identity(meta["document"], "", meta.get("limit"), ""), Identity(self.resolved, "", self.limit, "")
        differences = before.differences(now)
        if differences:
            line = differences[0].replace("in the checkpoint", "there")
            raise GraphError(
                f"{self.outputs.weights}: holds another training ({line}); "
                "remove it, or compare in another folder with --output"
            )
        found = {part: own for part, own in meta["metrics"].items() if part.split(" ")[0] == self.part}
        if not found:
            raise GraphError(
                f"{self.outputs.weights}: holds a training that was not measured on the {self.part} part; "
                "remove it, or compare in another folder with --output"
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


def metric_of(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the metric that the table shows: the first after the loss, or the loss where there is no other."""
    names = [name for own in figures.values() for name in own]
    return next((name for name in names if name != "loss"), "loss")


def comparison_lines(trainings: Sequence[Training], *, markdown: bool, width: int | None) -> list[str]:
    """Return the table of all variants that have a training at its end, the first as what the others differ from."""
    results = list(by_variant(trainings))
    if not results:
        return []
    parts = list(dict.fromkeys(part for _, figures, _ in results for own in figures for part in own))
    metric = metric_of(results[0][1][0])
    first = {part: mean([own[part][metric] for own in results[0][1]]) for part in parts}
    columns = [Column("variant", least=12)]
    for part in parts:
        columns += [Column(f"{part}\n{label(metric)}", right=True), Column("\ndifference", right=True)]
    columns.append(Column("\ntime", right=True))
    rows = []
    for variant, figures, seconds in results:
        cells = [variant.name]
        for part in parts:
            values = [own[part][metric] for own in figures if part in own]
            cells += [spread_text(metric, values), difference_text(metric, mean(values) - first[part])]
        rows.append([*cells, clock(mean(seconds))])
    for place in range(2, len(columns) - 1, 2):
        rows[0][place] = ""  # the first differs from itself by nothing
    return markdown_table(columns, rows) if markdown else table(columns, rows, width)


def by_variant(
    trainings: Sequence[Training],
) -> Iterator[tuple[Variant, list[Mapping[str, Mapping[str, float]]], list[float]]]:
    """Yield each variant that has results, with the figures and the seconds of its trainings."""
    for variant in dict.fromkeys(training.variant for training in trainings):
        done = [(one, one.figures()) for one in trainings if one.variant == variant]
        figures = [own for _, own in done if own is not None]
        if figures:
            yield variant, figures, [one.seconds for one, own in done if own is not None]


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
