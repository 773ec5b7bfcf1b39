"""train in a separate process, interrupted and killed."""

import json
import re
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# A layer that changes nothing. In the second epoch it sends the process of the run the signals that NOW names.
DISTURBED = """
import os, signal
from dataclasses import dataclass
from graphnn.layers.base import Layer, register

first = os.getpid()
signals = [signal.Signals[name] for name in os.environ.get("NOW", "").split()]
batches = 0

@register
@dataclass(frozen=True, kw_only=True)
class Disturbed(Layer):
    schema = {"properties": {}}

    def forward(self, params, x, ctx):
        global batches
        batches += ctx.training
        if batches == 30 and os.getpid() == first:  # there are 21 in an epoch
            for each in signals:
                os.kill(first, each)
        return x, lambda dy: (dy, {})
"""


@pytest.fixture
def disturbed(document: Path, small: dict[str, Any]) -> tuple[str, ...]:
    """The arguments that train the small network with a layer that disturbs the run in the second epoch."""
    plugin = document.with_name("disturbed.py")
    plugin.write_text(DISTURBED)
    small["layers"].insert(0, {"type": "Disturbed"})
    document.write_text(json.dumps(small))
    return str(document), "--plugin", str(plugin)


@pytest.fixture(scope="module")
def finished() -> dict[str, bytes]:
    """The weights of a run without disturbance, once for all tests."""
    return {}


@pytest.fixture
def whole(finished: dict[str, bytes], disturbed: tuple[str, ...], python: Callable[..., Any], tmp_path: Path) -> bytes:
    """The weights of a run without disturbance."""
    if not finished:
        done = python("tools/train.py", *disturbed, "--output", tmp_path / "whole.npz", "--threads", "1")
        assert done.returncode == 0, done.stderr
        finished["weights"] = (tmp_path / "whole.npz").read_bytes()
    return finished["weights"]


def test_an_interrupted_run_resumes_to_the_same_weights(
    whole: bytes, disturbed: tuple[str, ...], document: Path, python: Callable[..., Any]
) -> None:
    stopped = python("tools/train.py", *disturbed, env={"NOW": "SIGINT"})
    assert stopped.returncode == 130
    assert "Stopping after this step" in stopped.stderr
    assert re.search(r"Interrupted in epoch 2 of 3, after step \d+ of 21; saved in ", stopped.stderr)
    assert "Traceback" not in stopped.stderr
    resume = stopped.stderr.splitlines()[-1].strip()
    assert resume == f"{shlex.quote(sys.executable)} tools/train.py {shlex.join(disturbed)} --resume 1"
    done = python(*shlex.split(resume)[1:], "--threads", "2")
    assert done.returncode == 0, done.stderr
    assert "Resumed at epoch 2, step " in done.stdout
    assert document.with_suffix(".npz").read_bytes() == whole
    rows = (document.parent / "net.runs" / "0001" / "history.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "1", "2", "3"]


def test_a_killed_run_resumes_to_the_same_weights(
    whole: bytes, disturbed: tuple[str, ...], document: Path, python: Callable[..., Any]
) -> None:
    killed = python("tools/train.py", *disturbed, env={"NOW": "SIGKILL"})
    assert killed.returncode == -signal.SIGKILL
    assert not document.with_suffix(".npz").exists()
    done = python("tools/train.py", *disturbed, "--resume")
    assert done.returncode == 0, done.stderr
    assert "Resumed at epoch 2, step 1: run 1, in " in done.stdout
    assert document.with_suffix(".npz").read_bytes() == whole


def test_a_second_interrupt_stops_at_once(disturbed: tuple[str, ...], python: Callable[..., Any]) -> None:
    stopped = python("tools/train.py", *disturbed, env={"NOW": "SIGINT SIGTERM"})
    assert stopped.returncode == 143
    assert "Stopping after this step" in stopped.stderr
    assert "saved in" not in stopped.stderr
    assert "Traceback" not in stopped.stderr
