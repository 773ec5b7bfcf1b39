"""Messages to people: notes that are said once."""

import pytest

from graphnn.text.terminal import each_note_once, note


def test_a_note_is_printed_once_within_the_context(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with each_note_once():
            for text in ("first", "second", "first"):
                note(text)
    assert capsys.readouterr().err == "note: first\nnote: second\n" * 2


def test_a_note_is_printed_each_time_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    note("first")
    note("first")
    assert capsys.readouterr().err == "note: first\n" * 2
