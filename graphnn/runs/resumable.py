"""What stands in the way of continuing a run whose document was edited: each setting, where it is, and why.

A change does no harm where the run, started with it, would have come to the same state: its steps, their learning
rates, the epochs that were validated and the values that are kept are the same.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set

from graphnn.datasets.base import AUTO, concrete_mode
from graphnn.errors import Problem
from graphnn.layers.settings import added_fragments
from graphnn.runs.facts import own_command
from graphnn.runs.folder import RunFolder
from graphnn.specification.differences import ABSENT, Difference, differences, value_text
from graphnn.specification.spec import Spec
from graphnn.text.suggestions import quoted
from graphnn.training.checkpoint import RunSettings, State
from graphnn.training.history import Record
from graphnn.training.length import same_rates
from graphnn.training.monitor import EarlyStopping, Watch
from graphnn.training.trainer import Trainer

STOPPING = "training.early_stopping"
STARTED, NOW = "at the start", "now"
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def obstacles(
    state: State,
    started: RunSettings,
    now: RunSettings,
    spec: Spec,
    trainer: Trainer,
    *,
    unused: Set[str] = frozenset(),
) -> list[Problem]:
    """Return a problem for each change because of which a run cannot go on from `state`; none where it can.

    started: the settings of the run that is to be continued. now, spec, trainer: those of this run. unused: the parts
    of the data that this run does not use.
    """
    ignored = started.without_effect(now)
    changed = differences(started.document, now.document, ignore=ignored, plugins=added_fragments())
    lines = started.differences(now, ignore={one.path for one in changed} | unused, where=STARTED)
    found = []
    for one in with_whole_sections(changed, started, now):
        check = next((check for path, check in CHECKS.items() if lies_in(one.path, path)), None)
        reason = "" if check is None else check(one, state, spec, trainer)
        if reason is not None:
            found.append(problem(spec, one, reason))
    return in_document_order(found) + [Problem(line) for line in lines]


def lies_in(path: str, section: str) -> bool:
    """Whether a path is that of a section, or of a setting in it."""
    return path == section or path.startswith(f"{section}.")


def with_whole_sections(changed: Sequence[Difference], started: RunSettings, now: RunSettings) -> list[Difference]:
    """Return the differences, with one for all settings of early stopping."""
    stopping = [one for one in changed if lies_in(one.path, STOPPING)]
    if not stopping:
        return list(changed)
    before, after = (
        document["training"].get("early_stopping", ABSENT) for document in (started.document, now.document)
    )
    first = Difference(STOPPING, before, after) if ABSENT in (before, after) else stopping[0]
    return [*(one for one in changed if one not in stopping), first]


def problem(spec: Spec, one: Difference, reason: str = "") -> Problem:
    """Return a difference as a problem, at its place in the present document."""
    path = tuple(int(step[1]) if step[1] else step[2] for step in STEP.finditer(one.path))
    message, reason = f"{value_text(one.before)} {STARTED}, {value_text(one.after)} {NOW}", reason or one.reason
    return spec.problem(path, f"{message}: {reason}" if reason else message)


def in_document_order(problems: Sequence[Problem]) -> list[Problem]:
    """Return problems by their line; those without one, as of --set, last."""
    return sorted(problems, key=lambda one: (one.line is None, one.line or 0, one.column or 0))


def epochs_reason(one: Difference, state: State, spec: Spec, trainer: Trainer) -> str | None:
    """Return why a run of another number of epochs would not have come to the state; None where it would."""
    before, after = one.before, trainer.options.epochs
    if state.updates != state.epoch * trainer.steps_per_epoch + state.step:
        return f"the run has ended within epoch {state.epoch}, whose other steps were left out"
    if state.updates > trainer.total_steps:
        return f"the run has done {state.updates:,} steps, more than the {trainer.total_steps:,} of a run of {after}"
    if trainer.kept.depends_on_length:
        averaging = trainer.options.averaging
        assert averaging is not None
        return f"{averaging.type} averages by the length of the run from its first step on"
    if not same_rates(spec.optimizer, before, after, trainer.steps_per_epoch, state.updates):
        return f"the learning rates of the {state.updates:,} steps done would have been others{schedule_text(spec)}"
    return every_reason(one, state, spec, trainer)


def schedule_text(spec: Spec) -> str:
    """Return which schedule gives the learning rates: , by the schedule "cosine"; "" where the document has none."""
    schedule = spec.optimizer.options["schedule"]
    return "" if schedule is None else f", by the schedule {quoted(schedule.type)}"


def bound_to_length(spec: Spec, trainer: Trainer, updates: int) -> str | None:
    """Return what of a finished run would have been another in a longer one, in words; None where nothing would."""
    epochs, averaging = trainer.options.epochs, trainer.options.averaging
    if averaging is not None and trainer.kept.depends_on_length:
        return f"its averaging {quoted(averaging.type)} was"
    if not same_rates(spec.optimizer, epochs, 2 * epochs, trainer.steps_per_epoch, updates):
        schedule = spec.optimizer.options["schedule"]
        return "its learning rates were" if schedule is None else f"its schedule {quoted(schedule.type)} was"
    return None


def normalize_reason(one: Difference, state: State, spec: Spec, trainer: Trainer) -> str | None:
    """Return what "auto" means for these samples, where that is another mode than the other document's; else None."""
    samples = trainer.training.x
    before, after = (concrete_mode(str(mode), samples.shape[1:]) for mode in (one.before, one.after))
    if before == after:
        return None
    if one.after != AUTO:
        return ""
    return f'which is {quoted(after)} here; write "normalize": {quoted(before)} in data for the constants of the run'


