"""What stands at NAME.npz, beside a document: nothing, weights of a run, weights of another origin, or else."""

import filecmp
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.facts import FOUND, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore
from graphnn.storage.weights import load_meta

NOT_REPLACED = "; it is not replaced; write the weights elsewhere with --output, or move it"


@frozen_dataclass
class Standing:
    """The weights that stand beside a document.

    meta: their metadata. run: that has the same ones; None where none is known. facts: of the run; None where it is not
    known how they were trained.
    """

    weights: Path
    meta: Mapping[str, Any]
    run: RunFolder | None = None
    facts: RunFacts | None = None

    @property
    def name(self) -> str:
        """Whose they are, in words."""
        return "it was before this run" if self.run is None else f"run {self.run.number} left it"

    @property
    def whole(self) -> bool:
        """Whether they may be those of a document as it is written, on all samples."""
        return self.facts.whole if self.facts is not None else not self.limited

    @property
    def limited(self) -> bool:
        """Whether they say that they were trained with --limit."""
        data = self.meta.get("data")
        return isinstance(data, dict) and data.get("limit") is not None

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The resolved document that they were trained from, as far as they say."""
        found = self.meta.get("document")
        return found if isinstance(found, dict) else None


def standing(weights: Path, store: RunStore) -> Standing | None:
    """Return the weights at a path; None where nothing is there.

    Raises WeightsError where something else than weights is there: that is somebody's, and is not replaced.
    """
    meta = weights_meta(weights)
    if meta is None:
        return None
    runs = sorted(store.readable(), key=lambda known: (known[1].whole, known[0].number), reverse=True)
    for run, facts in runs:  # of equal weights, a try with a limit that left nothing out is no more than a whole run
        if are_equal(run.weights, weights) or are_equal(run.promoted, weights):
            return Standing(weights, meta, run, None if facts.state == FOUND else facts)
    return Standing(weights, meta)


def are_equal(file: Path, weights: Path) -> bool:
    """Whether a file is there and holds the same bytes; False where it cannot be read, or is being removed."""
    try:
        return file.is_file() and filecmp.cmp(file, weights, shallow=False)
    except OSError:
        return False


def weights_meta(weights: Path, advice: str = NOT_REPLACED) -> Mapping[str, Any] | None:
    """Return the metadata of the weights at a path; None where nothing is there.

    Raises WeightsError where what is there is not a file of weights that graphnn wrote. advice: what the error says
    besides, where another file was to be written there.
    """
    try:
        return load_meta(weights)
    except WeightsError as error:
        raise WeightsError(f"{error}{advice}") from error
