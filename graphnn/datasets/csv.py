"""The data set "csv": the user's table, in which a row is a sample and one column or more hold the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.base import DATASETS, Dataset, KnownDataset, Location
from graphnn.datasets.batches import draw_test_part
from graphnn.datasets.npz import stored
from graphnn.datasets.table import DataTable, read_table
from graphnn.datasets.table_encoding import REFUSE, ColumnEncoding, TableEncoding, with_means
from graphnn.datasets.table_features import inputs_of
from graphnn.datasets.table_format import TableFormat
from graphnn.datasets.table_kinds import kind_of
from graphnn.datasets.table_memory import check_features
from graphnn.datasets.table_names import KEYS, TRAINED_ON, names_meant, references, selected, wanted
from graphnn.datasets.table_notes import table_notes
from graphnn.datasets.table_targets import answers_of
from graphnn.datasets.table_text import near_table
from graphnn.errors import DataError, Problem
from graphnn.text.suggestions import quoted
from graphnn.types import Array

TEST_SPLIT = 0.2


@DATASETS.register
class Csv(KnownDataset):
    """The user's table; nothing is known of it before it is read."""

    name = "csv"
    takes_path = True

    @staticmethod
    def load(location: Location) -> Dataset:
        """Return the samples in the table at the location's path. Raises DataError with what is wrong."""
        if location.path is None:
            raise DataError('the data set "csv" needs a path: set data.path to the file that holds your table')
        settings = location.settings
        if "target" not in settings:
            raise DataError('the data set "csv" needs a target: set data.target to the column that holds the answers')
        known = location.table
        tables = {"train": read(location.path, settings, known=known)}
        if settings.get("test_path") is not None:
            if settings.get("test_split") is not None:
                raise DataError("data.test_split: the test part is the table of data.test_path; leave one of them out")
            tables["test"] = read(Path(settings["test_path"]), settings, like=tables["train"], known=known)
        return dataset_of(tables, location)


def read(
    path: Path, settings: Mapping[str, Any], *, like: DataTable | None = None, known: TableEncoding | None = None
) -> DataTable:
    """Return the table in a file, which has to have certain columns.

    like: the training table, which has them. known: those of trained weights.
    """
    form = TableFormat(settings.get("delimiter"), settings.get("decimal"), settings.get("header"))
    asked = [one for key in KEYS for one in references(settings.get(key))]
    named = any(isinstance(one, str) for one in asked)
    if like is not None:
        form = replace(form, header=like.format.header)

    def select(names: Sequence[str], found: TableFormat) -> Sequence[str]:
        if known is not None:
            columns = [*(column.name for column in known.columns), *known.targets]
            return wanted(columns, names, found, path, TRAINED_ON)
        if like is not None:
            return wanted(like.columns, names, found, path, str(like.path))
        return selected(names, settings, found, path)

    try:
        return read_table(path, form, select, named=named)
    except FileNotFoundError as problem:
        key = "path" if like is None else "test_path"
        raise DataError(f"{path}: no such file{near_table(path)} data.{key} is relative to the document") from problem


def dataset_of(tables: Mapping[str, DataTable], location: Location) -> Dataset:
    """Return the data set of a training table and, where there is one, a test table."""
    table, settings, known = tables["train"], location.settings, location.table
    targets = names_meant(table.names, references(settings["target"]), table.format, table.path, "target")
    if known is not None and targets != list(known.targets):
        raise DataError(
            f"{table.path}: data.target is not that of the weights, {', '.join(map(quoted, known.targets))}"
        )
    classes = None if known is None else known.classes
    y, classes = answers_of(table, targets, location.outputs, classes)
    chosen: Mapping[str, Array | None]
    if "test" in tables:
        y_test, _ = answers_of(tables["test"], targets, location.outputs, classes)
        chosen, y_parts = {"train": None, "test": None}, {"train": y, "test": y_test}
    else:
        train, test = draw_test_part(y, settings.get("test_split") or TEST_SPLIT, location.seed)
        chosen, y_parts = {"train": train, "test": test}, {"train": y[train], "test": y[test]}
    encoding = known
    if encoding is None:
        training = chosen["train"]
        rows = np.arange(len(table)) if training is None else training
        encoding = with_means(fitted(table, targets, settings, classes), table, rows)
    check_features(table.path, sum(map(len, tables.values())), len(encoding.features))
    x = stored(
        {
            part: inputs_of(encoding, tables.get(part, table), rows, trained=known is not None)
            for part, rows in chosen.items()
        }
    )
    lines = {part: tables.get(part, table).lines for part in chosen}
    notes = [text for one in tables.values() for text in one.notes]
    notes += table_notes(table, encoding, y) if known is None else ()
    return Dataset(
        table.path.stem,
        x["train"],
        y_parts["train"],
        x["test"],
        y_parts["test"],
        classes,
        tuple(notes),
        stratified=True,
        test_drawn="test" not in tables,
        table=encoding,
        origins={part: lines[part] if rows is None else lines[part][rows] for part, rows in chosen.items()},
    )


def fitted(
    table: DataTable, targets: Sequence[str], settings: Mapping[str, Any], classes: tuple[str, ...] | None
) -> TableEncoding:
    """Return how the columns of a training table become features, without means.

    Raises DataError for each that cannot.
    """
    form, path = table.format, table.path
    ignored = names_meant(table.names, references(settings.get("ignore")), form, path, "ignore")
    forced = names_meant(table.names, references(settings.get("categories")), form, path, "categories")
    columns, problems = list[ColumnEncoding](), list[Problem | str]()
    for name in table.columns:
        if name in targets or is_empty(table, name):
            continue
        try:
            columns.append(kind_of(table, name, forced=name in forced))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    if not columns:
        raise DataError(f"{path}: has no column beside the target to learn from{one_column(table)}")
    return TableEncoding(
        columns=tuple(columns),
        targets=tuple(targets),
        ignored=tuple(ignored),
        names=() if form.header else table.names,
        classes=classes,
        missing=settings.get("missing", REFUSE),
    )


def is_empty(table: DataTable, name: str) -> bool:
    """Return whether a column has neither a name nor a value, as where each line ends with a delimiter."""
    if not (table.format.header and table.columns[name].missing.all()):
        return False
    return name == f"column {table.names.index(name) + 1}"


def one_column(table: DataTable) -> str:
    """Return the words about a table of which nothing separates the cells."""
    if len(table.names) > 1:
        return ""
    return '; nothing was noticed that separates its cells: write "delimiter" in data'
