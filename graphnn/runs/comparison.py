"""Comparing variants of a document: the trainings that are needed, all checked before the first one starts."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import DictReader
from pathlib import Path

from graphnn.averaging.base import averaging_from, check_averaging
from graphnn.datasets.batches import split
from graphnn.datasets.digest import TEST, digests
from graphnn.engine.plan import kernels_for
from graphnn.errors import DataError, DivergenceError, GraphError, Problem, SpecError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.runs.data import run_length, stored
from graphnn.runs.files import RunFiles
from graphnn.runs.progress import Progress, in_terminal
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.training import TrainingRequest, train
from graphnn.specification.spec import Spec
from graphnn.specification.variants import Variant
from graphnn.storage.weights import load_weights
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import complain
from graphnn.training.checkpoint import RunSettings, load_checkpoint


@frozen_dataclass
class Training:
    """One training of one variant.

    settings: of its run. outputs: its files. part: the part of the data to measure on, "test" or "validation".
    """

    variant: Variant
    seed: int
    settings: RunSettings
    outputs: RunFiles
    part: str

    @property
    def finished(self) -> bool:
        """Whether it has been trained to its end."""
        return self.outputs.weights.exists()

    def check(self) -> None:
        """Raise GraphError where its files exist and are those of another training."""
        remedy = "remove both, or compare in another folder with --output"
        weights, checkpoint = self.outputs.weights, self.outputs.checkpoint
        if checkpoint.exists():
            # An unfinished run may go on with another number of epochs; `train` checks whether this one can.
            free = frozenset() if self.finished else frozenset({"training.epochs"})
            unused = frozenset({TEST} if self.part != "test" else ())
            differences = load_checkpoint(checkpoint)[1].differences(self.settings, ignore=free | unused, where="there")
            if differences:
                folder, first = self.outputs.folder, differences[0]
                raise GraphError(f"{weights} and {folder}: hold another training ({first}); {remedy}")
            if self.finished:
                self.figures()
        elif self.finished:
            raise GraphError(f"{weights}: there is no {checkpoint}, which says how it was trained; {remedy}")

    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Return the final figures on the part, plain and with views. Raises GraphError where there are none."""
        metrics = load_weights(self.outputs.weights).meta.get("metrics", {})
        found = {part: figures for part, figures in metrics.items() if part.split(" ")[0] == self.part}
        if not found:
            raise GraphError(
                f"{self.outputs.weights}: holds a training that was not measured on the {self.part} part; remove it "
                f"and {self.outputs.folder}, or compare in another folder with --output"
            )
        return found

    @property
    def diverged(self) -> bool:
        """Whether it is finished, and a figure on the part is not a number, as an overflow leaves it."""
        return self.finished and any(None in figures.values() for figures in self.figures().values())

    @property
    def seconds(self) -> float:
        """The time of all epochs, validation included, as recorded in its history."""
        with self.outputs.history.open(newline="", encoding="utf-8") as file:
            return sum(float(row["seconds"]) for row in DictReader(file))


def file_name(variant: Variant, seed: int) -> str:
    """Return the name of a training's weights file: the words of the variant's name, and the seed."""
    words = "-".join(re.findall(r"\w+", variant.name.lower())) or "variant"
    return f"{words}-seed{seed}.npz"


@frozen_dataclass(kw_only=True)
class ComparisonRequest:
    """What to compare: all variants of a document, trained from all seeds.

    variants_file: the file that the variants were read from, for messages. folder: of the trainings. seeds: none for
    the seed of each variant. test: whether to measure on the test part rather than the validation part. limit: the most
    samples of each part.
    """

    document: DocumentSource
    variants: Sequence[Variant]
    variants_file: Path | None
    folder: Path
    seeds: Sequence[int] = ()
    test: bool = False
    limit: int | None = None
    data_dir: Path | None = None
    threads: int | None = None
    kernels: str | None = None


