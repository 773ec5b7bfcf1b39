"""predict on a table: its rows with what the network says of them, printed or written."""

import math
from argparse import Namespace

from graphnn.datasets.table_encoding import TableEncoding, inputs_of
from graphnn.datasets.table_text import near_table
from graphnn.engine.inference import CHUNK
from graphnn.errors import DataError, DivergenceError, GraphError
from graphnn.evaluation.prediction import predict
from graphnn.evaluation.table_inputs import other_columns_note, read_rows
from graphnn.evaluation.table_predictions import HEADER, are_predictions, predictions_of, table_report
from graphnn.reports.formats import FOR_PROGRAMS, TABLE, render
from graphnn.runs.trained import Trained
from graphnn.storage.own_files import check_own_file
from graphnn.storage.regular_files import reading_problem
from graphnn.storage.table_file import save_table
from graphnn.text.terminal import complain, note, show, terminal_width


def predict_table(arguments: Namespace, trained: Trained, encoding: TableEncoding) -> int:
    """Predict for the rows of a table, and print them with the predictions, or write them to --output."""
    check_table_arguments(arguments)
    (path,) = arguments.inputs
    try:
        table = read_rows(path, encoding, trained.spec.data)
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file{near_table(path).rstrip(';')}") from problem
    except OSError as problem:
        raise DataError(f"{path}: {reading_problem(problem)}") from problem
    for text in filter(None, (*table.notes, other_columns_note(table, encoding))):
        note(text)
    known = trained.provenance
    x = inputs_of(encoding, table, trained=True).astype(known.dtype if known is not None and known.dtype else "float32")
    labels = [f"{path}:{line}" for line in table.lines.tolist()]
    results, overflowed = predict(
        trained.graph,
        trained.parameters,
        trained.normalisation,
        ((labels[start : start + CHUNK], x[start : start + CHUNK]) for start in range(0, len(x), CHUNK)),
        batch_size=trained.spec.training["batch_size"],
        threads=arguments.threads,
        kernels=trained.kernels(arguments.kernels).name,
    )
    results = trained.in_values_of_data(results)
    rows = {label: row for row, label in enumerate(labels)}
    found = {rows[label]: y for label, y in results}
    count = math.prod(trained.graph.output_shape)
    outputs, given_back = trained.graph.loss.outputs, trained.spec.learns_inputs
    predictions = predictions_of(table, encoding, outputs, found, count, given_back=given_back)
    if arguments.output is None:
        show(
            render(table_report(predictions, encoding.targets), arguments.format, terminal_width()),
            exact=arguments.format in FOR_PROGRAMS,
        )
    else:
        form, names = table.format, [*table.names, *predictions.columns]
        delimiter, decimal = form.delimiter or ",", form.decimal or "."
        save_table(arguments.output, names, predictions.rows(), delimiter=delimiter, decimal=decimal)
        show(f"{arguments.output} written: {len(table):,} rows with their predictions.\n")
    for message in overflowed:
        complain(message)
    return DivergenceError.exit_code if overflowed else 0


def check_table_arguments(arguments: Namespace) -> None:
    """Raise GraphError where options contradict each other, or mean nothing for a table."""
    if len(arguments.inputs) > 1:
        raise GraphError("predict takes one table at a time")
    if arguments.invert or arguments.top != 1:
        option = "--invert" if arguments.invert else "--top"
        raise GraphError(f"{option} is for pictures and arrays; a table gets the probability of each class")
    pictures = {"--show": arguments.show, "--save-input": arguments.save_input, "--as-is": arguments.as_is}
    for option, given in pictures.items():
        if given:
            raise GraphError(f"{option} is for pictures; the rows of a table are numbers")
    if arguments.output is not None and arguments.format != TABLE:
        raise GraphError("--output writes a table like the one that is read; --format is for what is printed")
    if arguments.output is not None and arguments.output.resolve() == arguments.inputs[0].resolve():
        raise GraphError(f"{arguments.output}: is the table itself; name another file with --output")
    if arguments.output is not None:
        refusal = "holds no predictions, so it is not replaced; name another file with --output"
        check_own_file(arguments.output, are_predictions, refusal, head=HEADER)
