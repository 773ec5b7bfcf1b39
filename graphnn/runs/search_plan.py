"""What is checked and laid down before the first trial of a search: its ranges, the figure, what each trial trains."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graphnn.document.document import Path, value_at
from graphnn.errors import GraphError, Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.metrics.base import METRICS
from graphnn.runs.comparison import CHOOSING, ComparisonRequest, Planner
from graphnn.runs.curves import watched
from graphnn.runs.reading import checked_document, read_document
from graphnn.runs.search_study import Values
from graphnn.runs.search_trial import Figure, SearchTrial
from graphnn.specification.overrides import parse_path, replaces
from graphnn.specification.search_ranges import SearchSpace, fitted
from graphnn.specification.spec import Spec
from graphnn.specification.variants import AS_IT_IS, Variant
from graphnn.text.terminal import note
from graphnn.training.monitor import Watch

AT_ONCE = 4  # trials that do not know of each other: a search is the same for any number of jobs up to this
SEED = "training.seed"


@frozen_dataclass(kw_only=True)
class SearchRequest:
    """What to search. comparison: of the document, as it is, on the validation part. trials: how many.

    at_once: how many may be under way at once. test: whether the best one is measured on the test part, when all are
    over.
    """

    comparison: ComparisonRequest
    space: SearchSpace
    trials: int
    at_once: int = AT_ONCE
    test: bool = False


class SearchPlan:
    """Plans the trials of a search. base: the training of the document as it is. figure: what is made best.

    first: what the document itself tries; None where that is not among the ranges.
    """

    def __init__(self, request: SearchRequest) -> None:
        """Check everything. Raises SpecError with the problems of the ranges, and GraphError as `planned` does."""
        self._comparison, self._planner = request.comparison, Planner(request.comparison, search=True)
        self.space = fitted(request.space, self._refused)
        refuse_seeds(self.space)
        refuse_few(self.space, request.trials)
        source = self._comparison.document.changed(*self._shared)
        spec = read_document(source)
        refuse_replaced(self.space, self._comparison.document.overrides, spec.document.value)
        graph = build_graph(spec)
        (self.base,) = self._planner.trainings(self._variant(AS_IT_IS), spec, graph)
        self.figure = figure_of(spec, graph)
        self.first = first_values(spec, self.space)
        note_other_samples(self.space)

    @property
    def _shared(self) -> tuple[str, ...]:
        return tuple(override for override, _ in self.space.shared)

    def _variant(self, name: str, *overrides: str) -> Variant:
        positions = [position for _, position in self.space.shared]
        all_of = (*self._shared, *overrides)
        return Variant(name, all_of, (*positions, *(Problem("") for _ in overrides)))

    def _refused(self, overrides: Sequence[str]) -> Sequence[Problem | str]:
        try:
            checked_document(self._comparison.document.changed(*overrides))
        except SpecError as error:
            return error.problems
        return ()

    def trial(self, number: int, drawn: Values) -> SearchTrial:
        """Return a trial that is to be trained, or that has failed, as no network can have all its values."""
        ranges = self.space.ranges
        texts = tuple(one.text(value) for one, value in zip(ranges, drawn, strict=True))
        if number == 0 and drawn == self.first:
            return SearchTrial(number, AS_IT_IS, drawn, texts, as_it_is=True, training=self.base)
        name = ", ".join(f"{one.name}={text}" for one, text in zip(ranges, texts, strict=True))
        trial = SearchTrial(number, name, drawn, texts)
        variant = self._variant(name, *(f"{one.path}={text}" for one, text in zip(ranges, texts, strict=True)))
        try:
            spec = checked_document(self._comparison.document.changed(*variant.overrides))
            (training,) = self._planner.trainings(variant, spec, build_graph(spec))
        except GraphError as error:
            return trial.failed(first_sentence(error))
        return replace(trial, training=training)


def first_sentence(error: GraphError) -> str:
    """Return what the first of the problems in an error is, in one line."""
    problems = [each for each in error.problems if isinstance(each, Problem)]
    return str(problems[0].without_source()) if problems else str(error.problems[0]).split("\n")[0]


def figure_of(spec: Spec, graph: Graph) -> Figure:
    """Return the figure that a document watches, to keep the best epoch or to stop early, else its first brief metric.

    The latter is the accuracy of classes. A document without any is judged by its validation loss. Raises DataError
    where there is no such figure.
    """
    training = spec.resolved()["training"]
    if training.get("keep_best") or training.get("early_stopping"):
        watch = Watch(watched(spec.resolved()))
        watch.check(graph.metrics, validated=True)
        return Figure(watch.metric)
    brief = (name for name in graph.metrics if name != "loss" and name in METRICS and METRICS[name].brief)
    return Figure(next(brief, "loss"))


def first_values(spec: Spec, space: SearchSpace) -> Values | None:
    """Return what the document itself tries; None where a value is not among those of its range."""
    found = []
    for one in space.ranges:
        path = place(one.path, spec.document.value)
        written = value_at(spec.document.value, path)
        value = one.drawn(value_at(spec.resolved(), path) if written is None else written)
        if value is None:
            return None
        found.append(value)
    return tuple(found)


def refuse_replaced(space: SearchSpace, overrides: Sequence[str], document: Any) -> None:
    """Raise SpecError where a range sets what --set, "set" or an earlier range has set, which would have no effect.

    document: the value of the document, whose layers have names.
    """
    before = [("set by --set", override) for override in overrides]
    before += [('in "set"', override) for override, _ in space.shared]
    targets = [(where, override.partition("=")[0].strip()) for where, override in before]
    others = [(where, target, place(target, document)) for where, target in targets]
    problems = []
    for one in space.ranges:
        path = place(one.path, document)
        for where, target, other in others:
            if replaces(path, other):
                what = "" if target == one.path else f" replaces {target}, which"
                message = f"{one.path}{what} is also {where}; leave one of them out"
                problems.append(space.problem(one.path, None, message))
        others.append(("searched", one.path, path))
    if problems:
        raise SpecError(*problems)


def place(target: str, document: Any) -> Path:
    """Return the path of a setting, as --set takes it, in a document; one of its own where there is no such place."""
    try:
        return parse_path(target, document)
    except ValueError:
        return (target,)


def refuse_seeds(space: SearchSpace) -> None:
    """Raise SpecError where a search would look for a lucky seed."""
    for one in space.ranges:
        if one.path == SEED:
            message = (
                "the best of several seeds is luck, which is not there on other data; compare --seeds shows how much "
                "figures differ by seed"
            )
            raise SpecError(space.problem(one.path, None, message))


def refuse_few(space: SearchSpace, trials: int) -> None:
    """Raise SpecError where there are fewer combinations of values than trials, which --vary tries all."""
    if space.count >= trials:
        return
    path = space.ranges[0].path
    counts = f"{int(space.count)} combination{'s' if space.count > 1 else ''} of values"
    message = f"there are only {counts} for {trials} trials; try all of them by --vary {path}=…, or widen the ranges"
    raise SpecError(space.problem(path, None, message, "search"))


def note_other_samples(space: SearchSpace) -> None:
    """Print a note where trials are measured on other samples."""
    changed = [one.path for one in space.ranges if one.path in {f"data.{key}" for key in CHOOSING}]
    if changed:
        note(f"trials differ in {', '.join(changed)}, so that they are measured on other samples: compare with care")
