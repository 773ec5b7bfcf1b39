"""The report of a comparison, for programs and where there is nothing to show."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from graphnn.reports.formats import render
from graphnn.runs.comparison import Training
from graphnn.runs.comparison_report import Spread, comparison_report, difference_text, metric_of, spread_text
from graphnn.runs.files import RunFiles
from graphnn.specification.variants import Variant
from graphnn.training.checkpoint import RunSettings

Figures = Mapping[str, Mapping[str, float]]


class Given(Training):
    """A training with figures given by its variant and seed, finished if it has any."""

    given: Mapping[tuple[str, int], Figures] = {
        ("as it is", 0): {"validation": {"loss": 1.0, "accuracy": 0.5}},
        ("as it is", 1): {"validation": {"loss": 0.5, "accuracy": 0.75}},
        ("seen twice", 0): {
            "validation": {"loss": 0.5, "accuracy": 0.5},
            "validation with flip": {"loss": 0.25, "accuracy": 1.0},
        },
    }
    seconds = 3.0

    @property
    def finished(self) -> bool:
        return (self.variant.name, self.seed) in self.given

    def figures(self) -> Figures:
        return self.given[self.variant.name, self.seed]


@pytest.fixture
def trainings() -> list[Training]:
    """Two seeds of three variants, of which the last does not finish."""
    names = ("as it is", "seen twice", "wild")
    outputs, identity = RunFiles(Path("w.npz")), RunSettings({}, {}, None, "")
    return [Given(Variant(name), seed, identity, outputs, "validation") for name in names for seed in (0, 1)]


def test_one_row_for_each_variant_and_part(trainings: list[Training]) -> None:
    report = comparison_report(trainings, trainings[-2:])
    assert render(report, "csv").splitlines() == [
        "variant,part,metric,mean,deviation,difference,trainings,diverged,seconds",
        "as it is,validation,accuracy,0.625,0.1767766952966369,,2,0,3.0",
        "seen twice,validation,accuracy,0.5,,-0.125,1,0,3.0",
        "seen twice,validation with flip,accuracy,1.0,,,1,0,3.0",
        "wild,validation,accuracy,,,,0,2,",
    ]


def test_values(trainings: list[Training]) -> None:
    content = json.loads(render(comparison_report(trainings, trainings[-2:]), "json"))
    assert [each["variant"] for each in content] == ["as it is", "seen twice", "wild"]
    assert content[1]["accuracy"] == {
        "validation": {"mean": 0.5, "deviation": None, "difference": -0.125, "values": [0.5]},
        "validation with flip": {"mean": 1.0, "deviation": None, "difference": None, "values": [1.0]},
    }
    assert content[0]["accuracy"]["validation"]["values"] == [0.5, 0.75]
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
    report = comparison_report(trainings[-2:], trainings[-2:])
    (line,) = render(report, "markdown").splitlines()[2:]
    assert line.split(" | ")[1] == "diverged"
    (values,) = json.loads(render(report, "json"))
    assert values["diverged"] == 2
    assert values["loss"] == {}


def test_a_part_that_only_some_have_leaves_cells_empty() -> None:
    variants = Variant("as it is"), Variant("seen twice")
    results = {"as it is": {"validation": {"loss": 1.0, "accuracy": 0.5}}}
    results["seen twice"] = {**results["as it is"], "validation with flip": {"loss": 0.5, "accuracy": 0.75}}

    class Done(Training):
        finished = True
        seconds = 3.0

        def figures(self) -> Any:
            return results[self.variant.name]

    trainings = [Done(one, 0, RunSettings({}, {}, None, ""), RunFiles(Path("w.npz")), "validation") for one in variants]
    lines = render(comparison_report(trainings), "markdown").splitlines()
    assert lines[2:] == [
        "| as it is | 50.00% |  |  |  | 0:03 |",
        "| seen twice | 50.00% | +0.00% | 75.00% |  | 0:03 |",
    ]
    lost = Done(variants[0], 1, RunSettings({}, {}, None, ""), RunFiles(Path("w.npz")), "validation")
    lines = render(comparison_report([*trainings, lost], [lost]), "markdown").splitlines()
    assert lines[2].startswith("| as it is | 50.00% ± 0.00%, 1 diverged |")


def test_figures_of_the_table() -> None:
    assert spread_text("accuracy", Spread([0.5])) == "50.00%"
    assert spread_text("accuracy", Spread([0.5, 0.6, 0.7])) == "60.00% ± 10.00%"
    assert spread_text("loss", Spread([1.0, 2.0])) == "1.5000 ± 0.7071"
    assert difference_text("accuracy", -0.0123) == "−1.23%"
    assert difference_text("accuracy", 0.01) == "+1.00%"
