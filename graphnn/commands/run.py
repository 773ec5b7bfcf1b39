"""run: the command of the course; `run unittest NAME` checks one building block, `run mnist` and `run cifar` train."""

import math
from collections.abc import Sequence

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_kernels_argument,
    add_threads_argument,
)
from graphnn.commands.guarding import INTERRUPTED, UsageError, guarded
from graphnn.course.checks import CHECKS
from graphnn.course.comparisons import Check
from graphnn.course.trials import TRIALS, run_trial
from graphnn.text.suggestions import unknown_name
from graphnn.text.terminal import showable

FAILED = 1
ALL = "all"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a check fails."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "run",
        "Check one building block against values worked out by hand and its gradients numerically; or train a network "
        "and require an accuracy within a time.",
        ["unittest conv", "unittest all", "mnist"],
    )
    result.add_argument("command", metavar="unittest", help="the only subcommand; mnist and cifar do without it too")
    known = ", ".join([*CHECKS, *TRIALS])
    result.add_argument("name", metavar="NAME", nargs="?", help=f"{known}; or {ALL}: all but the last two")
    add_data_argument(result)
    add_threads_argument(result)
    add_kernels_argument(result)
    return result


def run(argv: Sequence[str]) -> int:
    """Run the checks, or the trial, that the arguments name."""
    command = parser()
    arguments = command.parse(argv)
    if arguments.command in TRIALS and arguments.name is None:
        arguments.command, arguments.name = "unittest", arguments.command
    if arguments.command != "unittest":
        command.error(f'unknown command "{arguments.command}"; did you mean "unittest"?')
    if arguments.name is None:
        command.error("the following arguments are required: NAME")
    if arguments.name in TRIALS:
        outcome = run_trial(
            TRIALS[arguments.name], data_dir=arguments.data_dir, threads=arguments.threads, kernels=arguments.kernels
        )
        if outcome is None:
            return INTERRUPTED
        print(showable(str(outcome)))
        return 0 if outcome.passed else FAILED
    own = {"--data-dir": arguments.data_dir, "--threads": arguments.threads, "--kernels": arguments.kernels}
    for option, given in own.items():
        if given is not None:
            trials = " and ".join(TRIALS)
            command.error(f"{option} is for the trainings, {trials}, and changes nothing in a check; leave it out")
    return 0 if check(names(arguments.name)) else FAILED


def names(given: str) -> list[str]:
    """Return the names of the checks to run. Raises UsageError for an unknown name."""
    if given == ALL:
        return list(CHECKS)
    if given in CHECKS:
        return [given]
    known = [*CHECKS, *TRIALS, ALL]
    raise UsageError(unknown_name("unit test", given, known))


def check(chosen: Sequence[str]) -> bool:
    """Run the checks, print each, and return whether all passed."""
    failed: list[str] = []
    for name in chosen:
        print(showable(f"{name}: {CHECKS[name].__doc__}"))
        results: list[Check] = []
        try:
            for result in CHECKS[name]():
                results.append(result)
                print(showable(f"  {line(result)}"))
        except Exception as error:  # the author of a broken layer needs to see any error that it raises
            results.append(Check("the checks after these", math.inf))
            print(showable(f"  FAILED  {type(error).__name__}: {error}"))
        worst = max(result.error for result in results)
        wrong = sum(not result.passed for result in results)
        verdict = f"{wrong} FAILED" if wrong else "all passed"
        print(showable(f"  {len(results)} checks, largest error {worst:.1e}: {verdict}\n"))
        failed += [name] if wrong else []
    if failed:
        print(showable(f"FAILED: {', '.join(failed)}"))
    return not failed


def line(result: Check) -> str:
    """Return a check in one line."""
    verdict = "ok    " if result.passed else "FAILED"
    return f"{verdict}  error {result.error:7.1e}, allowed {result.allowed:.0e}  {result.subject}"
