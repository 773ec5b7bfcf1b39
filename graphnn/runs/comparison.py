"""Comparing variants of a document: the trainings that it takes, checked before any begins, and their files."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass
from pathlib import Path

from graphnn.averaging.base import averaging_from, check_averaging
from graphnn.datasets.batches import split
from graphnn.engine.plan import kernels_for
from graphnn.errors import DataError, DivergenceError, GraphError, Problem, SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.runs.data import stored
from graphnn.runs.files import RunFiles
from graphnn.runs.progress import Progress, in_terminal
from graphnn.runs.reading import DocumentSource, read_document
from graphnn.runs.training import TrainingRequest, train
from graphnn.specification.spec import Spec
from graphnn.specification.variants import Variant
from graphnn.storage.weights import load_weights
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import complain
from graphnn.training.checkpoint import RunSettings, digest, load_checkpoint
from graphnn.training.length import Length


@dataclass(frozen=True)
class Training:
    """One training of one variant.

    settings: what it is started with. part: whose figures count, "test" or "validation".
    """

    variant: Variant
    seed: int
    settings: RunSettings
    outputs: RunFiles
    part: str

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self.outputs.weights.exists()

    def check(self) -> None:
        """Raise GraphError where there are files of another training in the place of its own."""
        way_out = "remove both, or compare in another folder with --output"
        weights, checkpoint = self.outputs.weights, self.outputs.checkpoint
        if checkpoint.exists():
            # A run that is not at its end can go on with another number of epochs; train itself sees whether.
            free = frozenset() if self.finished else frozenset({"training.epochs"})
            differences = load_checkpoint(checkpoint)[1].differences(self.settings, ignore=free, where="there")
            if differences:
                folder, first = self.outputs.folder, differences[0]
                raise GraphError(f"{weights} and {folder}: hold another training ({first}); {way_out}")
            if self.finished:
                self.figures()
        elif self.finished:
            raise GraphError(f"{weights}: there is no {checkpoint}, which says how it was trained; {way_out}")

    def figures(self) -> Mapping[str, Mapping[str, float]]:
        """Return the part's final figures, plain and with views. Raises GraphError where there are none."""
        metrics = load_weights(self.outputs.weights).meta.get("metrics", {})
        found = {part: own for part, own in metrics.items() if part.split(" ")[0] == self.part}
        if not found:
            raise GraphError(
                f"{self.outputs.weights}: holds a training that was not measured on the {self.part} part; remove it "
                f"and {self.outputs.folder}, or compare in another folder with --output"
            )
        return found

    @property
    def seconds(self) -> float:
        """How long all epochs took, validation included, as its history says."""
        with self.outputs.history.open(newline="", encoding="utf-8") as file:
            return sum(float(row["seconds"]) for row in DictReader(file))


def file_name(variant: Variant, seed: int) -> str:
    """Return the name of a training's weights: the words of the variant's name, and the seed."""
    words = "-".join(re.findall(r"\w+", variant.name.lower())) or "variant"
    return f"{words}-seed{seed}.npz"


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest:
    """What to compare: a document in all variants, from all seeds.

    variants_file: where the variants were read from, for messages. folder: of the trainings. seeds: none for that of
    each variant. test: whether the test part is measured on, rather than the validation part. limit: the most samples
    of each part.
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
    """Yield the trainings of each variant. Raises GraphError where one cannot be measured, or its data be read."""
    part = "test" if request.test else "validation"
    known: dict[tuple[str, str | None], tuple[int, str]] = {}
    taken: dict[str, Variant] = {}
    for variant, spec, graph in read_all(request):
        other = taken.setdefault(file_name(variant, 0), variant)
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
        if source not in known:
            data = stored(spec, request.data_dir, request.limit, show_progress=in_terminal())
            known[source] = len(data.y_train), digest(data.x_train, data.y_train)
        count, of_data = known[source]
        check_length(spec, count, variant)
        kernels = kernels_for(graph, request.kernels).name
        for seed in request.seeds or (spec.training["seed"],):
            resolved = {**spec.resolved(), "training": {**spec.resolved()["training"], "seed": seed}}
            settings = RunSettings(resolved, of_data, request.limit, kernels)
            yield Training(variant, seed, settings, RunFiles(request.folder / file_name(variant, seed)), part)


def read_all(request: ComparisonRequest) -> list[tuple[Variant, Spec, Graph]]:
    """Return each variant with its spec and graph. Raises SpecError with what is wrong in any of them.

    What is wrong in the first, the document as it is, would be wrong in all.
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
    """Return the spec of a variant and its graph. Raises SpecError, which names the variant."""
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
    """Raise SpecError where an override gives a seed, which --seeds gives."""
    for override in overrides:
        if override.partition("=")[0].strip() == "training.seed":
            raise SpecError(Problem("--seeds gives the seeds; leave training.seed out here", file=f"--set {override}"))


def check_length(spec: Spec, count: int, variant: Variant) -> None:
    """Raise DataError, which names the variant, where so many samples give no step, or no averaging."""
    training = spec.training
    try:
        chosen, _ = split(count, spec.data["validation_split"], training["seed"])
        length = Length(len(chosen), training["batch_size"], training["epochs"], training["drop_last"])
        check_averaging(averaging_from(training.get("averaging")), length.total_steps)
    except DataError as error:
        raise DataError(f"variant {quoted(variant.name)}:", *error.problems) from None


def run_trainings(
    request: ComparisonRequest, trainings: Sequence[Training], *, again: str, say: Callable[[str], None]
) -> list[Training] | None:
    """Train what is not trained yet; return the trainings that diverged, or None where one was interrupted.

    again: the command that goes on with an interrupted training. say: is told what is trained. Raises GraphError.
    """
    diverged = []
    for number, training in enumerate(trainings, start=1):
        if training.finished:
            continue
        say(f"{number} of {len(trainings)}: {training.variant.name}, seed {training.seed}\n")
        source = request.document.changed(*training.variant.overrides, f"training.seed={training.seed}")
        wanted = TrainingRequest(
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
            if not train(wanted, Progress(quiet=True, live=False)):
                return None
        except DivergenceError as error:
            complain(str(error))
            diverged.append(training)
    return diverged
