"""Train the network of a document and save its weights beside it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
from graphnn.describe.describe import describe
from graphnn.describe.formats import table_text
from graphnn.describe.memory import available_memory
from graphnn.engine.engine import Engine
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError, WeightsError
from graphnn.graph.graph import Graph, build_graph, initialise, needs_images, unset
from graphnn.initializers.base import IMAGES
from graphnn.parameters.parameters import Parameters
from graphnn.runs.data import TrainingData
from graphnn.runs.files import Outputs
from graphnn.runs.progress import Progress, in_terminal
from graphnn.runs.reading import command_line, read_document
from graphnn.runs.run import Run
from graphnn.runs.trained import weights_path
from graphnn.storage.weights import WeightsFile, assign, load_weights
from graphnn.text.numbers import bytes_text
from graphnn.text.terminal import complain, terminal_width
from graphnn.training.checkpoint import load_checkpoint

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
    """Return the command's arguments."""
    own = Parser("train", "Train the network of a document; its weights are written beside it, as NAME.npz.", EXAMPLES)
    add_document_arguments(own)
    add_data_argument(own)
    own.add_argument(
        "--output", type=Path, metavar="W.npz", help="write the weights there instead, the run beside them"
    )
    start = own.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    start.add_argument("--init-from", type=Path, metavar="W.npz", help="start from the weights in a file that fit")
    own.add_argument(
        "--limit", type=positive_integer, metavar="N", help="use at most N samples of each part, to try out"
    )
    own.add_argument("--dry-run", action="store_true", help="check and build everything, run one batch, write nothing")
    own.add_argument(
        "--no-test", action="store_true", help="leave the test part alone; end with the validation figures"
    )
    own.add_argument("--seed", type=natural_number, metavar="N", help="short for --set training.seed=N")
    add_threads_argument(own)
    add_kernels_argument(own)
    own.add_argument("--quiet", action="store_true", help="print only the final figures")
    own.add_argument("--plain", action="store_true", help="no progress bar, not even in a terminal")
    return own


def train(argv: Sequence[str], *, resumable: bool = True) -> int:
    """Train as the arguments say. Whatever can be found wrong is found before anything is written.

    resumable: whether a run that is interrupted is saved, to go on with.
    """
    own = parser()
    arguments = own.parse(argv)
    seed = [] if arguments.seed is None else [f"training.seed={arguments.seed}"]
    spec = read_document(arguments, overrides=seed)
    graph = build_graph(spec)
    progress = Progress(quiet=arguments.quiet, live=in_terminal() and not arguments.plain)
    description = describe(spec, graph, arguments.kernels)
    progress.line(table_text(description, terminal_width()))
    refuse_too_large(arguments.spec, description.training_bytes, description.batch_size)
    outputs = Outputs(arguments.output or weights_path(arguments.spec))
    outputs.check(data=Path(spec.data["path"]) if spec.data["path"] else None)
    if arguments.resume and not outputs.checkpoint.exists():
        raise WeightsError(f"{outputs.checkpoint}: no such file, so there is no run to resume; start without --resume")
    start = load_checkpoint(outputs.checkpoint) if arguments.resume else None
    if not arguments.dry_run:
        outputs.check_free()
        if start is None and outputs.last.exists():
            complain(
                f"{outputs.folder} holds an unfinished run, which this one replaces; --resume would go on with it."
            )
    given = None if arguments.init_from is None else load_weights(arguments.init_from, check_finite=True)
    data = TrainingData.load(
        spec,
        graph,
        data_dir=arguments.data_dir,
        limit=arguments.limit,
        test=not arguments.no_test,
        show_progress=progress.live,
    )
    batch_size, seed_number = spec.training["batch_size"], spec.training["seed"]
    parameters = unset(graph) if start is not None else first_parameters(graph, seed_number, data)
    if given is not None:
        start_from(given, parameters, progress)
    with Engine(
        graph,
        parameters,
        batch_size=batch_size,
        threads=arguments.threads,
        seed=seed_number,
        kernels=kernels_for(graph, arguments.kernels),
    ) as engine:
        run = Run(spec, graph, parameters, engine, data, outputs, progress)
        if start is not None:
            run.resume(*start)
        if arguments.dry_run:
            run.dry()
            return 0
        again = resume_command(command_line("train", "train"), argv) if resumable else None
        return 0 if run.complete(again=again) else INTERRUPTED


def refuse_too_large(document: Path, needed: int, batch_size: int) -> None:
    """Raise GraphError where training would not fit into this machine's memory."""
    available = available_memory()
    if available is not None and needed > available:
        raise GraphError(
            f"{document}: training this network takes {bytes_text(needed)} at a batch size of {batch_size:,}, but this "
            f"machine has {bytes_text(available)}; inspect shows where it goes; try a smaller training.batch_size, or "
            "fewer units and filters"
        )


def first_parameters(graph: Graph, seed: int, data: TrainingData) -> Parameters:
    """Return the parameters before the first step; images are made ready for initializers that need them only."""
    if not needs_images(graph):
        return initialise(graph, seed)
    images, _ = data.training.take(np.arange(min(IMAGES, len(data.training))), graph.input_shape)
    return initialise(graph, seed, images=images)


def start_from(given: WeightsFile, parameters: Parameters, progress: Progress) -> None:
    """Copy what fits from a weights file, and report both ways. Raises WeightsError where nothing fits."""
    report = assign(parameters, given.arrays, strict=False, file=given.path)
    total = len(parameters.named())
    progress.line(f"{given.path}: {len(report.matched)} of {total} parameters of the network taken from it")
    for line in report.lines():
        progress.line(f"  {line}")
    progress.line()


def resume_command(program: str, argv: Sequence[str]) -> str:
    """Return the command line that goes on with this run."""
    kept: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--init-from":
            next(arguments)
        elif argument != "--resume" and not argument.startswith("--init-from="):
            kept.append(argument)
    return f"{program} {shlex.join([*kept, '--resume'])}"