def every_reason(one: Difference, state: State, spec: Spec, trainer: Trainer) -> str | None:
    """Return which epoch was validated and would not have been, or the other way round; None where there is none."""
    for record in state.history:
        due = trainer.validation is not None and trainer.is_validated(record.epoch)
        if due != (record.validation is not None):
            was, would = ("not ", "") if due else ("", "not ")
            return f"epoch {record.epoch} was {was}validated, but would {would}be now"
    return None


def stopping_reason(one: Difference, state: State, spec: Spec, trainer: Trainer) -> str | None:
    """Return when the run would have stopped early; None where it would have come to the state."""
    stopping = trainer.options.early_stopping
    if stopping is None:
        return None
    if (missing := without_figure(stopping.monitor, state.history)) is not None:
        return missing
    end = stopped_after(stopping, state.history[: trainer.length.records - 1])
    if end is None or (end == state.epoch and state.step == 0):
        return None
    return f"the run would have stopped early after epoch {end}, and has gone on"


def stopped_after(stopping: EarlyStopping, history: Sequence[Record]) -> int | None:
    """Return the epoch after which a run with this history would have stopped early; None where it would not."""
    for record, watch in watched(stopping.watch(), history):
        if watch.waited >= stopping.patience:
            return record.epoch
    return None


def watched(watch: Watch, history: Sequence[Record]) -> Iterator[tuple[Record, Watch]]:
    """Yield each record with the watch after it."""
    for record in history:
        watch.observe(record)
        yield record, watch


def keep_best_reason(one: Difference, state: State, spec: Spec, trainer: Trainer) -> str | None:
    """Return why the values of the best epoch so far are not there; None where they are, or are not needed."""
    if one.after is ABSENT:
        return None
    if one.before is ABSENT:
        return "the values of the best epoch so far were not kept"
    if (missing := without_figure(one.after, state.history)) is not None:
        return missing
    before, after = (best_epoch(monitor, state.history) for monitor in (one.before, one.after))
    if before == after:
        return None
    return f"the values of epoch {after}, the best by {one.after}, were not kept, but those of epoch {before}"


def best_epoch(monitor: str, history: Sequence[Record]) -> int | None:
    """Return the best epoch by a validation figure; None where none was validated."""
    watch = Watch(monitor)
    watch.restart(history)
    return None if watch.best is None else watch.best.epoch


def without_figure(monitor: str, history: Sequence[Record]) -> str | None:
    """Return which epoch was validated without the figure, as older versions did; None where there is none."""
    metric = Watch(monitor).metric
    lacking = (one.epoch for one in history if one.validation is not None and metric not in one.validation)
    return next((f"epoch {epoch} was validated without {monitor}" for epoch in lacking), None)


def how_to_continue(run: RunFolder | None, *, edited: bool) -> list[str]:
    """Return lines on what to do instead of continuing a run with other settings.

    edited: whether all of them stand in the document, and none on the command line.
    """
    known, options = (None, "") if run is None else (run.facts().resume, run.facts().shortened)
    others = "name another run by --resume RUN, or start anew without --resume."
    if not options and (edited or known is None):
        return [f"Undo the changes, {others}"]
    if run is None or known is None:
        return [f"Repeat the options of its start ({options}), {others}"]
    return [f"To continue it, with its document as it was: {own_command(known, run.number)}", f"Else {others}"]


Check = Callable[[Difference, State, Spec, Trainer], str | None]
CHECKS: Mapping[str, Check] = {  # of the settings that can be changed, by their paths
    "data.normalize": normalize_reason,
    "training.epochs": epochs_reason,
    "evaluation.every": every_reason,
    "training.keep_best": keep_best_reason,
    STOPPING: stopping_reason,
}
