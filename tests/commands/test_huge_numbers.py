"""Huge numbers in documents and options are answered at once: they work, or one clear error says what is wrong."""

import json
import os
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.main import main

HUGE = ("1000000000", "9223372036854775808", "1e18", "1e30", "1e300", "1" + "0" * 400)
SECONDS = 20  # however busy the machine is; alone, each takes less than 2
ROOM = 2**31  # bytes of address space besides what the tests have taken

VECTORS: dict[str, Any] = {
    "input": {"shape": [64]},
    "layers": [
        {"type": "Dense", "units": 16, "trainable": {"weights": {"until_epoch": 1}}},
        {"type": "BatchNormalization", "momentum": 0.9, "epsilon": 1e-5},
        {"type": "LayerNormalization", "epsilon": 1e-5},
        {"type": "LeakyReLU", "negative_slope": 0.1},
        {"type": "PReLU", "initial_slope": 0.1},
        {"type": "ELU", "alpha": 1.0},
        {"type": "Scale", "factor": 0.5},
        {"type": "Dropout", "rate": 0.1},
        {"type": "Dense", "units": 10, "initializer": {"type": "normal", "deviation": 0.1}},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy", "label_smoothing": 0.1},
    "optimizer": {
        "type": "AdamW",
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.99,
        "epsilon": 1e-8,
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "schedule": {"type": "step", "every": 1, "factor": 0.5, "warmup_epochs": 1},
    },
    "data": {"dataset": "digits", "validation_split": 0.1},
    "training": {
        "epochs": 3,
        "batch_size": 64,
        "seed": 1,
        "early_stopping": {"patience": 1, "min_delta": 0.1, "start_from_epoch": 1},
        "averaging": {"type": "lookahead", "every": 5},
    },
    "evaluation": {"every": 1},
}
IMAGES: dict[str, Any] = {
    "input": {"shape": [1, 8, 8]},
    "layers": [
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "strides": 1, "padding": 1},
        {"type": "MaxPooling2D", "pool_size": 2, "strides": 2},
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "padding": "same"},
        {"type": "AveragePooling2D", "pool_size": 2, "strides": 2},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGD", "learning_rate": 0.01, "schedule": {"type": "reduce_on_plateau", "patience": 1}},
    "data": {
        "dataset": "digits",
        "validation_split": 0.1,
        "augment": [
            {"type": "RandomTranslate", "pixels": 1},
            {"type": "Cutout", "size": 2},
            {"type": "RandomAffine", "degrees": 5},
        ],
    },
    "training": {"epochs": 3, "batch_size": 64, "seed": 1},
}
DOCUMENTS = {"vectors": VECTORS, "images": IMAGES}


def numbers(values: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each number in a document."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from numbers(value, f"{path}.{key}" if path else key)
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from numbers(value, f"{path}[{index}]")
    elif isinstance(values, int | float):
        yield path


SETTINGS = [(name, path) for name, document in DOCUMENTS.items() for path in numbers(document)]
FEW = [
    ("vectors", "layers[0].units"),
    ("vectors", "training.batch_size"),
    ("vectors", "training.epochs"),
    ("images", "input.shape[1]"),
    ("images", "layers[0].kernel_size"),
    ("images", "layers[0].padding"),
    ("images", "layers[1].strides"),
    ("images", "data.augment[0].pixels"),
]
OPTIONS = [
    ("train", "--threads"),
    ("train", "--limit"),
    ("train", "--seed"),
    ("evaluate", "--batch-size"),
    ("evaluate", "--threads"),
    ("predict", "--top"),
    ("predict", "--threads"),
    ("benchmark", "--batch-sizes"),
    ("compare", "--seeds"),
]


@pytest.fixture
def folder(tmp_path: Path, trained_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both documents, a trained network and an input, as the working directory."""
    for name, document in DOCUMENTS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    for name in ("net.json", "net.npz"):
        (tmp_path / name).write_bytes((trained_once / name).read_bytes())
    np.save(tmp_path / "x.npy", np.zeros((3, 64), np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bounded(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of a command, which may take little time and memory."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            with open(1, "w", encoding="utf-8", closefd=False) as out:
                import sys

                sys.stdout = sys.stderr = out
                code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 99
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading, "rb") as shown:  # noqa: PTH123 - a descriptor, not a path
        text = shown.read().decode(errors="replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def answered(*arguments: str) -> bool:
    """Whether a command works, or ends with one clear error."""
    start = time.monotonic()
    code, text = bounded(*arguments)
    assert code in (0, 2, 3), (code, text[-2000:], time.monotonic() - start)
    assert "Traceback" not in text
    assert "not enough memory" not in text
    return bool(code == 0 or ": " in text)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "path"), FEW)
def test_settings(name: str, path: str) -> None:
    assert answered("train", f"{name}.json", "--dry-run", "--quiet", "--set", f"{path}={HUGE[1]}")
    assert answered("inspect", f"{name}.json", "--plan", "--set", f"{path}={HUGE[1]}")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_options(command: str, option: str) -> None:
    assert answered(*with_option(command, option, HUGE[1]))


def with_option(command: str, option: str, value: str) -> list[str]:
    more = {"train": ["--dry-run"], "predict": ["x.npy"], "benchmark": ["--quick"]}.get(command, [])
    return [command, "net.json", *more, option, value]


@pytest.mark.long
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("value", [*HUGE, "-1", "0"], ids=lambda value: value[:20])
def test_every_setting_and_option(value: str) -> None:
    for name, path in SETTINGS:
        assert answered("train", f"{name}.json", "--dry-run", "--quiet", "--set", f"{path}={value}")
        assert answered("inspect", f"{name}.json", "--plan", "--set", f"{path}={value}")
    for command, option in OPTIONS:
        assert answered(*with_option(command, option, value))


@pytest.mark.usefixtures("folder")
def test_a_batch_is_no_larger_than_the_data() -> None:
    """No memory is taken for the size that is written, and the result is that of a full batch."""
    shown = [
        bounded("train", "net.json", "--dry-run", "--quiet", "--no-test", "--set", f"training.batch_size={size}")[1]
        for size in ("1437", HUGE[1])
    ]
    assert "One batch of 1,293, forward and backward: loss " in shown[0]
    assert "is more than the 1,293 samples to train on, so each epoch is one step" in shown[1]
    assert "One batch of 1,293, forward and backward: loss " in shown[1]
    plain = bounded("evaluate", "net.json")[1]
    assert bounded("evaluate", "net.json", "--batch-size", HUGE[1])[1] == plain
