"""The columns of predictions beside a table: their names, and the outputs that they hold."""

from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets.table_encoding import NUMBER, ColumnEncoding, TableEncoding
from graphnn.evaluation.table_inputs import is_table, new_rows
from graphnn.evaluation.table_predictions import predictions_of
from graphnn.metrics.outputs import Classes


def test_outputs_to_spare_have_names_that_no_class_has() -> None:
    encoding = TableEncoding((ColumnEncoding("a", NUMBER),), ("species",), classes=("3", "x"))
    (rows,) = new_rows(["a\n", "1\n", "2\n"], Path("t.csv"), encoding, {}).parts()
    table = rows.table
    outputs = {0: np.array([0.7, 0.1, 0.15, 0.05]), 1: np.array([0.1, 0.1, 0.1, 0.7])}
    found = predictions_of(table, encoding, Classes, outputs, 4)
    assert found.probabilities == tuple(f"probability of {name}" for name in ("3", "x", "output 2", "output 3"))
    assert found.values["probability of 3"] == [0.7, 0.1]
    assert found.values["predicted species"] == ["3", "output 3"]


@pytest.mark.parametrize("name", ["a.npy", "a.png", "a.JPG", "a.webp", "a.tiff"])
def test_pictures_and_arrays_are_no_tables(name: str) -> None:
    assert not is_table(Path(name))
    assert is_table(Path(f"{name}.csv"))
