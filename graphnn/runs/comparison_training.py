"""One training of a comparison: it is trained, or goes on, or is measured where its run has no figures yet."""

from dataclasses import replace
from pathlib import Path
from typing import Self

from graphnn.document.document import read_document as read_text
from graphnn.errors import DivergenceError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.comparison import ComparisonRequest, Training
from graphnn.runs.folder import TakenRun
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.runs.measuring import measure
from graphnn.runs.progress import Progress
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.stopping import StopRequest
from graphnn.runs.store import RunStore
from graphnn.runs.training import TrainingRequest, train
from graphnn.storage.weights import WeightsFile, load_weights
from graphnn.text.terminal import complain, note
from graphnn.training.checkpoint import load_checkpoint

FINISHED, DIVERGED, STOPPED, LEFT = "finished", "diverged", "stopped", "left to another process"


@frozen_dataclass(kw_only=True)
class ComparisonWork:
    """What all trainings of a comparison share, to be given to other processes.

    document: with its text as the comparison has begun with it, whatever is written into the file meanwhile. again: the
    command that goes on with the comparison. The others are those of ComparisonRequest.
    """

    document: DocumentSource
    store: RunStore
    again: str
    test: bool = False
    limit: int | None = None
    data_dir: Path | None = None
    threads: int | None = None
    kernels: str | None = None

    @classmethod
    def of(cls, request: ComparisonRequest, again: str) -> Self:
        """Return the work of a comparison. again: the command that goes on with it. Raises SpecError."""
        document = request.document
        return cls(
            document=replace(document, text=document.text or read_text(document.file)),
            store=request.store,
            again=again,
            test=request.test,
            limit=request.limit,
            data_dir=request.data_dir,
            threads=request.threads,
            kernels=request.kernels,
        )

    def source(self, training: Training) -> DocumentSource:
        """Return the document of a training."""
        return self.document.changed(*training.variant.overrides, f"training.seed={training.seed}")


def to_measure(training: Training) -> tuple[KnownRun, WeightsFile] | None:
    """Return the finished run of a training whose figures are lacking, with its weights; None where there is none.

    A note says so where they cannot be read, and must be trained again.
    """
    known = training.known
    if known is None or not known.finished:
        return None
    try:
        return known, load_weights(known.run.weights, check_finite=True)
    except WeightsError as error:
        note(f"{error}; they are trained again")
        return None


def carried_out(
    work: ComparisonWork,
    training: Training,
    progress: Progress,
    stop: StopRequest,
    measured: tuple[KnownRun, WeightsFile] | None,
) -> tuple[Training, str]:
    """Train, or measure the run of `to_measure`; return the training with its run, and how it ended.

    The latter is FINISHED, DIVERGED, which is printed, STOPPED, where everything is saved, or LEFT, where another
    process has begun it. Raises GraphError where it fails otherwise.
    """
    source, how = work.source(training), FINISHED
    try:
        if measured is not None:
            add_figures(work, training, source, *measured)
        elif not trained(work, training, source, progress, stop):
            how = STOPPED
    except TakenRun:
        return training, LEFT
    except DivergenceError as error:
        complain(str(error))
        return replace(training.found(KnownRuns(work.store)), failed=True), DIVERGED
    return training.found(KnownRuns(work.store)), how


def trained(
    work: ComparisonWork, training: Training, source: DocumentSource, progress: Progress, stop: StopRequest
) -> bool:
    """Train, and return whether the run has finished. Raises TakenRun where another process has begun it."""

    def taken() -> bool:
        now = training.found(KnownRuns(work.store)).known
        return now is not None and (training.known is None or now.run != training.known.run or now.run.running())

    return train(
        TrainingRequest(
            source=source,
            store=work.store,
            resume=resume_from(training.known),
            data_dir=work.data_dir,
            limit=work.limit,
            test=work.test,
            threads=work.threads,
            kernels=work.kernels,
            command=work.again,
            again=lambda number: work.again,
            taken=taken,
            stop=stop,
        ),
        progress,
    )


def add_figures(
    work: ComparisonWork, training: Training, source: DocumentSource, known: KnownRun, weights: WeightsFile
) -> None:
    """Add the figures that a training lacks to the facts of its run."""
    measure(
        known.run,
        weights,
        read_document(source),
        training.parts[0],
        data_dir=work.data_dir,
        limit=work.limit,
        threads=work.threads,
        kernels=work.kernels,
    )


def resume_from(known: KnownRun | None) -> int | None:
    """Return the number of the run to continue; None, with a note, where its checkpoint cannot be read."""
    if known is None or known.finished:
        return None
    try:
        load_checkpoint(known.run.checkpoint)
    except WeightsError as error:
        note(f"{error}; the training begins anew")
        return None
    return known.run.number
