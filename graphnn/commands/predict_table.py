"""predict on a table: its rows with what the network says of them, printed or written."""

import io
import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from graphnn.commands.predict_output import OF_SUFFIX, check_output, format_of, results_to
from graphnn.datasets.table_encoding import TableEncoding
from graphnn.datasets.table_parts import Rows, TableParts
from graphnn.datasets.table_text import near_table, open_text, text_of
from graphnn.errors import DataError, DivergenceError, GraphError
from graphnn.evaluation.files import TOLD, Labelled
from graphnn.evaluation.json_rows import JsonRows
from graphnn.evaluation.json_values import SUFFIXES as JSON_SUFFIXES
from graphnn.evaluation.prediction import NotFinite, predictions
from graphnn.evaluation.standard_input import ROWS, InputStream
from graphnn.evaluation.table_inputs import inputs_and_problems, new_rows, other_columns_note
from graphnn.evaluation.table_predictions import HEADER, Predictions, are_predictions, predictions_of, table_report
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.reports.formats import TABLE
from graphnn.runs.trained import Trained
from graphnn.storage.own_files import check_own_file
from graphnn.storage.regular_files import open_regular, reading_problem
from graphnn.storage.table_file import delimited
from graphnn.storage.text_file import text_replacing
from graphnn.text.terminal import complain, note, say

NOT_FINITE = "the network's output is not finite"
Take = Callable[["Answered"], None]
Source = TableParts | JsonRows
T = TypeVar("T")


@frozen_dataclass
class Answered:
    """Some rows of a table, what the network says of them, and why it says nothing of some, by their index."""

    rows: Rows
    predictions: Predictions
    problems: Mapping[int, str]


def predict_table(arguments: Namespace, trained: Trained, encoding: TableEncoding, held: InputStream | None) -> int:
    """Predict for the rows of a table, and print them with the predictions, or write them to --output, as they come.

    held: what standard input holds, where it is the table. Rows that the network cannot take are told; they have no
    predictions, and the exit code is 2 then.
    """
    check_table_arguments(arguments)
    (path,) = arguments.inputs
    with table_in(path, held, trained, encoding) as (table, guessed):
        for text in filter(None, (guessed, table.note, other_columns_note(table, encoding))):
            note(text)
        wrong, count, bad = NotFinite(), 0, 0
        with taking(arguments, encoding, table) as take:
            for answered in answers(arguments, trained, encoding, table, wrong):
                take(answered)
                count += len(answered.rows)
                for text in answered.problems.values():
                    if text != NOT_FINITE:
                        bad += 1
                        if bad <= TOLD:
                            complain(text)
    if arguments.output is not None:
        without = f", {bad + wrong.count:,} of them without" if bad + wrong.count else ""
        say(f"{arguments.output} written: {count:,} rows with their predictions{without}.")
    if bad > TOLD:
        complain(f"{path}: and {bad - TOLD:,} more rows")
    for message in wrong.messages():
        complain(message)
    if wrong.count:
        return DivergenceError.exit_code
    return GraphError.exit_code if bad else 0


@contextmanager
def table_in(
    path: Path, held: InputStream | None, trained: Trained, encoding: TableEncoding
) -> Iterator[tuple[Source, str | None]]:
    """A context with a table of text or JSON, and a sentence where its encoding had to be guessed."""
    settings = trained.spec.data
    if held is not None and held.kind == ROWS:
        yield JsonRows(held.stream, path, encoding), None
    elif held is not None:
        lines, guessed = text_of(held.stream, path)
        yield new_rows(lines, path, encoding, settings), guessed
    elif path.suffix.lower() in JSON_SUFFIXES:
        with opened(path, open_regular) as file:
            yield JsonRows(cast(io.BufferedReader, file), path, encoding), None
    else:
        stream, guessed = opened(path, open_text)
        with stream:
            yield new_rows(stream, path, encoding, settings), guessed


def opened(path: Path, how: Callable[[Path], T]) -> T:
    """Return what opens a file. Raises DataError where it cannot be opened."""
    try:
        return how(path)
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file{near_table(path).rstrip(';')}") from problem
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem


