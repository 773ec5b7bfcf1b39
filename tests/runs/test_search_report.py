"""The report of a search: the order of the trials, how many are shown, narrow terminals, and what programs get."""

import re
from typing import Any

import pytest

from graphnn.reports.formats import render
from graphnn.runs.facts import DIVERGED, FAILED, FINISHED, PRUNED
from graphnn.runs.search_report import SHOWN, Searched, ranked, search_report
from graphnn.runs.search_trial import Figure, SearchTrial
from graphnn.specification.search_ranges import Range

RANGES = (
    Range("optimizer.learning_rate", "learning_rate", low=0.001, high=1, log=True),
    Range("layers.hidden.activation", "activation", choices=("relu", "null")),
)


def trial(number: int, state: str, value: float | None = None, epochs: int = 5, **more: Any) -> SearchTrial:
    """Return a trial that is over."""
    texts = (f"0.{number + 1}", "null" if number % 2 else "relu")
    return SearchTrial(
        number,
        f"learning_rate={texts[0]}, activation={texts[1]}",
        texts,
        texts,
        state=state,
        value=value,
        epochs=epochs,
        **more,
    )


TRIALS = [
    trial(0, FINISHED, 0.8, as_it_is=True),
    trial(1, DIVERGED, epochs=2, message="too large"),
    trial(2, PRUNED, 0.5, epochs=2),
    trial(3, FINISHED, 0.9),
    trial(4, PRUNED, 0.4, epochs=3),
    trial(5, PRUNED, 0.6, epochs=2),
    trial(6, FAILED, epochs=0),
    trial(7, FINISHED, 0.9),
]


def searched(trials: list[SearchTrial], metric: str = "accuracy", **more: Any) -> Searched:
    """Return what came of a search."""
    given = {"importance": {}, "test": {}, "commands": (), **more}
    return Searched(trials, RANGES, Figure(metric), **given)


@pytest.mark.parametrize(
    ("metric", "order"), [("accuracy", [3, 7, 0, 4, 5, 2, 1, 6]), ("loss", [0, 3, 7, 4, 2, 5, 1, 6])]
)
def test_the_best_comes_first_then_what_was_pruned_late_then_what_failed(metric: str, order: list[int]) -> None:
    assert [one.number for one in ranked(TRIALS, Figure(metric))] == order


def test_people_see_the_best_and_the_document_as_it_is() -> None:
    many = [trial(number, FINISHED, number / 100, as_it_is=number == 0) for number in range(25)]
    text = render(search_report(searched(many)), width=80)
    lines = [line for line in text.splitlines() if line.endswith("finished")]
    assert [line.split()[0] for line in lines] == [str(number) for number in range(25, 15, -1)] + ["*"]
    assert len(lines) == SHOWN + 1
    assert "25 trials: 25 finished; the best 10 are shown" in text
    assert "* the document as it is" in text
    few = render(search_report(searched(TRIALS)), width=80)
    assert "8 trials: 3 finished, 3 pruned, 1 diverged, 1 failed\n" in few


def test_what_is_asked_for_is_shown_below() -> None:
    more = {
        "importance": {"optimizer.learning_rate": 0.75, "layers.hidden.activation": 0.25},
        "test": {"test": {"loss": 0.25, "accuracy": 0.875}},
        "commands": [("To use its weights", "graphnn runs x.json --promote 4")],
    }
    text = render(search_report(searched(TRIALS, **more)), width=80)
    for line in (
        "optimizer.learning_rate          75%",
        "The best trial's test accuracy: 87.50%",
        "To use its weights:\n  graphnn runs x.json --promote 4",
        "What tells the better half of 3 finished trials from the rest: a hint.",
    ):
        assert line in text, text
    assert "importance" not in render(search_report(searched(TRIALS)), width=80)


def test_a_narrow_terminal_has_all_settings_in_one_column() -> None:
    for width in (44, 60, 80):
        text = render(search_report(searched(TRIALS)), width=width)
        assert max(map(len, text.splitlines())) <= max(width, 55), width
    assert re.search(r"^ +4  learning_rate=0.4, +90.00%", render(search_report(searched(TRIALS)), width=44), re.M)


def test_programs_get_every_trial() -> None:
    report = search_report(searched(TRIALS, importance={"optimizer.learning_rate": 1.0}))
    assert report.data["figure"] == "validation_accuracy"
    assert report.data["importance"] == {"optimizer.learning_rate": 1.0}
    first = report.data["trials"][0]
    assert first["set"] == {"optimizer.learning_rate": 0.4, "layers.hidden.activation": None}
    assert (first["trial"], first["value"], first["state"], first["as_it_is"]) == (4, 0.9, FINISHED, False)
    assert report.data["trials"][6]["message"] == "too large"
    head, *lines = render(report, "csv").splitlines()
    assert head.startswith("trial,optimizer.learning_rate,layers.hidden.activation,validation_accuracy,epochs,")
    assert [line.split(",")[0] for line in lines] == ["4", "8", "1", "5", "6", "3", "2", "7"]
