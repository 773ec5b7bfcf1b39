"""train: trains the network of a document, and saves the weights beside it."""

from argparse import Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    document_source,
    natural_number,
    positive_integer,
    run_number,
    with_value_apart,
)
from graphnn.commands.guarding import INTERRUPTED, UsageError, guarded
from graphnn.engine.launch import joined
from graphnn.runs import training
from graphnn.runs.data import PICTURES, TABLES
from graphnn.runs.joint_training import JointStart, jointly
from graphnn.runs.progress import Progress
from graphnn.runs.promotion import Destination
from graphnn.runs.reading import command_line, document_command, has_place
from graphnn.runs.side_products import SideProduct
from graphnn.runs.store import store_of
from graphnn.runs.trained import weights_beside
from graphnn.runs.training import LATEST, TrainingRequest
from graphnn.storage.weights import weights_path
from graphnn.text.installing import extra_command
from graphnn.text.outputs import go_on_unread
from graphnn.text.shell import file_word, shell_joined

EXAMPLES = (
    "models/digits.json",
    "models/digits.json --set training.epochs=5 --set optimizer.learning_rate=0.01",
    "models/cifar10.json --resume",
    "models/cifar10.json --plot curves.png --tensorboard logs",
    "models/cifar10.json --no-test --limit 5000 --output /tmp/try.npz",
)

NEEDED_NEXT = {"matplotlib": "report", "jinja2": "report", "PIL": "images"}  # the extras that have them
TO_PREDICT = {
    PICTURES: ("PICTURE.png", "what it sees on a picture of yours"),
    TABLES: ("NEW.csv", "its predictions beside the rows of a new table"),
}


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
    start.add_argument(
        "--resume",
        nargs="?",
        const=LATEST,
        type=run_to_resume,
        metavar="RUN",
        help="continue the run of this number, or the latest one that is unfinished",
    )
    start.add_argument(
        "--init-from",
        type=Path,
        metavar="FILE",
        help="start from those weights of a file that fit: .npz, .safetensors, .pt, .onnx, .keras",
    )
    result.add_argument(
        "--init-map",
        type=Path,
        metavar="MAP.json",
        help="says which module of that file is which layer; written first if it is not there",
    )
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
    result.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the curves of the run, PNG or SVG, at its end and every half minute after an epoch",
    )
    result.add_argument(
        "--tensorboard", type=Path, metavar="FOLDER", help="write the figures of each epoch there for TensorBoard"
    )
    result.add_argument("--quiet", action="store_true", help="print only the final figures")
    result.add_argument("--plain", action="store_true", help="show no progress bar, not even in a terminal")
    return result


def train(argv: Sequence[str]) -> int:
    """Train as the arguments say, and return the exit code."""
    with jointly(joined()) as joint:
        return trained(with_resume_apart(argv), joint)


def trained(argv: Sequence[str], joint: JointStart) -> int:
    """Train as `train` does. joint: with the ranks that train together, which are given the same arguments."""
    arguments = parser().parse(argv)
    if arguments.init_map is not None and arguments.init_from is None:
        raise UsageError("train: --init-map is for --init-from FILE, and changes nothing without it")
    go_on_unread()
    seed = [] if arguments.seed is None else [f"training.seed={arguments.seed}"]
    beside = weights_path if arguments.dry_run else weights_beside  # a dry run writes nothing there
    weights = arguments.output or beside(arguments.spec)
    program = command_line("train", "train")
    request = TrainingRequest(
        source=document_source(arguments, *seed),
        store=store_of(weights),
        destination=Destination(
            weights,
            named=arguments.output is not None,
            promote=f"{document_command('runs', 'train', arguments.spec, arguments.output)} --promote",
        ),
        resume=arguments.resume,
        init_from=arguments.init_from,
        init_map=arguments.init_map,
        data_dir=arguments.data_dir,
        limit=arguments.limit,
        test=not arguments.no_test,
        dry_run=arguments.dry_run,
        threads=arguments.threads,
        kernels=arguments.kernels,
        command=f"{program} {shell_joined(argv)}",
        again=lambda number: resume_command(program, argv, number),
        outputs=outputs_of(arguments),
        after=lambda written, takes: next_commands(arguments, written, takes),
    )
    progress = Progress(quiet=arguments.quiet)
    return 0 if training.train(request, progress, joint) else INTERRUPTED


