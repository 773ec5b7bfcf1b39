"""Settles for each column of a training table whether it holds numbers, booleans or categories."""

import re
from collections.abc import Collection, Iterator

import numpy as np

from graphnn.datasets.table import DataColumn, DataTable
from graphnn.datasets.table_encoding import BOOLEAN, CATEGORIES, NUMBER, ColumnEncoding, inexact_name, mark_of
from graphnn.datasets.table_numbers import is_missing
from graphnn.errors import DataError
from graphnn.text.suggestions import quoted

MOST_CATEGORIES = 1000
FEW = 20  # categories that a column may have, however few rows there are
RARE = 0.1  # of the cells; so few texts among numbers are slips
DATE = re.compile(
    r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}([T ].*)?"
    r"|[0-9]{1,2}([-/.])[0-9]{1,2}\3[0-9]{2,4}( .*)?"
    r"|[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[ap]m)?",
    re.IGNORECASE,
)


def kind_of(table: DataTable, name: str, *, forced: bool) -> ColumnEncoding:
    """Return how a column becomes features, without its mean. forced: whether even numbers are categories.

    Raises DataError where it can become none: dates, names, slips among numbers.
    """
    column = table.columns[name]
    missing = column.missing
    texts = np.zeros(len(column), bool) if column.codes is None else (column.codes >= 0) & ~missing
    known = len(column) - int(missing.sum())
    where, ref = f"{table.path}: {table.said(name)}", quoted(name) if table.format.header else name
    ignore = f'leave it out: "ignore": [{ref}]'
    if not known:
        raise DataError(f"{where} has no value at all; {ignore}")
    if not forced and not texts.any():
        return ColumnEncoding(name, NUMBER)
    found = [text for text in column.texts if not is_missing(text)]
    if not forced and len(found) <= 2 and texts.sum() == known and one_pair(text.lower() for text in found):
        return ColumnEncoding(name, BOOLEAN)
    if not forced and all(DATE.fullmatch(text) for text in found):
        raise DataError(
            f"{where} holds dates or times, such as {quoted(found[0])}; write what matters of them as numbers, a "
            f"column each (year, month, hour, days since …), or {ignore}"
        )
    if not forced and slips(column, int(texts.sum()), known):
        row = int(np.argmax(texts))
        others = f"as {known - int(texts.sum()):,} of {known:,} cells of the column are"
        remedy = f'categories are asked for by "categories": [{ref}]'
        raise DataError(
            f"{table.at(row, name)}: {quoted(column.text(row))} is not a number with a decimal {mark_of(table)}, "
            f"{others}; {remedy}"
        )
    rounded = inexact_name(table, name)
    if rounded is not None:
        raise DataError(rounded)
    names, ranks = column.labels()
    if len(names) > MOST_CATEGORIES or (len(names) > FEW and len(names) > known / 2) or names_each(names, known):
        example = quoted(names[int(ranks[ranks >= 0][0])])
        raise DataError(
            f"{where} has {len(names):,} different texts in {known:,} rows, such as {example}: a name or a number of "
            f"each row is no category; {ignore}"
        )
    return ColumnEncoding(name, CATEGORIES, tuple(names))


def names_each(names: Collection[str], known: int) -> bool:
    """Return whether every row has another text."""
    return len(names) == known and known > 2


def one_pair(found: Iterator[str]) -> bool:
    """Return whether texts are those of one pair of answers."""
    texts = set(found)
    return texts <= {"true", "false"} or texts <= {"yes", "no"}


def slips(column: DataColumn, texts: int, known: int) -> bool:
    """Return whether the texts of a column are slips among numbers, rather than categories among others.

    Categories come again: 2, 3, 4, 5more.
    """
    assert column.codes is not None
    if texts * 2 > known:
        return False
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.texts))
    again = all(count > 1 for text, count in zip(column.texts, counts, strict=True) if not is_missing(text))
    few = len(np.unique(column.values[column.codes < 0])) + len(column.texts) <= FEW
    return not (again and few and texts > RARE * known)
