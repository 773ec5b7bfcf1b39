"""A training of half an hour: its memory, its speed and its open files stay as they were in the first minutes."""

import csv
import json
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.runs.store import store_of

MINUTES = 30
WINDOW = 300  # seconds at the beginning and at the end that are compared
WARM = 60  # seconds at the start that do not count
DOCUMENT = {
    "input": {"shape": [3, 32, 32]},
    "layers": [
        {"type": "Conv2D", "filters": 32, "use_bias": False},
        {"type": "BatchNormalization"},
        {"type": "ReLU"},
        {"type": "MaxPooling2D"},
        {"type": "Conv2D", "filters": 64},
        {"type": "ReLU"},
        {"type": "GlobalAveragePooling"},
        {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.01},
    "data": {"dataset": "npz", "path": "data.npz", "augment": [{"type": "RandomFlip"}, {"type": "RandomTranslate"}]},
    "training": {"epochs": 1_000_000, "batch_size": 128, "keep_best": "validation_loss"},
}


def processes(group: int) -> list[Path]:
    """Return the folders in /proc of all processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group:
            found.append(stat.parent)
    return found


def memory(folders: list[Path]) -> int:
    """Return the memory of processes in KiB, shared pages divided among those that share them."""
    lines = [line for folder in folders for line in (folder / "smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read as on Linux")
def test_nothing_grows_and_nothing_slows(tmp_path: Path, start: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (6000, 3, 32, 32), np.uint8), np.arange(6000) % 10
    np.savez(tmp_path / "data.npz", x_train=x[:5000], y_train=y[:5000], x_test=x[5000:], y_test=y[5000:])
    document = tmp_path / "net.json"
    document.write_text(json.dumps(DOCUMENT))
    output = os.open(tmp_path / "output.txt", os.O_WRONLY | os.O_CREAT)
    begun = time.monotonic()
    training = start("-c", f"import os; os.setsid(); from graphnn.commands.train import main; "
                     f"raise SystemExit(main([{str(document)!r}]))", to=output)  # fmt: skip
    used: list[tuple[float, int]] = []
    files: list[tuple[float, int]] = []
    while (now := time.monotonic() - begun) < MINUTES * 60:
        time.sleep(5)
        assert training.poll() is None, (tmp_path / "output.txt").read_text()
        if now > WARM:
            folders = processes(training.pid)
            used.append((now, memory(folders)))
            files.append((now, sum(len(list((folder / "fd").iterdir())) for folder in folders)))
    training.send_signal(signal.SIGINT)
    assert training.wait(timeout=60) == 130
    os.close(output)
    first = statistics.median(size for now, size in used if now < WARM + WINDOW)
    last = statistics.median(size for now, size in used if now > MINUTES * 60 - WINDOW)
    # A file that is being written is open for a moment, so the fewest are compared.
    opened = min(count for now, count in files if now < WARM + WINDOW)
    left = min(count for now, count in files if now > MINUTES * 60 - WINDOW)
    with store_of(document.with_suffix(".npz")).runs()[0].history.open() as file:
        rows = [(float(row["seconds"]), float(row["images_per_second"])) for row in csv.DictReader(file)]
    ends = np.cumsum([seconds for seconds, _ in rows])
    speeds = np.array([speed for _, speed in rows])
    # Other programs only make epochs slower, so the fastest tenth shows the speed of this one.
    before = np.quantile(speeds[(ends > WARM) & (ends < WARM + WINDOW)], 0.9)
    after = np.quantile(speeds[ends > ends[-1] - WINDOW], 0.9)
    print(f"memory {first} to {last} KiB, speed {before:.0f} to {after:.0f} images/s, files {opened} to {left}")
    print(f"{len(rows)} epochs, medians of speed {np.median(speeds[:50]):.0f} and {np.median(speeds[-50:]):.0f}")
    assert abs(last / first - 1) < 0.01
    assert abs(after / before - 1) < 0.03
    assert left == opened
