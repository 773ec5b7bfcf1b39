"""train: trains the network of a document, and saves the weights beside it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.common import (
    INTERRUPTED,
    Parser,
    add_data_argument,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    document_source,
    guarded,
    natural_number,
    positive_integer,
)
from graphnn.runs import training
from graphnn.runs.progress import Progress, in_terminal
from graphnn.runs.reading import command_line, read_document
from graphnn.runs.trained import weights_path
from graphnn.runs.training import TrainingRequest

EXAMPLES = (
    "models/digits.json",
    "models/digits.json --set training.epochs=5 --set optimizer.learning_rate=0.01",
    "models/cifar10.json --resume",
    "models/cifar10.json --no-test --limit 5000 --output /tmp/try.npz",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return guarded(train, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "train", "Train the network of a document; its weights are written beside it, as NAME.npz.", EXAMPLES
    )
    add_document_arguments(result)
    add_data_argument(result)
    result.add_argument(
        "--output", type=Path, metavar="W.npz", help="write the weights to this file instead, and the run beside it"
    )
    start = result.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="continue a run that was interrupted")
    start.add_argument("--init-from", type=Path, metavar="W.npz", help="start from those weights of a file that fit")
    result.add_argument(
        "--limit",
        type=positive_integer,
        metavar="N",
        help="use at most N samples of each part, drawn class by class, to try out",
    )
    result.add_argument(
        "--dry-run", action="store_true", help="check and build everything, run one batch, write nothing"
    )
    result.add_argument(
        "--no-test", action="store_true", help="do not use the test part; end with the validation figures"
    )
    result.add_argument("--seed", type=natural_number, metavar="N", help="short for --set training.seed=N")
    add_threads_argument(result)
    add_kernels_argument(result)
    result.add_argument("--quiet", action="store_true", help="print only the final figures")
    result.add_argument("--plain", action="store_true", help="show no progress bar, not even in a terminal")
    return result


def train(argv: Sequence[str], *, resumable: bool = True) -> int:
    """Train as the arguments say, and return the exit code.

    resumable: whether an interrupted run is saved, to be resumed.
    """
    arguments = parser().parse(argv)
    seed = [] if arguments.seed is None else [f"training.seed={arguments.seed}"]
    request = TrainingRequest(
        document=arguments.spec,
        spec=read_document(document_source(arguments).changed(*seed)),
        output=arguments.output or weights_path(arguments.spec),
        resume=arguments.resume,
        init_from=arguments.init_from,
        data_dir=arguments.data_dir,
        limit=arguments.limit,
        test=not arguments.no_test,
        dry_run=arguments.dry_run,
        threads=arguments.threads,
        kernels=arguments.kernels,
        again=resume_command(command_line("train", "train"), argv) if resumable else None,
    )
    progress = Progress(quiet=arguments.quiet, live=in_terminal() and not arguments.plain)
    return 0 if training.train(request, progress) else INTERRUPTED


def resume_command(program: str, argv: Sequence[str]) -> str:
    """Return the command line that resumes this run."""
    kept: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--init-from":
            next(arguments)
        elif argument != "--resume" and not argument.startswith("--init-from="):
            kept.append(argument)
    return f"{program} {shlex.join([*kept, '--resume'])}"
