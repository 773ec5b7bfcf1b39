"""export: writes a trained network for another library, or draws it."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from graphnn.commands.arguments import (
    Parser,
    add_data_argument,
    add_document_arguments,
    add_format_argument,
    add_weights_argument,
    document_source,
    positive_integer,
    show_report,
)
from graphnn.commands.guarding import guarded
from graphnn.commands.output_place import output_place
from graphnn.datasets.base import Dataset
from graphnn.errors import DataError
from graphnn.exporting.agreement import agreement
from graphnn.exporting.base import TARGETS, DrawnTarget, Exported, Exporter, ExportWishes, Target, write_whole
from graphnn.exporting.report import export_report
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.reports.report import Report
from graphnn.runs.data import stored
from graphnn.runs.reading import read_document
from graphnn.runs.trained import Trained, load_trained
from graphnn.text.numbers import count_text
from graphnn.text.terminal import note
from graphnn.text.working import working
from graphnn.types import Array

Samples = Callable[[str, int], tuple[Array, Array]]
DRAWN = 32  # samples that every export is compared on


def main(argv: Sequence[str] | None = None) -> int:
    """Run `export` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    targets = "; ".join(f"{name}: {target.summary}" for name, target in TARGETS.items())
    result = Parser(
        "export",
        "Write a trained network so that it runs without graphnn, and compare what the file says with what graphnn "
        "says.",
        [
            "models/mnist.json --to onnx",
            "models/mnist.json --to onnx --quantize int8 --output small.onnx",
            "models/cifar10.json --to torch --verify 200",
            "models/digits.json --to svg",
        ],
    )
    add_document_arguments(result)
    result.add_argument("--to", required=True, choices=tuple(TARGETS), metavar="TARGET", help=targets)
    result.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write; by default beside the document, under its name"
    )
    add_weights_argument(result)
    result.add_argument(
        "--verify",
        type=positive_integer,
        metavar="N",
        help=f"compare on N samples of the test part; without it, on {DRAWN} random samples, or with --quantize of "
        "the training part",
    )
    result.add_argument(
        "--quantize", choices=("int8",), help="onnx: compute with integers of 8 bits, in a quarter of the space"
    )
    result.add_argument(
        "--replace", action="store_true", help="replace what is there, if it is no export, or was changed since"
    )
    add_data_argument(result)
    add_format_argument(result, csv="one line for each file")
    return result


def run(argv: Sequence[str]) -> int:
    """Write the network, compare it, and print what was written."""
    own = parser()
    arguments = own.parse(argv)
    target = TARGETS[arguments.to]
    check(own, arguments, target)
    kind = "" if arguments.quantize is None else f".{arguments.quantize}"
    path = output_place(own, arguments, "an export", f"{kind}{target.suffix}")
    wishes = ExportWishes(quantize=arguments.quantize, replace=arguments.replace)
    target.check_wishes(wishes)
    target.check_installed()
    target.check_place(path, wishes)
    report = export(target, path, arguments) if isinstance(target, Exporter) else draw(target, path, arguments)
    show_report(report, arguments.format)
    return 0


def check(own: Parser, arguments: Namespace, target: Target) -> None:
    """Raise UsageError for options that would change nothing."""
    if isinstance(target, DrawnTarget):
        idle = {"--verify": arguments.verify, "--weights": arguments.weights, "--data-dir": arguments.data_dir}
        for option in (option for option, value in idle.items() if value is not None):
            own.error(f"{option}: a drawing needs neither weights nor data; leave it out")
    if arguments.verify is not None and not target.computes:
        own.error(f"--verify: {target.name} holds weights and computes nothing; leave it out")
    if arguments.data_dir is not None and arguments.verify is None and arguments.quantize is None:
        own.error("--data-dir: no data are read without --verify or --quantize; leave it out")


def draw(target: Target, path: Path, arguments: Namespace) -> Report:
    """Draw the graph of a document, which needs no weights, and return the report."""
    assert isinstance(target, DrawnTarget)
    spec = read_document(document_source(arguments))
    text = target.text(build_graph(spec), spec.name)
    write_whole(path, text.encode())
    return export_report(target.name, Exported((path,)), None, "")


def export(target: Exporter, path: Path, arguments: Namespace) -> Report:
    """Write a trained network, compare what was written with it, and return the report."""
    trained = load_trained(document_source(arguments), arguments.weights, "export")
    target.check(trained.graph)
    data = cache(partial(stored, trained.spec, arguments.data_dir, table=trained.table, settings=trained.data_settings))
    samples = partial(part, trained, data)
    network = TrainedNetwork.of(trained.spec, trained.graph, trained.parameters, trained.normalisation, trained.meta)
    if arguments.verify is not None:
        x, _ = samples("test", arguments.verify)
        compared_on = f"{count_text(len(x))} samples of the test part"
    elif arguments.quantize is not None:  # random ones lie beyond the ranges that are calibrated
        x = training_samples(samples)
        compared_on = f"{count_text(len(x))} samples of the training part"
    else:
        x, compared_on = network.likely_samples(DRAWN), f"{DRAWN} random samples"
    wishes = ExportWishes(samples=samples, quantize=arguments.quantize, replace=arguments.replace)
    with working(f"writing {path}"):
        exported = target.write(network, path, wishes)
    for text in (*network.notes, *exported.notes):
        note(text)
    y = target.outputs(exported.files, x)
    agreed = None if y is None else agreement(network, x, y)
    if agreed is not None and agreed.warning is not None and arguments.quantize is None:
        note(agreed.warning)
    return export_report(target.name, exported, agreed, compared_on)


def training_samples(samples: Samples) -> Array:
    """Return training samples to compare on. Raises DataError that says what they are needed for."""
    try:
        return samples("train", DRAWN)[0]
    except DataError as error:
        why = "--quantize is calibrated on training samples"
        raise DataError(*(f"{why}: {each}" for each in error.problems)) from error


def part(trained: Trained, data: Callable[[], Dataset], name: str, count: int) -> tuple[Array, Array]:
    """Return up to `count` samples of a part, drawn evenly from the whole, as they are stored, and their targets.

    Of weights that do not say what they were trained on, the parts are those of the document.
    """
    known = trained.provenance
    if name != "test" and known is not None and known.dataset is None:
        trained = replace(trained, provenance=None)
    samples = trained.part(data(), name)
    positions = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(np.int64)
    chosen = positions if samples.indices is None else samples.indices[positions]
    return np.asarray(samples.x[chosen], np.float32), np.asarray(samples.y[chosen])
