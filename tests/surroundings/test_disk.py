"""Training where its files cannot be written, or no longer: one clear error that names what there is, nothing lost."""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.store import store_of
from graphnn.storage.weights import load_weights

Run = Callable[..., Any]
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NOBODY = 65534
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and permissions are those of POSIX")

# Runs `graphnn ARGUMENTS…` after a line of preparation.
PREPARED = """
import os, resource, sys
sys.dont_write_bytecode = True  # half a file of bytecode would stay
{}
from graphnn.commands.main import main
sys.exit(main(sys.argv[1:]))
"""


def prepared(line: str) -> str:
    """Return a program that runs a line of Python, then a command."""
    return PREPARED.format(line)


@pytest.fixture
def changed(trained: Path, small: dict[str, Any]) -> Path:
    """The trained document after a change, so that its next training replaces the weights beside it."""
    small["optimizer"]["learning_rate"] = 0.04
    trained.write_text(json.dumps(small))
    return trained


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def check_words(said: str, weights: Path) -> None:
    """Check that each file that a message says to hold something exists, and holds the weights of that epoch."""
    for name, epoch in re.findall(r"(\S+\.npz) holds the weights \D*epoch (\d+)", said):
        assert load_weights(name).meta["metrics"]["epochs"] == int(epoch)
    for name in re.findall(r"(\S+) is as it was before", said):
        assert Path(name) == weights


@pytest.mark.parametrize("size", [0.2, 0.4, 1.5, 3, 8, 12])  # KiB: of a file of the run that comes to be too large
def test_a_disk_that_becomes_full(python: Run, changed: Path, tmp_path: Path, size: float) -> None:
    weights, whole = changed.with_suffix(".npz"), tmp_path / "whole.npz"
    before, runs = weights.read_bytes(), store_of(weights)
    first = (runs.folder / "0001" / "weights.npz").read_bytes()
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({int(size * 1024)}, resource.RLIM_INFINITY))"
    done = python("-c", prepared(limit), "train", changed, "--quiet")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    first_line = next(line for line in done.stderr.splitlines() if not line.startswith("note: "))
    assert re.fullmatch(rf"{re.escape(str(runs.folder))}\S* cannot be written: File too large", first_line)
    check_words(done.stderr, weights)
    assert weights.read_bytes() == before
    assert (runs.folder / "0001" / "weights.npz").read_bytes() == first
    resume = ["--resume"] if "--resume" in done.stderr else []
    assert bool(resume) == (runs.folder / "0002" / "checkpoint.npz").exists()
    assert python("-m", "graphnn", "train", changed, "--quiet", *resume).returncode == 0
    assert python("-m", "graphnn", "train", changed, "--quiet", "--output", whole).returncode == 0
    assert weights.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_vanishes(python: Run, changed: Path, tmp_path: Path) -> None:
    """It is moved away after the first epoch, as by somebody who tidies up."""
    (tmp_path / "here").mkdir()
    document = changed.rename(tmp_path / "here" / "net.json")
    plugin = tmp_path / "vanish.py"
    plugin.write_text(
        "import os\n"
        "from graphnn.runs.open_run import OpenRun\n"
        "append = OpenRun.append\n"
        "def moved(run, record):\n"
        "    append(run, record)\n"
        "    if record.epoch == 2:\n"
        f"        os.rename({str(document.parent)!r}, {str(tmp_path / 'there')!r})\n"
        "OpenRun.append = moved\n"
        "from graphnn import Layer, register\n"
        "from dataclasses import dataclass\n"
        "@register\n"
        "@dataclass(frozen=True)\n"
        "class Unused(Layer):\n"
        "    schema = {'properties': {}}\n"
    )
    done = python("tools/train.py", document, "--quiet", "--plugin", plugin)
    run = tmp_path / "there" / "net.runs" / "0001"
    assert done.returncode == 2
    assert done.stderr.startswith(f"{document.parent / 'net.runs' / '0001' / 'last.npz'}: cannot be written: No such")
    assert "holds" not in done.stderr
    assert load_weights(run / "last.npz").meta["metrics"]["epochs"] == 1
    there = tmp_path / "there" / "net.json"
    assert python("tools/train.py", there, "--quiet", "--resume").returncode == 0
    assert there.with_suffix(".npz").read_bytes() == (run / "weights.npz").read_bytes()


@pytest.mark.skipif(not ROOT, reason="only the administrator can become somebody without permission")
@pytest.mark.parametrize("place", ["folder", "runs", "weights"])
def test_places_without_permission(python: Run, changed: Path, open_folder: Path, place: str) -> None:
    changed = shutil.copytree(changed.parent, open_folder / "models") / changed.name
    weights = changed.with_suffix(".npz")
    before = weights.read_bytes()
    runs = store_of(weights).folder
    for path in (changed, weights, *runs.rglob("*")):
        path.chmod(0o666 if path.is_file() else 0o777)
    for path in (changed.parent, runs):
        path.chmod(0o777)
    dry = ["train", str(changed), "--dry-run", "--quiet", "--threads", "1"]
    line = f"from graphnn.commands.main import main; main({dry}); os.setuid({NOBODY})"  # who may import nothing more
    {"folder": changed.parent, "runs": runs, "weights": weights}[place].chmod(0o444 if place == "weights" else 0o555)
    done = python("-c", prepared(line), "train", changed, "--quiet", "--threads", "1")
    assert "Traceback" not in done.stderr
    if place == "runs":
        assert (done.returncode, weights.read_bytes()) == (2, before)
        assert done.stderr == f"{runs}: nothing can be written there: Permission denied\n"
    elif place == "folder":
        assert (done.returncode, weights.read_bytes()) == (2, before)
        assert done.stderr == f"{changed.parent}: nothing can be written there: Permission denied\n"
    else:
        assert done.returncode == 2
        assert done.stderr == f"{weights}: is not writable; write the weights elsewhere with --output, or move it\n"
        assert weights.read_bytes() == before


@pytest.mark.parametrize("target", ["/dev/full"])
def test_output_that_cannot_be_written_loses_no_training(changed: Path, start: Run, target: str) -> None:
    if not Path(target).exists():
        pytest.skip("there is no such device")
    with Path(target).open("w") as full:
        training = start("tools/train.py", changed, "--quiet", to=full.fileno())
        assert training.wait(timeout=600) != 0
    store = store_of(changed.with_suffix(".npz"))
    assert store.runs()[-1].weights.read_bytes() == changed.with_suffix(".npz").read_bytes()