def outputs_of(arguments: Namespace) -> list[SideProduct]:
    """Return what is written apart from the run's folder."""
    outputs: list[SideProduct] = []
    if arguments.plot is not None:
        from graphnn.runs.curve_picture import CurvePicture  # here and below: for few trainings only

        outputs.append(CurvePicture(arguments.plot))
    if arguments.tensorboard is not None:
        from graphnn.runs.tensorboard import EventFiles

        outputs.append(EventFiles(arguments.tensorboard))
    return outputs


def next_commands(arguments: Namespace, weights: Path, takes: str) -> list[str]:
    """Return lines that name three commands to go on with after a training, and first one that installs what they need.

    weights: their file. takes: what a user would give the network, as TrainingData.takes.
    """
    spec: Path = arguments.spec
    beside = has_place(spec) and weights == weights_path(spec)
    plugins = [word for plugin in arguments.plugins for word in ("--plugin", str(plugin))]
    seed = [] if arguments.seed is None else [f"training.seed={arguments.seed}"]
    changes = [word for change in (*arguments.overrides, *seed) for word in ("--set", change)]
    own = shell_joined(plugins + changes + ([] if beside else ["--weights", str(weights)]))
    folder = "" if arguments.data_dir is None else f" --data-dir {file_word(arguments.data_dir)}"

    def command(name: str, *more: str) -> str:
        return " ".join(filter(None, [document_command(name, "train", spec), *more, own]))

    missing = [extra for module, extra in NEEDED_NEXT.items() if find_spec(module) is None]
    lines = [(extra_command(*missing), "what pages and pictures need, once")] if missing else []
    lines.append((command("report") + folder, "a page on its curves, mistakes and layers"))
    if arguments.no_test:
        lines.append((command("evaluate") + folder, "how good it is on the test part"))
    elif takes in TO_PREDICT:
        file, why = TO_PREDICT[takes]
        lines.append((command("predict", file), why))
    else:
        lines.append((command("evaluate") + folder, "where it is right and wrong"))
    lines.append((command("export", "--to", "onnx"), "a file to use it without graphnn; graphnn serve is an address"))
    return ["", "Next:", *(line for text, why in lines for line in (f"  {text}", f"    {why}"))]


def with_resume_apart(argv: Sequence[str]) -> list[str]:
    """Return the arguments with --resume and its number as one, so that no document after it is taken for a number."""
    return with_value_apart(argv, "--resume", LATEST, is_run)


def is_run(argument: str) -> bool:
    """Whether the argument after --resume is a run, or meant as one, and not an option or a document."""
    is_number = argument.isascii() and argument.isdecimal()
    return is_number or not (argument.startswith("-") or argument.endswith(".json") or Path(argument).exists())


def run_to_resume(text: str) -> int | str:
    """Return the number of a run, or LATEST, for `type=` of an argument."""
    return LATEST if text == LATEST else run_number(text)


def resume_command(program: str, argv: Sequence[str], number: int) -> str:
    """Return the command line that resumes the run of a number, which was started with these arguments."""
    kept: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument in ("--init-from", "--init-map"):
            next(arguments)
        elif argument.partition("=")[0] not in ("--resume", "--init-from", "--init-map"):
            kept.append(argument)
    end = kept.index("--") if "--" in kept else len(kept)
    return f"{program} {shell_joined([*kept[:end], '--resume', str(number), *kept[end:]])}"
