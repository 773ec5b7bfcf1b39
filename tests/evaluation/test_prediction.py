"""Predictions as Markdown, whose tables need titles, and ties between classes."""

import json

import numpy as np

from graphnn.evaluation.prediction import classes_report, values_report
from graphnn.reports.formats import render


def test_classes() -> None:
    results = [("a.png", np.array([0.25, 0.5, 0.25])), ("b.png", np.array([1.0, 0.0, 0.0]))]
    report = classes_report(results, ("cat", "dog", "eel"), top=2)
    assert render(report, "markdown").splitlines() == [
        "| input | class | probability | class | probability |",
        "| :--- | :--- | ---: | :--- | ---: |",
        "| a.png | dog | 50.00% | cat | 25.00% |",
        "| b.png | cat | 100.00% | dog | 0.00% |",
    ]
    assert render(report).splitlines() == ["a.png  dog   50.00%  cat  25.00%", "b.png  cat  100.00%  dog   0.00%"]
    assert render(report, "csv").splitlines()[2] == "a.png,2,cat,0.25"


def test_values() -> None:
    report = values_report([("x[0]", np.array([0.123456789, 7.0])), ("x[1]", np.array([1.0, -2.0]))])
    assert render(report, "markdown").splitlines()[::2] == [
        "| input | output 0 | output 1 |",
        "| x[0] | 0.123457 | 7 |",
    ]
    assert render(report, "csv").splitlines() == [
        "input,output,value",
        "x[0],0,0.123457",
        "x[0],1,7",
        "x[1],0,1",
        "x[1],1,-2",
    ]
    assert report.data[0] == {"input": "x[0]", "values": [0.123456789, 7.0]}


def test_of_many_outputs_people_read_the_first_and_programs_all() -> None:
    report = values_report([("x", np.arange(21.0))])
    line = "x  0  1  2  3  4  5  6  7  … and 13 more; --format csv has all\n"
    assert render(report, "table") == line
    assert len(render(report, "csv").splitlines()) == 22
    assert json.loads(render(report, "json"))[0]["values"] == list(range(21))
    assert render(values_report([("x", np.arange(20.0))]), "table").endswith("18  19\n")
