"""Commands whose output goes to a disk that is full: one line that says so, no traceback, and an exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")
NO_SPACE = "standard output: No space left on device\n"
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


def run(*arguments: str | Path, full: str, unbuffered: bool = False) -> tuple[int, str]:
    """Run a command with one or both streams on a full disk; return its exit code and what it said on the other."""
    with FULL.open("w") as disk:
        done = subprocess.run(
            [sys.executable, *(["-u"] if unbuffered else []), "-m", "graphnn", *map(str, arguments)],
            cwd=ROOT,
            stdout=disk if "out" in full else subprocess.PIPE,
            stderr=disk if "err" in full else subprocess.PIPE,
            text=True,
            timeout=600,
            check=False,
        )
    return done.returncode, (done.stderr or "") + (done.stdout or "")


def test_output(document: Path) -> None:
    assert run("inspect", document, full="out") == (2, NO_SPACE)
    assert run("inspect", "--help", full="out", unbuffered=True) == (2, NO_SPACE)


def test_errors(document: Path) -> None:
    assert run("inspect", document.with_name("x.json"), full="out err") == (2, "")


def test_training_keeps_what_it_has(document: Path) -> None:
    code, said = run("train", document, "--threads", "1", full="out")
    assert (code, said) == (2, NO_SPACE)
    assert run("train", document, "--quiet", full="out") == (2, NO_SPACE)
    assert document.with_suffix(".npz").exists()  # only the final figures could not be printed
