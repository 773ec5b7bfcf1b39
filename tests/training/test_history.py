"""The history of a run: records and their table."""

import math
from pathlib import Path

import pytest

from graphnn.errors import WeightsError
from graphnn.training.history import HistoryFile, Record, read_history

FIRST = Record(1, {"loss": 0.5, "accuracy": 0.75}, {"loss": 0.625, "accuracy": 0.7}, 0.1, 1.23456, 1000.04)
SECOND = Record(2, {"loss": 0.25, "accuracy": 0.8}, {"loss": 0.5, "accuracy": 0.9}, 0.05, 2.0, 999.0)
HEADER = "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds,images_per_second"


def test_each_record_is_on_disk_at_once(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    with HistoryFile(file, ("loss", "accuracy"), validated=("loss", "accuracy")) as history:
        assert file.read_text().splitlines() == [HEADER]
        history.append(FIRST)
        assert file.read_text().splitlines() == [HEADER, "1,0.5,0.75,0.625,0.7,0.1,1.235,1000.0"]


def test_a_resumed_run_begins_with_its_records(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text("what was there before\n" * 9)
    with HistoryFile(file, ("loss", "accuracy"), validated=("loss", "accuracy"), records=[FIRST]) as history:
        history.append(SECOND)
    assert file.read_text().splitlines() == [
        HEADER,
        "1,0.5,0.75,0.625,0.7,0.1,1.235,1000.0",
        "2,0.25,0.8,0.5,0.9,0.05,2.0,999.0",
    ]


def test_without_validation_there_are_no_columns_for_it(tmp_path: Path) -> None:
    record = Record(1, {"loss": 0.5, "mean_absolute_error": 2.0, "r2": -1.0}, None, 0.1, 1.0, 10.0)
    with HistoryFile(tmp_path / "h.csv", tuple(record.training)) as history:
        history.append(record)
    assert (tmp_path / "h.csv").read_text().splitlines() == [
        "epoch,loss,mean_absolute_error,r2,learning_rate,seconds,images_per_second",
        "1,0.5,2.0,-1.0,0.1,1.0,10.0",
    ]


def written(path: Path, *records: Record, validated: bool = True) -> bytes:
    with HistoryFile(path, ("loss", "accuracy"), validated=("loss", "accuracy") if validated else (), records=records):
        pass
    return path.read_bytes()


THIRD = Record(3, {"loss": math.nan, "accuracy": 0.5}, None, 0.025, 3.0, 10.0)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    written(file, FIRST, SECOND, THIRD)
    first, second, third = read_history(file)
    assert (first.training, first.validation) == (FIRST.training, FIRST.validation)
    assert (first.seconds, first.images_per_second) == (1.235, 1000.0)
    assert second == SECOND
    assert third.validation is None
    assert math.isnan(third.training["loss"])
    written(file, SECOND.__class__(1, {"loss": 1.0}, None, 1.0, 2.0, 3.0), validated=False)
    assert read_history(file) == [Record(1, {"loss": 1.0}, None, 1.0, 2.0, 3.0)]


def test_a_file_that_is_cut_anywhere_has_the_epochs_before(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    content = written(file, FIRST, SECOND)
    epochs = set()
    for length in range(len(content)):
        file.write_bytes(content[:length])
        found = read_history(file)
        assert len(found) == max(0, content[:length].count(b"\n") - 1)
        epochs.add(len(found))
    assert epochs == {0, 1}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"epoch,", b"", ":1: the columns are 'loss,accuracy,"),
        (b"loss,", b"accuracy,", ":1: the columns are 'epoch,accuracy,accuracy,"),
        (b"images_per_second", b"", ":1: the columns are "),
        (b"1.235", b"a", ":2: '1,0.5,0.75,0.625,0.7,0.1,a,1000.0' is not the line of an epoch: could not convert"),
        (
            b"1.235",
            b"1.235,2",
            "1.235,2,1000.0' is not the line of an epoch: 8 values are needed, not 9",
        ),
        (b"1.235", b"-1", ": a rate or a time is negative or not finite"),
        (b"1.235", b"nan", ": a rate or a time is negative or not finite"),
        (b"1.235", b"", ": could not convert string to float: ''"),
        (
            b"\n2,",
            b"\n3,",
            ":3: '3,0.25,0.8,0.5,0.9,0.05,2.0,999.0' is not the line of an epoch: it is of epoch 3",
        ),
        (b"\n2,", b"\n\n2,", ":3: '' is not the line of an epoch: 8 values are needed, not 1"),
        (b"0.25", b"\xff", ": is no text: 'utf-8' codec"),
    ],
)
def test_a_file_that_was_changed_is_told(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    file = tmp_path / "history.csv"
    file.write_bytes(written(file, FIRST, SECOND).replace(old, new, 1))
    with pytest.raises(WeightsError) as caught:
        read_history(file)
    assert str(caught.value).startswith(str(file))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder, not a regular file"):
        read_history(tmp_path)
    with pytest.raises(WeightsError, match=r"absent\.csv: No such file"):
        read_history(tmp_path / "absent.csv")
