"""The history of a run: records and their table."""

from pathlib import Path

from graphnn.training.history import HistoryFile, Record

FIRST = Record(1, {"loss": 0.5, "accuracy": 0.75}, {"loss": 0.625, "accuracy": 0.7}, 0.1, 1.23456, 1000.04)
SECOND = Record(2, {"loss": 0.25, "accuracy": 0.8}, {"loss": 0.5, "accuracy": 0.9}, 0.05, 2.0, 999.0)
HEADER = "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds,images_per_second"


def test_each_record_is_on_disk_at_once(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    with HistoryFile(file, ("loss", "accuracy"), validated=True) as history:
        assert file.read_text().splitlines() == [HEADER]
        history.append(FIRST)
        assert file.read_text().splitlines() == [HEADER, "1,0.5,0.75,0.625,0.7,0.1,1.235,1000.0"]


def test_a_resumed_run_begins_with_its_records(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text("what was there before\n" * 9)
    with HistoryFile(file, ("loss", "accuracy"), validated=True, records=[FIRST]) as history:
        history.append(SECOND)
    assert file.read_text().splitlines() == [
        HEADER,
        "1,0.5,0.75,0.625,0.7,0.1,1.235,1000.0",
        "2,0.25,0.8,0.5,0.9,0.05,2.0,999.0",
    ]


def test_without_validation_there_are_no_columns_for_it(tmp_path: Path) -> None:
    record = Record(1, {"loss": 0.5, "mean_absolute_error": 2.0, "r2": -1.0}, None, 0.1, 1.0, 10.0)
    with HistoryFile(tmp_path / "h.csv", tuple(record.training), validated=False) as history:
        history.append(record)
    assert (tmp_path / "h.csv").read_text().splitlines() == [
        "epoch,loss,mean_absolute_error,r2,learning_rate,seconds,images_per_second",
        "1,0.5,2.0,-1.0,0.1,1.0,10.0",
    ]
