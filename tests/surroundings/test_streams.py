"""Terminals that are narrow or know ASCII alone, and streams that are closed: the same work, and nothing on top."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

long = partial(pytest.param, marks=pytest.mark.long)
Shell = Callable[..., Any]
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("columns", ["20", long("1"), long("40")])
def test_a_narrow_terminal(shell: Shell, columns: str) -> None:
    shown = shell("graphnn inspect images.json", env={"COLUMNS": columns})
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Conv2D" in shown.stdout
    assert "training memory, batch of 128" in shown.stdout


def test_a_terminal_of_ascii(shell: Shell) -> None:
    shown = shell("graphnn inspect images.json && graphnn inspect images.json --set data.normalise=x", env=ASCII)
    assert shown.returncode == 2
    assert shown.stdout.isascii()
    assert "3x3, 8 filters, same" in shown.stdout
    assert shown.stderr.isascii()
    assert 'unknown key "normalise"; write "normalize": ' in shown.stderr


@pytest.mark.parametrize("streams", [">&- 2>&- <&-", long(">&-"), long("2>&-"), long("<&-")])
def test_closed_streams(shell: Shell, streams: str) -> None:
    shown = shell(f"graphnn inspect images.json {streams}")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert ("Conv2D" in shown.stdout) == (">&-" not in streams.split())


@pytest.mark.parametrize("command", ["inspect wide.json", long("train --help")])
def test_a_reader_that_reads_one_line(shell: Shell, command: str) -> None:
    shown = shell(f"graphnn {command} | head -1")
    assert shown.stderr == ""
    assert shown.returncode in (0, 1)
    assert len(shown.stdout.splitlines()) == 1


@pytest.mark.parametrize("command", ["train wide.json --seed 1", long("compare wide.json --format json")])
def test_a_training_goes_on_without_a_reader(shell: Shell, folder: Path, command: str) -> None:
    shown = shell(f"graphnn {command} --set training.epochs=3 2>&1 | true")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "", "")
    run = folder / "wide.runs" / "0001"
    assert json.loads((run / "run.json").read_text())["state"] == "finished"
    assert ("Final test loss" in (run / "log.txt").read_text()) == command.startswith("train")
