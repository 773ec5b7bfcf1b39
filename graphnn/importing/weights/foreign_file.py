"""What is read from a file of another library: its modules, and what their order means."""

from collections.abc import Mapping
from pathlib import Path

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.importing.weights.modules import Module


@frozen_dataclass
class ForeignFile:
    """The weights in a file of another library.

    kind: of the file, in words. modules: in the file's order. others: names of arrays that belong to no module.
    ordered: whether that order is the one in which a program has defined the modules. before: by the name of each
    module, those that its input comes from, where the file holds the graph. epsilon: of the library's batch
    normalisation, unless its caller says otherwise; None where the file says it. own: whether graphnn exported it.
    notes: for the user.
    """

    path: Path
    kind: str
    modules: tuple[Module, ...]
    others: tuple[str, ...] = ()
    ordered: bool = False
    before: Mapping[str, frozenset[str]] | None = None
    epsilon: float | None = 1e-5
    own: bool = False
    notes: tuple[str, ...] = ()
