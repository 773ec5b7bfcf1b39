"""A report: values in tables and facts, without a layout, which the renderers add.

People read `parts`, in order. Programs read `rows`, one table of plain values, or `data`, JSON values whose keys do not
change with the wording of the parts. The classes are named tuples, which are defined in a tenth of the time of
dataclasses; every command defines them when it starts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphnn.reports.kinds import TEXT, Kind
from graphnn.text.colour import Meaning


class Column(NamedTuple):
    """One column of a table.

    title: may have a line break, for formats with lines. kind: of all values but None. key: the column's name for
    programs. absent: text for None. zero: text for 0; None: as other values. short: the title in a narrow terminal,
    where the values are written short too.

    The rest is for terminals. least: the width to which values may be cut; None: never. middle: whether they are cut
    in the middle, to keep the end (the number in a name). wraps: whether they continue in the next line; for at most
    one column. optional: whether the column is left out where the table would be too wide.
    """

    title: str
    kind: Kind = TEXT
    key: str = ""
    absent: str = ""
    zero: str | None = None
    short: str | None = None
    least: int | None = None
    middle: bool = False
    wraps: bool = False
    optional: bool = False

    def text(self, value: Any, *, short: bool = False) -> str:
        """Return a value as text for people; short: for a narrow terminal."""
        if value is None:
            return self.absent
        if self.zero is not None and value == 0:
            return self.zero
        if short and self.short is not None and self.kind.short is not None:
            return self.kind.short(value)
        return self.kind.text(value)

    def plain(self, value: Any) -> object:
        """Return a value as programs read it; None for None."""
        return None if value is None else self.kind.plain(value)


class Fact(NamedTuple):
    """A value and its label."""

    label: str
    value: Any
    kind: Kind = TEXT

    @property
    def text(self) -> str:
        """The value as text for people."""
        return self.kind.text(self.value)


class Facts(NamedTuple):
    """Facts, one below the other."""

    facts: Sequence[Fact]


class Lines(NamedTuple):
    """Sentences short enough for one line each."""

    lines: Sequence[str]


class Remark(NamedTuple):
    """An explanation for the reader at a terminal; other formats leave it out."""

    text: str


Row = Sequence[Any]


class Table(NamedTuple):
    """A table; each row has a value, or None, for each column.

    title: of the table, or "". last: a row that summarises the others, such as their mean. foot: parts shown directly
    below. headed: whether a terminal shows the titles of the columns. styles: the colours of single values, by row and
    column from 0; the last row comes after the others. headings: what a terminal shows above single rows, by their
    numbers.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""
    last: Row | None = None
    foot: "Sequence[Facts | Lines | Remark]" = ()
    headed: bool = True
    styles: Mapping[tuple[int, int], Meaning] = {}
    headings: Mapping[int, str] = {}


class Alternatives(NamedTuple):
    """Tables of one result, from the widest to the narrowest: the first that fits is shown, or else the last."""

    tables: Sequence[Table]


Part = Table | Facts | Lines | Remark | Alternatives


class Report(NamedTuple):
    """The result of a command.

    parts: for people. data: JSON values. rows: for programs; None where no single table has the result.
    """

    parts: Sequence[Part] = ()
    data: Any = None
    rows: Table | None = None
