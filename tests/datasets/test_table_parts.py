"""Tables that are read some rows at a time, against the whole table."""

import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets.table import read_table
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_parts import PART, TableParts
from graphnn.errors import DataError

FORMAT = TableFormat(None, None, True)


def lines(count: int) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "a,b,c\n"
    for k in range(count):
        yield f"{k},{'x' if k % 5 else k},{k / 8}\n"


def test_the_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    count = 2 * PART + 7
    (tmp_path / "t.csv").write_text("".join(lines(count)))
    whole = read_table(tmp_path / "t.csv", FORMAT, lambda names, _: names[:2], named=True)
    table = TableParts(lines(count), tmp_path / "t.csv", FORMAT, lambda names, _: names[:2], named=True)
    parts = list(table.parts())
    assert [len(part) for part in parts] == [PART, PART, 7]
    assert (table.names, table.format) == (whole.names, whole.format)
    np.testing.assert_array_equal(np.concatenate([part.table.lines for part in parts]), whole.lines)
    assert [row for part in parts for row in part.cells] == [line.strip().split(",") for line in lines(count)][1:]
    for name in ("a", "b"):
        found = [part.table.columns[name].text(row) for part in parts for row in range(len(part))]
        assert found == [whole.columns[name].text(row) for row in range(count)]


def test_a_long_table_takes_little_memory() -> None:
    table = TableParts(lines(30_000), Path("t.csv"), FORMAT, lambda names, _: names, named=True)
    parts = table.parts()
    next(parts)
    tracemalloc.start()
    assert sum(map(len, parts)) == 30_000 - PART
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_rows_come_while_later_ones_are_unread() -> None:
    read = 0

    def counted() -> Iterator[str]:
        nonlocal read
        for line in lines(5 * PART):
            read += 1
            yield line

    parts = TableParts(counted(), Path("t.csv"), FORMAT, lambda names, _: names, named=True).parts()
    for number in range(1, 4):
        next(parts)
        assert read <= number * PART + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (["a,b\n"], "t.csv: holds the names of the columns alone, and no rows"),
        (["a,b\n", "1,2\n", "a,b\n"], "t.csv:3: repeats the names of the columns"),
        (["a,b\n", "1,2\n", "1,2,3\n"], "t.csv:3: has 3 cells, but the table 2 columns"),
        (["a,a\n", "1,2\n"], 'columns 1 and 2 are both called "a"'),
    ],
)
def test_what_is_no_table_is_refused(text: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(itertools.chain(TableParts(text, Path("t.csv"), FORMAT, lambda names, _: names, named=True).parts()))
