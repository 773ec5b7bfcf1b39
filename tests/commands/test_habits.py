"""Each command line of command_lines.txt, as other programs take it, gets the line to write, which is taken then."""

import importlib
import re
import shlex
from pathlib import Path
from typing import cast

import pytest

from graphnn.commands import main as entry
from graphnn.commands.arguments import Parser
from graphnn.commands.guarding import UsageError
from graphnn.commands.habits import COMMANDS, PLOTS, RENAMED, about_seeds
from graphnn.commands.sharing_habits import (
    EXPORT_ADVICE,
    EXPORT_OPTIONS,
    IMPORT_ADVICE,
    IMPORT_OPTIONS,
    PREDICT_ADVICE,
    PREDICT_OPTIONS,
    SERVE_ADVICE,
    SERVE_OPTIONS,
    TARGET_NAMES,
)
from graphnn.exporting.base import TARGETS
from graphnn.text.suggestions import folded

TEXT = (Path(__file__).parent / "command_lines.txt").read_text("utf-8")
LINES = [tuple(block.splitlines()) for block in TEXT.split("\n\n")[1:]]
ADVISED = re.compile(r"(?:write|blanks:|option:|first:) (?:mpirun -n \d+ )?((?:graphnn|--)\S* ?.*)$")


@pytest.fixture
def net(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document net.json in the current folder."""
    monkeypatch.chdir(document.parent)
    monkeypatch.setattr("sys.argv", ["graphnn"])


@pytest.mark.parametrize(("line", "answer"), LINES)
@pytest.mark.usefixtures("net")
def test_the_answer_is_the_line_to_write(line: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(shlex.split(line)[1:]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"; {answer}")


@pytest.mark.parametrize(("line", "answer"), LINES)
@pytest.mark.usefixtures("net")
def test_the_line_to_write_is_taken(line: str, answer: str) -> None:
    advised = ADVISED.search(answer)
    if advised is None:
        assert re.match("leave it out: |it is one of |write [a-z]+[.][a-z_]+=", answer)
        return
    command, *arguments = shlex.split(line)[1:]
    words = shlex.split(advised[1])
    if words[0] == "graphnn":
        command, *arguments = words[1:]
    else:
        target = [] if command != "export" or "--to" in words else ["--to", "onnx"]
        arguments = ["net.json", *target, *words]
    assert parser_of(command).parse(arguments) is not None


def parser_of(command: str) -> Parser:
    """Return the parser of a command."""
    module = importlib.import_module(f"graphnn.commands.{entry.COMMANDS[command].module_name}")
    return cast("Parser", module.parser())


def test_there_are_many_different_lines() -> None:
    assert len(LINES) == len(set(LINES)) >= 60


def test_commands_and_options_of_the_tables_are_there() -> None:
    assert {line.split()[0] for line in COMMANDS.values()} <= {*entry.COMMANDS, "--help", "--version"}
    options: set[str] = set()
    for name in entry.COMMANDS:
        options |= parser_of(name)._option_string_actions.keys()
    assert {option.split()[0] for several in RENAMED.values() for option in several} <= options
    assert all(name == folded(name) for name in (*COMMANDS, *PLOTS, *RENAMED))


def test_names_of_targets_and_options_of_sharing_are_there() -> None:
    assert {target for target, _ in TARGET_NAMES.values()} <= {*TARGETS}
    assert not TARGET_NAMES.keys() & {*TARGETS}
    for command, options in (
        ("export", EXPORT_OPTIONS),
        ("import", IMPORT_OPTIONS),
        ("predict", PREDICT_OPTIONS),
        ("serve", SERVE_OPTIONS),
    ):
        assert {option.split()[0] for option in options.values()} <= parser_of(command)._option_string_actions.keys()
    assert not {*EXPORT_OPTIONS} & {*EXPORT_ADVICE} | {*IMPORT_OPTIONS} & {*IMPORT_ADVICE}
    assert not {*SERVE_OPTIONS} & {*SERVE_ADVICE} | {*PREDICT_OPTIONS} & {*PREDICT_ADVICE}


@pytest.mark.parametrize(
    ("text", "written"),
    [("0-2", "0,1,2"), ("1 2 4", "1,2,4"), ("range(0, 2)", "0,1"), ("(3, 4)", "3,4"), ("2-0", None), ("x", None)],
)
def test_seeds_in_other_forms(text: str, written: str | None) -> None:
    assert about_seeds(text) == written


@pytest.mark.usefixtures("net")
def test_where_nothing_is_close_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["xyzzy"]) == 2
    shown = capsys.readouterr().err
    assert all(f"  {name} " in shown for name in entry.COMMANDS)
    assert entry.main(["fit", "net.json"]) == 2
    assert "\n" not in capsys.readouterr().err.strip()


def test_a_file_with_the_name_of_a_command_is_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parser = importlib.import_module("graphnn.commands.train").parser()
    with pytest.raises(
        UsageError, match=r'"report" is a command, and this one takes a document; write graphnn report$'
    ):
        parser.parse(["report"])
    Path("report").touch()
    assert parser.parse(["report"]).spec == Path("report")
