"""Comparing variants of a document: the trainings that it takes, checked before any begins, and their files."""

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from csv import DictReader
from dataclasses import dataclass
from pathlib import Path

from graphnn.averaging.base import averaging_from, check_averaging
from graphnn.datasets.batches import split
from graphnn.engine.plan import kernels_for
from graphnn.errors import DataError, GraphError, Problem, SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.runs.data import stored
from graphnn.runs.files import Outputs
from graphnn.runs.progress import in_terminal
from graphnn.runs.reading import read_document
from graphnn.specification.spec import Spec
from graphnn.specification.variants import Variant
from graphnn.storage.weights import load_weights
from graphnn.text.suggestions import quoted
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
    outputs: Outputs
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


def planned(arguments: Namespace, variants: Sequence[Variant], folder: Path) -> Iterator[Training]:
    """Yield the trainings of each variant, as the arguments of `compare` say.

    Raises GraphError where one cannot be measured, or its data be read.
    """
    part = "test" if arguments.test else "validation"
    known: dict[tuple[str, str | None], tuple[int, str]] = {}
    taken: dict[str, Variant] = {}
    for variant, spec, graph in read_all(arguments, variants):
        other = taken.setdefault(file_name(variant, 0), variant)
        if other != variant:
            names = f"{quoted(other.name)} and {quoted(variant.name)}"
            raise SpecError(f"{arguments.variants}: {names} have the same words, and so the same file; rename one")
        if not arguments.test and not spec.data["validation_split"]:
            raise GraphError(
                f"{arguments.spec}, {variant.name}: there is no validation part to measure on; write "
                "data.validation_split, for example by --set data.validation_split=0.1, or measure on the test part "
                "with --test"
            )
        source = (spec.data["dataset"], spec.data["path"])
        if source not in known:
            data = stored(spec, arguments.data_dir, arguments.limit, show_progress=in_terminal())
            known[source] = len(data.y_train), digest(data.x_train, data.y_train)
        count, of_data = known[source]
        check_length(spec, count, variant)
        kernels = kernels_for(graph, arguments.kernels).name
        for seed in arguments.seeds or (spec.training["seed"],):
            resolved = {**spec.resolved(), "training": {**spec.resolved()["training"], "seed": seed}}
            settings = RunSettings(resolved, of_data, arguments.limit, kernels)
            yield Training(variant, seed, settings, Outputs(folder / file_name(variant, seed)), part)


def read_all(arguments: Namespace, variants: Sequence[Variant]) -> list[tuple[Variant, Spec, Graph]]:
    """Return each variant with its spec and graph. Raises SpecError with what is wrong in any of them.

    What is wrong in the first, the document as it is, would be wrong in all.
    """
    read: list[tuple[Variant, Spec, Graph]] = []
    problems: list[Problem | str] = []
    for variant in variants:
        try:
            read.append((variant, *read_variant(arguments, variant)))
        except SpecError as error:
            problems += error.problems
            if variant == variants[0]:
                break
    if problems:
        raise SpecError(*problems)
    return read


def read_variant(arguments: Namespace, variant: Variant) -> tuple[Spec, Graph]:
    """Return the spec of a variant and its graph. Raises SpecError, which names the variant."""
    try:
        if arguments.seeds:
            refuse_seeds([*arguments.overrides, *variant.overrides])
        spec = read_document(arguments, overrides=variant.overrides)
        return spec, build_graph(spec)
    except SpecError as error:
        if not variant.overrides:
            raise
        problems = [variant.placed(problem) for problem in error.problems]
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
