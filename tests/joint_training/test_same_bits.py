"""Any number of ranks trains to the bits of a single process, and goes on with what another number has begun."""

import csv
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"
CONTINUATION: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "continuation" / "documents.py"))
SHORT = (12, 14, 25, 27, 30, 38)  # as in tests/continuation: each kind of state matters in one of them
LONG = [case for case in range(56) if case not in SHORT]
FINISHED, STOPPED = 0, 130
RELAY = [(4, 1), (2, 2), (0, 2), (2, 1)]  # who goes on with a run in turn: ranks, and threads of each
OF_TIME = {"seconds", "images_per_second"}
Jobs = Callable[..., list[list[dict[str, Any]]]]
Line = list[str]


def figures(run: Path) -> list[dict[str, str]]:
    """Return the figures of all epochs of a run."""
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name not in OF_TIME} for row in csv.DictReader(file)]


def same(folder: Path, other: Path, names: list[str]) -> None:
    """Compare the weights and the figures of each training in two folders."""
    for name in names:
        assert (folder / f"{name}.npz").read_bytes() == (other / f"{name}.npz").read_bytes(), name
        found = [figures(each / f"{name}.runs" / "0001") for each in (folder, other)]
        assert found[0] == found[1] != [], name


def into(folder: Path, line: Line, name: str, *more: str | int) -> Line:
    """Return the command line of a training that writes into a folder."""
    folder.mkdir(exist_ok=True)
    return [*line, "--quiet", "--output", str(folder / f"{name}.npz"), *map(str, more)]


def alone(trainings: Jobs, folder: Path, lines: dict[str, Line], **cut: int) -> list[int]:
    """Train all in one process, and return how often each training asks whether to stop."""
    jobs = [{"line": into(folder, line, name, "--threads", 1)} for name, line in lines.items()]
    done = trainings(0, jobs, **cut)[0]
    assert [each["code"] for each in done] == [FINISHED] * len(lines), done
    return [each["questions"] for each in done]


def in_turns(trainings: Jobs, folder: Path, lines: dict[str, Line], questions: list[int], **cut: int) -> None:
    """Train all by other ranks in turn; each interrupts the trainings and leaves the rest to the next."""
    for turn, (ranks, threads) in enumerate(RELAY):
        last, resume = turn == len(RELAY) - 1, ["--resume"] if turn else []
        given = [into(folder, line, name, "--threads", threads, *resume) for name, line in lines.items()]
        stops = [0 if last else max(1, count // len(RELAY)) for count in questions]
        done = trainings(ranks, [{"line": line, "stop": stop} for line, stop in zip(given, stops, strict=True)], **cut)
        assert [each["code"] for each in done[0]] == [FINISHED if last else STOPPED] * len(lines), (turn, done)


def shipped(folder: Path) -> dict[str, Line]:
    """Return the command lines of short trainings of documents in models/, on random images."""
    draws = np.random.default_rng(1)
    labels, images = draws.integers(0, 10, 90), draws.integers(0, 200, (90, 3, 32, 32)).astype(np.uint8)
    file = folder / "data.npz"
    np.savez(file, x_train=images[:80], y_train=labels[:80], x_test=images[80:], y_test=labels[80:])
    short = ["--kernels", "numpy", "--set", "training.epochs=2", "--set"]
    small = [*short, "training.batch_size=32", "--set", "data.dataset=npz", "--set", f"data.path={file}"]
    return {
        "quick": [str(MODELS / "cifar10_quick.json"), *small],
        "resnet": [str(MODELS / "cifar10_resnet.json"), *small],
        "cifar10": [str(MODELS / "cifar10.json"), *small, "--limit", "60"],
        # 4 lanes, of which the last batch of 7 samples has one
        "digits": [str(MODELS / "digits.json"), *short, "training.batch_size=70"],
    }


def test_documents_of_models(trainings: Jobs, tmp_path: Path) -> None:
    lines = shipped(tmp_path)
    whole, joint, turns = (tmp_path / name for name in ("whole", "joint", "turns"))
    questions = alone(trainings, whole, lines)
    done = trainings(2, [{"line": into(joint, line, name)} for name, line in lines.items()])
    assert [each["code"] for each in done[0]] == [FINISHED] * len(lines), done
    same(whole, joint, list(lines))
    in_turns(trainings, turns, lines, questions)
    same(whole, turns, list(lines))


def unlike(folder: Path) -> dict[str, Line]:
    """Return the command lines of trainings with class weights, and with metrics of all samples at once."""
    values = CONTINUATION["document"](12)
    CONTINUATION["write_data"](folder)
    values["loss"] = {"type": "CrossEntropy", "class_weights": "balanced"}
    balanced = folder / "balanced.json"
    balanced.write_text(json.dumps(values), encoding="utf-8")
    data = np.load(folder / "data.npz")
    parts = {name: data[name] if name.startswith("x") else data[name] % 2 for name in data.files}
    np.savez(folder / "two.npz", **parts)
    values["layers"][-2:] = [{"type": "Dense", "name": "out", "units": 1}, {"type": "Sigmoid"}]
    values["loss"] = {"type": "BinaryCrossEntropy", "class_weights": [1, 3]}
    values["data"]["path"] = "two.npz"
    values["training"]["keep_best"] = "validation_roc_auc"
    two = folder / "two.json"
    two.write_text(json.dumps(values), encoding="utf-8")
    return {"balanced": [str(balanced), "--kernels", "numpy"], "two": [str(two), "--kernels", "numpy"]}


def written(folder: Path, cases: tuple[int, ...] | list[int], kernels: str) -> dict[str, Line]:
    """Return the command lines of the trainings of tests/continuation with these numbers."""
    lines = {}
    for case in cases:
        place = folder / f"case{case}"
        place.mkdir()
        lines[place.name] = [str(CONTINUATION["write"](place, case)), "--kernels", kernels]
        limit = CONTINUATION["choice"](case)["limit"]
        lines[place.name] += [] if limit is None else ["--limit", str(limit)]
    return lines


def check_in_turns(trainings: Jobs, folder: Path, lines: dict[str, Line]) -> None:
    """Compare trainings by one process with those by ranks in turns; batches have 4 lanes, or fewer at the end."""
    questions = alone(trainings, folder / "whole", lines, lanes=4)
    in_turns(trainings, folder / "turns", lines, questions, lanes=4)
    same(folder / "whole", folder / "turns", list(lines))


def test_all_that_a_training_carries_over(trainings: Jobs, tmp_path: Path) -> None:
    lines = {**unlike(tmp_path), **written(tmp_path, SHORT, "numpy")}
    check_in_turns(trainings, tmp_path, lines)
    assert "validation_roc_auc" in figures(tmp_path / "turns" / "two.runs" / "0001")[0]


@pytest.mark.long
def test_fifty_trainings(trainings: Jobs, tmp_path: Path) -> None:
    check_in_turns(trainings, tmp_path, written(tmp_path, LONG, "numpy"))


@pytest.mark.long
def test_compiled_kernels(trainings: Jobs, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    check_in_turns(trainings, tmp_path, written(tmp_path, LONG[:12], "numba"))
