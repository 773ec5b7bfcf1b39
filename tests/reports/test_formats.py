"""Every format shows every kind of part and of cell, and a module in `renderers` is all that a format takes."""

from pathlib import Path
from typing import Any, get_args

import pytest

from graphnn.commands import compare, evaluate, inspect, predict
from graphnn.reports import kinds, renderers
from graphnn.reports.formats import FORMATS, TABLE, Stream, render
from graphnn.reports.kinds import Kind
from graphnn.reports.report import Alternatives, Column, Fact, Facts, Lines, Part, Remark, Report, Table

AMBER = Table([Column("colour", key="colour")], [("amber",)])
PARTS: dict[type, Part] = {
    Table: AMBER,
    Facts: Facts([Fact("colour", "amber")]),
    Lines: Lines(["amber"]),
    Remark: Remark("amber"),
    Alternatives: Alternatives([AMBER, AMBER]),
}
CELLS: dict[str, tuple[Any, str]] = {
    "TEXT": ("conv1", "conv1"),
    "CODE": ("conv*", "conv*"),
    "COUNT": (7, "7"),
    "BYTES": (40, "40"),
    "SHAPE": ((8,), "8"),
    "SHARE": (0.5, "5"),
    "VALUE": (2.5, "2.5"),
    "SIX_DIGITS": (2.5, "2.5"),
    "DURATION": (42.0, "42"),
    "DIFFERENCE": (5e-7, "5"),
    "MILLISECONDS": (0.005, "5"),
    "RATE": (2.5, "2.5"),
    "metric_kind": (0.25, "25"),
}


def test_each_module_in_renderers_is_a_format() -> None:
    modules = {file.stem for file in Path(renderers.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(FORMATS) == modules
    assert FORMATS[0] == TABLE


def test_all_kinds_of_parts_and_cells_are_here() -> None:
    assert set(PARTS) == set(get_args(Part))
    assert set(CELLS) == {name for name, value in vars(kinds).items() if isinstance(value, Kind)} | {"metric_kind"}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", PARTS)
def test_every_format_shows_every_kind_of_part(form: str, kind: type) -> None:
    text = render(Report([PARTS[kind]], {"colour": "amber"}, rows=AMBER), form, 80)
    if kind is Remark and form == "markdown":  # a document does without
        assert text == ""
    else:
        assert "amber" in text
        assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CELLS)
def test_every_format_shows_every_kind_of_cell(form: str, name: str) -> None:
    value, shown = CELLS[name]
    kind = kinds.metric_kind("accuracy") if name == "metric_kind" else getattr(kinds, name)
    column = Column("what", kind, key="what", absent="–", short="it")
    table = Table([column], [(value,), (None,)], last=(value,), foot=[Facts([Fact("what", value, kind)])])
    for width in (None, 1):
        assert shown in render(Report([table], {"what": value}, rows=table), form, width)


@pytest.mark.parametrize("command", [inspect, evaluate, predict, compare])
def test_commands_offer_every_format(command: Any) -> None:
    option = command.parser()._option_string_actions["--format"]
    assert tuple(option.choices) == FORMATS
    assert all(form in option.help for form in FORMATS)


def rows_of(*numbers: int) -> Report:
    """Return a report of a few numbered rows."""
    cells = [(f"row {k}", k) for k in numbers]
    table = Table([Column("name", key="name"), Column("number", kinds.COUNT, key="number")], cells, headed=False)
    return Report([table], [{"name": name, "number": k} for name, k in cells], rows=table)


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_in_parts_reads_as_the_whole(form: str) -> None:
    written: list[str] = []
    stream = Stream(written.append, form)
    for part in (rows_of(1, 2), rows_of(3), rows_of(4, 5)):
        stream.add(part)
    assert len(written) == 3  # each as soon as it came
    stream.end()
    assert "".join(written) == render(rows_of(1, 2, 3, 4, 5), form)


def test_a_part_of_a_table_with_titles_shows_them_again() -> None:
    written: list[str] = []
    stream = Stream(written.append)
    for _ in range(2):
        stream.add(Report([AMBER]))
    stream.end()
    assert "".join(written) == "colour\n──────\namber\n\ncolour\n──────\namber\n"


@pytest.mark.parametrize(
    ("form", "text"), [("csv", ""), ("json", "[]\n"), ("jsonl", ""), ("markdown", ""), (TABLE, "")]
)
def test_a_report_without_parts(form: str, text: str) -> None:
    written: list[str] = []
    Stream(written.append, form).end()
    assert "".join(written) == text


def test_json_lines_are_one_for_each_item() -> None:
    data = [{"name": "a\nb\x1b", "values": [1.5, float("nan"), None, True], "more": {"k": []}}, "ü", 3]
    text = render(Report(data=data), "jsonl")
    assert text == ('{"name": "a\\nb\\u001b", "values": [1.5, null, null, true], "more": {"k": []}}\n"ü"\n3\n')
    assert render(Report(data={"loss": 0.5}), "jsonl") == '{"loss": 0.5}\n'
