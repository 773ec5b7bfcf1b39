"""Folders that are missing or cannot be written: caches are done without, and a deleted folder is told of."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

long = partial(pytest.param, marks=pytest.mark.long)
Shell = Callable[..., Any]
NOWHERE = "/proc/nowhere"  # where not even root can make a folder


@pytest.mark.parametrize(
    "changes",
    [
        {"HOME": None, "XDG_CACHE_HOME": None},
        long({"HOME": NOWHERE, "XDG_CACHE_HOME": NOWHERE}),
        long({"TMPDIR": NOWHERE}),
    ],
    ids=str,
)
def test_no_place_of_the_user(shell: Shell, folder: Path, changes: dict[str, str | None]) -> None:
    cached = {} if changes.get("XDG_CACHE_HOME") else {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR")}
    shown = shell("graphnn train images.json --quiet", env={**cached, **changes})
    assert shown.returncode == 0
    assert (folder / "images.npz").exists()
    assert [line for line in shown.stderr.splitlines() if not line.startswith("note: ")] == []


def test_a_download_with_no_place_for_it(shell: Shell) -> None:
    data = "--set data.dataset=mnist --set input.shape=[1,28,28]"
    shown = shell(f"graphnn train images.json --quiet {data}", env={"GRAPHNN_DATA": NOWHERE})
    assert shown.returncode == 2
    assert NOWHERE in shown.stderr
    assert "Traceback" not in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["train", long("inspect"), long("evaluate")])
def test_a_deleted_folder(shell: Shell, folder: Path, command: str) -> None:
    shown = shell(f"mkdir gone; cd gone; rmdir ../gone; graphnn {command} {folder / 'wide.json'}")
    assert shown.returncode == 2
    assert shown.stderr == "the current folder has been deleted; change to another one\n"
