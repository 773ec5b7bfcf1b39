"""Tables written as text."""

import csv
from pathlib import Path

import pytest

from graphnn.errors import WeightsError
from graphnn.storage.table_file import save_table

ROWS = [["a;b", 'say "no"', 0.125, None], ["", "line\nbreak", 1234567.0, 1e-9]]


@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ".")])
def test_a_table_comes_back_as_it_was_written(delimiter: str, decimal: str, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    save_table(file, ["x", "y;,", "z", "ü"], ROWS, delimiter=delimiter, decimal=decimal)
    with file.open(newline="", encoding="utf-8") as stream:
        found = list(csv.reader(stream, delimiter=delimiter))
    assert found == [
        ["x", "y;,", "z", "ü"],
        ["a;b", 'say "no"', f"0{decimal}125", ""],
        ["", "line\nbreak", "1234567", "1e-09"],
    ]


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("before")

    def rows():
        yield ["1"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_table(file, ["x"], rows(), delimiter=",", decimal=".")
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
    assert file.read_text() == "before"
    with pytest.raises(WeightsError, match="cannot be written"):
        save_table(tmp_path / "no" / "t.csv", ["x"], [], delimiter=",", decimal=".")
