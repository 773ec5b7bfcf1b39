"""The curves of a document's runs in one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.errors import GraphError, WeightsError
from graphnn.plots.saving import check_picture, save_picture
from graphnn.runs.facts import FINISHED
from graphnn.runs.folder import RunFolder
from graphnn.runs.listing import ListedRun
from graphnn.runs.store import numbers_text, run_around
from graphnn.text.terminal import note
from graphnn.training.history import Record, read_history
from graphnn.training.monitor import PREFIX, Watch

MOST = 28  # runs in a picture; more could not be told apart


def check_plot(path: Path) -> None:
    """Raise GraphError where no picture could be written at a path, or it would lie in the folder of a run."""
    around = run_around(path)
    if around is not None:
        raise GraphError(
            f"{path}: would lie in {around}, the folder of a run, into which nothing else is written; name another "
            "place with --plot"
        )
    check_picture(path)


def plot_runs(runs: Sequence[ListedRun], path: Path, title: str) -> str:
    """Draw the curves of runs, as far as they came, and return a sentence that says which are in the picture.

    Those without an epoch are left out; of more than MOST, the latest are drawn, with a note. Raises GraphError where
    there is nothing to draw, or the picture cannot be written.
    """
    from graphnn.plots.curves import Curve, draw_curves

    curves: dict[int, Curve] = {}
    for each in runs:
        records, number = records_of(each.run), each.run.number
        if records:
            epoch, metric = best_epoch(records, each.run.resolved() or {}) or (None, "")
            curves[number] = Curve(name=name_of(each), records=records, best=epoch, best_by=metric)
    if not curves:
        raise GraphError(f"{path}: no run has finished an epoch, so there are no curves to draw")
    if len(curves) > MOST:
        note(f"of {len(curves)} runs, the latest {MOST} are drawn; --only 1-{MOST} draws others, for example")
    drawn = dict(list(curves.items())[-MOST:])
    save_picture(draw_curves([*drawn.values()], title=title), path)
    return f"{path} shows the curves of {numbers_text([*drawn])}."


def records_of(run: RunFolder) -> list[Record]:
    """Return the epochs of a run; none, with a note, where its history is damaged."""
    if not run.history.exists():  # of weights that were found beside a document
        return []
    try:
        return read_history(run.history)
    except WeightsError as error:
        note(f"{error}; its curves are not drawn")
        return []


def name_of(listed: ListedRun) -> str:
    """Return a run as a legend names it: run 3: optimizer.learning_rate 0.01 (interrupted)."""
    differs = f": {listed.difference}" if listed.difference else ""
    state = "" if listed.state == FINISHED else f" ({listed.state})"
    return f"run {listed.run.number}{differs}{state}"


def best_epoch(records: Sequence[Record], document: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return the best epoch so far and the metric of validation by which it is; None where nothing was validated.

    It is by the figure whose best epoch the document keeps, else by that which may stop it early, else by the loss.
    """
    watch = Watch(watched(document))
    if not all(record.validation is None or watch.metric in record.validation for record in records):
        return None
    watch.restart(records)
    return None if watch.best is None else (watch.best.epoch, watch.metric)


def watched(document: Mapping[str, Any]) -> str:
    """Return the figure by which the epochs of a resolved document are judged."""
    training = document.get("training")
    values = training if isinstance(training, dict) else {}
    early = values.get("early_stopping")
    found = values.get("keep_best") or (early.get("monitor") if isinstance(early, dict) else None)
    return found if isinstance(found, str) else f"{PREFIX}loss"
