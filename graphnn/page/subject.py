"""What a page is about: a run of a document, or the weights beside it, and the runs that it is compared with."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphnn.errors import Problem, SpecError, WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.layers.settings import added_fragments
from graphnn.runs.facts import FINISHED, RunFacts, numbers_of
from graphnn.runs.folder import RunFolder
from graphnn.runs.reading import DocumentSource, document_command, read_document
from graphnn.runs.standing import standing, weights_meta
from graphnn.runs.store import RunStore, store_of
from graphnn.runs.trained import Trained, load_trained, weights_beside
from graphnn.specification.differences import Difference, differences
from graphnn.specification.spec import Spec
from graphnn.storage.regular_files import is_file
from graphnn.training.history import Record, read_history

COMMAND = "report"
OTHER_FILE = "; name the weights by --weights, or a run by its number"
Tell = Callable[[str], None]  # called with a note, for the user and for the page


@frozen_dataclass(kw_only=True)
class ReadRun:
    """A run with what its folder holds.

    state: in words. document: resolved; None where it is missing or damaged. history: of its finished epochs.
    """

    folder: RunFolder
    facts: RunFacts
    state: str
    document: Mapping[str, Any] | None
    history: Sequence[Record]

    @classmethod
    def of(cls, folder: RunFolder, tell: Tell) -> "ReadRun":
        """Return a run. Raises WeightsError where its facts are damaged; tell: called with what else is."""
        facts = folder.facts()
        return cls(
            folder=folder,
            facts=facts,
            state=folder.state(facts),
            document=folder.resolved(tell),
            history=history_of(folder, tell),
        )

    @property
    def number(self) -> int:
        """The number of the run."""
        return self.folder.number

    @property
    def done(self) -> int:
        """The number of its finished epochs."""
        return max(self.facts.done, len(self.history))

    @property
    def figures(self) -> Mapping[str, Mapping[str, float | None]]:
        """Its final figures by part or, of an unfinished run, those of the last epoch that was validated."""
        validated = [record.validation for record in self.history if record.validation is not None]
        if self.facts.figures or not validated:
            return self.facts.figures
        return {"validation": validated[-1]}


@frozen_dataclass(kw_only=True)
class Subject:
    """What a page is about.

    file: of the document. run: None for weights of no known run. others: the runs that it is compared with. before: the
    run before it. trained: None where there are no weights yet. spec, graph: of what was trained. text: of the
    document; as_written: whether it is that of the file, rather than one with all defaults. as_trained: whether it is,
    apart from defaults, that which was trained, rather than one that --set has changed for the page. edited: what
    differs in the document as it is now. overrides: those of --set.
    """

    file: Path
    run: ReadRun | None
    others: tuple[ReadRun, ...]
    before: ReadRun | None
    trained: Trained | None
    spec: Spec
    graph: Graph
    text: str
    as_written: bool
    as_trained: bool
    edited: tuple[Difference, ...]
    overrides: tuple[str, ...]

    @property
    def runs(self) -> tuple[ReadRun, ...]:
        """All runs that the page shows, that which it is about first."""
        return (*(() if self.run is None else (self.run,)), *self.others)

    @property
    def figures(self) -> Mapping[str, Mapping[str, float | None]]:
        """The figures by part that are recorded of the weights."""
        if self.run is not None and self.run.figures:
            return self.run.figures
        return {} if self.trained is None else numbers_of(self.trained.meta.get("metrics"))


def find_subject(source: DocumentSource, numbers: Sequence[int], weights: Path | None, tell: Tell) -> Subject:
    """Return what the page is about.

    numbers: of runs; the first is the subject, the others are compared with it. Without any, it is the run whose
    weights stand beside the document, or else the newest finished one, or else the newest. weights: their file, by
    default that beside the document, whose runs are meant. tell: called with notes. Raises SpecError where the document
    cannot be read, WeightsError for a run that there is not, weights that do not fit, and where there are neither
    weights nor runs.
    """
    place = weights or weights_beside(source.file, "--weights")
    check_document(source, place)
    store = store_of(place)
    runs = [ReadRun.of(run, tell) for run in store.all_numbered([*dict.fromkeys(numbers)])]
    if weights is not None and not runs:
        load_trained(source, weights, COMMAND)  # weights that are named are for this document, whatever run made them
    run = runs[0] if runs else chosen_run(store, place, source.file, tell)
    now, problem = present_document(source, run)
    own = source if run is None or run.document is None else recorded_source(source, run, now)
    file = place if run is None else run.folder.best_weights()
    trained = None if file is None else load_trained(own, file, COMMAND)
    spec = read_document(own) if trained is None else trained.spec
    if problem is not None:
        tell(problem)
    edited = differences_to(run, now)
    as_written = run is None or (now is not None and not edited and not source.overrides)
    text = written_text(source) if as_written else None
    return Subject(
        file=source.file,
        run=run,
        others=tuple(runs[1:]),
        before=None if run is None else run_before(store, run, tell),
        trained=trained,
        spec=spec,
        graph=build_graph(spec) if trained is None else trained.graph,
        text=text or json.dumps(spec.resolved(), indent=2, ensure_ascii=False),
        as_written=text is not None,
        as_trained=not (source.overrides if run is None else differences_to(run, spec)),
        edited=edited,
        overrides=tuple(source.overrides),
    )


def check_document(source: DocumentSource, weights: Path) -> None:
    """Raise SpecError where a document is not there, or weights or a folder are named instead; it may be damaged."""
    if source.text is None and (not is_file(source.file) or source.file.suffix == weights.suffix):
        read_document(source)


def chosen_run(store: RunStore, weights: Path, document: Path, tell: Tell) -> ReadRun | None:
    """Return the run whose weights stand at a path, or else the newest finished one, or else the newest.

    None where the weights there are of no known run. Raises WeightsError where nothing is there and no run is known.
    """
    known = list(store.readable())
    try:
        stands = standing(weights, store) if weights_meta(weights, OTHER_FILE) is not None else None
    except WeightsError as error:
        if not known:
            raise
        tell(str(error.problems[0]))
        stands = None
    if stands is not None:
        return None if stands.run is None else ReadRun.of(stands.run, tell)
    finished = [run for run, facts in known if facts.state == FINISHED and run.best_weights() is not None]
    with_weights = [run for run, _ in known if run.best_weights() is not None]
    newest = (finished or with_weights or [run for run, _ in known])[-1:]
    if not newest:
        raise WeightsError(
            f"there is nothing to show yet: {weights} does not exist, nor a run in {store.folder}; train it first: "
            f"{document_command('train', COMMAND, document)}"
        )
    return ReadRun.of(newest[0], tell)


def present_document(source: DocumentSource, run: ReadRun | None) -> tuple[Spec | None, str | None]:
    """Return the document as it is now; None, and a note, where it cannot be read and the run has its own.

    Raises SpecError where it cannot be read and is needed.
    """
    try:
        return read_document(source), None
    except SpecError as error:
        if run is None or run.document is None:
            raise
        first = error.problems[0]
        why = f"that of now cannot be read: {first.without_source() if isinstance(first, Problem) else first}"
        return None, f"the page shows the document of run {run.number}, because {why}"


def recorded_source(source: DocumentSource, run: ReadRun, now: Spec | None) -> DocumentSource:
    """Return the document of a run, with the data where the document says now that they are."""
    recorded = DocumentSource(run.folder.document, source.overrides, source.plugins)
    data = {} if run.document is None else run.document.get("data", {})
    if now is None or now.data["path"] is None or data.get("dataset") != now.data["dataset"]:
        return recorded
    return recorded.changed(f"data.path={json.dumps(now.data['path'])}")


def history_of(folder: RunFolder, tell: Tell) -> Sequence[Record]:
    """Return the records of a run's epochs; none where it has none, or, after a note, where they are damaged."""
    if not is_file(folder.history):
        return []
    try:
        return read_history(folder.history)
    except WeightsError as error:
        tell(f"the curves are left out: {error}")
        return []


def run_before(store: RunStore, run: ReadRun, tell: Tell) -> ReadRun | None:
    """Return the latest run before one that has a document; None where there is none."""
    if run.document is None:
        return None
    earlier = [each for each, _ in store.readable() if each.number < run.number and is_file(each.document)]
    return ReadRun.of(earlier[-1], tell) if earlier else None


def differences_to(run: ReadRun | None, now: Spec | None) -> tuple[Difference, ...]:
    """Return what differs between the document of a run and another, that of now."""
    if run is None or run.document is None or now is None:
        return ()
    return tuple(differences(run.document, now.resolved(), plugins=added_fragments()))


def written_text(source: DocumentSource) -> str | None:
    """Return the text of a document as it was written; None where it comes from a pipe, or is changed by --set."""
    if source.text is not None or source.overrides:
        return None
    return source.file.read_bytes().decode("utf-8-sig")