def planned(request: ComparisonRequest) -> Iterator[Training]:
    """Yield the trainings of each variant. Raises GraphError where one cannot be measured, and what reading raises."""
    part = "test" if request.test else "validation"
    facts: dict[tuple[str, str | None], tuple[int, Mapping[str, str]]] = {}  # of the data: training samples, digests
    by_file: dict[str, Variant] = {}
    for variant, spec, graph in read_all(request):
        other = by_file.setdefault(file_name(variant, 0), variant)
        if other != variant:
            names = f"{quoted(other.name)} and {quoted(variant.name)}"
            raise SpecError(f"{request.variants_file}: {names} have the same words, and so the same file; rename one")
        if not request.test and not spec.data["validation_split"]:
            raise GraphError(
                f"{request.document.file}, {variant.name}: there is no validation part to measure on; write "
                "data.validation_split, for example by --set data.validation_split=0.1, or measure on the test part "
                "with --test"
            )
        source = (spec.data["dataset"], spec.data["path"])
        if source not in facts:
            data = stored(spec, request.data_dir, show_progress=in_terminal())
            count = len(data.y_train) if request.limit is None else min(len(data.y_train), request.limit)
            facts[source] = count, digests(data)
        count, parts = facts[source]
        check_length(spec, graph, count, variant)
        kernels = kernels_for(graph, request.kernels).name
        for seed in request.seeds or (spec.training["seed"],):
            resolved = {**spec.resolved(), "training": {**spec.resolved()["training"], "seed": seed}}
            settings = RunSettings(resolved, parts, request.limit, kernels)
            yield Training(variant, seed, settings, RunFiles(request.folder / file_name(variant, seed)), part)


def read_all(request: ComparisonRequest) -> list[tuple[Variant, Spec, Graph]]:
    """Return each variant with its spec and graph. Raises SpecError with the problems of all variants.

    The first variant is the document as it is: its problems would be repeated for all others, so no other is read.
    """
    read: list[tuple[Variant, Spec, Graph]] = []
    problems: list[Problem | str] = []
    for variant in request.variants:
        try:
            read.append((variant, *read_variant(request, variant)))
        except SpecError as error:
            problems += error.problems
            if variant == request.variants[0]:
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


def check_length(spec: Spec, graph: Graph, count: int, variant: Variant) -> None:
    """Raise DataError, with the name of the variant, where `count` samples are too few for a step or for averaging.

    That is also where a batch would have too few for a layer.
    """
    try:
        chosen, _ = split(count, spec.data["validation_split"], spec.training["seed"])
        length = run_length(spec, graph, len(chosen))
        check_averaging(averaging_from(spec.training.get("averaging")), length.total_steps)
    except DataError as error:
        raise DataError(f"variant {quoted(variant.name)}:", *error.problems) from None


def run_trainings(
    request: ComparisonRequest, trainings: Sequence[Training], *, again: str, say: Callable[[str], None]
) -> list[Training] | None:
    """Run the trainings that are not finished; return those that diverged, or None where one was interrupted.

    again: the command that continues an interrupted training. say: called with a line on each training. Raises
    GraphError where one fails otherwise.
    """
    diverged = []
    for number, training in enumerate(trainings, start=1):
        if training.finished:
            continue
        say(f"{number} of {len(trainings)}: {training.variant.name}, seed {training.seed}\n")
        source = request.document.changed(*training.variant.overrides, f"training.seed={training.seed}")
        training_request = TrainingRequest(
            spec=read_document(source),
            document=source.file,
            output=training.outputs.weights,
            resume=training.outputs.checkpoint.exists(),
            data_dir=request.data_dir,
            limit=request.limit,
            test=request.test,
            threads=request.threads,
            kernels=request.kernels,
            again=again,
        )
        try:
            if not train(training_request, Progress(quiet=True, live=False)):
                return None
        except DivergenceError as error:
            complain(str(error))
            diverged.append(training)
    return diverged
