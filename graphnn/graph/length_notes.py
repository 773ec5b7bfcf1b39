"""Notes about settings that lie beyond the end of the run, so that they change nothing."""

import math
from collections.abc import Iterator

from graphnn.datasets.base import facts_of
from graphnn.graph.odd_values import sections
from graphnn.specification.schema_problems import Finding
from graphnn.specification.sections import Section
from graphnn.specification.spec import Spec


def length_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note for each setting that takes effect only after the last epoch, or in the last one alone.

    Where the command line sets the number of epochs, as for a short try, only its other settings are noted.
    """
    changed = [path for path, _ in spec.document.changed]
    tried = any(path in (("training",), ("training", "epochs")) for path in changed)
    for finding in findings(spec):
        if not tried or any(finding.path[: len(path)] == path for path in changed):
            yield finding


def findings(spec: Spec) -> Iterator[Finding]:
    """Yield all notes about the length of the run."""
    for section in sections(spec):
        if section.path[-1] == "schedule":
            yield from schedule_notes(spec, section)
    yield from trainable_notes(spec)
    yield from early_stopping_notes(spec)
    yield from validation_notes(spec)


def run_text(spec: Spec) -> str:
    """Return the length of the run in words."""
    epochs = spec.training["epochs"]
    return "the run has 1 epoch" if epochs == 1 else f"the run has {epochs:g} epochs"


def validated(spec: Spec, start: int = 0) -> int:
    """Return how many epochs after the first `start` are validated; the last always is."""
    every, last = spec.evaluation["every"], math.ceil(spec.training["epochs"])
    return max(0, last // every - start // every + (last % every != 0)) if start < last else 0


def schedule_notes(spec: Spec, schedule: Section) -> Iterator[Finding]:
    """Yield the notes about one schedule."""
    epochs, options = spec.training["epochs"], schedule.options
    warmup = options.get("warmup_epochs")
    if warmup and warmup >= epochs:
        message = f"{warmup:g} epochs of warm-up do not end before the run: {run_text(spec)}; write fewer"
        yield Finding((*schedule.path, "warmup_epochs"), message)
    if schedule.type == "step" and options["every"] >= epochs:
        remedy = f"write less than {math.ceil(epochs)}" if epochs > 1 else "train longer, or leave the schedule out"
        message = f"the learning rate never changes, because {run_text(spec)}; {remedy}"
        yield Finding((*schedule.path, "every"), message)
    if schedule.type == "reduce_on_plateau":
        seen = validated(spec) if spec.data["validation_split"] else math.ceil(epochs)
        if seen <= options["patience"] + 1:  # the first loss is the lowest; a change after the last epoch is none
            known = "1 loss" if seen == 1 else f"{seen:,} losses"
            message = f"the learning rate never falls, because the run has {known} to watch; write less"
            yield Finding((*schedule.path, "patience"), message)


def trainable_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note for each parameter that would be frozen after the last epoch."""
    for layer in spec.every_layer:
        trainable = layer.options.get("trainable")
        if not isinstance(trainable, dict):
            continue
        for name, span in trainable.items():
            if isinstance(span, dict) and span["until_epoch"] >= spec.training["epochs"]:
                message = f"{name} are never frozen, because {run_text(spec)}; write less, or leave it out"
                yield Finding((*layer.path, "trainable", name, "until_epoch"), message)


def early_stopping_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note where early stopping cannot end the run before its last epoch."""
    stopping = spec.training.get("early_stopping")
    if stopping is None:
        return
    path = ("training", "early_stopping")
    start = stopping["start_from_epoch"]
    if start >= spec.training["epochs"]:
        yield Finding((*path, "start_from_epoch"), f"no epoch is watched, because {run_text(spec)}; write less")
    elif (count := validated(spec, start)) <= stopping["patience"] + 1:  # the first figure is the best
        known = "1 figure" if count == 1 else f"{count:,} figures"
        message = f"the run cannot end early, because it has {known} to watch; write less, or train longer"
        yield Finding((*path, "patience"), message)
    monitor, gain = stopping["monitor"], stopping["min_delta"]
    if gain > 100:  # no loss of a network that has begun to learn is so large, unless its targets are
        message = f"no gain in {monitor} below {gain:g} counts, so the run ends as if nothing improved; write less"
        yield Finding((*path, "min_delta"), message)


def seed_notes(spec: Spec) -> Iterator[Finding]:
    """Yield a note where a document whose data have a test part draws nothing with its `data.seed`.

    For a call that only leaves out the validation part, the seed of the document is right as it is.
    """
    left_out = any(path in (("data",), ("data", "validation_split")) for path, _ in spec.document.changed)
    if spec.data["seed"] and not spec.data["validation_split"] and not left_out:
        message = "chooses no sample, but those of --limit, because data.validation_split is 0; leave it out"
        yield Finding(("data", "seed"), message)


def validation_notes(spec: Spec) -> Iterator[Finding]:
    """Yield notes about what says when and on which samples to validate."""
    every, path = spec.evaluation["every"], ("evaluation", "every")
    if facts_of(spec.data["dataset"]) is not None:
        yield from seed_notes(spec)
    if every == 1:
        if "keep_best" in spec.training and spec.training["epochs"] <= 1:
            message = f"keep_best has no choice, because {run_text(spec)}; train longer, or leave it out"
            yield Finding(("training", "keep_best"), message)
        return
    if not spec.data["validation_split"]:
        yield Finding(path, "nothing is validated, because data.validation_split is 0; leave this out")
    elif every >= spec.training["epochs"]:
        message = f"only the last epoch is validated, because {run_text(spec)}"
        best = "; keep_best then has no choice" if "keep_best" in spec.training else ""
        yield Finding(path, f"{message}{best}; write less")
