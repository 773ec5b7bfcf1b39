"""What a training writes apart from its own folder: a picture of its curves, files for TensorBoard."""

from collections.abc import Sequence
from typing import Protocol

from graphnn.errors import GraphError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.open_run import OpenRun
from graphnn.text.terminal import note
from graphnn.training.history import Record


class SideProduct(Protocol):
    """One thing that is written from the epochs of a run."""

    def check(self) -> None:
        """Raise GraphError where it could not be written; writes nothing."""

    def update(self, run: RunFolder, facts: RunFacts, history: Sequence[Record], *, last: bool) -> str | None:
        """Write what there is after the epochs so far, and return a sentence to print, or None.

        last: whether the training ends here, finished or not. Raises GraphError where it cannot be written; the next
        call writes everything that is missing then.
        """


class SideProducts:
    """All that a training writes apart from its folder. What cannot be written stops no training."""

    def __init__(self, outputs: Sequence[SideProduct]) -> None:
        self._outputs = outputs

    def update(self, files: OpenRun, history: Sequence[Record]) -> None:
        """Write what there is after an epoch, or before the first; what cannot be written is told in a note."""
        for output in self._outputs:
            try:
                output.update(files.folder, files.facts, history, last=False)
            except GraphError as error:
                note(f"{error}; the training goes on")

    def end(self, files: OpenRun, history: Sequence[Record]) -> tuple[list[str], list[str]]:
        """Write what there is at the end of the training; return sentences on it, and problems."""
        said, problems = list[str](), list[str]()
        for output in self._outputs:
            try:
                sentence = output.update(files.folder, files.facts, history, last=True)
            except GraphError as error:
                problems.append(str(error))
            else:
                said += [] if sentence is None else [sentence]
        return said, problems

    def lines(self, files: OpenRun, history: Sequence[Record]) -> list[str]:
        """Write what there is where the training ends before its end; return sentences and problems alike."""
        said, problems = self.end(files, history)
        return [*said, *problems]
