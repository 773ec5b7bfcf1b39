"""What the command lines of all commands share: the parser, common arguments, and how their reports are shown."""

import argparse
import os
import stat
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from graphnn.commands.guarding import UsageError
from graphnn.errors import GraphError
from graphnn.kernels.choice import KERNELS
from graphnn.machine.launchers import after_the_first, launched
from graphnn.reports.formats import FOR_PROGRAMS, FORMATS, TABLE, render
from graphnn.reports.report import Report
from graphnn.runs.reading import DocumentSource
from graphnn.text.colour import has_colour
from graphnn.text.suggestions import did_you_mean
from graphnn.text.terminal import note, show, showable, terminal_width
from graphnn.text.working import current_display, moving_lines

HELP_WIDTH = 80  # of what argparse does not break into lines itself


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of exiting, and suggests the closest option."""

    def __init__(self, command: str, description: str, examples: Sequence[str]) -> None:
        self._joint = command == "train"  # whether several ranks may run it together
        program = program_name(command)
        shown = "\n".join(f"  {program} {example}".rstrip() for example in examples)
        super().__init__(
            prog=program,
            description=textwrap.fill(description, HELP_WIDTH),
            epilog=f"examples:\n{shown}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the usage, without the list of options, and the message."""
        if message.endswith("expected one argument"):
            message += self.choices_of(message.removeprefix("argument ").partition(":")[0])
        usage = argparse.HelpFormatter(f"{self.prog} [options]", width=1000)
        usage.add_usage(None, self._get_positional_actions(), [])
        raise UsageError(f"{usage.format_help()}{self.prog}: {message}")

    def choices_of(self, option: str) -> str:
        """Return what to write for an option without a value, at the end of its message; "" if it may be anything."""
        action = self._option_string_actions.get(option)
        if action is None or action.choices is None:
            return ""
        choices = tuple(map(str, action.choices))
        return f"; write {option} {choices[0]}" if len(choices) == 1 else f"; it is one of {', '.join(choices)}"

    def format_help(self) -> str:
        """Return the help as standard output can show it."""
        return showable(super().format_help())

    def print_help(self, file: Any = None) -> None:
        """Print the help. Unlike argparse's own method, this raises OSError where it cannot."""
        (file or sys.stdout).write(self.format_help())

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Return the parsed arguments. An unknown option is reported before a missing argument, which it may cause.

        Raises UsageError where several processes were started together to do what one does.
        """
        if launched()[0] > 1 and not self._joint:
            after_the_first()
            raise UsageError(f"{self.prog}: mpirun and srun are for train alone; start this without them")
        for place, argument in enumerate(argv):
            if argument == "--":
                break
            option, equals, value = argument.partition("=")
            after_it = value if equals else self.value_after(argv, place)
            if argument.startswith("--") and option not in self._option_string_actions:
                self.unknown(option, after_it, argv)
            if argument.startswith("-") and argument not in self._option_string_actions and Path(argument).is_file():
                self.unknown(argument, None, argv)
            if argument == "--set":
                self.check_set(argv[place + 1 :])
        self.check_command(argv)
        self.check_required(argv)
        after = argv[argv.index("--") + 1 :] if "--" in argv else []
        # Options may be between positional arguments, except with "--", which argparse would take for one of them then.
        parse = self.parse_known_args if "--" in argv else self.parse_known_intermixed_args
        arguments, unknown = parse(argv)
        if unknown and unknown[0] in after:
            advice = '; options go before "--"' if unknown[0].startswith("-") else ""
            self.error(f'unexpected argument "{unknown[0]}"{advice}')
        if unknown:
            first = argv.index(unknown[0]) if unknown[0] in argv else len(argv)
            self.unknown(unknown[0], self.value_after(argv, first), argv)
        choose_progress(arguments)
        return arguments

    def check_required(self, argv: Sequence[str]) -> None:
        """Raise UsageError where arguments are there, but not an option that the command cannot do without."""
        given = {argument.partition("=")[0] for argument in argv}
        if given and not given & {"-h", "--help"} and "--to" in self._option_string_actions.keys() - given:
            from graphnn.commands.sharing_habits import about_missing_target

            self.error(f"the target is missing; {about_missing_target(argv)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise UsageError where an option does not take a value, with the one to write where that is known."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from graphnn.commands.sharing_habits import about_choice

            choices = tuple(action.choices or ())
            advice = about_choice("".join(action.option_strings[:1]), value, choices)
            if advice is None:
                error.message += did_you_mean(value, choices)
            else:
                error.message += f"; {advice}"
            raise

    @staticmethod
    def value_after(argv: Sequence[str], place: int) -> str | None:
        """Return the argument after the one at a place where it may be its value, None where it is an option."""
        following = argv[place + 1 : place + 2]
        return following[0] if following and not following[0].startswith("--") else None

    def check_command(self, argv: Sequence[str]) -> None:
        """Raise UsageError where a second command follows the first, as in `graphnn train evaluate`."""
        positional = self._get_positional_actions()
        if argv and argv[0].isalpha() and positional and positional[0].dest == "spec":
            from graphnn.commands.habits import about_second_command
            from graphnn.commands.main import COMMANDS

            if (advice := about_second_command(argv, COMMANDS)) is not None:
                self.error(f'"{argv[0]}" is a command, and this one takes a document; {advice}')

    def check_set(self, after: Sequence[str]) -> None:
        """Raise UsageError where the arguments after --set are a setting with blanks around its "="."""
        from graphnn.commands.habits import about_set  # here and below: for wrong command lines only

        if after and "=" not in after[0].rstrip("=") and (advice := about_set(after)) is not None:
            self.error(f'argument --set: "{after[0]}" is not PATH=VALUE; {advice}')

    def unknown(self, argument: str, value: str | None, argv: Sequence[str]) -> NoReturn:
        """Raise UsageError for an argument that the command does not take, with what to write instead.

        value: the argument after it, if it may be its value. argv: all arguments.
        """
        from graphnn.commands.habits import about_argument, about_option

        if not argument.startswith("-"):
            advice = about_argument(argument, argv, self._option_string_actions)
            self.error(f'unexpected argument "{argument}"{"" if advice is None else f"; {advice}"}')
        if Path(argument).is_file():
            from graphnn.text.shell import file_word

            self.error(f'unknown option "{argument}"; for the file of this name, write {file_word(Path(argument))}')
        advice = about_option(argument, value, self._option_string_actions, self.prog)
        if advice is not None:
            self.error(f'unknown option "{argument}"; {advice}')
        import difflib

        known = [option for option in self._option_string_actions if option.startswith("--")]
        close = difflib.get_close_matches(argument, known, n=1)
        if close:
            self.error(f'unknown option "{argument}"; did you mean "{close[0]}"?')
        if "--set" in known:
            self.error(
                f'unknown option "{argument}"; --help lists the options, and values of the document are changed '
                "with --set, for example --set training.epochs=5"
            )
        self.error(f'unknown option "{argument}"; --help lists the options')


def choose_progress(arguments: argparse.Namespace) -> None:
    """Let progress be shown as the arguments ask for: not with --quiet, by plain lines with --plain.

    Where programs read the result, progress is shown in a terminal only. Elsewhere lines move only where nobody writes
    to the same terminal by a way around, as in `train | tee log`.
    """
    display = current_display()
    if display is None:
        return
    for_programs = getattr(arguments, "format", TABLE) in FOR_PROGRAMS or getattr(arguments, "json", False)
    quiet, plain = getattr(arguments, "quiet", False), getattr(arguments, "plain", False)
    display.live = not (quiet or plain) and moving_lines(sys.stderr) and (for_programs or not is_pipe(sys.stdout))
    display.mute = quiet or for_programs


def program_name(command: str) -> str:
    """Return how the command was called: as a script of tools/, by `python -m graphnn`, or as the installed program."""
    called = sys.argv[0] if sys.argv else ""
    if Path(called).name == f"{command}.py":
        return f"python {called}"
    return (
        f"python -m graphnn {command}"
        if Path(called).parts[-2:] == ("graphnn", "__main__.py")
        else f"graphnn {command}"
    )


def positive_integer(text: str) -> int:
    """Return an integer ≥ 1, for `type=` of an argument."""
    return _integer_from(1, text)


def natural_number(text: str) -> int:
    """Return an integer ≥ 0, for `type=` of an argument."""
    return _integer_from(0, text)


def run_number(text: str) -> int:
    """Return the number of a run, for `type=` of an argument."""
    return _integer_from(1, text, "the number of a run")


def _integer_from(smallest: int, text: str, what: str = "") -> int:
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if value < smallest:
        raise argparse.ArgumentTypeError(f'"{text}" is not {what or f"an integer of at least {smallest}"}')
    return value


def with_value_apart(argv: Sequence[str], option: str, absent: str, is_value: Callable[[str], bool]) -> list[str]:
    """Return the arguments with an option and its value as one, so that no document after it is taken for the value.

    absent: the value where none follows. is_value: whether an argument after the option is its value.
    """
    result: list[str] = []
    for argument in argv:
        if result[-1:] == [option] and "--" not in result:
            result[-1:] = [f"{option}={argument}"] if is_value(argument) else [f"{option}={absent}", argument]
        else:
            result.append(argument)
    return [*result[:-1], f"{option}={absent}"] if result[-1:] == [option] and "--" not in result else result


def add_document_arguments(parser: Parser, *, required: bool = True, several: bool = False) -> None:
    """Add the arguments of every command that reads a document, or several: SPEC, --set and --plugin."""
    parser.add_argument(
        "spec",
        type=Path,
        nargs="+" if several else None if required else "?",
        metavar="SPEC",
        help="the document of the network, for example models/digits.json",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="overrides",
        help="change a value of the document for this call, for example training.epochs=5; null removes it; "
        "may be repeated",
    )
    add_plugin_argument(parser)


def add_plugin_argument(parser: Parser) -> None:
    """Add --plugin."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.py",
        dest="plugins",
        help="run a Python file that registers further layer types; may be repeated",
    )


