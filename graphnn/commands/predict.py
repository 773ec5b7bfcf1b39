"""predict: classifies pictures, arrays or the rows of a table with trained weights."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from graphnn.commands.arguments import (
    Parser,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    document_source,
    positive_integer,
    show_report,
)
from graphnn.commands.guarding import UsageError, guarded
from graphnn.datasets.base import facts_of
from graphnn.errors import DivergenceError, GraphError
from graphnn.evaluation.files import Files, Labelled, gathered
from graphnn.evaluation.inputs import Reader
from graphnn.evaluation.prediction import predict, prediction_report
from graphnn.evaluation.saved_inputs import SavedInputs
from graphnn.evaluation.table_inputs import is_table
from graphnn.metrics.outputs import Classes, YesOrNo
from graphnn.pictures.in_terminal import colours_of, in_bytes, picture_lines
from graphnn.reports.formats import TABLE
from graphnn.runs.trained import load_trained
from graphnn.text.colour import joined
from graphnn.text.terminal import complain, note, say, terminal_width
from graphnn.types import shape_text

MOST_SHOWN = 20  # inputs that --show draws


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
            "models/mnist.json batch.npy --format csv",
            "iris.json new.csv --output predictions.csv",
        ],
    )
    add_document_arguments(result)
    result.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="a picture, such as PNG, JPEG or WebP (grey or colour and size are made to fit; needs Pillow), or an .npy "
        "array of one sample C×H×W or a batch N×C×H×W, in the values of the data set (0…255 for pictures); or, for "
        "weights trained on a table, another table with the same columns, in any order, with answers or without",
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
        help="write the rows of a table with their predictions to FILE, written as the table is",
    )
    add_threads_argument(result)
    add_kernels_argument(result)
    add_format_argument(result, csv="one line a class of each input, or an output of each")
    return result


def run(argv: Sequence[str]) -> int:
    """Predict, and print the results; inputs that cannot be read are reported at the end, with exit code 2.

    So are those whose outputs are not finite, with exit code 3; they are left out of the results.
    """
    arguments = parser().parse(argv)
    trained = load_trained(document_source(arguments), arguments.weights, "predict")
    if trained.table is not None and any(map(is_table, arguments.inputs)):
        from graphnn.commands.predict_table import predict_table  # most inputs are no tables

        return predict_table(arguments, trained, trained.table)
    if arguments.output is not None:
        raise GraphError("--output is for tables: it writes the rows of one with their predictions")
    facts = facts_of(trained.spec.data["dataset"])
    ink = None if facts is None or facts.shape != trained.normalisation.shape else facts.ink
    if arguments.as_is and ink is None:
        raise UsageError("--as-is: pictures are only resized for this network; it is for those of digits and mnist")
    if arguments.top != 1 and trained.graph.loss.outputs not in (Classes, YesOrNo):
        raise UsageError(
            "--top is for classes, but the outputs of this network are numbers, which are shown; leave it out"
        )
    if arguments.invert and all(path.suffix.lower() == ".npy" for path in arguments.inputs):
        raise UsageError("--invert is for pictures; arrays are taken as they are")
    reader = Reader(
        data_shape=trained.normalisation.shape,
        input_shape=trained.spec.input_shape,
        bytes_in_data=trained.in_bytes,
        light_on_dark=facts is not None and facts.light_on_dark,
        invert=arguments.invert,
        ink=None if arguments.as_is else ink,
        resize=trained.resize,
        provenance=trained.provenance,
    )
    files = Files(reader)
    parts = files.read(arguments.inputs)
    for option, given in (("--show", arguments.show), ("--save-input", arguments.save_input)):
        if given and len(reader.data_shape) != 3:
            raise UsageError(f"{option}: an input is {shape_text(reader.data_shape)} numbers, and no picture")
    saved = None if arguments.save_input is None else SavedInputs(arguments.save_input)
    if arguments.show:
        parts = drawn(parts, reader, sys.stdout if arguments.format == TABLE else sys.stderr)
    if saved is not None:
        parts = saved.watch(parts)
    results, overflowed = predict(
        trained.graph,
        trained.parameters,
        trained.normalisation,
        gathered(parts),
        batch_size=trained.spec.training["batch_size"],
        threads=arguments.threads,
        kernels=trained.kernels(arguments.kernels).name,
    )
    if results:
        report = prediction_report(trained.in_values_of_data(results), trained.graph, trained.classes, arguments.top)
        show_report(report, arguments.format)
    for message in files.messages():
        note(message)
    for message in [] if saved is None else saved.messages():
        note(message)
    for message in [*([] if saved is None else saved.problems), *overflowed]:
        complain(message)
    if overflowed:
        return DivergenceError.exit_code
    return GraphError.exit_code if files.failed or (saved is not None and saved.problems) else 0


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
