"""The program `graphnn COMMAND …`: imports the module of that command, and passes it the arguments."""

import importlib
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter

from graphnn.commands.guarding import UsageError, guarded
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.registry import Registry
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.text.terminal import complain, showable
from graphnn.version import __version__

PRINT_COMPLETION = "--print-completion"


@frozen_dataclass
class Command:
    """A command of the program: the function `main` in the module of its name in this package, or in another there."""

    name: str
    summary: str
    module: str = ""

    @property
    def module_name(self) -> str:
        """The module in this package that runs it."""
        return self.module or self.name

    def run(self, arguments: Sequence[str]) -> int:
        """Run the command and return its exit code."""
        main: Callable[[Sequence[str]], int] = importlib.import_module(f"graphnn.commands.{self.module_name}").main
        return main(arguments)


COMMANDS: Registry[Command] = Registry("command", name_of=attrgetter("name"), error=UsageError)
for _name, _summary in (
    ("train", "train a network and save its weights beside its document"),
    ("inspect", "show a network's layers, shapes, parameters, work and memory"),
    ("evaluate", "measure trained weights on the test part"),
    ("predict", "classify pictures, arrays or rows of a table with trained weights"),
    ("import", "make a document and weights of an ONNX file, from PyTorch or Keras"),
    ("benchmark", "measure speed and memory, and compare them with PyTorch"),
    ("compare", "train variants of a network, and show what each change is worth"),
    ("runs", "list the trainings of a network, draw their curves, choose or remove one"),
    ("report", "write a page about a training: figures, curves, mistakes, network, data"),
    ("export", "write a trained network for ONNX, PyTorch or Keras, or draw it"),
    ("serve", "answer predictions over HTTP, with a page to try the network on"),
    ("lsp", "the language server for editors: mistakes and shapes while you type"),
    ("run", "check the building blocks: graphnn run unittest NAME"),
):
    COMMANDS.register(Command(_name, _summary, "import_model" if _name == "import" else ""))


def usage() -> str:
    """Return the list of commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items()]
    more = f"graphnn --version, graphnn {PRINT_COMPLETION} SHELL: the script by which bash, zsh and others complete"
    return "\n".join(["usage: graphnn COMMAND …    (graphnn COMMAND --help shows more)", "", *lines, "", more])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return guarded(dispatch, argv)


def dispatch(arguments: Sequence[str]) -> int:
    """Pass the arguments to the command that the first of them names. Raises UsageError for an unknown one."""
    if not arguments:
        complain(usage())
        return 2
    name = arguments[0]
    if name in ("-h", "--help"):
        print(showable(usage()))
        return 0
    if name == "--version":
        print(showable(f"graphnn {__version__}"))
        return 0
    if name.partition("=")[0] == PRINT_COMPLETION:
        from graphnn.commands.completion import completion_script  # here, because it imports all commands

        _, equals, value = name.partition("=")
        sys.stdout.write(completion_script([*([value] if equals else []), *arguments[1:]]))
        return 0
    if name not in COMMANDS:
        raise UsageError(f"graphnn: unknown command {quoted(name)}{advice(name, arguments[1:])}")
    return COMMANDS[name].run(arguments[1:])


def advice(name: str, rest: Sequence[str]) -> str:
    """Return what to write instead of an unknown command, at the end of its message; or the list of all."""
    from graphnn.commands.habits import about_command

    line = about_command(name, rest, COMMANDS)
    if line is not None:
        return f"; {line}"
    return did_you_mean(name, COMMANDS) or f"\n{usage()}"


if __name__ == "__main__":
    sys.exit(main())
