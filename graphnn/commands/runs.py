"""runs: lists the trainings of a document, puts the weights of one beside it, and removes those that are named."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_format_argument,
    document_source,
    run_number,
    show_report,
    with_value_apart,
)
from graphnn.commands.guarding import guarded
from graphnn.plots.saving import SUFFIXES
from graphnn.reports.formats import FOR_PROGRAMS, TABLE
from graphnn.runs.curves import check_plot, plot_runs
from graphnn.runs.listing import listed, other_layers
from graphnn.runs.listing_report import listing
from graphnn.runs.management import promote, remove
from graphnn.runs.promotion import check_name
from graphnn.runs.reading import document_command
from graphnn.runs.store import RunStore, store_of
from graphnn.runs.trained import weights_beside
from graphnn.text.terminal import complain, note, show

EXAMPLES = (
    "models/digits.json",
    "models/digits.json --promote 7",
    "models/digits.json --remove 2,4-6",
    "models/digits.json --only 3-5 --plot curves.svg",
)
BESIDE = "NAME.runs.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "runs",
        "List the trainings of a document, which are kept in NAME.runs beside it: what differed, how far they came, "
        "their figures, time and size. Nothing is ever removed but what --remove names.",
        EXAMPLES,
    )
    add_document_arguments(result)
    result.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="the runs beside W.npz, as train --output W.npz made them, or in FOLDER, as compare --output FOLDER did",
    )
    action = result.add_mutually_exclusive_group()
    action.add_argument(
        "--promote", type=run_number, metavar="RUN", help="put the weights of a run beside the document"
    )
    result.add_argument(
        "--only", type=numbers, metavar="RUN,…", help="list and draw these runs alone; 4-6 stands for 4, 5 and 6"
    )
    result.add_argument(
        "--plot",
        nargs="?",
        const=BESIDE,
        metavar="FILE",
        help=f"draw the curves of the listed runs in one picture, PNG or SVG; by default {BESIDE} beside the document",
    )
    action.add_argument(
        "--remove", type=numbers, metavar="RUN,…", help="remove runs, with all their files; 4-6 stands for 4, 5 and 6"
    )
    add_format_argument(result, csv="one line a run")
    return result


def numbers(text: str) -> list[int]:
    """Return numbers of runs, separated by commas, with 4-6 for a range, for `type=` of an argument."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = run_number(first)
        high = run_number(last) if dash else low
        if not low <= high <= low + 100_000:
            raise ArgumentTypeError(f'"{part}" is no range of numbers of runs')
        found.update(range(low, high + 1))
    return sorted(found)


def refuse_unused(own: Parser, arguments: Namespace) -> None:
    """Raise UsageError where an option that is for the list stands beside --promote or --remove."""
    action = next((name for name in ("promote", "remove") if getattr(arguments, name) is not None), None)
    given = {
        "--set": bool(arguments.overrides),
        "--plugin": bool(arguments.plugins),
        "--format": arguments.format != TABLE,
        "--only": arguments.only is not None,
        "--plot": arguments.plot is not None,
    }
    unused = [option for option, is_given in given.items() if is_given]
    if action is not None and unused:
        own.error(f"{unused[0]} is for the list of runs, and changes nothing with --{action}; leave one of them out")


def run(argv: Sequence[str]) -> int:
    """List the runs, or change them as the arguments say."""
    own = parser()
    arguments = own.parse(arguments_of(argv))
    refuse_unused(own, arguments)
    output: Path | None = arguments.output
    in_folder = output is not None and bool(RunStore(output).runs())
    weights = weights_beside(arguments.spec) if output is None or in_folder else output
    check_name(weights)
    store = RunStore(output) if output is not None and in_folder else store_of(weights)
    if in_folder and arguments.promote is not None:
        own.error(f"--promote takes no folder of runs; copy the weights of the run, which are in {output}")
    if arguments.promote is not None:
        show(f"{promote(store, weights, arguments.promote)}\n")
        other = other_layers(document_source(arguments), store.numbered(arguments.promote))
        if other is not None:
            note(other)
    elif arguments.remove is not None:
        show(f"{remove(store, weights, arguments.remove)}\n")
    else:
        begin = document_command("compare" if in_folder else "train", "runs", arguments.spec, output)
        resume = begin if in_folder else f"{begin} --resume"
        show_list(arguments, weights, store, begin=begin, resume=resume)
    return 0


def arguments_of(argv: Sequence[str]) -> list[str]:
    """Return the arguments with --plot and its file as one, so that no document after it is taken for a picture."""
    return with_value_apart(argv, "--plot", BESIDE, is_picture)


def is_picture(argument: str) -> bool:
    """Whether the argument after --plot is a picture, or meant as one, and not an option or a document."""
    named = Path(argument).suffix.lower() in SUFFIXES
    return named or not (argument.startswith("-") or argument.endswith(".json") or Path(argument).is_file())


def show_list(arguments: Namespace, weights: Path, store: RunStore, *, begin: str, resume: str) -> None:
    """Print the list of runs, and draw their curves where that is asked for."""
    beside = store.folder.with_name(f"{store.folder.name}.png")
    plot = None if arguments.plot is None else beside if arguments.plot == BESIDE else Path(arguments.plot)
    if plot is not None:
        check_plot(plot)
    runs = listed(document_source(arguments), weights, store, arguments.only or ())
    report, exact = listing(runs, weights, store, begin=begin, resume=resume), arguments.format in FOR_PROGRAMS
    show_report(report, arguments.format)
    if plot is not None:
        said = plot_runs(runs, plot, store.folder.stem)
        if exact:
            complain(said)  # where programs read the list
        else:
            show(f"{said}\n")
