"""evaluate: measures trained weights on a part of the data."""

from collections.abc import Sequence
from pathlib import Path

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_format_argument,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    document_source,
    positive_integer,
    show_report,
)
from graphnn.commands.guarding import guarded
from graphnn.datasets.base import check_input_shape
from graphnn.describe.limits import refuse_inference
from graphnn.evaluation.evaluation import evaluate
from graphnn.evaluation.report import evaluation_report
from graphnn.runs.data import stored
from graphnn.runs.trained import PARTS, load_trained
from graphnn.storage.float16 import check_free, round_to_float16
from graphnn.storage.weights import save_weights
from graphnn.text.terminal import complain, note


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
        help="the part of the data: test (default); validation or train, as training divided the training part",
    )
    result.add_argument(
        "--batch-size", type=positive_integer, metavar="N", help="samples in a batch; by default the document's"
    )
    result.add_argument(
        "--float16",
        type=Path,
        metavar="OUT.npz",
        help="round the weights to float16, measure these, and write them to OUT.npz, in half the space",
    )
    add_threads_argument(result)
    add_kernels_argument(result)
    add_format_argument(result, csv="one line a class, for regression a figure")
    return result


def run(argv: Sequence[str]) -> int:
    """Measure the weights, and print the result."""
    arguments = parser().parse(argv)
    trained = load_trained(document_source(arguments), arguments.weights, "evaluate")
    spec = trained.spec
    if arguments.float16:
        check_free(arguments.float16)
        round_to_float16(trained.parameters.named(), trained.weights)
    data = stored(spec, arguments.data_dir, table=trained.table, settings=trained.data_settings)
    check_input_shape(data.name, data.shape, spec.input_shape)
    samples, batch_size = trained.part(data, arguments.split), arguments.batch_size or spec.training["batch_size"]
    kernels = trained.kernels(arguments.kernels)
    refuse_inference(trained.graph, batch_size, kernels, str(arguments.spec), len(samples))
    result = evaluate(
        trained.graph,
        trained.parameters,
        samples,
        part=arguments.split,
        weights=arguments.float16 or trained.weights,
        classes=trained.classes or data.classes,
        batch_size=batch_size,
        threads=arguments.threads,
        kernels=kernels.name,
        views=spec.evaluation["test_time_augmentation"],
    )
    recorded = trained.recorded_note(arguments.split, result.figures["loss"])
    for text in result.notes + ((f"{trained.weights}: {recorded}",) if recorded else ()):
        note(text)
    show_report(evaluation_report(result), arguments.format)
    if arguments.float16:
        save_weights(arguments.float16, trained.parameters.named(), trained.meta, dtype="<f2")
        complain(f"{arguments.float16} written: {trained.weights} rounded to float16, measured so.")
    return 0
