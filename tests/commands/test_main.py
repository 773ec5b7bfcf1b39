"""The program `graphnn`: it imports and calls the named command only."""

import importlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphnn.commands import main as entry


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """The handler of Ctrl-C, which a command that ends its process does not leave as it was."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in entry.COMMANDS)


def test_no_command_is_an_error_with_the_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["graphnn"])
    assert entry.main() == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "usage: graphnn COMMAND" in shown.err


def test_a_mistyped_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["trian", "x.json"]) == 2
    assert 'unknown command "trian"; did you mean "train"?' in capsys.readouterr().err
    assert entry.main(["xyzzy"]) == 2
    assert 'unknown command "xyzzy"\n' in capsys.readouterr().err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("graphnn ")


def test_the_rest_goes_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    heard: list[list[str]] = []

    def module(name: str) -> SimpleNamespace:
        imported.append(name)
        return SimpleNamespace(main=lambda argv: heard.append(argv) or 7)

    monkeypatch.setattr(entry.importlib, "import_module", module)
    assert entry.main(["predict", "a.json", "--help"]) == 7
    assert imported == ["graphnn.commands.predict"]
    assert heard == [["a.json", "--help"]]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["xyzzy"]])
def test_the_list_is_shown_in_ascii(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(shown, encoding="ascii", write_through=True))
    monkeypatch.setattr(sys, "argv", ["graphnn", *arguments])
    assert entry.main() == (0 if arguments == ["--help"] else 2)
    assert b"usage: graphnn COMMAND" in shown.getvalue()


def test_a_reader_that_leaves_the_list_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = os.pipe()
    with os.fdopen(ends[1], "w") as stream:
        os.close(ends[0])
        monkeypatch.setattr(sys, "stdout", stream)
        assert entry.main(["--help"]) == 1


def test_no_command_is_imported_that_is_not_asked_for() -> None:
    code = "import sys, graphnn.commands.main as m; m.main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = done.stdout.splitlines()[-1].split()
    commands = {name for name in imported if name.startswith("graphnn.commands.")}
    assert commands == {"graphnn.commands.main", "graphnn.commands.guarding"}


def test_every_file_of_a_command_is_in_the_list(root: Path) -> None:
    modules = {command.module or name for name, command in entry.COMMANDS.items()}
    shared = {
        "__init__",
        "arguments",
        "compare_search",
        "completion",
        "guarding",
        "habits",
        "import_arguments",
        "import_weights",
        "main",
        "output_place",
        "predict_output",
        "predict_table",
        "sharing_habits",
        "speedup_arguments",
        "watching",
    }
    assert {file.stem for file in (root / "graphnn" / "commands").glob("*.py")} - shared == modules
    assert {file.stem for file in (root / "tools").glob("*.py")} == set(entry.COMMANDS)


@pytest.mark.parametrize("name", entry.COMMANDS)
def test_the_first_lines_of_help_fit_a_terminal(name: str) -> None:
    command = entry.COMMANDS[name]
    parser = importlib.import_module(f"graphnn.commands.{command.module_name}").parser()
    description = parser.description
    assert description in parser.format_help()
    assert max(map(len, description.splitlines())) <= 80
