"""The text of problems, and the exceptions that report them."""

import pytest

from graphnn.errors import (
    EXCERPT_WIDTH,
    DataError,
    DivergenceError,
    GraphError,
    Problem,
    ShapeError,
    SpecError,
    WeightsError,
    excerpt,
)


def test_a_problem_with_its_place():
    problem = Problem("unknown key", 'layers[2] "conv2"', "net.json", 7, 5, '    "filter": 3')
    assert str(problem) == 'net.json:7:5: layers[2] "conv2": unknown key\n        "filter": 3\n        ^'


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("wrong"), "wrong"),
        (Problem("wrong", "loss"), "loss: wrong"),
        (Problem("wrong", file="a.json"), "a.json: wrong"),
        (Problem("wrong", file="a.json", line=3), "a.json:3: wrong"),
        (Problem("wrong", file="a.json", line=3, column=1), "a.json:3:1: wrong"),
        (Problem("wrong", file="a.json", line=3, source="{}"), "a.json:3: wrong"),
    ],
)
def test_what_is_not_known_is_left_out(problem, text):
    assert str(problem) == text


COLUMNS = (1, 2, 50, 51, 52, 100, 149, 150, 400, 401)
LENGTHS = (EXCERPT_WIDTH - 1, EXCERPT_WIDTH, EXCERPT_WIDTH + 1, 400)


@pytest.mark.parametrize(("column", "length"), [(c, n) for c in COLUMNS for n in LENGTHS if c <= n + 1])
def test_the_caret_stands_under_the_place(column, length):
    """Also in a shortened line, and one past its end; each character of the line identifies its column."""
    source = "".join(chr(0x4E00 + index) for index in range(length))
    shown, caret = excerpt(source, column).split("\n")
    assert len(shown) <= EXCERPT_WIDTH + 4 < 80
    place = len(caret) - 1
    assert caret == " " * place + "^"
    assert (shown + "\0")[place] == (source + "\0")[column - 1]


def test_tabs_are_one_wide():
    assert excerpt("\t\tx", 3) == "      x\n      ^"


def test_all_problems_at_once():
    error = SpecError(Problem("one", file="a.json", line=1, column=1, source="x"), "two")
    assert str(error) == "a.json:1:1: one\n    x\n    ^\ntwo"
    assert [str(problem) for problem in error.problems] == ["a.json:1:1: one\n    x\n    ^", "two"]


@pytest.mark.parametrize("kind", [SpecError, ShapeError, WeightsError, DataError, DivergenceError])
def test_the_family(kind):
    assert issubclass(kind, GraphError)
    assert kind.exit_code == (3 if kind is DivergenceError else 2)
    with pytest.raises(GraphError, match="story"):
        raise kind("story")
