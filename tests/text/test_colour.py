"""Colours where a terminal has them, and nothing that a text could smuggle in with them."""

import io

import pytest

from graphnn.text.colour import Meaning, has_colour, painted


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_where_there_is_colour(
    environment: dict[str, str], terminal: bool, pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NO_COLOR": None, "FORCE_COLOR": None, "TERM": "xterm", **environment}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert (has_colour(Terminal()), has_colour(io.StringIO())) == (terminal, pipe)


def test_a_closed_stream_has_none() -> None:
    stream = Terminal()
    stream.close()
    assert not has_colour(io.StringIO())
    closed = io.StringIO()
    closed.close()
    assert not has_colour(closed)


def test_only_our_own_colours_reach_the_terminal() -> None:
    assert painted("a\x1b[31mb", Meaning.ERROR) == "\x1b[1;31ma\\u001b[31mb\x1b[0m"
    assert painted(painted("a", Meaning.GOOD), None) == "\x1b[32ma\x1b[0m"
    assert painted("", Meaning.GOOD) == ""