def document_source(arguments: argparse.Namespace, *more: str) -> DocumentSource:
    """Return the document that the arguments of `add_document_arguments` name.

    more: changes that are made after those of --set. A change that a later one undoes is told in a note. Raises
    SpecError for a bad pipe, GraphError where the current folder has been deleted, because no name of a file means
    anything there.
    """
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise GraphError("the current folder has been deleted; change to another one") from error
    changes = [*arguments.overrides, *more]
    for index, change in enumerate(changes):
        path, _, value = change.partition("=")
        undoing = next((each for each in changes[index + 1 :] if each.partition("=")[0] == path), None)
        if undoing is not None and value != "null":  # which removes one item of a list after the other
            note(f"--set {change} is undone by --set {undoing}; leave one of them out")
    return DocumentSource.of(arguments.spec, changes, arguments.plugins)


def add_data_argument(parser: Parser) -> None:
    """Add --data-dir."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="FOLDER",
        help="where data sets are looked for and downloaded to; else GRAPHNN_DATA, else the user cache folder",
    )


def add_threads_argument(parser: Parser) -> None:
    """Add --threads."""
    parser.add_argument(
        "--threads",
        type=positive_integer,
        metavar="N",
        help="how many threads compute; all cores by default; the results do not depend on it",
    )


def add_kernels_argument(parser: Parser) -> None:
    """Add --kernels."""
    parser.add_argument(
        "--kernels",
        choices=tuple(KERNELS),
        help="what computes on images: numpy alone, or functions compiled by numba, the default where it is installed "
        "and a training is so much work that compiling pays; results differ by rounding",
    )


def add_format_argument(parser: argparse._ActionsContainer, *, csv: str) -> None:
    """Add --format to a parser, or to one of its groups. csv: what a line of csv contains, for the help."""
    others = ", ".join(name for name in FORMATS if name not in (TABLE, "csv"))
    parser.add_argument("--format", choices=FORMATS, default=TABLE, help=f"{TABLE} (default), {others}, or csv: {csv}")


def show_report(report: Report, form: str = TABLE) -> None:
    """Print a report on standard output, fitted to its terminal. Raises GraphError where it has no such form."""
    text = render(report, form, terminal_width(), colour=has_colour(sys.stdout))
    show(text, exact=form in FOR_PROGRAMS)


def is_pipe(stream: TextIO) -> bool:
    """Whether a stream goes to another program, which may write what it reads to the terminal."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def add_weights_argument(parser: Parser) -> None:
    """Add --weights."""
    parser.add_argument(
        "--weights", type=Path, metavar="W.npz", help="the trained weights; by default NAME.npz beside the document"
    )
