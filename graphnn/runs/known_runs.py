"""KnownRuns: the runs of a store with their settings, to find the one that a training would repeat."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.datasets.digest import TEST, differing
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.runs.facts import DIVERGED, FINISHED, RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.store import RunStore
from graphnn.specification.differences import may_be_same, settings, with_defaults
from graphnn.training.checkpoint import RunSettings


@frozen_dataclass
class KnownRun:
    """A run with its facts and settings."""

    run: RunFolder
    facts: RunFacts
    settings: RunSettings

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.facts.state == FINISHED

    @property
    def diverged(self) -> bool:
        """Whether it diverged before its end; after it, figures on one part say nothing of those on another."""
        return self.facts.state == DIVERGED and self.facts.done < self.facts.epochs

    @property
    def unfinished(self) -> bool:
        """Whether there is something to go on with, now or when the process that trains it has ended."""
        return not self.finished and not self.diverged and (self.run.checkpoint.is_file() or self.run.running())

    def measured(self, parts: Sequence[str]) -> bool:
        """Whether it is finished and has figures on these parts."""
        return self.finished and all(part in self.facts.figures for part in parts)

    def rank(self, parts: Sequence[str]) -> int:
        """Return how little is left to do for figures on these parts, as a number; 0 where it is of no use."""
        if self.measured(parts):
            return 5
        if self.finished:
            return 4 if self.run.weights.is_file() else 1
        return 3 if self.diverged else 2 if self.unfinished else 0


class KnownRuns:
    """The runs of a store whose settings can be read, without those that started from other weights."""

    def __init__(self, store: RunStore) -> None:
        self._runs = list(known(store))
        self._settings = {each.run.path: settings(each.settings.document) for each in self._runs}
        self._completed: dict[Path, Mapping[str, Any]] = {}  # the same, with defaults of settings that were lacking

    def find(self, wanted: RunSettings, parts: Sequence[str]) -> KnownRun | None:
        """Return the run that a training with these settings would repeat; None where there is none.

        parts: those to have figures on, as run.json names them; the test part may be another where it is not used. Of
        several runs, the one that needs least is returned; of equals, the latest.
        """
        values, test = settings(wanted.document), "test" in parts
        same = [each for each in self._runs if self._is(each, wanted, values, test=test)]
        ranked = sorted((each for each in same if each.rank(parts)), key=lambda each: each.rank(parts))
        return ranked[-1] if ranked else None

    def _is(self, known: KnownRun, wanted: RunSettings, values: Mapping[str, Any], *, test: bool) -> bool:
        own = known.settings
        if (own.limit, own.kernels) != (wanted.limit, wanted.kernels):
            return False
        if any(test or part != TEST for part in differing(own.data, wanted.data)):
            return False
        found = self._settings[known.run.path]
        return found == values or (may_be_same(found, values) and self._with_defaults(known) == values)

    def _with_defaults(self, known: KnownRun) -> Mapping[str, Any]:
        path = known.run.path
        if path not in self._completed:
            self._completed[path] = settings(with_defaults(known.settings.document, added_fragments()))
        return self._completed[path]


def known(store: RunStore) -> Iterator[KnownRun]:
    """Yield the runs of a store whose facts and document can be read, and which started from the document's weights."""
    for run, facts in store.readable():
        if facts.init_from is not None:
            continue
        try:
            document = json.loads(run.document.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue  # a damaged document: of a run that cannot be known again
        if isinstance(document, dict):
            yield KnownRun(run, facts, RunSettings(document, facts.data, facts.limit, facts.kernels))
