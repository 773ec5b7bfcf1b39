"""Writing pictures as PNG or SVG, whole or not at all, and never over a file that is something else."""

import importlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from graphnn.errors import GraphError
from graphnn.storage.own_files import check_own_file
from graphnn.storage.replacing import remove_abandoned, replacing
from graphnn.text.installing import import_remedy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
MAKER = "graphnn"  # stands in the metadata of each picture
BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"<?xml")  # of the two kinds


def check_matplotlib() -> None:
    """Raise GraphError unless matplotlib can be imported."""
    try:
        importlib.import_module("matplotlib.figure")
    except ImportError as problem:
        raise GraphError(f"drawing pictures needs matplotlib{import_remedy(problem, 'report')}") from problem


def check_picture(path: Path) -> None:
    """Raise GraphError where no picture could be written at a path; writes nothing.

    A file that is there already must be a picture that was drawn here: nothing else is replaced. A link is followed.
    """
    if path.suffix.lower() not in SUFFIXES:
        found = f"not as {path.suffix}" if path.suffix else "and this name has no ending"
        advice = path / "curves.png" if path.is_dir() else path.with_suffix(".png")
        raise GraphError(f"{path}: pictures are written as .png or .svg, {found}; name it {advice}, for example")
    check_matplotlib()
    check_own_file(path, is_own, f"was not drawn by {MAKER}, so it is not replaced; name another file")


def is_own(head: bytes) -> bool:
    """Whether a file is a picture that was drawn here, by its first bytes."""
    return head.startswith(BEGINNINGS) and MAKER.encode() in head


def picture_bytes(figure: "Figure", kind: str) -> bytes:
    """Return a figure as a file of a kind, one of SUFFIXES; the same figure always gives the same bytes."""
    from graphnn.plots.style import plain_settings

    metadata = {".png": {"Software": MAKER}, ".svg": {"Creator": MAKER, "Date": None}}[kind]
    file = io.BytesIO()
    with plain_settings():
        figure.savefig(file, format=kind[1:], metadata=metadata, facecolor=figure.get_facecolor())
    return file.getvalue()


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure in the format that the end of the name says, through links. Raises GraphError.

    `check_picture` comes first: here, too, nothing is replaced but a picture that was drawn here.
    """
    content = picture_bytes(figure, path.suffix.lower())
    check_picture(path)
    real = Path(os.path.realpath(path))
    remove_abandoned(real.parent)
    try:
        with replacing(real) as file:
            file.write(content)
    except OSError as problem:
        raise GraphError(f"{path}: cannot be written: {problem.strerror or problem}") from problem
