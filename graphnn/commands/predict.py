"""predict: classifies pictures, arrays or the rows of a table with trained weights."""

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import TextIO, cast

from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    document_source,
    positive_integer,
)
from graphnn.commands.guarding import UsageError, guarded
from graphnn.commands.predict_output import check_output, format_of, results_to
from graphnn.errors import DivergenceError, GraphError
from graphnn.evaluation.files import Files, Labelled, gathered
from graphnn.evaluation.input_paths import InputPaths, listed_paths
from graphnn.evaluation.inputs import Reader
from graphnn.evaluation.prediction import NotFinite, Result, prediction_report, predictions
from graphnn.evaluation.saved_inputs import SavedInputs
from graphnn.evaluation.standard_input import JSON, ROWS, STANDARD_INPUT, TEXT, InputStream, recognised
from graphnn.evaluation.table_inputs import is_table
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.pictures.in_terminal import colours_of, in_bytes, picture_lines
from graphnn.pictures.opening import SUFFIXES
from graphnn.pictures.resizing import MODES
from graphnn.reports.formats import TABLE
from graphnn.runs.trained import Trained, load_trained
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.text.colour import joined
from graphnn.text.terminal import complain, note, say, terminal_width
from graphnn.types import shape_text

MOST_SHOWN = 20  # inputs that --show draws
BLOCK = 1000  # results that are laid out together for people


