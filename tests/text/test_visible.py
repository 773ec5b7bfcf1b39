"""Characters that a terminal would obey, or cannot show."""

import io
import unicodedata

import pytest

from graphnn.text.terminal import showable
from graphnn.text.visible import single_line, visible, without_bytes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\nGröße 漢 👍", "plain\nGröße 漢 👍"),
        ("\x1b[31mred", r"\u001b[31mred"),
        ("over\rwritten\x07\x08\x7f", r"over\rwritten\u0007\b\u007f"),
        ("\x9b31m", r"\u009b31m"),  # one character that begins a command, too
        ("a\u202egnp.exe", r"a\u202egnp.exe"),  # from here on from right to left
        ("a\u2028b\u00adc", r"a\u2028b\u00adc"),
        ("bad\udcff.json", r"bad\xff.json"),  # a byte of a file name
        ("\ud83d", r"\ud83d"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert single_line(f"{text}\n\t") == shown.replace("\n", "\\n") + "\\n\\t"


def test_nothing_but_line_breaks_gets_through() -> None:
    whole = visible("".join(map(chr, range(0x110000))))
    assert {one for one in whole if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")} == {
        "\n",
        "\u200c",
        "\u200d",
    }


def test_a_stream_in_another_encoding_gets_the_same_escapes() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert showable("é\x1b👍 3×3\udcff", stream) == r"\u00e9\u001b\ud83d\udc4d 3x3\xff"


@pytest.mark.parametrize("name", ["net", "Größe", "tab\t"])
def test_a_name_that_is_text_stays(name: str) -> None:
    assert without_bytes(name) == name


def test_a_name_that_is_not_utf_8_becomes_text() -> None:
    assert without_bytes("bad\udcff\udc80é") == r"bad\xff\x80é"
