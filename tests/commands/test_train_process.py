"""train as a user runs it: in a process of its own, interrupted and killed."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLOW = ("--set", "training.batch_size=1", "--set", "training.epochs=3")  # an epoch takes some tenths of a second


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Keeps the weights of a run that nothing disturbed."""
    return {}


@pytest.fixture
def whole(finished: dict[str, bytes], document: Path, python: Callable[..., Any], tmp_path: Path) -> bytes:
    """The weights of a run that nothing disturbed."""
    if not finished:
        done = python("tools/train.py", document, *SLOW, "--output", tmp_path / "whole.npz", "--threads", "1")
        assert done.returncode == 0, done.stderr
        finished["weights"] = (tmp_path / "whole.npz").read_bytes()
    return finished["weights"]


def read_until(process: Any, start: str) -> None:
    """Read the process's output up to a line that begins so."""
    for line in process.stdout:
        if line.startswith(start):
            return
    raise AssertionError(f"no line {start!r}: {process.stderr.read()}")


def test_an_interrupted_run_goes_on_to_the_same_weights(
    whole: bytes, document: Path, start: Callable[..., Any], python: Callable[..., Any]
) -> None:
    process = start("tools/train.py", document, *SLOW)
    read_until(process, "epoch 1/3")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopping after this step" in err
    assert re.search(r"Interrupted in epoch [23] of 3, after step \d+ of 1293; saved in ", err)
    assert "Traceback" not in err
    resume = err.splitlines()[-1].strip()
    assert resume == f"{shlex.quote(sys.executable)} tools/train.py {document} {' '.join(SLOW)} --resume"
    done = python(*shlex.split(resume)[1:], "--threads", "2")
    assert done.returncode == 0, done.stderr
    assert "Resumed at epoch " in done.stdout
    assert document.with_suffix(".npz").read_bytes() == whole
    rows = (document.parent / "net.run" / "history.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "1", "2", "3"]


def test_a_killed_run_goes_on_to_the_same_weights(
    whole: bytes, document: Path, start: Callable[..., Any], python: Callable[..., Any]
) -> None:
    process = start("tools/train.py", document, *SLOW)
    read_until(process, "epoch 1/3")
    process.kill()
    process.communicate(timeout=30)
    assert not document.with_suffix(".npz").exists()
    done = python("tools/train.py", document, *SLOW, "--resume")
    assert done.returncode == 0, done.stderr
    assert document.with_suffix(".npz").read_bytes() == whole


def test_a_second_interrupt_stops_at_once(document: Path, start: Callable[..., Any]) -> None:
    process = start("tools/train.py", document, *SLOW)
    read_until(process, "epoch 1/3")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_the_digits_are_trained_on_shifted_images(python: Callable[..., Any], tmp_path: Path) -> None:
    options = ("models/digits.json", "--set", "training.epochs=2", "--quiet", "--output", tmp_path / "w.npz")
    augment = ("--set", 'data.augment=[{"type":"RandomTranslate","pixels":1}]')
    views = ("--set", "evaluation.test_time_augmentation=flip_translate")
    found = []
    for threads in ("1", "2"):
        done = python("tools/train.py", *options, *augment, *views, "--threads", threads)
        assert (done.returncode, done.stderr) == (0, "")
        found.append((done.stdout, (tmp_path / "w.npz").read_bytes()))
    assert found[0] == found[1]
    assert [line.partition(":")[0] for line in found[0][0].splitlines()] == [
        *("Final test loss", "Final test accuracy"),
        *("Final test loss with flip_translate", "Final test accuracy with flip_translate"),
    ]
    done = python("tools/train.py", *options, *augment, "--dry-run")
    assert done.returncode == 0
    assert "Nothing was written." in done.stdout
    done = python("tools/train.py", *options, "--set", 'data.augment=[{"type":"RandomTranslate","pixels":8}]')
    assert done.returncode == 2
    assert "images of 1×8×8 are too small to be shifted by 8 pixels" in done.stderr


def test_a_layer_of_ones_own_is_trained(
    python: Callable[..., Any], document: Path, small: dict[str, Any], tmp_path: Path
) -> None:
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from graphnn.layers.base import Layer, register\n"
        "@register\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Halved(Layer):\n"
        "    schema = {'properties': {'by': {'type': 'number', 'default': 2}}}\n"
        "    by: float = 2.0\n"
        "    def forward(self, params, x, ctx):\n"
        "        return x / self.by, lambda dy: (dy / self.by, {})\n"
    )
    small["layers"].insert(1, {"type": "Halved", "by": 4})
    document.write_text(json.dumps(small))
    done = python("tools/train.py", document)
    assert done.returncode == 2
    assert "Halved" in done.stderr
    done = python("tools/train.py", document, "--plugin", plugin)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Final test accuracy" in done.stdout
    done = python("tools/train.py", document, "--plugin", plugin, "--set", 'layers[1].by="x"')
    assert done.returncode == 2
    assert "by" in done.stderr
