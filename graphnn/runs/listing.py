"""The runs of a document: what differed, how far they came, their figures, time and size."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphnn.errors import SpecError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.settings import added_fragments
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.going_on import edits
from graphnn.runs.older import take_over_all
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.standing import Standing, standing
from graphnn.runs.store import SUFFIX, RunStore, store_of
from graphnn.specification.differences import ABSENT, Difference, differences, value_text
from graphnn.storage.regular_files import is_file
from graphnn.text.terminal import note
from graphnn.training.history import read_history

KILLED, DAMAGED, RUNNING = "killed", "damaged", "training"
SHOWN = 3  # changes in the table
MOST_NOTED = 8  # changes in a note
LONGEST = 40  # characters of a value in the table


@frozen_dataclass
class ListedRun:
    """A run in the list.

    facts: None where they are damaged; problem then says how. state: in words. resumable: whether it can go on.
    done: its finished epochs. figures: by part and metric. changes: what differs from the document as it is now, as
    (setting, value in the run). edited: the differences of the documents that its options do not explain. stands:
    whether its weights are those beside the document.
    """

    run: RunFolder
    facts: RunFacts | None
    problem: str | None
    state: str
    resumable: bool
    done: int
    figures: Mapping[str, Mapping[str, float | None]]
    changes: Sequence[tuple[str, str]]
    edited: Sequence[Difference]
    size: int
    stands: bool

    @property
    def seconds(self) -> float | None:
        """The time of its epochs; None where it is not known."""
        return self.facts.seconds if self.facts is not None and self.facts.seconds else None

    @property
    def difference(self) -> str:
        """What differs from the document, in short; or the problem."""
        if self.problem is not None:
            return self.problem
        shown = [f"{setting} {value if len(value) <= LONGEST else '…'}" for setting, value in self.changes[:SHOWN]]
        more = len(self.changes) - SHOWN
        return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def listed(source: DocumentSource, weights: Path, store: RunStore, only: Sequence[int] = ()) -> list[ListedRun]:
    """Return the runs of a document, after taking over those of older versions.

    weights: the file beside it. only: the numbers of the runs to list; none for all. Where the document cannot be read,
    something else than weights or a folder of runs is beside it, or a run of an older version cannot be taken over, a
    note says so, and the runs are listed all the same. Raises SpecError where there are no runs to list, or a file of
    weights or a folder was named as the document; WeightsError where there is no run of a number.
    """
    try:
        store.check_folder()
        if store == store_of(weights):
            take_over_all(weights, store)
    except WeightsError as error:
        note(error)
    document, stands = None, None
    try:
        document = read_document(source).resolved()
    except SpecError as error:
        if source.file.suffix in (weights.suffix, SUFFIX) or not store.runs():
            raise
        note(f"what differs is not shown, because the document cannot be read: {error.problems[0]}")
    try:
        stands = standing(weights, store)
    except WeightsError as error:
        note(error)
    find = None if document is None else find_once(document)
    chosen = store.all_numbered(only) if only else store.runs()
    return with_kernels([described(run, find, stands) for run in chosen])


def other_layers(source: DocumentSource, run: RunFolder) -> str | None:
    """Return a note on the layers of a run that the document does not have as they were; None where it has them.

    None, too, where that is not known, as the document cannot be read.
    """
    try:
        document = read_document(source).resolved()
    except SpecError:
        return None
    changes = [
        f"{path} {value}" for path, value in described(run, find_once(document), None).changes if is_network(path)
    ]
    if not changes:
        return None
    more = f", and {len(changes) - MOST_NOTED} more" if len(changes) > MOST_NOTED else ""
    return (
        f"{source.file} has other layers than run {run.number}, which has {', '.join(changes[:MOST_NOTED])}{more}; "
        "write that into it, or give it by --set to each command that uses these weights"
    )


def is_network(path: str) -> bool:
    """Whether a setting is one of the network, without which weights may not fit or say something else."""
    return path.startswith(("layers", "input"))


def with_kernels(runs: list[ListedRun]) -> list[ListedRun]:
    """Return the runs with their kernels among what differs, if those of all are not the same."""
    kernels = [each.facts.kernels if each.facts is not None else "" for each in runs]
    if len({*kernels} - {""}) < 2:
        return runs
    return [
        replace(each, changes=[*each.changes, ("--kernels", name)]) if name else each
        for each, name in zip(runs, kernels, strict=True)
    ]


def find_once(document: Mapping[str, Any]) -> Callable[[bytes], Sequence[Difference]]:
    """Return what finds the differences of a document, as the text of a run's, to this one: once for equal texts."""
    return functools.cache(lambda text: differences(json.loads(text), document, plugins=added_fragments()))


def described(
    run: RunFolder, find: Callable[[bytes], Sequence[Difference]] | None, standing: Standing | None
) -> ListedRun:
    """Return one run as it is listed. find: finds what differs; None: the document cannot be read."""
    stands = standing is not None and standing.run == run
    try:
        facts = run.facts()
    except WeightsError as error:
        return ListedRun(run, None, str(error.problems[0]), DAMAGED, False, 0, {}, (), (), run.size, stands)
    state = run.state(facts)
    done, figures = facts.done, facts.figures
    if state in (KILLED, RUNNING):
        done, figures = so_far(run.history)
    changed = () if find is None else changed_since(run, find)
    resumable = run.resumable(facts)
    edited = edits(facts, changed or ()) if resumable else []
    changes = tuple(differing(run, facts, changed))
    return ListedRun(run, facts, None, state, resumable, done, figures, changes, edited, run.size, stands)


def changed_since(run: RunFolder, find: Callable[[bytes], Sequence[Difference]]) -> Sequence[Difference] | None:
    """Return what differs between the document of a run and that of now; nothing where the run has none.

    None where that of the run is damaged.
    """
    if not is_file(run.document):
        return ()
    try:
        return find(run.document.read_bytes())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def so_far(history: Path) -> tuple[int, Mapping[str, Mapping[str, float]]]:
    """Return the number of epochs in a history, and the figures of the last that was validated; none where damaged."""
    try:
        records = read_history(history)
    except WeightsError:
        return 0, {}
    validated = [record.validation for record in records if record.validation is not None]
    return len(records), {"validation": validated[-1]} if validated else {}


def differing(run: RunFolder, facts: RunFacts, changed: Sequence[Difference] | None) -> Iterator[tuple[str, str]]:
    """Yield what differs between a run and the document as it is now: each setting, with its value in the run.

    changed: the differences of the documents; None where that of the run is damaged.
    """
    if facts.limit is not None:
        yield "--limit", str(facts.limit)
    if facts.init_from is not None:
        yield "--init-from", facts.init_from
    if changed is None:
        yield run.document.name, "damaged"
        return
    lacking = [one.path.removesuffix(".type") for one in changed if one.before is ABSENT and one.path.endswith(".type")]
    for one in changed:
        section = next((path for path in lacking if one.path.startswith(f"{path}.")), None)
        if section is None:
            yield one.path, value_text(one.before)
        elif one.path == f"{section}.type":
            yield section, "none"
