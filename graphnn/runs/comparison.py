"""Comparing variants of a document: the trainings that are needed, all checked before the first one starts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from graphnn.averaging.base import averaging_from, check_averaging
from graphnn.datasets.base import facts_of
from graphnn.datasets.batches import split
from graphnn.datasets.digest import digests
from graphnn.datasets.limit import limited
from graphnn.describe.kernels import document_kernels
from graphnn.document.document import listed
from graphnn.errors import DataError, GraphError, Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.losses.base import LOSSES
from graphnn.metrics.base import METRICS
from graphnn.runs.data import run_length, stored
from graphnn.runs.data_notes import print_split_note
from graphnn.runs.final_figures import measured_parts
from graphnn.runs.known_runs import KnownRun, KnownRuns
from graphnn.runs.older import take_over_all, take_over_comparison
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.store import RunStore, store_of
from graphnn.specification.differences import settings
from graphnn.specification.spec import Spec
from graphnn.specification.variants import AS_IT_IS, Variant
from graphnn.storage.weights import weights_path
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import note
from graphnn.training.checkpoint import RunSettings

TRAINING_PART = "training"  # of the figures of runs
CHOOSING = ("dataset", "path", "test_path", "target", "test_split", "seed", "validation_split")  # choose the samples
PREPARING = ("description", "validation_split", "normalize", "augment")  # keys of data that change nothing of its files


@frozen_dataclass
class Training:
    """One training of one variant.

    settings: of its run. parts: what to have figures on, as the facts of runs name them: the test or the validation
    part, and then the same part with views, if the variant has any. known: the run of these settings, if there is one.
    failed: whether it has just diverged, in training or in measuring.
    """

    variant: Variant
    seed: int
    settings: RunSettings
    parts: Sequence[str]
    known: KnownRun | None = None
    failed: bool = False

    @property
    def name(self) -> str:
        """The variant and the seed."""
        return f"{self.variant.name}, seed {self.seed}"

    @property
    def epochs(self) -> float:
        """How many epochs it is to have."""
        return float(self.settings.document["training"]["epochs"])

    @property
    def measured(self) -> bool:
        """Whether it is finished, and has figures on all its parts."""
        return self.known is not None and self.known.measured(self.parts)

    @property
    def diverged(self) -> bool:
        """Whether it diverged, or a figure is not a number, as an overflow left it in older versions.

        Figures that are undefined for some samples, as the ROC AUC of one class, do not count.
        """
        missing = [name for each in self._all_figures.values() for name, value in each.items() if value is None]
        wrong = any(name not in METRICS or not METRICS[name].may_be_undefined for name in missing)
        return self.failed or wrong or (self.known is not None and self.known.diverged)

    @property
    def training_figures(self) -> dict[str, float]:
        """The figures of the epoch that is kept, while it was trained; none where it is not measured."""
        known = self.known if self.measured else None
        figures = {} if known is None else known.facts.figures.get(TRAINING_PART, {})
        return {name: value for name, value in figures.items() if value is not None}

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """The figures by part; none where it is not measured. A figure that is not a number is left out."""
        return {
            part: {name: value for name, value in figures.items() if value is not None}
            for part, figures in self._all_figures.items()
        }

    @property
    def _all_figures(self) -> Mapping[str, Mapping[str, float | None]]:
        known = self.known if self.measured else None
        return {} if known is None else {part: known.facts.figures[part] for part in self.parts}

    @property
    def seconds(self) -> float:
        """The time of all epochs, validation included."""
        return 0.0 if self.known is None else self.known.facts.seconds

    def found(self, runs: KnownRuns) -> "Training":
        """Return the training with its run, if it is among the known ones."""
        return replace(self, known=runs.find(self.settings, self.parts))


@frozen_dataclass(kw_only=True)
class ComparisonRequest:
    """What to compare: all variants of a document, trained from all seeds.

    store: of the trainings. seeds: none for the seed of each variant. test: whether to measure on the test part rather
    than the validation part. limit: the most samples of each part.
    """

    document: DocumentSource
    variants: Sequence[Variant]
    store: RunStore
    seeds: Sequence[int] = ()
    test: bool = False
    limit: int | None = None
    data_dir: Path | None = None
    threads: int | None = None
    kernels: str | None = None


def prepare(request: ComparisonRequest) -> None:
    """Take over what older versions have trained, with notes. Raises WeightsError where nothing could be written."""
    request.store.check()
    weights = weights_path(request.document.file)
    for text in take_over_comparison(request.store.folder, request.store):
        note(text)
    if request.store == store_of(weights):
        take_over_all(weights, request.store)


def planned(request: ComparisonRequest) -> Iterator[Training]:
    """Yield the trainings of each variant, with a note on each variant that changes no result.

    Raises GraphError where one cannot be measured, and what reading raises.
    """
    planner, read = Planner(request), read_all(request)
    note_other_samples([(variant, spec) for variant, spec, _ in read], planner.part)
    runs, first = KnownRuns(request.store), list[Training]()
    for variant, spec, graph in read:
        trainings = [each.found(runs) for each in planner.trainings(variant, spec, graph)]
        if not request.seeds:
            print_split_note(spec)
        note_repeated(trainings[0], first)
        first.append(trainings[0])
        yield from trainings


class Planner:
    """Plans the trainings of variants, and loads each data set once for all of them. part: that figures are on.

    search: whether the trainings are those of a search, which has no use for the test part.
    """

    def __init__(self, request: ComparisonRequest, *, search: bool = False) -> None:
        self._search = search
        self._request, self.part = request, "test" if request.test else "validation"
        self._loaded: dict[str, tuple[int, int, Mapping[str, str]]] = {}  # training samples, held out, digests

    def trainings(self, variant: Variant, spec: Spec, graph: Graph) -> Iterator[Training]:
        """Yield the training of a variant from each seed, without its run. Raises GraphError where none is possible."""
        request = self._request
        if not request.test and not spec.data["validation_split"]:
            instead = "" if self._search else ", or measure on the test part with --test"
            raise GraphError(
                f"{request.document.file}, {variant.name}: there is no validation part to measure on; write "
                f"data.validation_split, for example by --set data.validation_split=0.1{instead}"
            )
        count, own, digests_of_parts = self._samples(spec)
        check_length(spec, graph, count, own, variant)
        kernels = document_kernels(spec, graph, request.kernels, limit=request.limit, loaded=count).name
        parts = measured_parts(self.part, spec.evaluation["test_time_augmentation"])
        for seed in request.seeds or (spec.training["seed"],):
            resolved = {**spec.resolved(), "training": {**spec.resolved()["training"], "seed": seed}}
            yield Training(variant, seed, RunSettings(resolved, digests_of_parts, request.limit, kernels), parts)

    def _samples(self, spec: Spec) -> tuple[int, int, Mapping[str, str]]:
        source = source_of(spec)
        if source not in self._loaded:
            data = stored(spec, self._request.data_dir)
            used = limited(data, self._request.limit, spec.data["seed"])
            self._loaded[source] = len(used.y_train), used.own_validation, digests(data)
        return self._loaded[source]


def source_of(spec: Spec) -> str:
    """Return what is the same for two documents with the same samples."""
    read = [(key, value) for key, value in spec.data.items() if key not in PREPARING]
    return repr([LOSSES[spec.loss.type].outputs, *read])


def note_other_samples(variants: Sequence[tuple[Variant, Spec]], part: str) -> None:
    """Print a note where variants are not measured on the same samples. part: "validation" or "test"."""
    (one, first), *others = variants
    for other, spec in others:
        keys = [key for key in CHOOSING if first.data.get(key) != spec.data.get(key)]
        if part == "test":
            drawn = facts_of(spec.data["dataset"]) is None
            keys = [key for key in keys if key != "validation_split" and (key != "seed" or drawn)]
        if keys:
            changed = listed([f"data.{key}" for key in keys])
            names = f"{quoted(one.name)} and {quoted(other.name)}"
            note(f"variants {names} differ in {changed}, so that they are measured on other samples: compare with care")
            return


def note_repeated(training: Training, others: Sequence[Training]) -> None:
    """Print a note where a training has the settings of another, which is that of an earlier variant."""
    own = training.settings
    for other in others:
        known = other.settings
        same = settings(own.document) == settings(known.document) and own.data == known.data
        if same and own.kernels == known.kernels and training.parts == other.parts:
            name = quoted(training.variant.name)
            note(f"variant {name} is trained as {quoted(other.variant.name)} is: nothing it changes has an effect")
            return


def read_all(request: ComparisonRequest) -> list[tuple[Variant, Spec, Graph]]:
    """Return each variant with its spec and graph. Raises SpecError with the problems of all variants, each once.

    Where a variant is the document as it is, its problems would be repeated for all others, so no other is read.
    """
    read: list[tuple[Variant, Spec, Graph]] = []
    problems: list[Problem | str] = []
    for variant in request.variants:
        try:
            read.append((variant, *read_variant(request, variant)))
        except SpecError as error:
            if any(isinstance(problem, Problem) and problem not in problems for problem in error.problems):
                problems += [problem for problem in error.problems if problem not in problems]
            if variant.name == AS_IT_IS:
                break
    if problems:
        raise SpecError(*problems)
    return read


def read_variant(request: ComparisonRequest, variant: Variant) -> tuple[Spec, Graph]:
    """Return the spec of a variant and its graph. Raises SpecError, with the name of the variant."""
    try:
        source = request.document.changed(*variant.overrides)
        if request.seeds:
            refuse_seeds(source.overrides)
        spec = read_document(source)
        return spec, build_graph(spec)
    except SpecError as error:
        if not variant.overrides:
            raise
        problems = [variant.with_position(problem) for problem in error.problems]
        raise SpecError(f"variant {quoted(variant.name)}:", *problems) from None


def refuse_seeds(overrides: Sequence[str]) -> None:
    """Raise SpecError where an override sets the seed, which --seeds sets."""
    for override in overrides:
        if override.partition("=")[0].strip() == "training.seed":
            raise SpecError(Problem("--seeds gives the seeds; leave training.seed out here", file=f"--set {override}"))


def check_length(spec: Spec, graph: Graph, count: int, own: int, variant: Variant) -> None:
    """Raise DataError, with the name of the variant, where `count` samples are too few for a step or for averaging.

    own: how many of them are the validation part. That is also where a batch would have too few for a layer.
    """
    try:
        chosen, _ = split(count, spec.data["validation_split"], spec.data["seed"], own=own)
        length = run_length(spec, graph, len(chosen))
        check_averaging(averaging_from(spec.training.get("averaging")), length.total_steps)
    except DataError as error:
        raise DataError(f"variant {quoted(variant.name)}:", *error.problems) from None
