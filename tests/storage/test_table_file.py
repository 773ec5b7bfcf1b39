"""Tables as text, and files that are written whole or not at all."""

import csv
import io
from pathlib import Path

import pytest

from graphnn.errors import WeightsError
from graphnn.storage.table_file import delimited
from graphnn.storage.text_file import text_replacing

ROWS = [["a;b", 'say "no"', 0.125, None], ["", "line\nbreak", 1234567.0, 1e-9]]


@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ".")])
def test_a_table_comes_back_as_it_was_written(delimiter: str, decimal: str) -> None:
    text = delimited([["x", "y;,", "z", "ü"], *ROWS], delimiter=delimiter, decimal=decimal)
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert found == [
        ["x", "y;,", "z", "ü"],
        ["a;b", 'say "no"', f"0{decimal}125", ""],
        ["", "line\nbreak", "1234567", "1e-09"],
    ]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("before")
    with pytest.raises(ZeroDivisionError), text_replacing(file) as write:
        write(f"1\n{1 / 0}")
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
    assert file.read_text() == "before"
    with text_replacing(file) as write:
        write("ü")
        write("\r\n")
        assert file.read_text() == "before"
    assert file.read_bytes() == "ü\r\n".encode()


def test_an_error_of_what_is_read_meanwhile_is_none_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), text_replacing(tmp_path / "t.csv"):
        (tmp_path / "none").read_text()
    with pytest.raises(WeightsError, match="cannot be written"), text_replacing(tmp_path / "no" / "t.csv"):
        pytest.fail("it cannot be opened")
