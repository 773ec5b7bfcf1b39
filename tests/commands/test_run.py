"""run: the checks of the building blocks, that they can fail, and the two trainings."""

import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphnn.commands import run
from graphnn.course import trials
from graphnn.course.checks import CHECKS
from graphnn.course.comparisons import NUMERIC, Check, difference, numeric_gradient
from graphnn.kernels import choice
from graphnn.runs.stopping import StopRequest

ROOT = Path(__file__).parents[2]
COURSE = {
    *("relu", "softmax", "dense", "crossentropy", "sgd", "momentum", "im2col"),
    *("conv", "maxpool", "avgpool", "batchnorm", "dropout", "flatten"),
}


def test_the_names_are_those_of_the_course() -> None:
    assert set(CHECKS) >= COURSE
    assert set(run.TRIALS) == {"mnist", "cifar"}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_passes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["unittest", name]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{name}: ")
    assert "all passed" in printed
    assert "FAILED" not in printed


def test_all_runs_every_check_but_the_trainings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["unittest", "all"]) == 0
    printed = capsys.readouterr().out
    assert [text.partition(":")[0] for text in printed.splitlines() if text and text[0] != " "] == list(CHECKS)


def test_nan_and_other_shapes_do_not_pass() -> None:
    assert not Check("", math.nan).passed
    assert difference(np.ones(3), np.ones((3, 1))) == math.inf


def test_numeric_gradient_of_a_known_function() -> None:
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    kept = x.copy()
    np.testing.assert_allclose(numeric_gradient(lambda: float((x**2).sum()), x), 2 * kept, atol=NUMERIC)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unittest", "Conv2D"], 'unknown unit test "Conv2D"; did you mean "conv"?'),
        (["unittest", "xyz"], "known: relu, softmax"),
        (["unitest", "relu"], 'unknown command "unitest"; did you mean "unittest"?'),
        (["unittest"], "NAME"),
        (["relu"], 'unknown command "relu"; did you mean "unittest"?'),
        (["mnist", "relu"], 'unknown command "mnist"; did you mean "unittest"?'),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_the_tool_works_from_another_folder() -> None:
    command = [sys.executable, str(ROOT / "tools" / "run.py"), "unittest", "relu"]
    ran = subprocess.run(command, cwd="/", capture_output=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "relu" in ran.stdout


@pytest.fixture
def small_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the trial mnist be a quick training on digits, and return the folder of its document."""
    document = json.loads((ROOT / "models" / "digits.json").read_text(encoding="utf-8"))
    document["training"]["epochs"] = 2
    (tmp_path / "small.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(trials, "MODELS", tmp_path)
    return tmp_path


def set_trial(monkeypatch: pytest.MonkeyPatch, **requirements: float) -> None:
    monkeypatch.setitem(run.TRIALS, "mnist", trials.Trial("small.json", **requirements))


def test_a_training_that_reaches_its_accuracy(
    small_trial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_trial(monkeypatch, accuracy=0.5, minutes=10)
    assert run.main(["unittest", "mnist", "--threads", "1", "--data-dir", str(small_trial)]) == 0
    assert "required: more than 50%" in capsys.readouterr().out
    assert [file.name for file in small_trial.iterdir()] == ["small.json"]


def tool(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "run.py"), *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, encoding="utf-8", check=False, timeout=300
    )


@pytest.mark.parametrize("name", ["mnist", "cifar"])
@pytest.mark.parametrize("command", [["unittest"], []], ids=["unittest", "alone"])
def test_without_the_data_the_trainings_say_which_files_are_missing(
    name: str, command: list[str], tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:9"
    ran = tool(*command, name, "--data-dir", str(tmp_path), http_proxy=nowhere, https_proxy=nowhere)
    assert ran.returncode == 2
    folder = tmp_path / {"mnist": "mnist", "cifar": "cifar10"}[name]
    assert f"is not in {folder}, and the download failed" in ran.stderr or f"are not in {folder}, and" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_mnist_is_trained_and_measured_by_the_tool(tmp_path: Path) -> None:
    (tmp_path / "mnist").mkdir()
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 200, (10, 28, 28))
    for prefix, count in (("train", 500), ("t10k", 100)):
        labels = np.arange(count) % 10
        images = patterns[labels] + rng.integers(0, 50, (count, 28, 28))
        for kind, array in (("images", images), ("labels", labels)):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            file = tmp_path / "mnist" / f"{prefix}-{kind}-idx{array.ndim}-ubyte"
            file.write_bytes(header + array.astype(np.uint8).tobytes())
    ran = tool("mnist", "--data-dir", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("ok: test accuracy ")
    assert "(required: more than 90%)" in ran.stdout


def test_a_training_with_other_kernels(
    small_trial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_trial(monkeypatch, accuracy=0.5, minutes=10)
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert run.main(["unittest", "mnist", "--kernels", "numba", "--data-dir", str(small_trial)]) == 2
    assert "the numba kernels need numba, which is not installed" in capsys.readouterr().err


@pytest.mark.parametrize("requirements", [{"accuracy": 1.0, "minutes": 10}, {"accuracy": 0.5, "minutes": 0}])
def test_a_training_below_the_required_accuracy(
    requirements: dict[str, float],
    small_trial: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_trial(monkeypatch, **requirements)
    assert run.main(["unittest", "mnist"]) == 1
    assert "FAILED: test accuracy" in capsys.readouterr().out


def test_an_interrupted_training_is_no_verdict(
    small_trial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_trial(monkeypatch, accuracy=0.5, minutes=10)
    monkeypatch.setattr(trials, "train", lambda request, progress: False)
    assert run.main(["unittest", "mnist"]) == 130
    assert "accuracy" not in capsys.readouterr().out


def test_without_the_models_the_trainings_say_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trials, "MODELS", tmp_path)
    assert run.main(["unittest", "cifar"]) == 2
    assert "cifar10.json: no such file; the networks are in a checkout" in capsys.readouterr().err


def test_an_interrupted_training_offers_nothing_to_resume(
    small_trial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_trial(monkeypatch, accuracy=0.5, minutes=10)
    asked = iter([False] * 5 + [True])
    monkeypatch.setattr(StopRequest, "__call__", lambda request: next(asked))
    assert run.main(["unittest", "mnist"]) == 130
    error = capsys.readouterr().err
    assert error.startswith("Interrupted in epoch 1 of 2, after step ")
    assert error.endswith("; nothing was kept.\n")
