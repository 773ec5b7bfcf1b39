"""Reads the answers of a table, its target columns, by what the network's outputs mean."""

from collections.abc import Iterator, Sequence

import numpy as np

from graphnn.datasets.table import DataTable
from graphnn.datasets.table_encoding import (
    BOOLEAN,
    NUMBER,
    ColumnEncoding,
    inexact_name,
    mark_of,
    numbers_of,
)
from graphnn.datasets.table_features import too_large, too_large_text
from graphnn.datasets.targets import one_hot, read_numbers
from graphnn.errors import DataError
from graphnn.metrics.outputs import Classes, Numbers, Outputs, YesOrNo
from graphnn.text.suggestions import did_you_mean, quoted
from graphnn.types import Array

FEW = 20  # classes that a table may have, however few rows there are
Answers = tuple[Array, tuple[str, ...] | None]  # labels N, or targets float32 N×K; and the names of classes


def answers_of(
    table: DataTable, targets: Sequence[str], outputs: type[Outputs] | None, classes: tuple[str, ...] | None = None
) -> Answers:
    """Return the answers of all rows, and the names of their classes; None for numbers.

    outputs: None: one column of texts or whole numbers has classes, others numbers. classes: those of trained weights,
    in order; None: those in the table. Raises DataError, with the line, for answers that are missing or of another
    kind, and for classes with a single sample.
    """
    for name in targets:
        missing = np.flatnonzero(table.columns[name].missing)
        if missing.size:
            rows = "1 more row" if missing.size == 2 else f"{missing.size - 1:,} more rows"
            more = f", as in {rows}" if missing.size > 1 else ""
            raise DataError(f"{table.at(int(missing[0]), name)}: the answer is missing{more}; take such rows out")
    if outputs is None:
        outputs = Classes if len(targets) == 1 and not has_fractions(table, targets[0]) else Numbers
    if outputs is Numbers:
        return quantities(table, targets), None
    if len(targets) > 1:
        return of_columns(table, targets, outputs)
    if outputs is YesOrNo and classes is None and are_shares(table, targets[0]):
        return table.columns[targets[0]].values.astype(np.float32)[:, None], None
    return labels(table, targets[0], outputs, classes)


def has_fractions(table: DataTable, name: str) -> bool:
    """Return whether a column has numbers that are not whole."""
    values = table.columns[name].values
    known = values[~np.isnan(values)]
    return bool((known != np.floor(known)).any())


def are_shares(table: DataTable, name: str) -> bool:
    """Return whether a column has numbers in 0…1 that are not only 0 and 1."""
    column = table.columns[name]
    if column.codes is not None:
        return False
    return has_fractions(table, name) and bool((column.values >= 0).all() and (column.values <= 1).all())


def quantities(table: DataTable, targets: Sequence[str]) -> Array:
    """Return numbers as float32 N×K. Raises DataError for texts, and for numbers too close for float32."""
    columns = []
    for name in targets:
        column = table.columns[name]
        if column.codes is not None:
            row = int(np.argmax(column.codes >= 0))
            raise DataError(
                f"{table.at(row, name)}: {quoted(column.text(row))} is not a number with a decimal {mark_of(table)}, "
                "which MeanSquaredError needs; for classes take Softmax and CrossEntropy"
            )
        large = too_large(column.values)
        if large.size:
            raise DataError(too_large_text(table, name, large))
        columns.append(read_numbers(f"{table.path}: {table.said(name)}", column.values))
    return np.stack(columns, axis=1).astype(np.float32)


def of_columns(table: DataTable, targets: Sequence[str], outputs: type[Outputs]) -> Answers:
    """Return the answers in several columns: labels where classes are one-hot, else numbers in 0…1; and their names."""
    columns = []
    for name in targets:
        column = table.columns[name]
        kind = NUMBER if column.codes is None else BOOLEAN
        values = numbers_of(ColumnEncoding(name, kind), column)
        wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
        if wrong.size:
            cell = quoted(column.text(int(wrong[0])))
            raise DataError(
                f"{table.at(int(wrong[0]), name)}: {cell} is not 0 or 1, true or false, as several target columns "
                "need; for quantities take MeanSquaredError, for classes in words one column"
            )
        columns.append(values)
    y = np.stack(columns, axis=1)
    if outputs is Classes and one_hot(y):
        return y.argmax(axis=1), tuple(targets)
    return y.astype(np.float32), tuple(targets)


def labels(table: DataTable, name: str, outputs: type[Outputs], classes: tuple[str, ...] | None) -> Answers:
    """Return the labels in one column, and the names of the classes in order."""
    names, ranks = table.columns[name].labels()
    if classes is None:
        problem = next(class_problems(table, name, names, ranks, outputs), None)
        if problem is not None:
            raise DataError(problem)
        return ranks, tuple(names)
    places = np.array([classes.index(each) if each in classes else -1 for each in names])
    found: Array = places[ranks]
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        each = names[ranks[row]]
        raise DataError(f"{table.at(row, name)}: {unknown_class(each, classes)}")
    return found, classes


def unknown_class(name: str, classes: Sequence[str]) -> str:
    """Return the message about a class that is not among those of the training."""
    meant = did_you_mean(name, classes)
    known = ", ".join(map(quoted, classes[:FEW]))
    return f"{quoted(name)} is no class of the training{meant or ';'} {'Known' if meant else 'known'}: {known}"


def class_problems(
    table: DataTable, name: str, names: Sequence[str], ranks: Array, outputs: type[Outputs]
) -> Iterator[str]:
    """Yield what is wrong with the classes in a column."""
    where = f"{table.path}: {table.said(name)}"
    counts = np.bincount(ranks, minlength=len(names))
    if has_fractions(table, name):
        values = table.columns[name].values
        row = int(np.argmax(~np.isnan(values) & (values != np.floor(values))))
        number = table.columns[name].text(row)
        yield (
            f"{table.at(row, name)}: {number} is not the name of a class or a whole number, which "
            f"{'CrossEntropy' if outputs is Classes else 'BinaryCrossEntropy'} needs; for quantities take "
            "MeanSquaredError"
        )
    rounded = inexact_name(table, name)
    if rounded is not None:
        yield rounded
    if len(names) < 2:
        yield f"{where} holds {quoted(names[0])} alone, so that there is nothing to tell apart; name another target"
    if outputs is YesOrNo and len(names) > 2:
        listed = ", ".join(map(quoted, names[:FEW]))
        yield (
            f"{where} holds {len(names):,} classes, {listed}{', …' if len(names) > FEW else ''}, but "
            "BinaryCrossEntropy tells two apart; take Softmax and CrossEntropy"
        )
    if len(names) > FEW and len(names) > len(ranks) / 2:
        yield (
            f"{where} holds {len(names):,} classes in {len(ranks):,} rows; for quantities take MeanSquaredError, or "
            "name another target"
        )
    if counts.min() < 2:
        label = int(np.argmin(counts))
        others = [each for each, count in zip(names, counts, strict=True) if count > 1]
        meant = did_you_mean(names[label], others)
        need = "a class needs samples to train and to test on: find more, or take it out"
        advice = "Correct it, or take the row out" if meant else need
        row = int(np.argmax(ranks == label))
        yield f"{table.at(row, name)}: {quoted(names[label])} is the only sample of its class{meant or ';'} {advice}"
