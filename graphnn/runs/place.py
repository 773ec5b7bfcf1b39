"""RunPlace: where a run keeps its files, and where its weights go at the end."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.facts import TRAINING, RunFacts, now, versions
from graphnn.runs.folder import Mark, RunFolder, TakenRun
from graphnn.runs.log import RunLog
from graphnn.runs.open_run import OpenRun
from graphnn.runs.promotion import Destination
from graphnn.runs.store import RunStore, written
from graphnn.specification.spec import Spec
from graphnn.training.checkpoint import RunSettings
from graphnn.training.history import Record


@frozen_dataclass(kw_only=True)
class RunPlace:
    """Where a run keeps its files.

    store: all runs. destination: of its weights; None: they stay in its folder. resumed: the unfinished run that goes
    on, whose folder is used; mark: of the checkpoint that it goes on from. goes_on_from: the finished run whose end is
    its start. init_from: the weights file that a new run starts from. command: of the run, for its facts. changes: the
    options that made its document another than the one that is written. again: returns the command that resumes the run
    of a number; None: an interrupted run is not saved. taken: whether another process has begun this training, asked
    before a new folder is made, by one process at a time. after: returns the lines that end a finished run, on what to
    do with its weights; it is given their file, and what the network takes, as TrainingData.takes.
    """

    store: RunStore
    destination: Destination | None = None
    resumed: RunFolder | None = None
    mark: Mark | None = None
    goes_on_from: RunFolder | None = None
    init_from: str | None = None
    command: str = ""
    changes: Sequence[str] = ()
    again: Callable[[int], str] | None = None
    taken: Callable[[], bool] | None = None
    after: Callable[[Path, str], Sequence[str]] | None = None

    @contextlib.contextmanager
    def opened(
        self,
        spec: Spec,
        settings: RunSettings,
        *,
        samples: int,
        metrics: Sequence[str],
        validated: Sequence[str],
        records: Iterable[Record],
        log: RunLog,
    ) -> Iterator[OpenRun]:
        """A context in which the run's folder is claimed: a new one, or that of the run that goes on.

        samples: to be trained on in all epochs. metrics, validated, records, log: as in OpenRun.opened. Raises TakenRun
        where another process trains into the folder, or has begun this training; WeightsError where it cannot be
        written.
        """
        facts = RunFacts(
            state=TRAINING,
            command=self.command,
            versions=versions(settings.kernels),
            started=now(),
            changes=tuple(self.changes),
            data=settings.data,
            limit=settings.limit,
            kernels=settings.kernels,
            epochs=spec.training["epochs"],
            samples=samples,
            figures={},
            goes_on_from=None if self.goes_on_from is None else self.goes_on_from.number,
            init_from=self.init_from if self.goes_on_from is None else self.goes_on_from.facts().init_from,
        )
        with contextlib.ExitStack() as stack:
            with self.beginning():
                with written(self.store.folder):
                    folder = self.resumed or self.store.make()
                facts = replace(facts, resume=None if self.again is None else self.again(folder.number))
                if self.resumed is not None:
                    known, changes = folder.facts(), facts.changes
                    facts = known.changed(epochs=facts.epochs, samples=samples, changes=changes, resume=facts.resume)
                opened = OpenRun.opened(
                    folder,
                    facts,
                    settings.document,
                    metrics,
                    log,
                    validated=validated,
                    records=records,
                    mark=None if self.resumed is None else self.mark,
                )
                files = stack.enter_context(opened)
            yield files

    @contextlib.contextmanager
    def beginning(self) -> Iterator[None]:
        """A context in which the run's folder is claimed: with `taken`, by one process at a time. Raises TakenRun."""
        if self.taken is None or self.resumed is not None:
            yield
            return
        with self.store.turn("beginning a training"):
            if self.taken():
                raise TakenRun(f"{self.store.folder}: another process has begun this training")
            yield
