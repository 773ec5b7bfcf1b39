"""Tables that fit the terminal, numbers as people read them, and streams that cannot show everything."""

import io
import os

import pytest

from graphnn.text.numbers import bytes_text, count_text, short_bytes_text, short_count_text
from graphnn.text.tables import ColumnLayout, bare_table, cut, display_width, natural_width, table
from graphnn.text.terminal import showable, terminal_width

COLUMNS = (
    ColumnLayout("#", right=True),
    ColumnLayout("name", least=4, middle=True),
    ColumnLayout("multiply-\nadds", right=True),
)
ROWS = [["0", "convolution_12", "1,234"], ["10", "b", ""]]


def test_table() -> None:
    assert table(COLUMNS, ROWS, ruled=True) == [
        "                    multiply-",
        " #  name                 adds",
        "─────────────────────────────",
        " 0  convolution_12      1,234",
        "10  b",
        "─────────────────────────────",
    ]


def test_a_narrow_table_cuts_names_in_the_middle() -> None:
    assert table(COLUMNS, ROWS, 24) == [
        "               multiply-",
        " #  name            adds",
        "────────────────────────",
        " 0  convol…12      1,234",
        "10  b",
    ]


def test_a_table_is_never_cut_below_what_its_columns_allow() -> None:
    lines = table(COLUMNS, ROWS, 1)
    assert lines[3] == " 0  con…      1,234"


def test_natural_width() -> None:
    assert natural_width(COLUMNS, ROWS) == 29


def test_the_widest_column_gives_way_first() -> None:
    columns = (ColumnLayout("a", least=3), ColumnLayout("b", least=3))
    assert table(columns, [["a" * 10, "b" * 6]], 14)[2] == "aaaaa…  bbbbbb"
    assert table(columns, [["a" * 10, "b" * 6]], 11)[2] == "aaa…  bbbb…"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert table((ColumnLayout("name"),), [["a\nb\x1b[31m"]])[2] == "a\\nb\\u001b[31m"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("漢字漢字", 5, "漢字…"), ("漢字漢字", 4, "漢…"), ("abc", 1, "…")],
)
def test_cut(text: str, width: int, expected: str) -> None:
    assert cut(text, width) == expected


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("3×3", 3), ("漢字", 4), ("é", 1)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


def test_bare_table() -> None:
    rows = [["weights", "12"], ["all", "1,234"]]
    assert bare_table((ColumnLayout(""), ColumnLayout("", right=True)), rows) == ["weights     12", "all      1,234"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [(999, "999 B"), (1000, "0.98 KiB"), (12_288, "12.0 KiB"), (2**20 - 1, "1.00 MiB"), (300 * 2**20, "300 MiB")],
)
def test_short_bytes_text(size: int, expected: str) -> None:
    assert short_bytes_text(size) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (12_345, "12.3 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (28_311_552, "28.3 M"),
        (9_995_000, "10.0 M"),
        (10**15, "1.00 P"),
        (10**27, "1000 Y"),
    ],
)
def test_short_count_text(count: int, expected: str) -> None:
    assert short_count_text(count) == expected


def test_count_text() -> None:
    assert count_text(1_234_567) == "1,234,567"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (12_288, "12.0 KiB"),
        (2**20 - 1, "1.0 MiB"),
        (3 * 2**19, "1.5 MiB"),
        (4 * 10**15, "3.6 PiB"),
        (2**93, "8,192.0 YiB"),
    ],
)
def test_bytes_text(size: int, expected: str) -> None:
    assert bytes_text(size) == expected


def test_the_terminal_width_of_a_pipe_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width(io.StringIO()) is None
    with open(os.devnull, "w") as stream:  # noqa: PTH123 - has a file descriptor, but is no terminal
        assert terminal_width(stream) is None


def test_columns_of_the_environment_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "97")
    assert terminal_width(io.StringIO()) == 97
    monkeypatch.setenv("COLUMNS", "wide")
    assert terminal_width(io.StringIO()) is None


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_the_width_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    parent, child = os.openpty()
    try:
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 88, 0, 0))
        with os.fdopen(child, "w") as stream:
            assert terminal_width(stream) == 88
    finally:
        os.close(parent)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "3×3 ──… 漢 a·b R²"),
        ("ascii", "3x3 --~ \\u6f22 a.b R2"),  # a-b would mean something else
        ("latin-1", "3x3 --~ \\u6f22 a.b R2"),
    ],
)
def test_showable(encoding: str, expected: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert showable("3×3 ──… 漢 a·b R²", stream) == expected
