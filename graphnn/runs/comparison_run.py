"""Carrying out a comparison: each training that no run has is trained, and each run without figures is measured."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from graphnn.errors import DivergenceError, WeightsError
from graphnn.runs.comparison import ComparisonRequest, Training
from graphnn.runs.comparison_progress import ComparisonProgress, TimeOfAll
from graphnn.runs.folder import TakenRun
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.runs.measuring import measure
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.training import TrainingRequest, train
from graphnn.storage.weights import WeightsFile, load_weights
from graphnn.text.terminal import complain, note
from graphnn.training.checkpoint import load_checkpoint

LOOKED_AGAIN = 0.5  # seconds from one look at a run that another process is training to the next


def run_trainings(
    request: ComparisonRequest, trainings: Sequence[Training], *, again: str, say: Callable[[str], None]
) -> list[Training] | None:
    """Run the trainings that are not over, and return all with their runs; None where one was interrupted.

    again: the command that continues an interrupted training. say: called with a line on each training. A run that
    another process is training is left to it, and waited for at the end. Raises GraphError where a training fails
    otherwise than by divergence, which is printed.
    """
    done: dict[int, Training] = {}
    times = TimeOfAll(trainings)
    while True:
        left: list[tuple[str, KnownRun]] = []
        for number, planned in enumerate(trainings, start=1):
            if number in done:
                continue
            title = f"{number} of {len(trainings)}: {planned.name}"
            # Another process, or an equal variant, may have trained it in the meantime.
            training = planned if planned.measured else planned.found(KnownRuns(request.store))
            if training.known is not None and training.known.run.running():
                left.append((title, training.known))
                continue
            try:
                progress = ComparisonProgress(times, number - 1, len(trainings))
                result = carried_out(request, training, title, progress, again=again, say=say)
            except TakenRun:
                say(f"{title}: left to another process, which has begun it\n")
                continue
            if result is None:
                return None
            done[number] = result
            times.over(number - 1, result)
        if len(done) == len(trainings):
            return [done[number] for number in sorted(done)]
        if left:
            wait_for(*left[0])


def wait_for(title: str, known: KnownRun) -> None:
    """Wait until no other process is training a run. title: of the training, for a line that says so."""
    if known.run.running():
        complain(f"{title}: waiting for run {known.run.number}, which another process is training")
    while known.run.running():
        time.sleep(LOOKED_AGAIN)


def carried_out(
    request: ComparisonRequest,
    training: Training,
    title: str,
    progress: ComparisonProgress,
    *,
    again: str,
    say: Callable[[str], None],
) -> Training | None:
    """Return a training with figures, or that diverged; None where it was interrupted. title: for `say`.

    Raises TakenRun where another process has begun it.
    """
    known = training.known
    if known is not None and (training.measured or known.diverged):
        say(f"{title}: run {known.run.number}\n")
        if not training.measured:
            complain(f"{known.run.path}: {known.facts.message}")
        return training
    source = request.document.changed(*training.variant.overrides, f"training.seed={training.seed}")
    try:
        weights = finished_weights(known)
        if known is not None and weights is not None:
            say(f"{title}: measured\n")
            measured(request, training, source, known, weights)
        else:
            say(f"{title}{progress.expected()}\n")
            if not trained(request, training, source, again, progress):
                return None
    except DivergenceError as error:
        complain(str(error))
        return replace(training.found(KnownRuns(request.store)), failed=True)
    return training.found(KnownRuns(request.store))


def trained(
    request: ComparisonRequest, training: Training, source: DocumentSource, again: str, progress: ComparisonProgress
) -> bool:
    """Train, and return whether the run has finished. Raises TakenRun where another process has begun it."""

    def taken() -> bool:
        now = training.found(KnownRuns(request.store)).known
        return now is not None and (training.known is None or now.run != training.known.run or now.run.running())

    return train(
        TrainingRequest(
            source=source,
            store=request.store,
            resume=resume_from(training.known),
            data_dir=request.data_dir,
            limit=request.limit,
            test=request.test,
            threads=request.threads,
            kernels=request.kernels,
            command=again,
            again=lambda number: again,
            taken=taken,
        ),
        progress,
    )


def measured(
    request: ComparisonRequest, training: Training, source: DocumentSource, known: KnownRun, weights: WeightsFile
) -> None:
    """Add the figures that the training lacks to the facts of its run."""
    measure(
        known.run,
        weights,
        read_document(source),
        training.parts[0],
        data_dir=request.data_dir,
        limit=request.limit,
        threads=request.threads,
        kernels=request.kernels,
    )


def finished_weights(known: KnownRun | None) -> WeightsFile | None:
    """Return the weights of a finished run; None, with a note, where they cannot be read, and must be trained again."""
    if known is None or not known.finished:
        return None
    try:
        return load_weights(known.run.weights, check_finite=True)
    except WeightsError as error:
        note(f"{error}; they are trained again")
        return None


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
