"""Data that are probably not what their user takes them for: one note each, before the first epoch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.types import Array

Train = Callable[..., tuple[int, str, str]]
Arrays = dict[str, Array]
CHANGES: list[tuple[str, Callable[[Arrays], Any], str]] = []


def noted(words: str) -> Callable[[Callable[[Arrays], Any]], Callable[[Arrays], Any]]:
    """Add a change of the arrays to the table, with the words of the note that it gives."""

    def add(change: Callable[[Arrays], Any]) -> Callable[[Arrays], Any]:
        CHANGES.append((change.__name__, change, words))
        return change

    return add


@noted("in x_train each column is constant, so that nothing can be learnt from it")
def inputs_that_are_all_the_same(arrays: Arrays) -> None:
    arrays["x_train"][:] = 3


@noted("in x_train column 2 is constant; it says nothing about the labels")
def one_constant_column(arrays: Arrays) -> None:
    arrays["x_train"][:, 2] = 7


@noted("in x_train 2 columns of 4 are constant: 1, 3; they say nothing about the labels")
def two_constant_columns(arrays: Arrays) -> None:
    arrays["x_train"][:, [1, 3]] = 0


@noted("in x_train channel 0 is constant")
def one_constant_channel(arrays: Arrays) -> None:
    for part in ("x_train", "x_test"):
        arrays[part] = arrays[part].reshape(-1, 2, 1, 2)
    arrays["x_train"][:, 0] = 1


@noted("x_train runs from 0 to 1, x_test from 0 to 255; scale them alike, or the test figures mean nothing")
def training_from_0_to_1_and_test_from_0_to_255(arrays: Arrays) -> None:
    arrays["x_train"][:2], arrays["x_test"][:2] = [[0], [1]], [[0], [1]]
    arrays["x_test"] *= 255


@noted("x_train runs from 0 to 255, x_test from 0 to 1; scale them alike")
def training_from_0_to_255_and_test_from_0_to_1(arrays: Arrays) -> None:
    arrays["x_train"][:2], arrays["x_test"][:2] = [[0], [1]], [[0], [1]]
    arrays["x_train"] *= 255


@noted("all samples to train on have the same class 1, so that any network is right about them")
def one_class_only(arrays: Arrays) -> None:
    arrays["y_train"][:] = 1


@noted("no sample to train on is of class 2, but 10 of test")
def a_class_in_the_test_part_alone(arrays: Arrays) -> None:
    arrays["y_train"] %= 2


@noted("layers[2].units: the network has 3 outputs, but the labels are 0…1; write 2 units")
def more_outputs_than_classes(arrays: Arrays) -> None:
    arrays["y_train"] %= 2
    arrays["y_test"] %= 2


@noted("training.batch_size: 16 is more than the 11 samples to train on, so each epoch is one step; write less")
def a_batch_larger_than_the_data(arrays: Arrays) -> None:
    for name in arrays:
        arrays[name] = arrays[name][:12]


@pytest.fixture
def arrays() -> Arrays:
    """Data of three classes that give no note."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    x = rng.uniform(size=(90, 4)).astype(np.float32)
    return {"x_train": x[:60], "y_train": labels[:60], "x_test": x[60:], "y_test": labels[60:]}


@pytest.fixture
def run(document: Path, small: dict[str, Any], train: Train) -> Callable[..., list[str]]:
    """Train on arrays and return the notes, without "note: " and the position."""

    def notes(arrays: Arrays, *arguments: str | int, **data: Any) -> list[str]:
        np.savez(document.with_name("data.npz"), **arrays)
        shape = list(arrays["x_train"].shape[1:])
        small["input"]["shape"] = shape
        flatten = [{"type": "Flatten"}] if len(shape) == 3 else []
        dense = {"type": "Dense", "name": "hidden", "units": 4}
        small["layers"] = [*flatten, dense, {"type": "ReLU"}, {"type": "Dense", "units": 3}, {"type": "Softmax"}]
        small["data"] = {"dataset": "npz", "path": "data.npz", **data}
        small["training"] = {"epochs": 1, "batch_size": 16}
        document.write_text(json.dumps(small))
        code, _, err = train("--quiet", *arguments)
        assert code == 0
        assert all(line.startswith(f"note: {document}:1:") for line in err.splitlines())
        return [line.partition(": ")[2].partition(": ")[2] for line in err.splitlines()]

    return notes


def test_ordinary_data_give_no_note(arrays: Arrays, run: Callable[..., list[str]]) -> None:
    assert run(arrays) == []


@pytest.mark.parametrize(("name", "change", "words"), CHANGES, ids=[name for name, *_ in CHANGES])
def test_odd_data_give_one_note(
    name: str, change: Callable[[Arrays], Any], words: str, arrays: Arrays, run: Callable[..., list[str]]
) -> None:
    change(arrays)
    [note] = run(arrays)
    assert words in note
    path, _, _ = words.partition(": ")
    assert note.startswith(f"{path}: " if path in ("training.batch_size", "layers[2].units") else "data.path: ")


def test_the_first_samples_need_not_have_every_class(arrays: Arrays, run: Callable[..., list[str]]) -> None:
    arrays["y_train"].sort()
    assert run(arrays, "--limit", 15) == []


def test_black_pixels_of_flat_images_are_nothing_odd(arrays: Arrays, run: Callable[..., list[str]]) -> None:
    for part in ("x_train", "x_test"):
        arrays[part] = (255 * arrays[part]).astype(np.uint8)
        arrays[part][:, 0] = 0
    assert run(arrays) == []


def test_few_test_samples_may_be_small(arrays: Arrays, run: Callable[..., list[str]]) -> None:
    arrays["x_test"] = arrays["x_test"][:3] / 1000
    arrays["y_test"] = arrays["y_test"][:3]
    assert run(arrays) == []


def test_published_data_are_not_searched(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphnn.runs.data_notes.input_notes", lambda dataset: pytest.fail("they were"))
    assert train("--quiet")[0] == 0


def test_targets_that_are_all_the_same(arrays: Arrays, document: Path, small: dict[str, Any], train: Train) -> None:
    arrays["y_train"] = np.full(60, 0.5, np.float32)
    arrays["y_test"] = arrays["y_test"].astype(np.float32)
    np.savez(document.with_name("data.npz"), **arrays)
    small |= {"input": {"shape": [4]}, "layers": [{"type": "Dense", "units": 1}], "loss": {"type": "MeanSquaredError"}}
    small["data"] = {"dataset": "npz", "path": "data.npz", "seed": 1}
    small["training"]["batch_size"] = 16
    document.write_text(json.dumps(small))
    code, _, err = train("--quiet")
    assert code == 0
    [note] = err.splitlines()
    assert note.endswith("all samples to train on have the same target, so that any network is right about them")
