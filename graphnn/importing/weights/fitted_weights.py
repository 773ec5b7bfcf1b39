"""Weights of another library as the parameters of a network: read, matched, and in the order here."""

from collections.abc import Mapping
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph
from graphnn.importing.weights.foreign_file import ForeignFile
from graphnn.importing.weights.map_file import map_template, read_map
from graphnn.importing.weights.matching import Matching, match
from graphnn.importing.weights.matching_report import (
    FOLDED,
    dropout_notes,
    epsilon_notes,
    is_folded,
    open_text,
    report_lines,
)
from graphnn.importing.weights.slots import Slot, in_our_order, slots_of
from graphnn.importing.weights.weight_files import read_foreign
from graphnn.storage.weights import LONG, non_finite, not_finite_text
from graphnn.text.suggestions import quoted
from graphnn.types import Array, Shape


class OpenMatching(WeightsError):
    """It is not certain which modules of a file the layers take. template: a map in which to choose."""

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template = template


@frozen_dataclass
class FittedWeights:
    """The arrays of a file that fit a network, by layer/parameter, and how they were found.

    others: parameters of layers of no known kind, which are never taken. notes: for the user.
    """

    file: ForeignFile
    slots: tuple[Slot, ...]
    others: tuple[str, ...]
    matching: Matching
    arrays: Mapping[str, Array]
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether each parameter is taken from the file, and each module of the file is taken."""
        return not (self.others or self.matching.anew or self.matching.unused)

    @property
    def template(self) -> str:
        """The matching as a map, to change."""
        return map_template(self.slots, self.matching)

    def lines(self, *, whole: bool) -> list[str]:
        """Return what was taken from where, what was not used, and what starts anew. whole: all of it."""
        others = [f"{quoted(key)} is in the network, not in the file" for key in self.others]
        return [*report_lines(self.slots, self.file, self.matching, whole=whole), *others]


def fitted_weights(
    path: Path, graph: Graph, map_file: Path | None = None, *, option: str, data_shape: Shape | None = None
) -> FittedWeights:
    """Read a file of another library, and match its modules with the layers of a graph.

    map_file: says which module is which layer, for all that it names. option: that takes a map, for messages.
    data_shape: of the samples, where the network takes them flat. Raises GraphError where a package is missing,
    SpecError or WeightsError for a wrong map, OpenMatching where it is not certain what is what, and WeightsError where
    the file cannot be read, nothing in it fits, or what fits is not finite.
    """
    file = read_foreign(path)
    known = slots_of(graph, data_shape)
    chosen = None if map_file is None else read_map(map_file, known.slots, file)
    matching = match(known.slots, file, chosen)
    if matching.open:
        template = map_template(known.slots, matching)
        advice = f"{option} map.json writes a map there, in which to choose"
        if map_file is not None:
            advice = f"in {map_file}, leave one module to each of them"
        raise OpenMatching(open_text(file, matching, advice), template)
    if is_folded(file, matching):
        raise WeightsError(f"{path}: {FOLDED}")
    fitted = FittedWeights(
        file,
        known.slots,
        known.others,
        matching,
        taken_arrays(known.slots, matching),
        (*file.notes, *epsilon_notes(known.slots, file, matching), *dropout_notes(graph, file)),
    )
    if not matching.pairs:
        lines = "".join(f"\n  {line}" for line in fitted.lines(whole=False)[1:])
        raise WeightsError(f"{path}: nothing in it fits the network{lines}")
    check_finite(file, matching)
    return fitted


def taken_arrays(slots: tuple[Slot, ...], matching: Matching) -> dict[str, Array]:
    """Return all arrays that are taken, by layer/parameter."""
    return {
        key: array
        for slot in slots
        if slot.name in matching.pairs
        for key, array in in_our_order(slot, matching.pairs[slot.name]).items()
    }


def check_finite(file: ForeignFile, matching: Matching) -> None:
    """Raise WeightsError with the arrays of the file that are taken and hold NaN or infinity, if any does."""
    taken = {name: module.arrays[part] for module in matching.pairs.values() for part, name in module.sources.items()}
    counts = non_finite(taken)
    if counts:
        raise WeightsError(
            *(f"{file.path}: {quoted(name, LONG)} holds {not_finite_text(count)}" for name, count in counts.items())
        )
