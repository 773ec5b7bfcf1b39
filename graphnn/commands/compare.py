"""compare: what each change to a document is worth, by training it with each of them."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphnn.averaging.base import averaging_from, check_averaging
from graphnn.commands import train
from graphnn.commands.common import (
    INTERRUPTED,
    Parser,
    add_data_argument,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    guarded,
    natural_number,
    positive_integer,
)
from graphnn.datasets.batches import split
from graphnn.engine.plan import kernels_for
from graphnn.errors import DataError, DivergenceError, GraphError, Problem, SpecError, WeightsError
from graphnn.graph.graph import Graph, build_graph
from graphnn.runs.comparison import Training, comparison_lines, file_name
from graphnn.runs.data import stored
from graphnn.runs.files import Outputs
from graphnn.runs.progress import in_terminal
from graphnn.runs.reading import read_document
from graphnn.specification.spec import Spec
from graphnn.specification.variants import AS_IT_IS, Variant, read_variants
from graphnn.text.suggestions import quoted
from graphnn.text.terminal import complain, show, terminal_width
from graphnn.training.checkpoint import RunSettings, digest
from graphnn.training.length import Length

EXAMPLES = (
    "models/digits.json --seeds 0,1,2",
    "models/cifar10_quick.json --variants models/variants/cifar10_quick.json",
    "models/cifar10_record.json --seeds 0,1,2 --test --markdown",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(compare, argv)


def parser() -> Parser:
    """Return the command's arguments."""
    own = Parser(
        "compare",
        "Train a document as it is, then each variant of it, from each seed, and show the figures side by side. What "
        "is trained already is not trained again, and an interrupted training goes on where it was, so the command can "
        "be stopped and repeated.",
        EXAMPLES,
    )
    add_document_arguments(own)
    own.add_argument("--variants", type=Path, metavar="FILE", help="a file with the changes to try, each on its own")
    own.add_argument(
        "--seeds", type=seeds, metavar="N,…", help="seeds to train from, for mean and deviation; the document's alone"
    )
    own.add_argument(
        "--test",
        action="store_true",
        help="measure on the test part, for final figures; else on the validation part, for choices",
    )
    own.add_argument("--output", type=Path, metavar="FOLDER", help="where the trainings go; by default NAME.compare")
    own.add_argument("--limit", type=positive_integer, metavar="N", help="use at most N samples of each part")
    own.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    add_data_argument(own)
    add_threads_argument(own)
    add_kernels_argument(own)
    return own


def seeds(text: str) -> tuple[int, ...]:
    """Return different integers ≥ 0 that commas separate, for `type=` of an argument."""
    numbers = tuple(natural_number(part) for part in text.split(","))
    if len(set(numbers)) < len(numbers):
        raise ArgumentTypeError(f'"{text}" names a seed twice')
    return numbers


def compare(argv: Sequence[str]) -> int:
    """Train what is not trained yet, and print the table. Every variant is checked before the first is trained."""
    arguments = parser().parse(argv)
    variants = read_variants(arguments.variants) if arguments.variants else (Variant(AS_IT_IS),)
    folder = arguments.output or arguments.spec.with_name(f"{arguments.spec.stem}.compare")
    trainings = list(planned(arguments, variants, folder))
    for training in trainings:
        training.check()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{folder}: cannot be made: {error.strerror}") from error
    diverged = []
    for number, training in enumerate(trainings, start=1):
        if training.finished:
            continue
        show(f"{number} of {len(trainings)}: {training.variant.name}, seed {training.seed}\n")
        code = train.main(train_arguments(arguments, training))
        if code == DivergenceError.exit_code:
            diverged.append(training)
            continue
        if code == INTERRUPTED:
            complain("The same command goes on from here.")
        if code:
            return code
    width = None if arguments.markdown else terminal_width()
    lines = comparison_lines(trainings, diverged, markdown=arguments.markdown, width=width)
    show("".join(f"{line}\n" for line in lines))
    return DivergenceError.exit_code if diverged else 0


def planned(arguments: Namespace, variants: Sequence[Variant], folder: Path) -> Iterator[Training]:
    """Yield the trainings of each variant. Raises GraphError where one cannot be measured, or its data be read."""
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


def train_arguments(arguments: Namespace, training: Training) -> list[str]:
    """Return the arguments of `train` for one training."""
    own = [str(arguments.spec), "--quiet", "--output", str(training.outputs.weights), "--seed", str(training.seed)]
    for override in (*arguments.overrides, *training.variant.overrides):
        own += ["--set", override]
    for plugin in arguments.plugins:
        own += ["--plugin", str(plugin)]
    for option in ("data_dir", "threads", "kernels", "limit"):
        if getattr(arguments, option) is not None:
            own += [f"--{option.replace('_', '-')}", str(getattr(arguments, option))]
    own += [] if arguments.test else ["--no-test"]
    return own + (["--resume"] if training.outputs.checkpoint.exists() else [])
