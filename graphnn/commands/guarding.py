"""Runs a command: errors printed as messages, and exit codes."""

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from graphnn.errors import GraphError
from graphnn.runs.stopping import STOPPED_BY, exit_code
from graphnn.text.colour import Meaning
from graphnn.text.outputs import named_outputs
from graphnn.text.terminal import complain, each_note_once, note
from graphnn.text.working import Display, displayed

INTERRUPTED = exit_code(signal.SIGINT)  # what a command returns that was stopped, by whichever signal


class UsageError(GraphError):
    """The command line is wrong."""


def guarded(command: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """Run a command and return its exit code; errors that a user can cause are printed on stderr, without traceback.

    argv: its arguments; None: those of this process, which has nothing to do afterwards that Ctrl-C may stop.
    """
    prepare()
    try:
        code = answered(command, sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # once more, while a message was printed
        code = exit_code(STOPPED_BY.get())
    if argv is None and in_main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def answered(command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Run a command and return its exit code, after the message of an error."""
    STOPPED_BY.set(signal.SIGINT)
    with named_outputs():
        try:
            display = displayed(Display(sys.stderr, live=False, mute=True))
            with warnings.catch_warnings(), each_note_once(), display:
                warnings.showwarning = in_one_line(warnings.showwarning)
                code = flushed(command, argv)
        except GraphError as error:
            return failed(str(error), error.exit_code)
        except KeyboardInterrupt:
            return failed("Interrupted.", exit_code(STOPPED_BY.get()))
        except BrokenPipeError:  # the reader has ended, as `head` does
            return 1
        except OSError as error:
            return failed(error_text(error), GraphError.exit_code)
        except MemoryError as error:
            return failed(f"not enough memory: {error}", GraphError.exit_code)
        return exit_code(STOPPED_BY.get()) if code == INTERRUPTED else code


def flushed(command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Run a command and return its exit code, once its output is written. Raises OSError where it cannot be."""
    try:
        code = command(argv)
    except SystemExit:  # after --help
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def failed(message: str, code: int) -> int:
    """Print a message on stderr, with that of standard output where it cannot be written to; return the exit code."""
    try:
        sys.stdout.flush()
    except OSError as error:
        message = f"{message}\n{error_text(error)}"
    with contextlib.suppress(OSError):  # where nothing can be said, the exit code says it
        complain(message, Meaning.ERROR)
    return code


def error_text(error: OSError) -> str:
    """Return the message of the system, after the name of the file if there is one."""
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)


def in_one_line(shown: Callable[..., None]) -> Callable[..., None]:
    """Return `shown`, Python's display of warnings, with notes for the user in one line instead of a place in code."""

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        from graphnn.kernels.compiled_cache import NothingKept  # here, because hardly any command needs it

        if issubclass(category, NothingKept):
            note(message)
        else:
            shown(message, category, *place)

    return show


def prepare() -> None:
    """Replace streams that were closed, and let Ctrl-C raise KeyboardInterrupt, which scripts in tools/ switch off."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    if in_main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def in_main_thread() -> bool:
    """Whether this is the main thread; no other may set handlers of signals."""
    return threading.current_thread() is threading.main_thread()
