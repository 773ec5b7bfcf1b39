"""Statistics of arrays by hand, and how they are shown."""

import numpy as np

from graphnn.describe.weight_statistics import Statistics, statistics, statistics_table, statistics_values
from graphnn.reports.formats import render
from graphnn.reports.kinds import value_text
from graphnn.reports.report import Report

ARRAYS = {
    "conv1/weights": np.array([[1.0, 2.0], [3.0, 6.0]], np.float32),
    "bn1/running_variance": np.array([np.nan, 1e-7, np.inf], np.float32),
    "lost/biases": np.array([np.nan], np.float32),
}
ROWS = statistics(ARRAYS)


def shown(form: str, width: int | None) -> str:
    table = statistics_table(ROWS)
    return render(Report([table], rows=table), form, width)


def test_statistics_of_finite_values() -> None:
    assert ROWS[0] == Statistics("conv1/weights", (2, 2), 3.0, 3.5**0.5, 1.0, 6.0, 0)
    assert ROWS[1].non_finite == 2
    assert ROWS[1].mean == np.float32(1e-7)
    assert ROWS[2] == Statistics("lost/biases", (1,), None, None, None, None, 1)


def test_sums_are_made_in_float64() -> None:
    array = np.full(2**20, 0.1, np.float32)
    assert abs(statistics({"a": array})[0].mean - float(np.float32(0.1))) < 1e-12


def test_table() -> None:
    assert shown("table", None).splitlines() == [
        "parameter             shape      mean  deviation       min       max  not finite",
        "────────────────────────────────────────────────────────────────────────────────",
        "conv1/weights           2×2    3.0000     1.8708    1.0000    6.0000           0",
        "bn1/running_variance      3  1.00e-07     0.0000  1.00e-07  1.00e-07           2",
        "lost/biases               1         –          –         –         –           1",
    ]


def test_markdown() -> None:
    lines = shown("markdown", 20).splitlines()
    assert lines[2] == "| conv1/weights | 2×2 | 3.0000 | 1.8708 | 1.0000 | 6.0000 | 0 |"


def test_csv() -> None:
    lines = shown("csv", 20).splitlines()
    assert lines[0] == "name,shape,mean,deviation,min,max,non_finite"
    assert lines[1].startswith("conv1/weights,2x2,3.0,1.8708286933869707,1.0,6.0,0")
    assert lines[3] == "lost/biases,1,,,,,1"


def test_values() -> None:
    assert statistics_values(ROWS)[2] == {
        "name": "lost/biases",
        "shape": [1],
        "mean": None,
        "deviation": None,
        "min": None,
        "max": None,
        "non_finite": 1,
    }


def test_numbers() -> None:
    assert [value_text(value) for value in (0.0, -0.001, 0.0009, 99999.0, 1e5)] == [
        "0.0000",
        "-0.0010",
        "9.00e-04",
        "99999.0000",
        "1.00e+05",
    ]
