"""Where the values of plain layers are written, in a document whose layers are repeated or come from its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from graphnn.document.json_reader import Path
from graphnn.frozen_dataclass import frozen_dataclass


@frozen_dataclass
class StandIn:
    """A layer that stands for others, on the way from the list of layers to a plain one.

    path: where it is written. repetition: which of its repetitions, from 1; None for the use of a block. name: of such
    a use, as the names of the layers in it begin.
    """

    path: Path
    repetition: int | None = None
    name: str = ""


@frozen_dataclass
class Origin:
    """Where a plain layer comes from.

    written: the path of the layer in the document. steps: the layers that stand for it, the outermost first.
    elsewhere: the settings whose values are written at other paths, in the defaults or where a block is used.
    """

    written: Path
    steps: tuple[StandIn, ...] = ()
    elsewhere: Mapping[str, Path] = field(default_factory=dict)


Origins = Mapping[Path, Origin]  # by the paths of the plain layers


def origin_of(origins: Origins, path: Path) -> tuple[Origin | None, Path]:
    """Return the origin of the innermost layer on a path, and the rest; (None, path) where there is none."""
    for length in range(len(path), 1, -1):
        origin = origins.get(path[:length])
        if origin is not None:
            return origin, path[length:]
    return None, path


def written_path(origins: Origins, path: Path) -> Path:
    """Return where the value at a path of the plain layers is written in the document."""
    origin, rest = origin_of(origins, path)
    if origin is None:
        return path
    if rest and str(rest[0]) in origin.elsewhere:
        return (*origin.elsewhere[str(rest[0])], *rest[1:])
    return (*origin.written, *rest)
