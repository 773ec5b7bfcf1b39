"""Pictures drawn again in their place, and what of them a window shows."""

import pytest

from graphnn.text.colour import Meaning, painted
from graphnn.text.redrawing import BELOW, HOME, REST, are_new, cleared, drawn, fitted

TABLE = ["title", "# name", "─────", *(f"{number} layer" for number in range(20)), "─────", "total 1", "total 2"]


def test_a_picture_erases_what_was_there_line_by_line() -> None:
    assert drawn(["one", "two"]) == f"{HOME}one{REST}\ntwo{REST}\n{BELOW}"
    assert drawn(["\x1b[2J"]) == f"{HOME}\\u001b[2J{REST}\n{BELOW}"


def test_clearing_moves_the_window_out_to_where_one_can_scroll_back() -> None:
    assert cleared(24) == "\n" * 23 + HOME + BELOW


def test_what_fits_is_left_alone() -> None:
    assert fitted(TABLE, 80, len(TABLE) + 1) == TABLE


def test_of_a_table_the_titles_the_totals_and_the_first_rows_stay() -> None:
    lines = fitted(TABLE, 80, 16)
    assert len(lines) == 15
    assert lines[:3] == TABLE[:3]
    assert lines[-3:] == TABLE[-3:]
    assert lines[3:11] == TABLE[3:11]
    assert lines[11] == "… 12 more lines; a taller window shows them"


@pytest.mark.parametrize("changed", range(20))
def test_the_row_that_changed_is_shown(changed: int) -> None:
    before = list(TABLE)
    before[3 + changed] = "other"
    lines = fitted(TABLE, 80, 16, before)
    assert len(lines) == 15
    assert f"{changed} layer" in lines
    shown = [line for line in lines if line.endswith("layer")]
    left_out = [line for line in lines if line.startswith("…")]
    assert sum(int(line.split()[1]) for line in left_out) + len(shown) == 20


def test_the_totals_go_where_too_few_rows_would_be_left() -> None:
    lines = fitted(TABLE, 80, 9)
    assert lines == [*TABLE[:7], "… 19 more lines; a taller window shows them"]


def test_lines_that_go_on_in_the_next_count_as_several() -> None:
    errors = ["x" * 200, "字" * 60, painted("y" * 80, Meaning.ERROR), "z"]
    assert fitted(errors, 80, 8) == errors
    assert fitted(errors, 80, 7) == [*errors[:2], "… 2 more lines; a taller window shows them"]


def test_lines_are_new_by_their_words() -> None:
    before = ["a   1", "──", "b 2"]
    assert are_new(["a 1", "───", painted("b  2", Meaning.NOTE), "c 3"], before) == [False, False, False, True]
    assert are_new(["a 1"], []) == [False]
