"""evaluate: holds trained weights against a part of the data."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnn.commands.common import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    guarded,
    positive_integer,
)
from graphnn.commands.evaluation_text import evaluation_text, evaluation_values
from graphnn.datasets.base import Dataset, check_input_shape
from graphnn.datasets.batches import split
from graphnn.datasets.loading import load
from graphnn.describe.formats import json_text
from graphnn.errors import DataError, WeightsError
from graphnn.evaluation.evaluation import evaluate
from graphnn.runs.trained import Trained, load_trained
from graphnn.storage.weights import save_weights
from graphnn.text.terminal import complain, show, terminal_width
from graphnn.training.samples import Samples
from graphnn.types import Array

PARTS = ("test", "validation", "train")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `evaluate` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "evaluate",
        "Measure trained weights: loss, accuracy, precision and recall of each class, and the confusion matrix.",
        [
            "models/mnist.json",
            "models/mnist.json --split validation --format json",
            "models/mnist.json --weights /tmp/try.npz",
            "models/mnist.json --float16 /tmp/small.npz",
        ],
    )
    add_document_arguments(result)
    add_weights_argument(result)
    add_data_argument(result)
    result.add_argument(
        "--split",
        choices=PARTS,
        default="test",
        help="the part of the data: test (default); validation or train, as the document divides the training part",
    )
    result.add_argument(
        "--batch-size", type=positive_integer, metavar="N", help="samples in a batch; by default the document's"
    )
    result.add_argument(
        "--float16",
        type=Path,
        metavar="OUT.npz",
        help="round the weights to float16, measure them so, and write them there, in half the space",
    )
    add_threads_argument(result)
    add_kernels_argument(result)
    result.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")
    return result


def run(argv: Sequence[str]) -> int:
    """Measure, and print what was found."""
    arguments = parser().parse(argv)
    trained = load_trained(arguments, "evaluate")
    spec = trained.spec
    if arguments.float16:
        check_free(arguments.float16)
        round_to_float16(trained.parameters.named(), trained.weights)
    data = load(spec.data["dataset"], path=spec.data["path"], data_dir=arguments.data_dir)
    check_input_shape(data.name, data.shape, spec.input_shape)
    result = evaluate(
        trained.graph,
        trained.parameters,
        part_of(data, arguments.split, trained),
        part=arguments.split,
        weights=arguments.float16 or trained.weights,
        classes=trained.classes or data.classes,
        batch_size=arguments.batch_size or spec.training["batch_size"],
        threads=arguments.threads,
        kernels=arguments.kernels,
        views=spec.evaluation["test_time_augmentation"],
    )
    show(
        json_text(evaluation_values(result))
        if arguments.format == "json"
        else evaluation_text(result, terminal_width())
    )
    if arguments.float16:
        save_weights(arguments.float16, trained.parameters.named(), trained.meta, dtype="<f2")
        complain(f"{arguments.float16} written: {trained.weights} rounded to float16, measured so.")
    return 0


def check_free(file: Path) -> None:
    """Raise WeightsError where a weights file of this name cannot be written, or would replace another file."""
    if file.suffix != ".npz":
        raise WeightsError(f"{file}: the name of a weights file ends in .npz")
    if file.exists():
        raise WeightsError(f"{file}: is there already; give another name, or remove it")
    if not file.parent.is_dir():
        raise WeightsError(f"{file}: there is no folder {file.parent}; make it first")


def round_to_float16(arrays: Mapping[str, Array], file: Path) -> None:
    """Round arrays in place to the nearest numbers of float16. Raises WeightsError where one is too large for it.

    file: where they come from, for the message.
    """
    largest = float(np.finfo(np.float16).max)
    for name, array in arrays.items():
        if np.abs(array).max(initial=0) > largest:
            raise WeightsError(f'{file}: "{name}" holds numbers beyond {largest:,.0f}, the largest of float16')
        array[...] = array.astype(np.float16)


def part_of(data: Dataset, part: str, trained: Trained) -> Samples:
    """Return one part of the data, prepared with the constants that the weights were trained with."""
    spec = trained.spec
    if part == "test":
        return Samples(data.x_test, data.y_test, normalisation=trained.normalisation)
    fraction = spec.data["validation_split"]
    if part == "validation" and not fraction:
        raise DataError("there is no validation part: the document says validation_split = 0")
    training, validation = split(len(data.x_train), fraction, spec.training["seed"])
    return Samples(data.x_train, data.y_train, validation if part == "validation" else training, trained.normalisation)
