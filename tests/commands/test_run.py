"""run: the checks of the building blocks, that they can fail, and the two trainings."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands import run
from graphnn.course import checks, trials
from graphnn.course.checks import CHECKS
from graphnn.course.comparisons import NUMERIC, Check, difference, numeric_gradient
from graphnn.kernels import choice
from graphnn.layers.base import LAYERS, Layer
from graphnn.losses.base import LOSSES
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.runs.stopping import StopRequest

ROOT = Path(__file__).parents[2]
COURSE = {
    *("relu", "softmax", "dense", "crossentropy", "sgd", "momentum", "im2col"),
    *("conv", "maxpool", "avgpool", "batchnorm", "dropout", "flatten"),
}


def test_the_names_are_those_of_the_course() -> None:
    assert set(CHECKS) == COURSE
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


def sabotaged(layer: type[Layer], **methods: Any) -> type[Layer]:
    """Return a layer class of the same name with some methods replaced."""
    return dataclass(frozen=True)(type(layer.__name__, (layer,), methods))


def wrong_output(layer: type[Layer]) -> type[Layer]:
    """Return a layer whose output is a little too large."""

    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = layer.forward(self, params, x, ctx)
        return y + 1e-6, backward

    return sabotaged(layer, forward=forward)


def wrong_dx(layer: type[Layer]) -> type[Layer]:
    """Return a layer whose gradient of the input is a little wrong."""

    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = layer.forward(self, params, x, ctx)

        def worse(dy: Any) -> Any:
            dx, gradients = backward(dy)
            assert dx is not None
            return dx * (1 + 1e-4), gradients

        return y, worse

    return sabotaged(layer, forward=forward)


def wrong_gradients(layer: type[Layer]) -> type[Layer]:
    """Return a layer whose parameters' gradients are a little wrong."""

    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = layer.forward(self, params, x, ctx)

        def worse(dy: Any) -> Any:
            dx, gradients = backward(dy)
            return dx, {name: gradient * (1 + 1e-4) for name, gradient in gradients.items()}

        return y, worse

    return sabotaged(layer, forward=forward)


LAYER_CHECKS = {
    "relu": "ReLU",
    "softmax": "Softmax",
    "dense": "Dense",
    "conv": "Conv2D",
    "maxpool": "MaxPooling2D",
    "avgpool": "AveragePooling2D",
    "batchnorm": "BatchNormalization",
    "dropout": "Dropout",
    "flatten": "Flatten",
}
SABOTAGE = [(name, damage) for name in LAYER_CHECKS for damage in (wrong_output, wrong_dx)]
SABOTAGE += [(name, wrong_gradients) for name in ("dense", "conv", "batchnorm")]


@pytest.mark.parametrize(("name", "damage"), SABOTAGE)
def test_a_sabotaged_layer_fails_its_check(
    name: str, damage: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_name = LAYER_CHECKS[name]
    monkeypatch.setitem(LAYERS, type_name, damage(LAYERS[type_name]))
    assert run.main(["unittest", name]) == 1
    printed = capsys.readouterr().out
    assert f"\nFAILED: {name}" in printed
    assert "  FAILED  error" in printed


def test_a_dropout_that_scales_in_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    original = LAYERS["Dropout"]

    def inverted(self: Any, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = original.forward(self, params, x, ctx)
        return (y / (1 - self.rate), backward) if ctx.training else (x, backward)

    monkeypatch.setitem(LAYERS, "Dropout", sabotaged(original, forward=inverted))
    assert run.main(["unittest", "dropout"]) == 1


def test_a_loss_that_is_not_a_mean_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Summed(LOSSES["CrossEntropy"]):  # type: ignore[misc]
        def gradient(self, y_gt: Any, y_pred: Any) -> Any:
            return super().gradient(y_gt, y_pred) * len(y_pred)

    monkeypatch.setitem(LOSSES, "CrossEntropy", Summed)
    assert run.main(["unittest", "crossentropy"]) == 1


@pytest.mark.parametrize(
    ("name", "type_name", "replacement"),
    [
        ("sgd", "SGD", lambda **options: SGD(**{**options, "weight_decay": 0.0})),
        ("momentum", "SGDMomentum", lambda **options: SGDMomentum(**{**options, "momentum": 0.8})),
        ("momentum", "SGDMomentum", lambda **options: SGDMomentum(**{**options, "nesterov": False})),
    ],
)
def test_an_optimizer_with_another_rule_fails(
    name: str, type_name: str, replacement: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIMIZERS, type_name, replacement)
    assert run.main(["unittest", name]) == 1


@pytest.mark.parametrize(
    ("function", "replacement"),
    [
        ("determine_padding", lambda kernel_size, mode: (0, 0)),
        ("im2col", lambda x, *settings: np.zeros((4, 4))),
        ("col2im", lambda columns, shape, *settings: np.zeros(shape)),
        ("get_im2col_indices", lambda *settings: (np.zeros((8, 1)), np.zeros((8, 4)), np.zeros((8, 4)))),
    ],
)
def test_a_wrong_im2col_fails(function: str, replacement: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, function, replacement)
    assert run.main(["unittest", "im2col"]) == 1


def test_a_layer_that_raises_fails_with_its_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        raise ValueError("operands could not be broadcast")

    monkeypatch.setitem(LAYERS, "ReLU", sabotaged(LAYERS["ReLU"], forward=forward))
    assert run.main(["unittest", "relu"]) == 1
    assert "FAILED  ValueError: operands could not be broadcast" in capsys.readouterr().out


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
