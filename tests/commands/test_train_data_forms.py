"""train on arrays in the forms that people have: the bits of the plain form, or the expression that makes it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.datasets import array_files
from graphnn.datasets.batches import draw_test_part
from graphnn.storage.weights import load_weights
from graphnn.types import Array

Train = Callable[..., tuple[int, str, str]]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Arrays = dict[str, Any]
Bits = dict[str, bytes]
RunOn = Callable[..., tuple[Bits, str]]

DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", ">i4", ">f8", "longdouble"),
]
LAST = {"CrossEntropy": ["Softmax"], "BinaryCrossEntropy": ["Sigmoid"], "MeanSquaredError": []}
COUNTS = {"train": 24, "test": 9}


@pytest.fixture
def run_on(train: Train, document: Path) -> RunOn:
    """Train a small network on these arrays; return the bits of its weights and figures, and what stands on stderr."""

    def run(arrays: Arrays, loss: str, units: int, *, shape: tuple[int, ...] = (4,)) -> tuple[Bits, str]:
        layers: list[dict[str, Any]] = [{"type": "Flatten"}] if len(shape) > 1 else []
        layers += [{"type": "Dense", "units": units}, *({"type": name} for name in LAST[loss])]
        values = {
            "input": {"shape": shape},
            "layers": layers,
            "loss": {"type": loss},
            "optimizer": {"type": "Adam", "learning_rate": 0.1},
            "data": {"dataset": "npz", "path": "own.npz", "validation_split": 0.25},
            "training": {"epochs": 2, "batch_size": 4},
        }
        document.write_text(json.dumps(values))
        np.savez(document.with_name("own.npz"), **arrays)
        weights = document.with_suffix(".npz")
        weights.unlink(missing_ok=True)
        code, _, err = train("--quiet", "--threads", "1")
        assert code == (0 if weights.exists() else 2)
        if code:
            return {}, err
        file = load_weights(weights)
        figures = {part: repr(file.meta["metrics"][part]).encode() for part in ("test", "validation")}
        return {**figures, **{name: array.tobytes() for name, array in file.arrays.items()}}, err

    return run


def samples(classes: int) -> Arrays:
    """Return vectors with labels from 0."""
    rng = np.random.default_rng(5)
    arrays: Arrays = {}
    for part, count in COUNTS.items():
        arrays[f"y_{part}"] = np.arange(count) % classes
        arrays[f"x_{part}"] = rng.normal(arrays[f"y_{part}"][:, None], size=(count, 4))
    return arrays


def changed(arrays: Arrays, letter: str, change: Callable[[Array], Any]) -> Arrays:
    """Return the arrays with x or y changed in both parts."""
    return {name: change(array) if name.startswith(letter) else array for name, array in arrays.items()}


FORMS: dict[str, Callable[[Array], Array]] = {
    "N": lambda y: y,
    "N×1": lambda y: y[:, None],
    "one-hot": lambda y: np.eye(3)[y],
}


@pytest.mark.parametrize("loss", LAST)
@pytest.mark.parametrize("form", FORMS)
def test_labels_of_any_type_and_form_train_to_the_bits_of_the_plain_form(run_on: RunOn, form: str, loss: str) -> None:
    rows = form == "one-hot"
    expected = dict[int, Bits]()
    for dtype in DTYPES:
        classes = 2 if not rows and (dtype == "bool" or loss == "BinaryCrossEntropy") else 3
        units = 3 if rows else classes if loss == "CrossEntropy" else 1
        arrays = samples(classes)
        if classes not in expected:
            plain_form = arrays
            if loss != "CrossEntropy":
                shape = (-1, units)
                plain_form = changed(arrays, "y", lambda y, to=shape: FORMS[form](y).astype(np.float32).reshape(to))
            expected[classes], err = run_on(plain_form, loss, units)
            assert expected[classes], err
        found, err = run_on(changed(arrays, "y", lambda y, to=dtype: FORMS[form](y).astype(to)), loss, units)
        assert found == expected[classes], (dtype, err)
        assert err == ""


@pytest.mark.parametrize(("loss", "units"), [("CrossEntropy", 3), ("MeanSquaredError", 1)])
def test_other_commands_read_them_alike(run_on: RunOn, graphnn: Run, document: Path, loss: str, units: int) -> None:
    shown = []
    for form in (FORMS["N"], lambda y: FORMS["N×1"](y).astype(float)):
        run_on(changed(samples(3), "y", form), loss, units)
        parts = [graphnn("evaluate", document, "--split", part, "--format", "json") for part in ("test", "validation")]
        compared = graphnn("compare", document, "--seeds", "1", "--output", document.with_name("compared"))
        shutil.rmtree(document.with_name("compared"))
        assert [run.returncode for run in (*parts, compared)] == [0, 0, 0], compared.stderr
        shown.append([run.stdout for run in parts])
    assert shown[0] == shown[1]


def test_types_and_forms_of_both_parts_may_differ(run_on: RunOn) -> None:
    arrays = samples(2)
    for loss, units in (("CrossEntropy", 2), ("BinaryCrossEntropy", 1), ("MeanSquaredError", 1)):
        expected, _ = run_on(arrays, loss, units)
        mixed = {**arrays, "y_test": arrays["y_test"][:, None].astype(float)}
        assert run_on(mixed, loss, units)[0] == expected
    mixed = {**arrays, "y_test": np.eye(2)[arrays["y_test"]]}
    assert run_on(mixed, "CrossEntropy", 2)[0] == run_on(arrays, "CrossEntropy", 2)[0]


@pytest.mark.parametrize("scale", [-1, 1000, 10**6, -(10**9)])
def test_integer_targets_are_numbers_where_the_loss_takes_numbers(run_on: RunOn, scale: int) -> None:
    arrays = changed(samples(3), "y", lambda y: y * scale)
    expected, err = run_on(changed(arrays, "y", lambda y: y.astype(float)), "MeanSquaredError", 1)
    assert expected, err
    assert run_on(arrays, "MeanSquaredError", 1)[0] == expected
    assert run_on(changed(arrays, "y", lambda y: y[:, None]), "MeanSquaredError", 1)[0] == expected


def test_rows_that_are_not_one_hot_stay_distributions(run_on: RunOn) -> None:
    arrays = changed(samples(3), "y", lambda y: np.eye(3)[y] * 0.8 + 0.2 / 3)
    found, err = run_on(arrays, "CrossEntropy", 3)
    assert (bool(found), err) == (True, "")
    assert found != run_on(samples(3), "CrossEntropy", 3)[0]


def test_class_names_belong_to_one_hot_rows_too(run_on: RunOn, document: Path) -> None:
    arrays = changed(samples(3), "y", lambda y: np.eye(3)[y])
    run_on({**arrays, "class_names": np.array(["rose", "tulip", "lily"])}, "CrossEntropy", 3)
    assert load_weights(document.with_suffix(".npz")).meta["classes"] == ["rose", "tulip", "lily"]


@pytest.mark.parametrize("shape", [(4,), (3, 5, 4)])
def test_large_inputs_train_from_their_file_to_the_bits_of_loaded_ones(
    run_on: RunOn, train: Train, document: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(1)
    arrays = samples(3) | {f"x_{part}": rng.normal(size=(count, *shape)) for part, count in COUNTS.items()}
    expected = run_on(arrays, "CrossEntropy", 3, shape=shape)
    folder = document.with_name("own")
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    monkeypatch.setattr(array_files, "MAPPED_FROM", 0)
    found, err = run_on(arrays, "CrossEntropy", 3, shape=shape)
    assert found == expected[0]
    size = f"{sum(arrays[f'x_{part}'].nbytes for part in COUNTS) / 1024:.1f} KiB"
    assert f"own.npz: x_train and x_test, {size}, stay there; batches read their samples from it" in err
    weights = document.with_name("other.npz")
    code, _, err = train("--quiet", "--threads", "1", "--set", "data.path=own", "--output", weights)
    assert (code, len(err.splitlines())) == (0, 1)
    assert {name: array.tobytes() for name, array in load_weights(weights).arrays.items()} == {
        name: bits for name, bits in expected[0].items() if name not in ("test", "validation")
    }


def test_images_with_channels_last_are_told(run_on: RunOn) -> None:
    rng = np.random.default_rng(1)
    arrays = samples(3) | {f"x_{part}": rng.normal(size=(count, 3, 5, 6)) for part, count in COUNTS.items()}
    last = changed(arrays, "x", lambda x: np.moveaxis(x, 1, -1))
    found, err = run_on(last, "CrossEntropy", 3, shape=(3, 5, 6))
    assert found == {}
    expression = re.search(r"store the images channels first, N×C×H×W: (.*)$", err, re.MULTILINE)
    assert expression, err
    stored = changed(last, "x", lambda x: eval(expression[1], {"x": x}))
    expected = run_on(arrays, "CrossEntropy", 3, shape=(3, 5, 6))
    assert run_on(stored, "CrossEntropy", 3, shape=(3, 5, 6)) == expected
    _, err = run_on(last, "CrossEntropy", 3, shape=(90,))
    assert "the images are N×5×6×3, taken as N×C×H×W, but seem to be N×H×W×C" in err


GREY = samples(3) | {f"x_{part}": np.arange(count * 6).reshape(count, 2, 3) for part, count in COUNTS.items()}


@pytest.mark.parametrize("shape", [(1, 2, 3), (6,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, bool])
def test_grey_images_need_no_axis_of_channels(run_on: RunOn, shape: tuple[int, ...], dtype: type) -> None:
    arrays = changed(GREY, "x", lambda x: (x % 7 > 2 if dtype is bool else x).astype(dtype))
    expected, err = run_on(changed(arrays, "x", lambda x: x[:, None]), "CrossEntropy", 3, shape=shape)
    assert expected, err
    assert run_on(arrays, "CrossEntropy", 3, shape=shape)[0] == expected


def test_truth_values_as_inputs_are_numbers(run_on: RunOn) -> None:
    arrays = changed(samples(3), "x", lambda x: x > 1)
    assert run_on(arrays, "CrossEntropy", 3) == run_on(changed(arrays, "x", lambda x: x * 1.0), "CrossEntropy", 3)


NAMES = np.array(["lily", "rosé", "tulip"])
NAME_FORMS: dict[str, Callable[[Array], Array]] = {
    "texts": lambda y: NAMES[y],
    "a column of texts": lambda y: NAMES[y][:, None],
    "bytes": lambda y: np.char.encode(NAMES, "utf-8")[y],
}


@pytest.mark.parametrize("form", NAME_FORMS)
def test_names_of_classes_are_labels(run_on: RunOn, document: Path, form: str) -> None:
    arrays = changed(samples(3), "y", NAME_FORMS[form])
    assert run_on(arrays, "CrossEntropy", 3) == run_on(samples(3), "CrossEntropy", 3)
    run_on(arrays, "CrossEntropy", 3)
    assert load_weights(document.with_suffix(".npz")).meta["classes"] == NAMES.tolist()


def test_class_names_say_which_label_a_name_has(run_on: RunOn, document: Path) -> None:
    arrays = changed(samples(3), "y", lambda y: NAMES[::-1][y]) | {"class_names": NAMES[::-1]}
    assert run_on(arrays, "CrossEntropy", 3) == run_on(samples(3), "CrossEntropy", 3)
    run_on(arrays, "CrossEntropy", 3)
    assert load_weights(document.with_suffix(".npz")).meta["classes"] == NAMES[::-1].tolist()


def test_two_names_are_no_and_yes(run_on: RunOn) -> None:
    arrays = changed(samples(2), "y", lambda y: NAMES[y])
    assert run_on(arrays, "BinaryCrossEntropy", 1) == run_on(samples(2), "BinaryCrossEntropy", 1)


@pytest.mark.parametrize(
    ("change", "loss", "message"),
    [
        ({"class_names": NAMES[:2]}, "CrossEntropy", 'y_train[2] is "tulip", which is not in class_names'),
        ({"class_names": np.array(["lily", "rosé", "tulips"])}, "CrossEntropy", 'did you mean "tulips"?'),
        ({"y_test": np.array(["lily", "", "tulip"] * 3)}, "CrossEntropy", "y_test[1] is an empty text"),
        ({"y_test": np.array([b"\xff"] * 9)}, "CrossEntropy", "y_test holds b'\\xff', which is no text in UTF-8"),
        ({"y_test": np.arange(9) % 3}, "CrossEntropy", "y_train is of <U5, where integers (labels)"),
        ({}, "BinaryCrossEntropy", "y_train holds names of 3 classes, where one yes-or-no output tells 2 apart"),
        ({}, "MeanSquaredError", "y_train is of <U5, where integers (labels) or floats (targets) are needed"),
    ],
)
def test_names_that_cannot_be_labels_are_refused(run_on: RunOn, change: Arrays, loss: str, message: str) -> None:
    arrays = {**changed(samples(3), "y", lambda y: NAMES[y]), **change}
    found, err = run_on(arrays, loss, 3 if loss == "CrossEntropy" else 1)
    assert (found, "Traceback" in err) == ({}, False)
    assert message in err


def whole(arrays: Arrays, x: str, y: str) -> Arrays:
    """Return the samples of both parts as one, under these names."""
    return {
        name: np.concatenate([arrays[f"{letter}_{part}"] for part in COUNTS]) for name, letter in ((x, "x"), (y, "y"))
    }


@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("x_train", "y_train")])
def test_a_test_part_is_drawn_where_there_is_none(run_on: RunOn, x: str, y: str) -> None:
    arrays = whole(samples(3), x, y)
    found, err = run_on(arrays, "CrossEntropy", 3)
    assert "own.npz: it has no test part; 7 of its 33 samples are held out as one, class by class" in err
    train, test = draw_test_part(arrays[y], 0.2, 0)
    parts = {"x_train": train, "y_train": train, "x_test": test, "y_test": test}
    plain = {name: arrays[x if name[0] == "x" else y][indices] for name, indices in parts.items()}
    assert found == run_on(plain, "CrossEntropy", 3)[0]


def test_how_many_are_drawn_is_said_in_the_document(run_on: RunOn, train: Train, document: Path) -> None:
    run_on(whole(samples(3), "x", "y"), "CrossEntropy", 3)
    again = ("--output", document.with_name("other.npz"), "--set")
    code, _, err = train(*again, "data.test_split=0.5")
    assert (code, "16 of its 33 samples" in err) == (0, True)
    code, _, err = train(*again, "data.test_split=0.01")
    assert (code, "test_split = 0.01 of 33 samples leaves none for the test part" in err) == (2, True)
    run_on(samples(3), "CrossEntropy", 3)
    code, _, err = train(*again, "data.test_split=0.5")
    assert (code, "own.npz: it has a test part, x_test; leave data.test_split out" in err) == (2, True)


@pytest.mark.parametrize(
    ("names", "messages"),
    [
        (["images", "labels"], ['no array "x"; did you mean "images"?', 'no array "y"; did you mean "labels"?']),
        (["X", "Y"], ['no array "x"; did you mean "X"?', 'no array "y"; did you mean "Y"?']),
        (["x", "labels"], ['no array "y"; did you mean "labels"?']),
        (["X_train", "y_train"], ['no array "x_train"; did you mean "X_train"?']),
    ],
)
def test_names_of_whole_arrays_are_suggested(run_on: RunOn, names: list[str], messages: list[str]) -> None:
    found, err = run_on(whole(samples(3), *names), "CrossEntropy", 3)
    assert found == {}
    assert [line.split("own.npz: ")[1] for line in err.splitlines() if "no array" in line] == messages


def test_a_test_part_of_another_name_is_not_passed_over(run_on: RunOn) -> None:
    arrays = whole(samples(3), "x_train", "y_train")
    found, err = run_on({**arrays, "x_tst": arrays["x_train"][:5], "y_tst": arrays["y_train"][:5]}, "CrossEntropy", 3)
    assert found == {}
    assert 'no array "x_test"; did you mean "x_tst"?' in err


STRUCTURE = np.dtype([(name, float) for name in "abcd"])
NEED_CONVERSION: dict[str, tuple[str, str, Callable[[Array], Any], str]] = {
    "digits as text": ("y", "CrossEntropy", lambda y: y.astype(str), "y_train is of <U"),
    "texts of floats": ("y", "MeanSquaredError", lambda y: (y / 4).astype(str), "y_train is of <U"),
    "labels below 0": ("y", "CrossEntropy", lambda y: y - 1, "y_train[0] is -1"),
    "large labels": ("y", "CrossEntropy", lambda y: y * 10_000_000, "y_train[2] is 20000000"),
    "large float labels": ("y", "CrossEntropy", lambda y: y * 1e7, "y_train[2] is 20000000"),
    "labels in one row": ("y", "CrossEntropy", lambda y: y[None], "y_train is 1×24"),
    "labels in three axes": ("y", "CrossEntropy", lambda y: y[:, None, None], "y_train is 24×1×1"),
    "minus one and one": ("y", "BinaryCrossEntropy", lambda y: y % 2 * 2 - 1, "y_train holds -1 and 1"),
    "0 and 255": ("y", "BinaryCrossEntropy", lambda y: (y % 2 * 255).astype(np.uint8), "y_train holds 0 and 255"),
    "minus and plus half": ("y", "BinaryCrossEntropy", lambda y: y % 2 - 0.5, "y_train holds -0.5 and 0.5"),
    "complex labels": ("y", "CrossEntropy", lambda y: y + 0j, "y_train is of complex128"),
    "times": ("y", "MeanSquaredError", lambda y: y.astype("m8[s]"), "y_train is of timedelta64[s]"),
    "dates": ("y", "MeanSquaredError", lambda y: y.astype("M8[s]"), "y_train is of datetime64[s]"),
    "far numbers": ("y", "MeanSquaredError", lambda y: y + 1_700_000_000, "y_train lies around"),
    "far floats": ("y", "MeanSquaredError", lambda y: y + 1.7e9, "y_train lies around"),
    "structure": (
        "x",
        "CrossEntropy",
        lambda x: np.ascontiguousarray(x).view(STRUCTURE)[:, 0],
        "x_train is of [('a', '<f8')",
    ),
    "complex inputs": ("x", "CrossEntropy", lambda x: x + 0j, "x_train is of complex128"),
    "texts": ("x", "CrossEntropy", lambda x: x.astype(str), "x_train is of <U"),
}


@pytest.mark.parametrize("case", NEED_CONVERSION)
def test_other_forms_are_refused_with_the_expression_that_makes_the_plain_form(run_on: RunOn, case: str) -> None:
    letter, loss, change, message = NEED_CONVERSION[case]
    units = 3 if loss == "CrossEntropy" else 1
    arrays = changed(samples(3), letter, change)
    bits, err = run_on(arrays, loss, units)
    assert bits == {}
    assert message in err
    names: Arrays = {"np": np, **arrays}
    for statement in re.findall(r"class_names, y = .*?(?=, then)|y_train, y_test = .*?\]\)", err.split("\n")[0]):
        exec(statement, names)
    for name, text in re.findall(rf"\b({letter}_(?:train|test))\b.*?(?:take|parts:) (.*)$", err, re.MULTILINE):
        names[name] = eval(text.split(", or")[0].rstrip(), names)
    arrays = {name: names[name] for name in arrays}
    found, err = run_on(arrays, loss, units)
    plain = changed(samples(3), "y", lambda y: y % 2) if loss == "BinaryCrossEntropy" else samples(3)
    plain = changed(plain, "y", lambda y: y / 4) if case == "texts of floats" else plain
    if not case.startswith("far"):
        assert found == run_on(plain, loss, units)[0], err
    assert found, err


@pytest.mark.parametrize(
    ("y", "loss", "message"),
    [
        ([0, 1, 1.5] * 8, "CrossEntropy", "y_train[2] is 1.5, but labels are whole numbers"),
        ([0, 1, np.nan] * 8, "CrossEntropy", "y_train[2] is nan, but labels are whole numbers"),
        ([[1, 1, 0]] * 24, "CrossEntropy", "y_train is 24×3, but row 0 is not one-hot"),
        ([0, 1, 3] * 8, "CrossEntropy", "the labels run from 0 to 3, but the network has 3 outputs"),
        ([0, 1, np.nan] * 8, "MeanSquaredError", "y_train[2] is nan, not a finite float32"),
        ([0, 1, 2] * 8, "BinaryCrossEntropy", "BinaryCrossEntropy needs targets in 0…1; for class labels use Softmax"),
        ([object()] * 24, "CrossEntropy", "which are never loaded; astype(int), astype(float) or astype(str) makes an"),
    ],
)
def test_what_cannot_be_meant_is_refused(run_on: RunOn, y: list[Any], loss: str, message: str) -> None:
    found, err = run_on({**samples(3), "y_train": np.array(y)}, loss, 3 if loss == "CrossEntropy" else 1)
    assert found == {}
    assert message in err


def test_labels_that_are_meant_as_classes_are_not_quantities_without_a_word(run_on: RunOn) -> None:
    found, err = run_on(samples(3), "MeanSquaredError", 3)
    assert found == {}
    assert "for class labels use Softmax and CrossEntropy" in err


def test_interchanged_parts_are_told(run_on: RunOn) -> None:
    arrays = samples(3)
    found, err = run_on({**arrays, "y_train": arrays["y_test"], "y_test": arrays["y_train"]}, "CrossEntropy", 3)
    assert found == {}
    assert "x_train has 24 samples, but y_train 9; y_train and y_test seem to be interchanged" in err
    for letter in "xy":
        arrays[f"{letter}_train"], arrays[f"{letter}_test"] = arrays[f"{letter}_test"], arrays[f"{letter}_train"]
    found, err = run_on(arrays, "CrossEntropy", 3)
    assert found
    assert "x_test has more samples than x_train, 24 and 9; are they interchanged?" in err


def test_a_test_part_that_is_the_training_part_is_told(run_on: RunOn) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 4)).astype(np.float32), np.arange(24) % 3
    same = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    assert "the test part is the training part" in run_on(same, "CrossEntropy", 3)[1]
    assert "is the training part" not in run_on({**same, "x_test": x[::-1]}, "CrossEntropy", 3)[1]
