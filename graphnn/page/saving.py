"""Writing the page whole or not at all, and never over a file that is something else."""

import importlib
import os
from pathlib import Path

from graphnn.errors import GraphError
from graphnn.runs.store import run_around
from graphnn.storage.own_files import check_own_file
from graphnn.storage.replacing import replacing
from graphnn.text.installing import import_remedy

SUFFIXES = (".html", ".htm")
MARK = '<meta name="generator" content="graphnn report">'  # near the start of each page
NEEDED = ("matplotlib", "jinja2", "PIL")  # of which the last comes with the first


def check_libraries() -> None:
    """Raise GraphError unless what draws the page can be imported."""
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as problem:
            raise GraphError(
                f"the page needs matplotlib and jinja2, but there is no {name}{import_remedy(problem, 'report')}"
            ) from problem


def check_page(path: Path) -> None:
    """Raise GraphError where no page could be written at a path; writes nothing.

    A file that is there already must be a page that was written here: nothing else is replaced. A link is followed.
    """
    if path.suffix.lower() not in SUFFIXES:
        named = path / "report.html" if path.is_dir() else path.with_name(f"{path.stem}.html")
        raise GraphError(f"{path}: the name of a page ends in .html; name it {named}, for example")
    around = run_around(Path(os.path.realpath(path)))
    if around is not None:
        raise GraphError(
            f"{path}: lies in {around}, the folder of a run, into which nothing else is written; name another place"
        )
    refusal = "is no page of graphnn report, so it is not replaced; name another file by --output"
    check_own_file(path, lambda head: MARK.encode() in head, refusal)


def save_page(text: str, path: Path) -> None:
    """Write a page, through links. Raises GraphError, also where something else has come to stand there."""
    check_page(path)
    try:
        with replacing(Path(os.path.realpath(path))) as file:
            file.write(text.encode())
    except OSError as problem:
        raise GraphError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
