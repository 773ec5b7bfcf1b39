"""Colours of commands: where they are forced, where they are not wanted, and nothing else that commands a terminal."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours, although nothing here is a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")


def test_none_in_a_pipe(graphnn: Run, trained: Path) -> None:
    shown = graphnn("evaluate", trained)
    assert "confusion matrix" in shown.stdout
    assert "\x1b" not in shown.stdout + shown.stderr


@pytest.mark.usefixtures("coloured")
def test_the_confusion_matrix_is_shaded_and_reads_the_same(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = graphnn("evaluate", trained).stdout
    assert "\x1b[48;5;" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert COLOUR.sub("", shown) == graphnn("evaluate", trained).stdout


@pytest.mark.usefixtures("coloured")
@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_other_formats_have_none(form: str, graphnn: Run, trained: Path) -> None:
    assert "\x1b" not in graphnn("evaluate", trained, "--format", form).stdout


@pytest.mark.usefixtures("coloured")
def test_errors_are_red_and_notes_yellow(graphnn: Run, document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = graphnn("inspect", "missing\x1b[2J.json")
    assert missing.stderr.startswith("\x1b[1;31mmissing\\u001b[2J.json: ")
    changed = json.loads(document.read_text())
    document.write_text(json.dumps(changed | {"data": {"dataset": "digits", "augment": [{"type": "RandomFlip"}]}}))
    assert graphnn("inspect", document).stderr.startswith("\x1b[33mnote:\x1b[0m ")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in graphnn("inspect", document).stderr + graphnn("inspect", "missing.json").stderr


@pytest.mark.usefixtures("coloured")
def test_names_bring_no_colours_of_their_own(graphnn: Run, document: Path) -> None:
    changed = json.loads(document.read_text())
    changed["layers"][0]["name"] = "a\x1b[41mb"
    document.write_text(json.dumps(changed))
    shown = graphnn("inspect", document)
    assert "\x1b[41m" not in shown.stdout + shown.stderr
    assert "\\u001b[41m" in shown.stdout + shown.stderr


@pytest.mark.usefixtures("coloured")
def test_the_log_of_a_run_has_none(graphnn: Run, document: Path) -> None:
    assert graphnn("train", document).returncode == 0
    log = (document.parent / "net.runs" / "0001" / "log.txt").read_text()
    assert "epoch 3/3" in log
    assert "\x1b" not in log
