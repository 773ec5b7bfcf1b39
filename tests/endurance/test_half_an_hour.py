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


def cost(samples: list[tuple[float, float, int]]) -> float:
    """Return the processor time of an epoch between the first and the last sample."""
    (_, begun, first), (_, ended, last) = samples[0], samples[-1]
    return (ended - begun) / (last - first)


def memory(folders: list[Path]) -> int:
    """Return the memory of processes in KiB, shared pages divided among those that share them."""
    lines = [line for folder in folders for line in (folder / "smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def work(folders: list[Path]) -> float:
    """Return the processor time of processes in seconds."""
    ticks = 0
    for folder in folders:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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
    history = store_of(document.with_suffix(".npz")).folder / "0001" / "history.csv"
    used: list[tuple[float, int]] = []
    files: list[tuple[float, int]] = []
    done: list[tuple[float, float, int]] = []  # the processor time so far, and the epochs
    while (now := time.monotonic() - begun) < MINUTES * 60:
        time.sleep(5)
        assert training.poll() is None, (tmp_path / "output.txt").read_text()
        if now > WARM:
            folders = processes(training.pid)
            used.append((now, memory(folders)))
            done.append((now, work(folders), len(history.read_text().splitlines()) - 1))
            files.append((now, sum(len(list((folder / "fd").iterdir())) for folder in folders)))
    training.send_signal(signal.SIGINT)
    assert training.wait(timeout=60) == 130
    os.close(output)
    first = statistics.median(size for now, size in used if now < WARM + WINDOW)
    last = statistics.median(size for now, size in used if now > MINUTES * 60 - WINDOW)
    # A file that is being written is open for a moment, so the fewest are compared.
    opened = min(count for now, count in files if now < WARM + WINDOW)
    left = min(count for now, count in files if now > MINUTES * 60 - WINDOW)
    with history.open() as file:
        speeds = [float(row["images_per_second"]) for row in csv.DictReader(file)]
    # Other programs make epochs slower; the processor time that one takes depends on them less.
    before = cost([each for each in done if each[0] < WARM + WINDOW])
    after = cost([each for each in done if each[0] > MINUTES * 60 - WINDOW])
    print(
        f"memory {first} to {last} KiB, {before:.3f} to {after:.3f} s of processor an epoch, files {opened} to {left}"
    )
    tenth = len(speeds) // 10
    first_speed, last_speed = np.median(speeds[:tenth]), np.median(speeds[-tenth:])
    print(
        f"{len(speeds)} epochs, medians of the first and the last tenth: {first_speed:.0f}, {last_speed:.0f} images/s"
    )
    assert abs(last / first - 1) < 0.01
    assert abs(after / before - 1) < 0.03
    assert left == opened
