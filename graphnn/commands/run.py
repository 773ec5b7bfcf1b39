"""run: the course's own command; `run unittest NAME` checks one building block, or trains mnist or cifar."""

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphnn.commands import train
from graphnn.commands.common import (
    Parser,
    UsageError,
    add_data_argument,
    add_kernels_argument,
    add_threads_argument,
    guarded,
)
from graphnn.course.checks import CHECKS
from graphnn.course.comparisons import Check
from graphnn.errors import DataError
from graphnn.storage.weights import load_weights
from graphnn.text.suggestions import unknown_name
from graphnn.text.terminal import showable

MODELS = Path(__file__).parents[2] / "models"
FAILED = 1
ALL = "all"


@dataclass(frozen=True)
class Trial:
    """A network that has to reach more than `accuracy` on the test part within `minutes`."""

    document: str
    accuracy: float
    minutes: float


TRIALS = {"mnist": Trial("mnist.json", 0.9, 10), "cifar": Trial("cifar10.json", 0.7, 60)}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a check fails."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the command's arguments."""
    own = Parser(
        "run",
        "Check one building block against values worked out by hand and its gradients numerically; or train a network "
        "and require an accuracy within a time.",
        ["unittest conv", "unittest all", "unittest mnist"],
    )
    own.add_argument("command", metavar="unittest", help="the only command there is")
    own.add_argument("name", metavar="NAME", help=f"{', '.join([*CHECKS, *TRIALS])}; or {ALL}: all but the last two")
    add_data_argument(own)
    add_threads_argument(own)
    add_kernels_argument(own)
    return own


def run(argv: Sequence[str]) -> int:
    """Check what the arguments name."""
    own = parser()
    arguments = own.parse(argv)
    if arguments.command != "unittest":
        own.error(f'unknown command "{arguments.command}"; did you mean "unittest"?')
    if arguments.name in TRIALS:
        return try_training(TRIALS[arguments.name], arguments)
    return 0 if check(names(arguments.name)) else FAILED


def names(given: str) -> list[str]:
    """Return the names of the checks that are meant. Raises UsageError for an unknown name."""
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
        except Exception as error:  # whatever a broken layer raises is what its author wants to read
            results.append(Check("the checks after these", math.inf))
            print(showable(f"  FAILED  {type(error).__name__}: {error}"))
        worst = max(result.error for result in results)
        wrong = sum(not result.passed for result in results)
        print(f"  {len(results)} checks, largest error {worst:.1e}: {f'{wrong} FAILED' if wrong else 'all passed'}\n")
        failed += [name] if wrong else []
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return not failed


def line(result: Check) -> str:
    """Return a check in one line."""
    verdict = "ok    " if result.passed else "FAILED"
    return f"{verdict}  error {result.error:7.1e}, allowed {result.allowed:.0e}  {result.subject}"


def try_training(trial: Trial, arguments: argparse.Namespace) -> int:
    """Train a network, leaving nothing behind, and return the exit code: 1 where it missed its accuracy or time."""
    document = MODELS / trial.document
    if not document.is_file():
        raise DataError(f"{document}: no such file; the networks are in a checkout of graphnn, not in the package")
    options = ["--data-dir", str(arguments.data_dir)] if arguments.data_dir else []
    options += ["--threads", str(arguments.threads)] if arguments.threads else []
    options += ["--kernels", arguments.kernels] if arguments.kernels else []
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "trial.npz"
        code = train.train([str(document), "--output", str(weights), *options], resumable=False)
        if code:
            return code
        accuracy = load_weights(weights).meta["metrics"]["test"]["accuracy"]
    minutes = (time.perf_counter() - start) / 60
    passed = accuracy > trial.accuracy and minutes < trial.minutes
    print(
        f"{'ok' if passed else 'FAILED'}: test accuracy {accuracy:.2%} (required: more than {trial.accuracy:.0%}) "
        f"in {minutes:.1f} minutes (allowed: {trial.minutes:.0f})"
    )
    return 0 if passed else FAILED