def answers(
    arguments: Namespace, trained: Trained, encoding: TableEncoding, table: Source, wrong: NotFinite
) -> Iterator[Answered]:
    """Yield what the network says of some rows at a time. wrong: counts those whose outputs are not finite."""
    outputs, count = trained.graph.loss.outputs, math.prod(trained.graph.output_shape)
    current: list[tuple[Rows, dict[int, str], dict[str, int]]] = []

    def parts() -> Iterator[Labelled]:
        for rows in table.parts():
            x, problems = inputs_and_problems(encoding, rows)
            fit = [row for row in range(len(rows)) if row not in problems]
            labels = {f"{table.path}:{rows.table.lines[row]}": row for row in fit}
            current[:] = [(rows, problems, labels)]
            yield list(labels), x[fit].astype(trained.input_dtype)

    found = predictions(
        trained.graph,
        trained.parameters,
        trained.normalisation,
        parts(),
        wrong,
        batch_size=trained.spec.training["batch_size"],
        threads=arguments.threads,
        kernels=trained.kernels(arguments.kernels).name,
    )
    for results in found:
        ((rows, problems, labels),) = current
        values = {labels[label]: y for label, y in trained.in_values_of_data(results)}
        said = predictions_of(rows.table, encoding, outputs, values, count, given_back=trained.spec.learns_inputs)
        problems |= {row: NOT_FINITE for row in labels.values() if row not in values}
        yield Answered(rows, said, problems)


@contextmanager
def taking(arguments: Namespace, encoding: TableEncoding, table: Source) -> Iterator[Take]:
    """A context with the function that takes what is answered: it prints, or writes to --output.

    A file is written as the table is, unless its suffix is one of another format than text.
    """
    output, form = arguments.output, arguments.format
    if output is not None and not as_the_table(output):
        form = format_of(output, form)
    elif output is not None:
        delimiter, decimal = table.format.delimiter or ",", table.format.decimal or "."
        with text_replacing(output) as write:
            first = True

            def take_rows(answered: Answered) -> None:
                nonlocal first
                names = [[*table.names, *answered.predictions.columns]] if first else []
                rows = answered.predictions.rows(answered.rows.cells)
                write(delimited([*names, *rows], delimiter=delimiter, decimal=decimal))
                first = False

            yield take_rows
        return
    with results_to(output, form) as stream:

        def take(answered: Answered) -> None:
            stream.add(table_report(answered.predictions, answered.rows.cells, answered.problems, encoding.targets))

        yield take


def as_the_table(output: Path) -> bool:
    """Whether a file of predictions is written as the table that is read."""
    return OF_SUFFIX.get(output.suffix.lower(), "csv") == "csv"


def check_table_arguments(arguments: Namespace) -> None:
    """Raise GraphError where options contradict each other, or mean nothing for a table."""
    output: Path | None = arguments.output
    if len(arguments.inputs) > 1:
        raise GraphError("predict takes one table at a time")
    if arguments.invert or arguments.top != 1:
        option = "--invert" if arguments.invert else "--top"
        raise GraphError(f"{option} is for pictures and arrays; a table gets the probability of each class")
    pictures = {"--show": arguments.show, "--save-input": arguments.save_input, "--as-is": arguments.as_is}
    for option, given in pictures.items():
        if given:
            raise GraphError(f"{option} is for pictures; the rows of a table are numbers")
    if output is None:
        return
    if arguments.format != TABLE and as_the_table(output):
        raise GraphError("--output writes a table like the one that is read; --format is for what is printed")
    if output.resolve() == arguments.inputs[0].resolve():
        raise GraphError(f"{output}: is the table itself; name another file with --output")
    if as_the_table(output):
        refusal = "holds no predictions, so it is not replaced; name another file with --output"
        check_own_file(output, are_predictions, refusal, head=HEADER)
    else:
        format_of(output, arguments.format)
        check_output(output, arguments.inputs)
