"""Notes about tables that are probably not what their user takes them for."""

from collections.abc import Iterator

import numpy as np

from graphnn.datasets.table import DataColumn, DataTable
from graphnn.datasets.table_encoding import CATEGORIES, TableEncoding
from graphnn.text.suggestions import quoted
from graphnn.types import Array

FEWEST = 10  # rows; in fewer, columns agree by chance
SAMPLE = 1000  # rows, in which most columns have more numbers than there are classes
SHOWN = 3  # columns that repeat the answers
FAR = 100  # times the deviation of outputs as they are before training


def table_notes(table: DataTable, encoding: TableEncoding, y: Array) -> Iterator[str]:
    """Yield notes about columns that number the rows or repeat the answers, and about answers far from 0.

    y: the answers of all rows.
    """
    if len(table) < FEWEST:
        return
    repeated, answer = 0, table.said(encoding.targets[0])
    classes = 0 if y.dtype.kind == "f" else len(np.unique(y))
    for one in encoding.columns:
        column, ref = table.columns[one.name], quoted(one.name) if encoding.header else one.name
        where = f"{table.path}: {table.said(one.name)}"
        if one.kind != CATEGORIES and column.codes is None and (np.diff(column.values) == 1).all():
            yield f'{where} only numbers the rows; leave it out: "ignore": [{ref}]'
        elif repeats(column, y, classes):
            repeated += 1
            if repeated <= SHOWN:
                yield (
                    f"{where} tells {answer} one to one: if it is the answer in other words, leave it out: "
                    f'"ignore": [{ref}]'
                )
    if repeated > SHOWN:
        more = "1 more column tells" if repeated == SHOWN + 1 else f"{repeated - SHOWN:,} more columns tell"
        yield f"{table.path}: {more} {answer} one to one"
    if y.dtype.kind == "f":
        for index, name in enumerate(encoding.targets if y.shape[1] == len(encoding.targets) else ()):
            mean, deviation = float(y[:, index].mean()), float(y[:, index].std())
            if max(abs(mean), deviation) > FAR:
                yield (
                    f"{table.path}: {table.said(name)} has the mean {mean:.6g} and the deviation {deviation:.3g}; "
                    "targets are learnt as they are, and outputs begin near 0: write them in a larger unit, so that "
                    "they are of the size of 1"
                )


def repeats(column: DataColumn, y: Array, classes: int) -> bool:
    """Return whether a column is the answer: the same number, or another name for each class.

    classes: how many there are among the answers, where these are labels.
    """
    if y.dtype.kind == "f":
        return y.shape[1] == 1 and column.codes is None and np.array_equal(column.values.astype(y.dtype), y[:, 0])
    if len(np.unique(column.values[:SAMPLE])) > classes:
        return False
    names, ranks = column.labels()
    if (ranks < 0).any() or len(names) != classes:
        return False
    return len(np.unique(ranks * (int(y.max()) + 1) + y)) == classes
