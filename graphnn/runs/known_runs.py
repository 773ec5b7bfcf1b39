"""KnownRuns: the runs of a store with their settings, to find the one that a training would repeat."""

import json
from collections.abc import Iterator

from graphnn.datasets.digest import TEST
from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.facts import DIVERGED, FINISHED, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore
from graphnn.training.checkpoint import RunSettings


@frozen_dataclass
class KnownRun:
    """A run with its facts and settings."""

    run: RunFolder
    facts: RunFacts
    settings: RunSettings

    @property
    def finished(self) -> bool:
        """Whether it came to its end, and its weights are there."""
        return self.facts.state == FINISHED and self.run.weights.is_file()

    @property
    def over(self) -> bool:
        """Whether training it again would give the same."""
        return self.finished or self.facts.state == DIVERGED

    def refuse_running(self) -> None:
        """Raise WeightsError where another process is training it."""
        if self.run.running():
            raise WeightsError(f"{self.run.path}: is being trained by another process; wait for its end")


class KnownRuns:
    """The runs of a store whose settings can be read."""

    def __init__(self, store: RunStore) -> None:
        self._runs = list(known(store))

    def find(self, settings: RunSettings, part: str) -> KnownRun | None:
        """Return the run that a training with these settings would repeat; None where there is none.

        part: of the data to measure on; the test part may be another where it is not used. Of several, one that is
        measured on the part comes first, then one that is finished, one that diverged, and one that can go on.
        """
        ignore = frozenset[str]() if part == "test" else frozenset({TEST})
        same = [each for each in self._runs if not each.settings.differences(settings, ignore=ignore)]
        ranked = sorted(same, key=lambda each: (each.finished and part in each.facts.figures, each.finished, each.over))
        usable = [each for each in ranked if each.over or each.run.checkpoint.is_file()]
        return usable[-1] if usable else None


def known(store: RunStore) -> Iterator[KnownRun]:
    """Yield the runs of a store whose facts and document can be read."""
    for run, facts in store.readable():
        try:
            document = json.loads(run.document.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue  # a damaged document: of a run that cannot be known again
        if isinstance(document, dict):
            yield KnownRun(run, facts, RunSettings(document, facts.data, facts.limit, facts.kernels))
