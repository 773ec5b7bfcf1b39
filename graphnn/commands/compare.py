"""compare: trains a document with each of several changes, and shows what each is worth."""

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from functools import partial
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    add_threads_argument,
    document_source,
    natural_number,
    positive_integer,
    show_report,
)
from graphnn.commands.compare_search import add_search_arguments, check_ranges, refuse_unused, search
from graphnn.commands.guarding import INTERRUPTED, guarded
from graphnn.errors import DivergenceError, WeightsError
from graphnn.reports.formats import TABLE
from graphnn.runs.comparison import ComparisonRequest, planned, prepare
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_report import comparison_report
from graphnn.runs.comparison_run import ComparisonRun
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.runs.executors import opened
from graphnn.runs.reading import command_line
from graphnn.runs.store import RunStore, store_of
from graphnn.runs.trained import weights_beside
from graphnn.specification.grid import grid
from graphnn.specification.variants import AS_IT_IS, Variant, VariantsFile, read_variants
from graphnn.text.outputs import go_on_unread
from graphnn.text.shell import file_word, shell_joined
from graphnn.text.terminal import show

EXAMPLES = (
    "models/digits.json --seeds 0,1,2",
    "models/digits.json --vary optimizer.learning_rate=0.1,0.01 --vary training.batch_size=32,64",
    "models/cifar10_quick.json --variants models/variants/cifar10_quick.json",
    "models/cifar10_record.json --seeds 0,1,2 --test --markdown",
    "models/digits.json --variants models/variants/digits.json --search optuna --trials 30",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(compare, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "compare",
        "Train a document as it is and each variant of it, or with each value of --vary, from each seed, and show the "
        "figures side by side. "
        "Finished trainings are not repeated, and an interrupted one continues where it stopped, so the command can be "
        "stopped and run again.",
        EXAMPLES,
    )
    add_document_arguments(result)
    what = result.add_mutually_exclusive_group()
    what.add_argument(
        "--variants",
        type=Path,
        metavar="FILE",
        help="a file with the changes to try, one at a time, or with ranges for --search",
    )
    what.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="PATH=VALUE,…",
        help="train with each of these values instead, for example optimizer.learning_rate=0.1,0.01; where it is "
        "repeated, with every combination; null removes the setting",
    )
    result.add_argument(
        "--seeds", type=seeds, metavar="N,…", help="seeds to train from, for mean and deviation; the document's alone"
    )
    result.add_argument(
        "--test",
        action="store_true",
        help="measure on the test part, for final figures, after a search only its best trial; else on the validation "
        "part, for choices",
    )
    add_search_arguments(result)
    result.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="the folder of the runs, which runs --output lists; by default NAME.runs, as of train",
    )
    result.add_argument(
        "--limit", type=positive_integer, metavar="N", help="use at most N samples of each part, drawn class by class"
    )
    where = result.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=positive_integer,
        metavar="N",
        help="train N at once, each in a process of its own with its share of the cores; results do not depend on it",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="train on the workers of a Dask cluster, one training on each: the address of its scheduler, as in "
        "tcp://HOST:8786, or the file of dask scheduler --scheduler-file; the workers must see the folder of the runs",
    )
    form = result.add_mutually_exclusive_group()
    add_format_argument(form, csv="one line a variant, part and metric, or a trial of a search")
    form.add_argument(
        "--markdown", action="store_const", dest="format", const="markdown", help="short for --format markdown"
    )
    add_data_argument(result)
    add_threads_argument(result)
    add_kernels_argument(result)
    return result


def seeds(text: str) -> tuple[int, ...]:
    """Return different integers ≥ 0 separated by commas, for `type=` of an argument."""
    try:
        numbers = tuple(natural_number(part) for part in text.split(","))
    except ArgumentTypeError:
        from graphnn.commands.habits import about_seeds

        written = about_seeds(text)
        if written is None:
            raise
        raise ArgumentTypeError(f'"{text}" is not a list of integers; write --seeds {written}') from None
    if len(set(numbers)) < len(numbers):
        raise ArgumentTypeError(f'"{text}" names a seed twice')
    return numbers


def variants_of(arguments: Namespace) -> VariantsFile:
    """Return what to compare, or where to search. Raises SpecError."""
    if arguments.vary:
        return VariantsFile(grid(arguments.vary, arguments.overrides))
    return read_variants(arguments.variants) if arguments.variants else VariantsFile((Variant(AS_IT_IS),))


def compare(argv: Sequence[str]) -> int:
    """Run all trainings that are not finished, and print the table. All variants are checked before the first."""
    own = parser()
    arguments = own.parse(argv)
    refuse_unused(own, arguments)
    go_on_unread()
    if arguments.output is not None and arguments.output.suffix == ".npz":
        raise WeightsError(
            f"{arguments.output}: --output of compare is a folder for its runs, which .npz, the end of a weights file, "
            f"would hide; name it {file_word(store_of(arguments.output).folder)}, for example"
        )
    document, file = document_source(arguments), variants_of(arguments)
    check_ranges(arguments, file)
    request = ComparisonRequest(
        document=document,
        variants=file.variants,
        store=RunStore(arguments.output) if arguments.output else store_of(weights_beside(arguments.spec)),
        seeds=arguments.seeds or (),
        test=arguments.test and not arguments.search,
        limit=arguments.limit,
        data_dir=arguments.data_dir,
        threads=arguments.threads,
        kernels=arguments.kernels,
    )
    again = f"{command_line('compare', 'compare')} {shell_joined(argv)}"
    executor_of = partial(opened, jobs=arguments.jobs, scheduler=arguments.scheduler)
    if arguments.search and file.space:
        return search(arguments, request, file.space, executor_of, again)
    prepare(request)
    trainings = list(planned(request))
    work = ComparisonWork.of(request, again)
    # The output of the trainings is printed above a table, but on stderr where programs read the result.
    with nullcontext() if arguments.format in (TABLE, "markdown") else redirect_stdout(sys.stderr):
        times = TimeOfAll([each.epochs for each in trainings])
        with executor_of(work, times) as executor:
            done = ComparisonRun(work, trainings, times, executor, show).run()
    if done is None:
        return INTERRUPTED
    show_report(comparison_report(done), arguments.format)
    return DivergenceError.exit_code if any(each.diverged for each in done) else 0
