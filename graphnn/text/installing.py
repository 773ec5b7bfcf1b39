"""The command line that installs packages for the Python that is running, whichever the shell would find."""

import shutil
import sys
from importlib import import_module
from pathlib import Path

from graphnn.text.shell import shell_joined


def install_command(*packages: str) -> str:
    """Return the command line that installs packages for this Python; it is called python where the shell finds it."""
    found = shutil.which("python")
    known = found is not None and Path(found).absolute().parent == Path(sys.executable).parent
    python = "python" if known or not sys.executable else sys.executable
    return shell_joined([python, "-m", "pip", "install", *packages])


def extra_command(*extras: str) -> str:
    """Return the command line that installs extras of graphnn, what some commands need: the names in pyproject.toml.

    Where graphnn runs from a checkout, and is not installed, it installs that, too.
    """
    from importlib.metadata import PackageNotFoundError, version  # here: for messages alone

    names = f"[{','.join(dict.fromkeys(extras))}]"
    try:
        version("graphnn")
    except PackageNotFoundError:
        return install_command("-e", f"{Path(__file__).parents[2]}{names}")
    return install_command(f"graphnn{names}")


def missing(module: str) -> str | None:
    """Return "" for a module that is not installed, what is wrong with one that is broken, and None for any other."""
    try:
        import_module(module)
    except ModuleNotFoundError as problem:
        return "" if problem.name == module else str(problem)
    except Exception as problem:  # of a library that lacks another one: ImportError, OSError, AttributeError, …
        return next(iter(str(problem).splitlines()), type(problem).__name__)
    return None


def import_remedy(problem: Exception, extra: str) -> str:
    """Return the end of a message about a package that cannot be imported: whether it is broken, and what installs it.

    problem: what importing it raised. extra: of graphnn, that has it.
    """
    broken = "" if isinstance(problem, ModuleNotFoundError) else f", and the one here is broken: {problem}"
    return f"{broken}: {extra_command(extra)}"
