"""The report of a comparison, for programs and where there is nothing to show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.reports.formats import render
from graphnn.runs.comparison import Training
from graphnn.runs.comparison_report import Spread, comparison_report, difference_text, metric_of, spread_text
from graphnn.runs.facts import DIVERGED, FINISHED, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.known_runs import KnownRun
from graphnn.specification.variants import Variant
from graphnn.training.checkpoint import RunSettings

Figures = Mapping[str, Mapping[str, float]]


SETTINGS = RunSettings({}, {}, None, "")
FACTS = RunFacts(
    state=FINISHED,
    command="",
    versions={},
    started="",
    data={},
    limit=None,
    kernels="",
    epochs=5,
    done=5,
    samples=0,
    seconds=3.0,
    figures={},
)
GIVEN: Mapping[tuple[str, int], Figures] = {
    ("as it is", 0): {"validation": {"loss": 1.0, "accuracy": 0.5}, "training": {"loss": 0.25}},
    ("as it is", 1): {"validation": {"loss": 0.5, "accuracy": 0.75}, "training": {"loss": 0.25}},
    ("seen twice", 0): {
        "validation": {"loss": 0.5, "accuracy": 0.5},
        "validation with flip": {"loss": 0.25, "accuracy": 1.0},
    },
}


def training(name: str, seed: int, figures: Figures | None, *parts: str, **facts: Any) -> Training:
    """Return a training with figures or without a run. parts: to be shown. facts: of the run."""
    changed = replace(FACTS, figures=figures, **facts) if figures is not None else None
    known = None if changed is None else KnownRun(RunFolder(Path("net.runs/0001")), changed, SETTINGS)
    return Training(Variant(name), seed, SETTINGS, parts or ("validation",), known)


def diverged(trainings: Sequence[Training]) -> list[Training]:
    """Return the trainings as they are once the last two have diverged."""
    ends = [(each.variant.name, each.seed) for each in trainings[-2:]]
    return [*trainings[:-2], *(training(*end, {}, state=DIVERGED, done=1) for end in ends)]


@pytest.fixture
def trainings() -> list[Training]:
    """Two seeds of three variants, of which the last has no runs."""
    names = ("as it is", "seen twice", "wild")
    views = {"seen twice": ("validation", "validation with flip")}
    return [training(name, seed, GIVEN.get((name, seed)), *views.get(name, ())) for name in names for seed in (0, 1)]


def test_one_row_for_each_variant_and_part(trainings: list[Training]) -> None:
    report = comparison_report(diverged(trainings))
    assert render(report, "csv").splitlines() == [
        "variant,part,metric,mean,deviation,difference,trainings,diverged,seconds",
        "as it is,validation,accuracy,0.625,0.1767766952966369,,2,0,3.0",
        "as it is,validation,loss,0.75,0.3535533905932738,,2,0,3.0",
        "as it is,training,loss,0.25,0.0,,2,0,3.0",
        "seen twice,validation,accuracy,0.5,,-0.125,1,0,3.0",
        "seen twice,validation with flip,accuracy,1.0,,,1,0,3.0",
        "seen twice,validation,loss,0.5,,-0.25,1,0,3.0",
        "seen twice,validation with flip,loss,0.25,,,1,0,3.0",
        "wild,validation,accuracy,,,,0,2,",
    ]


def test_values(trainings: list[Training]) -> None:
    content = json.loads(render(comparison_report(diverged(trainings)), "json"))
    assert [each["variant"] for each in content] == ["as it is", "seen twice", "wild"]
    assert content[1]["accuracy"] == {
        "validation": {"mean": 0.5, "deviation": None, "difference": -0.125, "values": [0.5]},
        "validation with flip": {"mean": 1.0, "deviation": None, "difference": None, "values": [1.0]},
    }
    assert content[0]["accuracy"]["validation"]["values"] == [0.5, 0.75]
    assert {part: figures["mean"] for part, figures in content[0]["loss"].items()} == {
        "validation": 0.75,
        "training": 0.25,
    }
    assert content[2] == {"variant": "wild", "diverged": 2, "seconds": None, "accuracy": {}}


def test_trainings_that_have_not_started_are_left_out(trainings: list[Training]) -> None:
    assert "wild" not in render(comparison_report(trainings))


def test_the_metric_that_is_shown() -> None:
    """Top-5 accuracy is not brief, and "margin" may be of another version, whose weights hold it."""
    full = {"loss": 1.0, "margin": 0.5, "top_5_accuracy": 1.0, "accuracy": 0.5}
    assert metric_of([full, full]) == "accuracy"
    assert metric_of([full, {"loss": 1.0, "top_5_accuracy": 1.0}]) == "loss"
    assert metric_of([{"loss": 1.0, "mean_absolute_error": 0.5, "r2": 0.5}]) == "mean_absolute_error"


def test_no_training_at_its_end(trainings: list[Training]) -> None:
    report = comparison_report(trainings[-2:])
    assert render(report) == render(report, "markdown") == ""
    assert render(report, "json") == "[]\n"
    assert render(report, "csv").startswith("variant,")


def test_where_every_training_diverged_that_is_what_is_shown(trainings: list[Training]) -> None:
    report = comparison_report(diverged(trainings)[-2:])
    (line,) = render(report, "markdown").splitlines()[2:]
    assert line.split(" | ")[1] == "diverged"
    (values,) = json.loads(render(report, "json"))
    assert values["diverged"] == 2
    assert values["loss"] == {}


def test_a_part_that_only_some_have_leaves_cells_empty() -> None:
    plain = {"validation": {"loss": 1.0, "accuracy": 0.5}}
    views = {**plain, "validation with flip": {"loss": 0.5, "accuracy": 0.75}}
    trainings = [
        training("as it is", 0, plain),
        training("seen twice", 0, views, "validation", "validation with flip"),
    ]
    lines = render(comparison_report(trainings), "markdown").splitlines()
    assert lines[2:] == [
        "| as it is | 50.00% |  |  |  | 1.0000 |  | 0:03 |",
        "| seen twice | 50.00% | +0.00% | 75.00% |  | 1.0000 | 0.5000 | 0:03 |",
    ]
    more = [training("as it is", 1, plain), training("as it is", 2, {}, state=DIVERGED, done=1)]
    lines = render(comparison_report([*trainings, *more]), "markdown").splitlines()
    assert lines[2].startswith("| as it is | 50.00% ± 0.00%, 1 diverged |")


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (90, ["variant", "accuracy", "difference", "loss", "accuracy", "loss", "time"]),
        (62, ["variant", "accuracy", "difference", "loss", "accuracy", "time"]),
        (52, ["variant", "accuracy", "difference", "loss", "time"]),
        (40, ["variant", "accuracy", "difference", "time"]),
    ],
)
def test_a_narrow_terminal_does_without_figures(width: int, titles: list[str]) -> None:
    figures = {part: {"loss": 1.0, "accuracy": 0.5} for part in ("validation", "training")}
    lines = render(comparison_report([training("as it is", 0, figures)]), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[1].split() == titles


def test_each_setting_that_all_variants_change_has_a_column() -> None:
    variants = [Variant(f"rate={rate}, size=8", values=(("rate", rate), ("size", "8"))) for rate in ("0.1", "0.2")]
    figures = {"validation": {"loss": 1.0}}
    trainings = [replace(training("", 0, figures), variant=variant) for variant in variants]
    assert render(comparison_report(trainings)).splitlines()[1:] == [
        "rate  size        loss  difference  time",
        "────────────────────────────────────────",
        "0.1   8         1.0000              0:03",
        "0.2   8         1.0000     +0.0000  0:03",
    ]
    assert json.loads(render(comparison_report(trainings), "json"))[1]["variant"] == "rate=0.2, size=8"


def test_only_the_parts_of_the_training_are_shown() -> None:
    """Its run may have been measured on more since, or trained with other views."""
    figures = {part: {"loss": 1.0} for part in ("training", "test", "validation", "validation with flip")}
    assert training("a", 0, figures).figures == {"validation": {"loss": 1.0}}
    assert training("a", 0, figures, "test").figures == {"test": {"loss": 1.0}}
    missing = training("a", 0, figures, "test", "test with flip")
    assert (missing.measured, missing.figures) == (False, {})


def test_a_figure_that_is_no_number_is_that_of_a_training_that_diverged() -> None:
    older = training("a", 0, {"validation": {"loss": None, "accuracy": 0.1}})
    assert older.diverged
    assert older.figures == {"validation": {"accuracy": 0.1}}
    elsewhere = training("a", 0, {"validation": {"loss": 1.0}, "test": {"loss": None}})
    assert not elsewhere.diverged


def test_what_diverged_after_its_last_epoch_may_have_figures_on_another_part() -> None:
    assert training("a", 0, {}, state=DIVERGED, done=4).diverged
    assert not training("a", 0, {}, state=DIVERGED, done=5).diverged
    assert replace(training("a", 0, {}, state=DIVERGED, done=5), failed=True).diverged


def test_figures_of_the_table() -> None:
    assert spread_text("accuracy", Spread([0.5])) == "50.00%"
    assert spread_text("accuracy", Spread([0.5, 0.6, 0.7])) == "60.00% ± 10.00%"
    assert spread_text("loss", Spread([1.0, 2.0])) == "1.5000 ± 0.7071"
    assert difference_text("accuracy", -0.0123) == "−1.23%"
    assert difference_text("accuracy", 0.01) == "+1.00%"