def main(argv: Sequence[str] | None = None) -> int:
    """Run `predict` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "predict",
        "Classify pictures or arrays with trained weights: the most probable class and its probability.",
        [
            "models/cifar10.json cat.png truck.jpg",
            "models/mnist.json drawing.png --invert --top 3",
            "models/cifar10.json photos --format jsonl",
            "models/mnist.json 'scans/**/*.png' --output digits.csv",
            "iris.json new.csv --output predictions.csv",
        ],
    )
    add_document_arguments(result)
    result.add_argument(
        "inputs",
        nargs="*",
        type=Path,
        metavar="INPUT",
        help="a picture, such as PNG, JPEG or WebP (grey or colour and size are made to fit; needs Pillow); an .npy "
        "array of one sample C×H×W or a batch N×C×H×W, in the values of the data set (0…255 for pictures); a folder, "
        "for all pictures in it and in the folders in it; a pattern in quotes, such as 'a/**/*.png'; or, for weights "
        "trained on a table, another table with the same columns, in any order, with answers or without; samples or "
        "rows in JSON, in a list or one a line; - for any of them from standard input",
    )
    result.add_argument(
        "--files-from",
        type=Path,
        metavar="LIST",
        help="read further inputs from a file, one a line, or ended by null bytes as by find -print0; - for "
        "standard input",
    )
    add_weights_argument(result)
    result.add_argument(
        "--top", type=positive_integer, default=1, metavar="K", help="show the K most probable classes; 1 by default"
    )
    result.add_argument(
        "--invert",
        action="store_true",
        help="turn pictures from dark on light, as one draws on paper, to light on dark; for digits and mnist this is "
        "done where it is needed, and the option is for pictures that are taken for light on dark",
    )
    result.add_argument(
        "--as-is",
        action="store_true",
        help="only resize pictures, where the network is for digits or mnist, and they would be cropped to the ink",
    )
    result.add_argument(
        "--show", action="store_true", help=f"draw what the network sees, of the first {MOST_SHOWN} inputs, too"
    )
    result.add_argument(
        "--save-input",
        type=Path,
        metavar="PLACE",
        help="save what the network sees, pixel by pixel: for one input a file NAME.png, else a folder; nothing is "
        "replaced",
    )
    result.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the results to FILE, as .csv, .json, .jsonl or .md; of a table its rows with their predictions, "
        "as the table is written unless the suffix is one of JSON",
    )
    add_threads_argument(result)
    add_kernels_argument(result)
    add_format_argument(result, csv="one line a class of each input, or an output of each")
    return result


def run(argv: Sequence[str]) -> int:
    """Predict, and print the results as they come; return 2 where inputs cannot be read, which is told.

    3 where outputs are not finite; these are left out of the results.
    """
    arguments = parser().parse(argv)
    inputs = inputs_of(arguments)
    trained = load_trained(document_source(arguments), arguments.weights, "predict")
    held = recognised(standard_input()) if STANDARD_INPUT in inputs else None
    if trained.table is not None and any(has_rows(path, held) for path in inputs):
        from graphnn.commands.predict_table import predict_table  # most inputs are no tables

        arguments.inputs = inputs
        return predict_table(arguments, trained, trained.table, held)
    reader = trained.reader(invert=arguments.invert, as_is=arguments.as_is)
    check(arguments, trained, reader, inputs)
    form = arguments.format if arguments.output is None else format_of(arguments.output, arguments.format)
    if arguments.output is not None:
        check_output(arguments.output, inputs)
    files = Files(reader, held)
    pictures = len(reader.data_shape) == 3 and reader.data_shape[0] in MODES
    paths = InputPaths(SUFFIXES if pictures else (".npy",), files.fail)
    parts = files.read(paths.all(inputs))
    saved = None if arguments.save_input is None else SavedInputs(arguments.save_input)
    if arguments.show:
        parts = drawn(parts, reader, sys.stdout if form == TABLE else sys.stderr)
    if saved is not None:
        parts = saved.watch(parts)
    # A program that writes one sample a line may wait for each answer.
    at_once = inputs == [STANDARD_INPUT] and held is not None and held.kind in (JSON, ROWS)
    wrong = NotFinite()
    results = predictions(
        trained.graph,
        trained.parameters,
        trained.normalisation,
        parts if at_once else gathered(parts),
        wrong,
        batch_size=trained.spec.training["batch_size"],
        threads=arguments.threads,
        kernels=trained.kernels(arguments.kernels).name,
    )
    count = 0
    with results_to(arguments.output, form) as stream:
        for found in in_blocks(results) if form == TABLE else results:
            count += len(found)
            if found:
                known = trained.in_values_of_data(found)
                stream.add(prediction_report(known, trained.graph, trained.classes, arguments.top))
    if arguments.output is not None:
        say(f"{arguments.output} written: {count:,} results.")
    for message in [*files.messages(), *paths.messages(), *([] if saved is None else saved.messages())]:
        note(message)
    for message in [*([] if saved is None else saved.problems), *wrong.messages()]:
        complain(message)
    if wrong.count:
        return DivergenceError.exit_code
    return GraphError.exit_code if files.failed or (saved is not None and saved.problems) else 0


def inputs_of(arguments: Namespace) -> list[Path]:
    """Return the inputs that are named on the command line, and those of --files-from.

    Raises UsageError where there are none, GraphError where the list cannot be read.
    """
    inputs: list[Path] = arguments.inputs
    listing: Path | None = arguments.files_from
    if inputs.count(STANDARD_INPUT) + (listing == STANDARD_INPUT) > 1:
        raise UsageError("standard input can be read once; leave out one -")
    if listing is None:
        if not inputs:
            parser().error("the following arguments are required: INPUT")
        return inputs
    if listing == STANDARD_INPUT:
        content = standard_input().read()
    else:
        try:
            with open_regular(listing) as file:
                content = file.read()
        except OSError as problem:
            raise GraphError(f"{listing}: {reading_problem(problem)}") from problem
    return [*inputs, *listed_paths(content, listing)]


def standard_input() -> BufferedReader:
    """Return standard input, in bytes. Raises GraphError where it is closed."""
    stream: TextIO | None = sys.stdin
    if stream is None:
        raise GraphError("standard input is closed")
    return cast(BufferedReader, stream.buffer)


def has_rows(path: Path, held: InputStream | None) -> bool:
    """Return whether an input is a table. held: what standard input holds, where it is an input."""
    return is_table(path) if path != STANDARD_INPUT or held is None else held.kind in (TEXT, ROWS)


def check(arguments: Namespace, trained: Trained, reader: Reader, inputs: Sequence[Path]) -> None:
    """Raise UsageError where an option means nothing for the network or the inputs."""
    if arguments.as_is and trained.ink is None:
        raise UsageError("--as-is: pictures are only resized for this network; it is for those of digits and mnist")
    if arguments.top != 1 and trained.graph.loss.outputs not in (Classes, YesOrNo):
        raise UsageError(
            "--top is for classes, but the outputs of this network are numbers, which are shown; leave it out"
        )
    if arguments.invert and all(path.suffix.lower() == ".npy" for path in inputs):
        raise UsageError("--invert is for pictures; arrays are taken as they are")
    for option, given in (("--show", arguments.show), ("--save-input", arguments.save_input)):
        if given and len(reader.data_shape) != 3:
            raise UsageError(f"{option}: an input is {shape_text(reader.data_shape)} numbers, and no picture")


def in_blocks(results: Iterable[list[Result]]) -> Iterator[list[Result]]:
    """Yield results joined to BLOCK or more, which people read below each other; the last may have fewer."""
    block: list[Result] = []
    for found in results:
        block += found
        if len(block) >= BLOCK:
            yield block
            block = []
    yield block


def drawn(parts: Iterator[Labelled], reader: Reader, stream: TextIO) -> Iterator[Labelled]:
    """Yield the parts, and draw the first samples on a stream, which is standard output or error."""
    count = 0
    print_lines = say if stream is sys.stdout else complain
    colours, width = colours_of(stream), terminal_width(stream)
    known = None if reader.provenance is None else reader.provenance.range
    for labels, x in parts:
        for label, image in zip(labels[: max(0, MOST_SHOWN - count)], x, strict=False):
            pixels = in_bytes(image, (0, 255) if reader.bytes_in_data else known)
            print_lines(joined("\n", [label, *picture_lines(pixels, colours, width), ""]))
        count += len(labels)
        yield labels, x
    if count > MOST_SHOWN:
        note(f"--show draws the first {MOST_SHOWN} of {count:,} inputs")
