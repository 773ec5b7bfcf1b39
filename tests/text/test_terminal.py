"""Messages to people: notes that are said once."""

import ast
from pathlib import Path

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


def printed(code: ast.AST) -> list[ast.expr]:
    """Return the first argument of each call of print."""
    return [
        node.args[0]
        for node in ast.walk(code)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


PACKAGE = Path(__file__).parents[2] / "graphnn"
TO_PROGRAMS = {PACKAGE / "benchmark" / "worker.py"}  # its replies are read by the process that started it


def test_nothing_is_printed_that_a_terminal_could_obey() -> None:
    arguments = [
        argument
        for file in PACKAGE.rglob("*.py")
        if file not in TO_PROGRAMS
        for argument in printed(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert len(arguments) > 5
    assert {ast.unparse(each) for each in arguments if not ast.unparse(each).startswith("showable(")} == set()
