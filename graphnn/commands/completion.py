"""--print-completion: the script by which a shell completes the commands, their options and their files."""

import importlib
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from graphnn.commands.arguments import Parser
from graphnn.commands.guarding import UsageError
from graphnn.commands.main import COMMANDS, PRINT_COMPLETION
from graphnn.course.checks import CHECKS
from graphnn.course.trials import TRIALS
from graphnn.errors import GraphError
from graphnn.text.installing import import_remedy
from graphnn.text.suggestions import did_you_mean, quoted

DOCUMENT, FOLDER = "SPEC", "FOLDER"  # what arguments are called in the help
CHOICES: Mapping[tuple[str, str], Sequence[str]] = {  # of arguments that take further words, too
    ("run", "command"): ("unittest", *TRIALS),
    ("run", "name"): ("all", *CHECKS, *TRIALS),
}


def completion_script(arguments: Sequence[str]) -> str:
    """Return the script for the shell that the arguments name.

    Raises UsageError for another shell, GraphError where shtab is missing.
    """
    shtab = imported()
    known = list(shtab.SUPPORTED_SHELLS)
    shells = ", ".join(known)
    if not arguments:
        raise UsageError(f"{PRINT_COMPLETION}: name your shell, one of {shells}")
    if arguments[0] not in known:
        meant = did_you_mean(arguments[0], known)
        raise UsageError(f"{PRINT_COMPLETION}: unknown shell {quoted(arguments[0])}{meant or f'; known: {shells}'}")
    if len(arguments) > 1:
        raise UsageError(f"{PRINT_COMPLETION}: unexpected argument {quoted(arguments[1])}")
    script: str = shtab.complete(whole_parser(shtab), arguments[0])
    return script


def imported() -> ModuleType:
    """Return shtab. Raises GraphError where it cannot be imported."""
    try:
        return importlib.import_module("shtab")
    except ImportError as problem:
        raise GraphError(
            f"{PRINT_COMPLETION} needs shtab, which is not installed{import_remedy(problem, 'completion')}"
        ) from problem


def whole_parser(shtab: Any) -> ArgumentParser:
    """Return one parser of all commands, which says how each argument is completed."""
    result = ArgumentParser("graphnn")
    result.add_argument("--version", action="store_true", help="print the version")
    result.add_argument(PRINT_COMPLETION, choices=shtab.SUPPORTED_SHELLS, help="print the completion for a shell")
    commands = result.add_subparsers(metavar="COMMAND", parser_class=ArgumentParser)
    for name, command in COMMANDS.items():
        own: Parser = importlib.import_module(f"graphnn.commands.{command.module_name}").parser()
        for action in own._actions:
            action.choices = CHOICES.get((name, action.dest), action.choices)
            complete = completion_of(action, shtab)
            if complete is not None:
                action.complete = complete  # type: ignore[attr-defined]  # shtab reads it
        commands.add_parser(name, parents=[own], add_help=False, help=command.summary, usage=SUPPRESS)
    return result


def completion_of(action: Action, shtab: Any) -> Any:
    """Return how shtab completes an argument: by the files of a suffix, by folders or by all files; None: not at all.

    An argument that names files of one kind is called after it in the help: SPEC, W.npz, FILE.html, FOLDER.
    """
    if action.type is not Path or action.choices is not None:
        return None
    name = action.metavar if isinstance(action.metavar, str) else ""
    if name == FOLDER:
        return shtab.DIRECTORY
    suffix = ".json" if name == DOCUMENT else Path(name).suffix
    if not suffix:
        return shtab.FILE
    # In zsh a pattern in parentheses, which shtab writes for it, stands for qualifiers of files.
    return {**shtab.glob(f"*{suffix}"), "zsh": f"_files -g '*{suffix}'"}
