"""compare: what each change to a document is worth, by training it with each of them."""

import shlex
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path

from graphnn.commands.common import (
    INTERRUPTED,
    Parser,
    add_data_argument,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    add_threads_argument,
    document_source,
    guarded,
    natural_number,
    positive_integer,
)
from graphnn.errors import DivergenceError, WeightsError
from graphnn.reports.formats import TABLE, render
from graphnn.runs.comparison import ComparisonRequest, planned, run_trainings
from graphnn.runs.comparison_report import comparison_report
from graphnn.runs.reading import command_line
from graphnn.specification.variants import AS_IT_IS, Variant, read_variants
from graphnn.text.terminal import show, terminal_width

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
    add_format_argument(own, csv="one line a variant and part")
    own.add_argument(
        "--markdown", action="store_const", dest="format", const="markdown", help="short for --format markdown"
    )
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
    request = ComparisonRequest(
        document=document_source(arguments),
        variants=read_variants(arguments.variants) if arguments.variants else (Variant(AS_IT_IS),),
        variants_file=arguments.variants,
        folder=arguments.output or arguments.spec.with_name(f"{arguments.spec.stem}.compare"),
        seeds=arguments.seeds or (),
        test=arguments.test,
        limit=arguments.limit,
        data_dir=arguments.data_dir,
        threads=arguments.threads,
        kernels=arguments.kernels,
    )
    trainings = list(planned(request))
    for training in trainings:
        training.check()
    try:
        request.folder.mkdir(exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{request.folder}: cannot be made: {error.strerror}") from error
    again = f"{command_line('compare', 'compare')} {shlex.join(argv)}"
    # What trainings say stands above a table; where programs read, it goes to stderr.
    with nullcontext() if arguments.format in (TABLE, "markdown") else redirect_stdout(sys.stderr):
        diverged = run_trainings(request, trainings, again=again, say=show)
    if diverged is None:
        return INTERRUPTED
    show(render(comparison_report(trainings, diverged), arguments.format, terminal_width()))
    return DivergenceError.exit_code if diverged else 0
