"""A report: what is found out, as values in tables and facts; how it looks is the business of the renderers.

People read `parts`, in order. Programs read `rows`, one table of plain values, or `data`, JSON values whose keys stay
the same however the parts are worded. The classes are named tuples, which take a tenth of the time of dataclasses to
make: every command begins with making them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from graphnn.reports.kinds import TEXT, Kind


class Column(NamedTuple):
    """One column of a table.

    title: a line break makes two lines of it where there are lines. kind: of all values but None. key: the column's
    name for programs. absent: what people see for None. zero: what they see for 0, where not the number. short: the
    title where room is scarce; the values are written short then, too. The rest is for a terminal: least is the width
    to which values may be cut (None: never), middle says that they are cut out of the middle, so that the end (the
    ordinal of a name) stays, and wraps that they go on in the next line (of at most one column).
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

    def text(self, value: Any, *, short: bool = False) -> str:
        """Return what people see of a value; short: where room is scarce."""
        if value is None:
            return self.absent
        if self.zero is not None and value == 0:
            return self.zero
        if short and self.short is not None and self.kind.short is not None:
            return self.kind.short(value)
        return self.kind.text(value)

    def plain(self, value: Any) -> object:
        """Return what programs get of a value; None where there is none."""
        return None if value is None else self.kind.plain(value)


class Fact(NamedTuple):
    """A value and what it is."""

    label: str
    value: Any
    kind: Kind = TEXT

    @property
    def text(self) -> str:
        """The value as people see it."""
        return self.kind.text(self.value)


class Facts(NamedTuple):
    """Facts, one below the other."""

    facts: Sequence[Fact]


class Lines(NamedTuple):
    """Sentences that are short enough for one line each."""

    lines: Sequence[str]


class Remark(NamedTuple):
    """An explanation for whoever asked, at a terminal; a document that is kept does without it."""

    text: str


Row = Sequence[Any]


class Table(NamedTuple):
    """A table; each row has a value, or None, for each column.

    title: of the whole, where it needs one. last: a row about all the others, such as their mean. foot: what belongs
    right below. headed: whether the columns' titles are worth a line to people at a terminal.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""
    last: Row | None = None
    foot: "Sequence[Facts | Lines | Remark]" = ()
    headed: bool = True


class Alternatives(NamedTuple):
    """The same told with more and with less: the first table that has room is shown, or else the last."""

    tables: Sequence[Table]


Part = Table | Facts | Lines | Remark | Alternatives


class Report(NamedTuple):
    """What a command tells. rows: None where no table says it all. width: in columns, where no terminal has any."""

    parts: Sequence[Part] = ()
    data: Any = None
    rows: Table | None = None
    width: int | None = None
