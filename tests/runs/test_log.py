"""The log of a run: what it has printed, with times, from before its folder exists to its end."""

import re
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.log import RunLog

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_lines_wait_for_the_file(tmp_path: Path) -> None:
    file, log = tmp_path / "log.txt", RunLog()
    log.add("first")
    log.add("a table\n\nof lines")
    assert not file.exists()
    log.attach(file)
    waited = file.read_text()
    log.add("thén")
    assert re.fullmatch(rf"{STAMP}  first\n{STAMP}  a table\n{STAMP}\n{STAMP}  of lines\n", waited)
    assert re.fullmatch(rf"{re.escape(waited)}{STAMP}  thén\n", file.read_text(encoding="utf-8"))
    log.close()
    log.close()
    assert log.problem is None


def test_names_command_no_terminal_that_shows_the_log(tmp_path: Path) -> None:
    log = RunLog()
    log.add("Run 1, in a\x1b[31mb\udcff.\nnext")
    log.attach(tmp_path / "log.txt")
    log.close()
    first, second = (tmp_path / "log.txt").read_text().splitlines()
    assert first.endswith("  Run 1, in a\\u001b[31mb\\xff.")
    assert second.endswith("  next")


def test_a_run_that_goes_on_adds_to_its_log(tmp_path: Path) -> None:
    for text in ("started", "resumed"):
        log = RunLog()
        log.add(text)
        log.attach(tmp_path / "log.txt")
        log.close()
    assert [line.split("  ")[1] for line in (tmp_path / "log.txt").read_text().splitlines()] == ["started", "resumed"]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "log.txt").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        RunLog().attach(tmp_path / "log.txt")
    assert not (tmp_path / "victim").exists()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    log = RunLog()
    log.attach(tmp_path / "log.txt")
    log.add("written")

    tried: list[str] = []

    class Full:
        name = "log.txt"

        def write(self, text: str) -> None:
            tried.append(text)
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    whole: Any = log
    whole._file.close()
    whole._file = Full()
    log.add("lost")
    log.add("lost too")
    assert log.problem == f"{tmp_path / 'log.txt'}: cannot be written: No space left on device"
    assert len(tried) == 1
    assert (tmp_path / "log.txt").read_text().endswith("  written\n")
