"""What `graphnn runs` changes: whose weights stand beside a document, and which runs are kept."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.runs.open_run import epoch_of
from graphnn.runs.promotion import Destination, copy, put
from graphnn.runs.standing import are_equal, standing
from graphnn.runs.store import RunStore, written
from graphnn.text.numbers import bytes_text


def promote(store: RunStore, weights: Path, number: int) -> str:
    """Put the weights of a run at a path, and return a sentence that says so.

    Of an unfinished run, it is those of its best epoch, or else of its last, and the run keeps a copy. Raises
    WeightsError where it has none, or they cannot be put there.
    """
    run = store.numbered(number)
    source = run.best_weights()
    if source is None:
        names = ", ".join(file.name for file in (run.weights, run.best, run.last))
        raise WeightsError(f"{run.path}: has no weights: none of {names} is there")
    Destination(weights).check()
    epoch = epoch_of(source)  # which also shows that it is a weights file
    with store.promoting():
        before = standing(weights, store)
        if before is not None and before.run == run and are_equal(source, weights):
            return f"{weights} holds the weights of run {number} already."
        if source != run.weights:
            with written(run.path):
                copy(source, run.promoted)
            source = run.promoted
        put(source, weights, before, store)
    which = "" if source != run.promoted or epoch is None else f", which is unfinished: those after epoch {epoch:g}"
    return f"{weights} holds the weights of run {number} now{which}."


def remove(store: RunStore, weights: Path, numbers: Sequence[int]) -> str:
    """Remove runs, all or none, and return sentences that say so.

    Raises WeightsError where there is no run of a number, or one is being trained, or cannot be removed.
    """
    runs = store.all_numbered(numbers)
    for run in runs:
        if run.holds(weights):
            raise WeightsError(
                f"{weights}: leads to a file of {run.path}, which would be lost; put a copy of it there first. "
                "Nothing was removed."
            )
    try:
        before = standing(weights, store)
    except WeightsError:  # whatever stands there is left alone
        before = None
    size = sum(run.size for run in runs)
    store.remove(*runs)
    names = f"Run {numbers[0]}" if len(runs) == 1 else f"{len(runs)} runs"
    said = f"{names} removed, {bytes_text(size)} freed."
    return f"{said} {weights} is as it was." if before is not None and before.run in runs else said
