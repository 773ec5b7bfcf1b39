"""History: the records of a model's epochs, as a table, a dictionary or a DataFrame."""

from typing import TYPE_CHECKING, Any

from graphnn.errors import GraphError
from graphnn.metrics.base import METRICS
from graphnn.metrics.figures import brief, figures, label
from graphnn.reports.kinds import COUNT, SIX_DIGITS, Kind, metric_kind
from graphnn.reports.notebook import notebook_html
from graphnn.reports.report import Column, Remark, Report, Table
from graphnn.text.installing import extra_command
from graphnn.training.history import LAST, VALIDATION, Record

if TYPE_CHECKING:
    import pandas

FIRST_SHOWN, LAST_SHOWN = 3, 10  # epochs in a notebook


class History(list[Record]):
    """A list with a record of each epoch: its losses and metrics, learning rate and seconds."""

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns by name, with a value for each epoch: `to_dict()["validation_loss"]`.

        The names are those of history.csv. A figure of an epoch that was not validated is None.
        """
        rows = [record.row() for record in self]
        names = dict.fromkeys(name for row in rows for name in row if name not in LAST)
        return {name: [row.get(name) for row in rows] for name in (*names, *LAST)} if rows else {}

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return a pandas DataFrame with a row for each epoch. Raises GraphError where pandas is not installed."""
        try:
            import pandas  # here, because nothing else needs it
        except ImportError as problem:
            raise GraphError(f"to_dataframe needs pandas: {extra_command('notebook')}") from problem
        return pandas.DataFrame(self.to_dict())

    def __repr__(self) -> str:
        if not self:
            return "<History: no epoch yet>"
        last = self[-1]
        validation = f", validation {' '.join(figures(brief(last.validation)))}" if last.validation else ""
        epochs = f"{len(self):,} epoch{'s' if len(self) > 1 else ''}"
        return f"<History: {epochs}, the last with {' '.join(figures(brief(last.training)))}{validation}>"

    def _repr_html_(self) -> str:
        """Return the table that a notebook shows."""
        columns = {name: values for name, values in self.to_dict().items() if shown_in_notebooks(name)}
        shown = [Column(title(name), kind(name)) for name in columns]
        rows = list(zip(*columns.values(), strict=True))
        table = Table(shown, rows)
        if len(rows) > FIRST_SHOWN + LAST_SHOWN + 1:
            left_out = f"epochs {FIRST_SHOWN + 1:,} to {len(rows) - LAST_SHOWN:,} are left out; to_dict() has them all"
            table = Table(shown, [*rows[:FIRST_SHOWN], *rows[-LAST_SHOWN:]], foot=[Remark(left_out)])
        return notebook_html(Report([table] if rows else [Remark("no epoch yet")]))


def shown_in_notebooks(column: str) -> bool:
    """Whether a column is in the table of a notebook, which has little space."""
    if column == "epoch" or column in LAST:
        return column != "images_per_second"
    return METRICS.find(column.removeprefix(VALIDATION)).brief


def title(column: str) -> str:
    """Return the title of a column."""
    if column == "epoch" or column in LAST:
        return column.replace("_", " ")
    validation = "validation " if column.startswith(VALIDATION) else ""
    return validation + label(column.removeprefix(VALIDATION))


def kind(column: str) -> Kind:
    """Return the kind of the values of a column."""
    if column == "epoch":
        return COUNT
    return SIX_DIGITS if column in LAST else metric_kind(column.removeprefix(VALIDATION))
