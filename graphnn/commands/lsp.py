"""lsp: starts the language server, which an editor talks to."""

import importlib.util
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from graphnn.commands.arguments import Parser, add_plugin_argument
from graphnn.commands.guarding import guarded, in_main_thread
from graphnn.errors import GraphError
from graphnn.text.colour import is_terminal
from graphnn.text.installing import extra_command
from graphnn.text.terminal import complain


def main(argv: Sequence[str] | None = None) -> int:
    """Run `lsp` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "lsp",
        "Start the language server, which shows in your editor, while you type, what is wrong with a document and what "
        "its layers give. The editor starts it, and talks to it by standard input and output.",
        ["", "--plugin my_layers.py"],
    )
    result.add_argument(
        "--stdio", action="store_true", help="talk by standard input and output, the only way; some editors say so"
    )
    add_plugin_argument(result)
    return result


def run(argv: Sequence[str]) -> int:
    """Serve until the editor ends."""
    arguments = parser().parse(argv)
    if importlib.util.find_spec("pygls") is None:
        raise GraphError(f"the language server needs pygls: {extra_command('lsp')}")
    from graphnn.language_server.server import serve  # here, because it needs pygls

    plugins = {}
    if arguments.plugins:
        from graphnn.layers.plugins import load_plugins

        with redirect_stdout(sys.stderr):  # standard output is for the editor alone
            plugins = load_plugins(arguments.plugins)
    if is_terminal(sys.stdin):
        complain("This is for an editor, which starts it itself: see graphnn/language_server/README.md. Ctrl-C ends.")
    if in_main_thread():  # Ctrl-C ends at once; a thread that waits for the editor would hold a KeyboardInterrupt up
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:  # which pygls closes
        serve(plugins, sys.stdin.buffer, output)
    return 0
