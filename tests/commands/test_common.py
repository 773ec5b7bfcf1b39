"""What all commands share: options, suggestions, exit codes."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_threads_argument,
    document_source,
    natural_number,
)
from graphnn.commands.guarding import UsageError, guarded
from graphnn.errors import DivergenceError, SpecError
from graphnn.runs import reading
from graphnn.runs.reading import DocumentSource, command_line, read_document
from graphnn.storage.weights import weights_path
from graphnn.text.working import Display, displayed


@pytest.fixture
def parser() -> Parser:
    result = Parser("train", "Do something.", ["a.json", "b.json --threads 2"])
    add_document_arguments(result)
    add_data_argument(result)
    add_threads_argument(result)
    result.add_argument("--limit", type=natural_number)
    return result


def test_arguments_are_parsed(parser: Parser) -> None:
    found = parser.parse(["a.json", "--set", "x=1", "--set=y=2", "--threads", "2", "--limit", "0"])
    assert (found.spec, found.overrides, found.threads, found.limit) == (Path("a.json"), ["x=1", "y=2"], 2, 0)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--tread", "2", "a.json"], 'unknown option "--tread"; did you mean "--threads"?'),
        (["a.json", "--limt=5"], 'unknown option "--limt"; did you mean "--limit"?'),
        (["a.json", "--xyzzy"], 'unknown option "--xyzzy"; --help lists the options, and values of the document'),
        (["a.json", "-q"], 'unknown option "-q"'),
        (["a.json", "b.json"], 'unexpected argument "b.json"'),
        (["--", "a.json", "b.json"], 'unexpected argument "b.json"'),
        (["--", "a.json", "--threads"], 'unexpected argument "--threads"; options go before "--"'),
        (["--tread", "--", "a.json"], 'unknown option "--tread"; did you mean "--threads"?'),
        ([], "the following arguments are required: SPEC"),
        (["a.json", "--threads", "0"], 'argument --threads: "0" is not an integer of at least 1'),
        (["a.json", "--limit", "many"], 'argument --limit: "many" is not an integer of at least 0'),
    ],
)
def test_wrong_arguments_have_clear_messages(parser: Parser, argv: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parser.parse(argv)
    assert message in str(caught.value)
    assert str(caught.value).startswith("usage: ")
    assert caught.value.exit_code == 2


def test_arguments_after_two_dashes_are_not_options(parser: Parser) -> None:
    assert parser.parse(["--", "--tread.json"]).spec == Path("--tread.json")


@pytest.mark.parametrize("name", ["-net.json", "--threads.json"])
def test_a_file_that_looks_like_an_option(
    parser: Parser, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    with pytest.raises(UsageError, match=f'unknown option "{name}"; for the file of this name, write ./{name}$'):
        parser.parse([name])
    assert parser.parse(["--threads", "2", "--", name]).spec == Path(name)


def test_no_option_is_suggested_where_none_is_similar() -> None:
    parser = Parser("run", "Do something.", [])
    with pytest.raises(UsageError, match=r"; --help lists the options$"):
        parser.parse(["--xyzzy"])


@pytest.mark.parametrize(
    ("called", "shown"),
    [("tools/train.py", "python tools/train.py"), ("/usr/bin/graphnn", "graphnn train"), ("pytest", "graphnn train")],
)
def test_help_shows_examples_as_the_command_was_called(
    called: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    with pytest.raises(SystemExit) as left:
        Parser("train", "Do something.", ["a.json"]).parse(["--help"])
    assert left.value.code == 0
    assert f"examples:\n  {shown} a.json\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (SpecError("one", "two"), 2, "one\ntwo\n"),
        (DivergenceError("gone"), 3, "gone\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (FileNotFoundError(2, "No such file", "a.png"), 2, "a.png: No such file\n"),
        (OSError(28, "No space left on device"), 2, "No space left on device\n"),
        (OSError("odd"), 2, "odd\n"),
        (MemoryError("Unable to allocate 9 GiB"), 2, "not enough memory: Unable to allocate 9 GiB\n"),
    ],
)
def test_errors_become_messages_and_codes(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(argv: Sequence[str]) -> int:
        print("before")
        raise error

    assert guarded(command, []) == code
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("before\n", message)


def test_the_arguments_come_from_the_command_line_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "a", "b"])
    assert guarded(lambda argv: 7 if argv == ["a", "b"] else 0, None) == 7


def test_a_bug_is_not_hidden() -> None:
    def command(argv: Sequence[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(command, [])


def test_a_reader_that_leaves_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = os.pipe()
    with os.fdopen(ends[1], "w") as stream:
        os.close(ends[0])
        monkeypatch.setattr(sys, "stdout", stream)

        def command(argv: Sequence[str]) -> int:
            print("nobody reads this")
            return 0

        assert guarded(command, []) == 1


def test_documents_are_read_with_overrides(parser: Parser, document: Path) -> None:
    arguments = parser.parse([str(document), "--set", "training.epochs=5", "--set", "training.seed=2"])
    spec = read_document(document_source(arguments).changed("training.seed=3"))
    assert (spec.training["epochs"], spec.training["seed"]) == (5, 3)


def test_notices_about_a_document_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = SimpleNamespace(notices=["an old format"])
    monkeypatch.setattr(reading, "read_spec", lambda file, **options: found)
    assert read_document(DocumentSource(Path("a.json"))) is found
    assert capsys.readouterr().err == "an old format\n"


def test_weights_are_beside_the_document() -> None:
    assert weights_path(Path("models/net.v2.json")) == Path("models/net.v2.npz")
    assert weights_path(Path("net")) == Path("net.npz")


@pytest.mark.parametrize(
    ("called", "command"),
    [
        ("tools/evaluate.py", "'/my env/python' tools/train.py"),
        ("graphnn/__main__.py", "'/my env/python' -m graphnn train"),
        (".venv/bin/graphnn", ".venv/bin/graphnn train"),
        ("/usr/bin/graphnn", "graphnn train"),  # on the PATH
        ("pytest", "graphnn train"),
    ],
)
def test_suggested_commands_use_the_program_that_was_called(
    called: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(sys, "orig_argv", ["/my env/python", called])
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/graphnn")
    assert command_line("train", "evaluate") == command


def test_the_message_of_a_wrong_option_is_short(parser: Parser) -> None:
    with pytest.raises(UsageError) as caught:
        parser.parse(["--xyzzy"])
    first, last = str(caught.value).splitlines()
    assert first == "usage: graphnn train [options] SPEC"
    assert last.startswith('graphnn train: unknown option "--xyzzy"')


def test_closed_streams_are_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    def command(argv: Sequence[str]) -> int:
        print("nobody reads this")
        raise SpecError("nor this")

    try:
        assert guarded(command, []) == 2
    finally:
        sys.stdout.close()
        sys.stderr.close()


def test_ctrl_c_raises_in_a_script_that_switched_it_off() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        assert guarded(lambda argv: signal.raise_signal(signal.SIGINT) or 0, []) == 130
    finally:
        signal.signal(signal.SIGINT, before)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal, or that it is none."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize(
    ("options", "terminal", "live", "mute"),
    [
        ([], True, True, False),
        ([], False, False, False),
        (["--quiet"], True, False, True),
        (["--plain"], True, False, False),
        (["--format", "json"], True, True, True),
        (["--format", "csv"], False, False, True),
        (["--format", "markdown"], False, False, False),
    ],
)
def test_how_progress_is_shown(
    options: list[str], terminal: bool, live: bool, mute: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=terminal))
    parser = Parser("any", "Any command.", [])
    for option in ("--quiet", "--plain"):
        parser.add_argument(option, action="store_true")
    parser.add_argument("--format", default="table")
    with displayed(Display(sys.stderr, live=False)) as display:
        parser.parse(options)
        assert (display.live, display.mute) == (live, mute)


def test_lines_do_not_move_beside_a_pipe_to_the_same_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `train | tee log`, which writes the lines of the pipe between those that move."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal(is_terminal=True))
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe, displayed(Display(sys.stderr, live=False)) as display:
        monkeypatch.setattr(sys, "stdout", pipe)
        Parser("any", "Any command.", []).parse([])
        monkeypatch.undo()
        assert not display.live
    os.close(reading)
