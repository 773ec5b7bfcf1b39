"""compare --search: looks for the best values of a document's settings, and shows what was tried."""

import sys
from argparse import Namespace
from contextlib import nullcontext, redirect_stdout

from graphnn.commands.arguments import Parser, positive_integer, show_report
from graphnn.commands.guarding import INTERRUPTED
from graphnn.errors import DivergenceError, GraphError, Problem, SpecError
from graphnn.reports.formats import TABLE
from graphnn.runs.comparison import ComparisonRequest
from graphnn.runs.facts import DIVERGED, FINISHED
from graphnn.runs.search_plan import AT_ONCE, SearchRequest
from graphnn.runs.search_report import search_report
from graphnn.runs.search_run import ExecutorOf, run_search
from graphnn.specification.search_ranges import EXAMPLE, SECTION, SearchSpace
from graphnn.specification.variants import VariantsFile
from graphnn.text.terminal import note, say

TRIALS = 30


def add_search_arguments(parser: Parser) -> None:
    """Add the options of a search."""
    parser.add_argument(
        "--search",
        choices=["optuna"],
        help="look for the best values in the ranges of the file of variants, with Optuna, by the validation figure "
        "that the document watches, else its accuracy or loss; trials that do worse than half of the others are pruned",
    )
    parser.add_argument(
        "--trials",
        type=positive_integer,
        metavar="N",
        help=f"how many trainings with --search, each with other values of all settings; by default {TRIALS}",
    )
    parser.add_argument(
        "--at-once",
        type=positive_integer,
        metavar="N",
        help="how many trials may be under way at once: each is proposed from the results of all but the N - 1 before "
        "it, so that a search is the same for any number of jobs up to N; by default "
        f"{AT_ONCE}, or --jobs where that is more",
    )


def refuse_unused(own: Parser, arguments: Namespace) -> None:
    """Raise UsageError where options of a search stand without it, or others that a search has no use for."""
    if arguments.search is None:
        given = {"--trials": arguments.trials, "--at-once": arguments.at_once}
        for option in [option for option, value in given.items() if value is not None]:
            own.error(f"{option} is for a search; write --search optuna, too")
        return
    if arguments.seeds:
        own.error("--search trains from the seed of the document; leave --seeds out, and compare the best by it after")
    if arguments.variants is None:
        own.error(
            "--search draws from the ranges in a file of variants; name it with --variants, and write into it, for "
            f'example, {{"{SECTION}": {EXAMPLE}}}'
        )


def check_ranges(arguments: Namespace, file: VariantsFile) -> None:
    """Raise SpecError where a search has no ranges, or a file has them alone and there is no search, else note that."""
    if arguments.search and file.space is None:
        message = f'--search draws from ranges, which this file has none of; write, for example, "{SECTION}": {EXAMPLE}'
        raise SpecError(Problem(message, file=str(arguments.variants)))
    if not arguments.search and file.space is not None:
        if len(file.variants) == 1:
            message = 'there are only ranges to search in here; write --search optuna, or add "variants": […]'
            raise SpecError(file.space.document.problem((SECTION,), message, key=True))
        note(f"{arguments.variants}: its ranges are for --search optuna; here, its variants are compared")
    if arguments.search and len(file.variants) > 1:
        note(f"{arguments.variants}: its variants are not trained by a search, but by compare without --search")


def search(
    arguments: Namespace, comparison: ComparisonRequest, space: SearchSpace, executor_of: ExecutorOf, again: str
) -> int:
    """Run a search, and print what came of it.

    executor_of: makes what carries out the trainings. again: the command that goes on with it.
    """
    request = SearchRequest(
        comparison=comparison,
        space=space,
        trials=arguments.trials or TRIALS,
        at_once=arguments.at_once or max(AT_ONCE, arguments.jobs or 1),
        test=arguments.test,
    )
    # The output of the trainings is printed above a table, but on stderr where programs read the result.
    with nullcontext() if arguments.format in (TABLE, "markdown") else redirect_stdout(sys.stderr):
        searched = run_search(request, executor_of, again=again, say=say)
    if searched is None:
        return INTERRUPTED
    report = search_report(searched)
    # jsonl has a line for each trial
    show_report(
        report._replace(data=report.data["trials"]) if arguments.format == "jsonl" else report, arguments.format
    )
    states = {trial.state for trial in searched.trials}
    if FINISHED in states:
        return 0
    return DivergenceError.exit_code if DIVERGED in states else GraphError.exit_code
