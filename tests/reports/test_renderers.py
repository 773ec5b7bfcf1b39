"""The text of one small report in each format: a golden text each, at two widths where there are widths."""

import re

import pytest

from graphnn.errors import GraphError
from graphnn.reports.formats import render
from graphnn.reports.report import Alternatives, Column, Report, Table
from graphnn.text.colour import Meaning

WIDE = """\
two digits
and a line

A stage ends where a layer needs sums over the whole batch.

                    output  multiply-
 #  name             shape       adds      mean
───────────────────────────────────────────────
 0  convolution_12  32×8×8    294,912  0.123457
10  a|b, "c"             1                    –
───────────────────────────────────────────────
    all               2048    294,912       0.5
weight file  42.8 KiB
accuracy       98.33%

group     numbers
─────────────────
conv*       1,234
the rest        5

stage  way
──────────────────────────────────────
    1  conv1 → relu_1 → conv2 → relu_2
    2  out

cat.png    95.12%
truck.png  50.00%

confusion matrix

   aaaaaaaaaaaaa  bbbbbbbbbbbbb
───────────────────────────────
a              7              ·
"""
NARROW = """\
two digits
and a line

A stage ends where a layer
needs sums over the whole
batch.

            output
 #  name     shape   adds      mean
───────────────────────────────────
 0  conv…2  32×8×8  295 k  0.123457
10  a|b,…"       1                –
───────────────────────────────────
    all       2048  295 k       0.5
weight file  42.8 KiB
accuracy       98.33%

group     numbers
─────────────────
conv*       1,234
the rest        5

stage  way
─────────────────────────────
    1  conv1 → relu_1 → conv2
       → relu_2
    2  out

cat.png    95.12%
truck.png  50.00%

most confused

true  samples
─────────────
a           7
"""
MARKDOWN = """\
two digits

and a line

| # | name | output shape | multiply-adds | mean |
| ---: | :--- | ---: | ---: | ---: |
| 0 | convolution_12 | 32×8×8 | 294,912 | 0.123457 |
| 10 | a\\|b, "c" | 1 |  | – |
|  | all | 2048 | 294,912 | 0.5 |

- weight file: 42.8 KiB
- accuracy: 98.33%

| group | numbers |
| :--- | ---: |
| `conv*` | 1,234 |
| the rest | 5 |

| stage | way |
| ---: | :--- |
| 1 | conv1 → relu_1 → conv2 → relu_2 |
| 2 | out |

| input | probability |
| :--- | ---: |
| cat.png | 95.12% |
| truck.png | 50.00% |

confusion matrix

|  | aaaaaaaaaaaaa | bbbbbbbbbbbbb |
| :--- | ---: | ---: |
| a | 7 | · |
"""
CSV = """\
index,name,output_shape,multiply_adds,mean
0,convolution_12,32x8x8,294912,0.123457
10,"a|b, \"\"c\"\"",,0,
"""
JSON = """\
{
  "name": "Größe",
  "shape": [32, 8],
  "layers": [
    {
      "n": 1
    }
  ],
  "none": {}
}
"""


@pytest.mark.parametrize(
    ("form", "width", "expected"),
    [
        ("table", None, WIDE),
        ("table", 30, NARROW),
        ("markdown", None, MARKDOWN),
        ("markdown", 30, MARKDOWN),
        ("csv", 30, CSV),
        ("json", 30, JSON),
    ],
)
def test_golden_text(form: str, width: int | None, expected: str, report: Report) -> None:
    assert render(report, form, width) == expected


def test_where_there_is_no_terminal_a_table_is_as_narrow_as_it_can_be_without_cuts() -> None:
    """80 columns, else 100, else 120, else what it takes."""
    optional = Column("other", optional=True)
    for size, widest in ((60, 80), (75, 80), (78, 100), (85, 100), (105, 120), (130, 135)):
        table = Table((Column("name", least=3), Column("way", wraps=True), optional), [("n" * size, "a b", "c" * 20)])
        lines = render(Report([table])).splitlines()
        assert "n" * size in lines[2]
        assert max(map(len, lines)) <= widest
        assert ("c" * 20 in lines[2]) == (size + 2 + 3 + 2 + 20 <= widest)


def test_an_optional_column_is_left_out_before_a_name_is_cut() -> None:
    table = Table((Column("name", least=3), Column("more", optional=True)), [("n" * 20, "m" * 20)])
    assert render(Report([table]), width=42).splitlines()[2] == f"{'n' * 20}  {'m' * 20}"
    assert render(Report([table]), width=41).splitlines()[2] == "n" * 20
    assert render(Report([table]), width=10).splitlines()[2] == f"{'n' * 9}…"


def test_colours_are_of_the_cells_of_the_table_that_is_laid_out() -> None:
    columns = (Column("a", optional=True), Column("way", wraps=True), Column("b"))
    table = Table(columns, [("x" * 30, "one two three", "4\x1b[31m")], "t\x1b[2J", styles={(0, 2): Meaning.GOOD})
    text = render(Report([table]), width=30, colour=True)
    plain = render(Report([table]), width=30)
    assert re.sub("\x1b\\[[0-9;]*m", "", text) == plain
    assert "\x1b[32m4\\u001b[31m\x1b[0m" in text
    assert "\x1b[31m" not in text
    assert "\x1b[2J" not in text
    assert text.startswith("\x1b[1mt\\u001b[2J\x1b[0m\n")


def test_the_larger_table_is_shown_where_it_just_fits() -> None:
    """It takes 9 columns: 3 of the first, 2 between them, 4 of the title of the second."""
    larger, smaller = (Table((Column("abc"), Column(name)), [("abc", "d")]) for name in ("efgh", "e"))
    report = Report([Alternatives([larger, smaller])])
    assert render(report, width=9) == "abc  efgh\n─────────\nabc  d\n"
    assert render(report, width=8) == "abc  e\n──────\nabc  d\n"


def test_a_column_that_wraps_leaves_room_for_those_on_both_sides() -> None:
    columns = (Column("stage"), Column("way", wraps=True), Column("pieces"))
    report = Report([Table(columns, [("1", "conv1 → relu_1 → conv2", "8")])])
    assert render(report, width=36) == (
        "stage  way               pieces\n───────────────────────────────\n1      conv1 → relu_1 →  8\n       conv2\n"
    )


def test_nothing_is_shown_of_nothing() -> None:
    assert render(Report()) == render(Report(), "markdown") == ""


def test_what_no_one_table_says_is_refused_as_csv(report: Report) -> None:
    with pytest.raises(GraphError, match="csv needs a single table"):
        render(Report(report.parts), "csv")
