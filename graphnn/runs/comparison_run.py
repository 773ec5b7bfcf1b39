"""Carrying out a comparison: each training that no run has is trained, and each run without figures is measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from graphnn.errors import DivergenceError, WeightsError
from graphnn.runs.comparison import ComparisonRequest, Training
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.runs.measuring import measure
from graphnn.runs.progress import Progress, in_terminal
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.training import TrainingRequest, train
from graphnn.storage.weights import WeightsFile, load_weights
from graphnn.text.terminal import complain, note
from graphnn.training.checkpoint import load_checkpoint


def run_trainings(
    request: ComparisonRequest, trainings: Sequence[Training], *, again: str, say: Callable[[str], None]
) -> list[Training] | None:
    """Run the trainings that are not over, and return all with their runs; None where one was interrupted.

    again: the command that continues an interrupted training. say: called with a line on each training. A run that
    another process is training is left to it, and asked for again at the end. Raises WeightsError where it is not over
    then, and GraphError where a training fails otherwise than by divergence, which is printed.
    """
    done: dict[int, Training] = {}
    for waiting in (True, False):
        for number, planned in enumerate(trainings, start=1):
            if number in done:
                continue
            # Another process, or an equal variant, may have trained it in the meantime.
            training = planned if planned.measured else planned.found(KnownRuns(request.store))
            if training.known is not None and training.known.run.running():
                if waiting:
                    continue
                path = training.known.run.path
                raise WeightsError(f"{path}: is being trained by another process; compare again when it has ended")
            title = f"{number} of {len(trainings)}: {training.name}"
            result = carried_out(request, training, title, again=again, say=say)
            if result is None:
                return None
            done[number] = result
    return [done[number] for number in sorted(done)]


def carried_out(
    request: ComparisonRequest, training: Training, title: str, *, again: str, say: Callable[[str], None]
) -> Training | None:
    """Return a training with figures, or that diverged; None where it was interrupted. title: for `say`."""
    known = training.known
    if training.measured:
        return training
    if known is not None and known.diverged:
        complain(f"{known.run.path}: {known.facts.message}")
        return training
    source = request.document.changed(*training.variant.overrides, f"training.seed={training.seed}")
    try:
        weights = finished_weights(known)
        if known is not None and weights is not None:
            say(f"{title}: measured\n")
            measured(request, training, source, known, weights)
        else:
            say(f"{title}\n")
            if not trained(request, source, resume_from(known), again):
                return None
    except DivergenceError as error:
        complain(str(error))
        return replace(training.found(KnownRuns(request.store)), failed=True)
    return training.found(KnownRuns(request.store))


def trained(request: ComparisonRequest, source: DocumentSource, resume: int | None, again: str) -> bool:
    """Train, and return whether the run has finished. resume: the number of the run to continue."""
    return train(
        TrainingRequest(
            source=source,
            store=request.store,
            resume=resume,
            data_dir=request.data_dir,
            limit=request.limit,
            test=request.test,
            threads=request.threads,
            kernels=request.kernels,
            command=again,
            again=lambda number: again,
        ),
        Progress(quiet=True, live=False),
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
        show_progress=in_terminal(),
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
