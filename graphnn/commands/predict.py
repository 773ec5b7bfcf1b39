"""predict: what trained weights say to pictures and arrays of one's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphnn.commands.common import (
    Parser,
    add_document_arguments,
    add_kernels_argument,
    add_threads_argument,
    add_weights_argument,
    guarded,
    positive_integer,
)
from graphnn.datasets.facts import FACTS
from graphnn.describe.formats import json_text
from graphnn.engine.engine import Engine
from graphnn.engine.inference import CHUNK
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError
from graphnn.evaluation.evaluation import class_names
from graphnn.evaluation.inputs import Reader
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.runs.trained import Trained, load_trained, note
from graphnn.text.tables import Column, bare_table, csv_lines
from graphnn.text.terminal import complain, show
from graphnn.types import Array

Labelled = tuple[list[str], Array]  # the samples' labels, and the samples
Result = tuple[str, Array]  # a sample's label, and the network's output

LIGHT_ON_DARK = ("digits", "mnist")  # data sets of bright ink on black


def main(argv: Sequence[str] | None = None) -> int:
    """Run `predict` and return its exit code."""
    return guarded(run, argv)


def parser() -> Parser:
    """Return the parser of the command line."""
    result = Parser(
        "predict",
        "Say what pictures or arrays show, with trained weights: the most probable class and its probability.",
        [
            "models/cifar10.json cat.png truck.jpg",
            "models/mnist.json drawing.png --invert --top 3",
            "models/mnist.json batch.npy --format csv",
        ],
    )
    add_document_arguments(result)
    result.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="a PNG or JPEG picture (grey or colour and size are made to fit; needs Pillow), or an .npy array of one "
        "sample C×H×W or a batch N×C×H×W, in the values of the data set (0…255 for pictures)",
    )
    add_weights_argument(result)
    result.add_argument(
        "--top", type=positive_integer, default=1, metavar="K", help="show the K most probable classes; 1 by default"
    )
    result.add_argument(
        "--invert",
        action="store_true",
        help="turn pictures from dark on light, as one draws on paper, to light on dark, as in digits and mnist",
    )
    add_threads_argument(result)
    add_kernels_argument(result)
    result.add_argument(
        "--format", choices=("table", "json", "csv"), default="table", help="table (default), json or csv"
    )
    return result


def run(argv: Sequence[str]) -> int:
    """Predict; what cannot be read is reported, and makes the exit code 2 in the end."""
    arguments = parser().parse(argv)
    trained = load_trained(arguments, "predict")
    dataset = trained.spec.data["dataset"]
    reader = Reader(
        data_shape=trained.normalisation.shape,
        input_shape=trained.spec.input_shape,
        bytes_in_data=dataset in FACTS,
        light_on_dark=dataset in LIGHT_ON_DARK,
        invert=arguments.invert,
    )
    files = Files(reader)
    results: list[tuple[str, Array]] = []
    batch_size = trained.spec.training["batch_size"]
    with Engine(
        trained.graph,
        trained.parameters,
        batch_size=batch_size,
        threads=arguments.threads,
        kernels=kernels_for(trained.graph, arguments.kernels),
    ) as engine:
        for labels, x in gathered(files.read(arguments.inputs)):
            y = engine.predict(trained.normalisation.apply(x, trained.spec.input_shape))
            results += zip(labels, y.reshape(len(y), -1), strict=True)
    if results:
        say = values_text if isinstance(trained.graph.loss, MeanSquaredError) else classes_text
        show(say(results, trained, arguments.top, arguments.format))
    for message in files.messages():
        note(message)
    return GraphError.exit_code if files.failed else 0


@dataclass
class Files:
    """The samples of many files, in order; reports what cannot be read, and gathers what their owner should know."""

    reader: Reader
    failed: int = 0
    told: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)

    def read(self, paths: Sequence[Path]) -> Iterator[Labelled]:
        """Yield the samples of each file that can be read, with a label each."""
        for path in paths:
            try:
                found = self.reader.read(path)
            except GraphError as error:
                self.failed += 1
                complain(str(error))
                continue
            except OSError as error:
                self.failed += 1
                complain(f"{path}: cannot be read: {error.strerror or error}")
                continue
            for kind, details in found.notes:
                self.told.setdefault(kind, []).append((path, details and f" ({details})"))
            for start in range(0, len(found.x), CHUNK):
                x = found.x[start : start + CHUNK]
                yield [str(path)] if found.single else [f"{path}[{start + i}]" for i in range(len(x))], x

    def messages(self) -> list[str]:
        """Return one sentence for each kind of note."""
        return [
            f"{len(files)} files: {kind}, the first is {files[0][0]}{files[0][1]}"
            if len(files) > 1
            else f"{files[0][0]}: {kind}{files[0][1]}"
            for kind, files in self.told.items()
        ]


def gathered(parts: Iterator[Labelled]) -> Iterator[Labelled]:
    """Join small parts to at least CHUNK samples, so that the engine has work for all threads."""
    labels: list[str] = []
    arrays: list[Array] = []
    for own, x in parts:
        labels += own
        arrays.append(x)
        if len(labels) >= CHUNK:
            yield labels, np.concatenate(arrays)
            labels, arrays = [], []
    if labels:
        yield labels, np.concatenate(arrays)


def classes_text(results: Sequence[Result], trained: Trained, top: int, kind: str) -> str:
    """Return the `top` most probable classes of each sample."""
    if isinstance(trained.graph.loss, BinaryCrossEntropy) and results[0][1].size == 1:
        results = [(label, np.concatenate([1 - y, y])) for label, y in results]  # no and yes are two classes
    names = class_names(trained.classes, results[0][1].size)
    ranked = [(label, [(int(i), float(y[i])) for i in np.argsort(-y, kind="stable")[:top]]) for label, y in results]
    if kind == "json":
        return json_text(
            [
                {
                    "input": label,
                    "predictions": [{"class": names[i], "index": i, "probability": p} for i, p in best],
                }
                for label, best in ranked
            ]
        )
    if kind == "csv":
        rows = [[label, rank, names[i], f"{p:.6g}"] for label, best in ranked for rank, (i, p) in enumerate(best, 1)]
        return csv_lines(["input", "rank", "class", "probability"], rows)
    cells = [[label, *(text for i, p in best for text in (names[i], f"{p:.2%}"))] for label, best in ranked]
    columns = (Column(""), *(Column(""), Column("", right=True)) * min(top, len(names)))
    return "\n".join(bare_table(columns, cells)) + "\n"


def values_text(results: Sequence[Result], trained: Trained, top: int, kind: str) -> str:
    """Return the outputs of each sample, for regression."""
    if kind == "json":
        return json_text([{"input": label, "values": [float(value) for value in y]} for label, y in results])
    if kind == "csv":
        rows = [[label, i, f"{value:.6g}"] for label, y in results for i, value in enumerate(y.tolist())]
        return csv_lines(["input", "output", "value"], rows)
    cells = [[label, *(f"{value:.6g}" for value in y.tolist())] for label, y in results]
    columns = (Column(""), *(Column("", right=True),) * (len(cells[0]) - 1))
    return "\n".join(bare_table(columns, cells)) + "\n"
