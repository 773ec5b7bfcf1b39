"""Each check of `run.py unittest` is of the layer that it names: whatever is broken in that layer makes it fail."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from graphnn.commands import run
from graphnn.course import image_checks
from graphnn.course.checks import CHECKS
from graphnn.course.further_checks import FURTHER
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.losses.base import LOSSES
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum

Change = Callable[[Any], Any]
ASSIGNMENT = {
    "relu": "ReLU",
    "softmax": "Softmax",
    "dense": "Dense",
    "conv": "Conv2D",
    "maxpool": "MaxPooling2D",
    "avgpool": "GlobalAveragePooling",
    "batchnorm": "BatchNormalization",
    "dropout": "Dropout",
    "flatten": "Flatten",
}
LAYER_CHECKS = ASSIGNMENT | {name.lower(): name for name in LAYERS if name not in ASSIGNMENT.values()}
PARAMETERS = {
    "Dense": ["weights", "biases"],
    "Conv2D": ["weights", "biases"],
    "BatchNormalization": ["gamma", "beta"],
    "LayerNormalization": ["gamma", "beta"],
    "PReLU": ["slopes"],
    "Residual": ["layers.0.weights", "layers.0.biases", "shortcut.0.weights", "shortcut.0.biases"],
}
CHANGES: dict[str, Change] = {
    "doubled": lambda array: array * 2,
    "negated": lambda array: -array,
    "missing": lambda array: array * 0,
    "a little off": lambda array: array * (1 + 1e-4),
}


def sabotaged(layer: type[Layer], **methods: Any) -> type[Layer]:
    """Return a layer class of the same name with some methods replaced."""
    return dataclass(frozen=True)(type(layer.__name__, (layer,), methods))


def broken(layer: type[Layer], part: str, change: Change) -> type[Layer]:
    """Return a layer whose output ("y"), gradient of x ("x") or gradient of a parameter is changed."""

    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = layer.forward(self, params, x, ctx)

        def worse(dy: Any) -> Any:
            dx, gradients = backward(dy)
            changed = {name: change(array) if name == part else array for name, array in gradients.items()}
            return change(dx) if part == "x" else dx, changed

        return change(y) if part == "y" else y, worse

    return sabotaged(layer, forward=forward)


def without(layer: type[Layer], parameter: str, neutral: float) -> type[Layer]:
    """Return a layer whose forward leaves out a term: a parameter counts as `neutral`."""

    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        params = {**params, parameter: np.full_like(params[parameter], neutral)}
        ctx.prepared = self.prepare(params, ctx)
        return layer.forward(self, params, x, ctx)

    return sabotaged(layer, forward=forward)


def fails(name: str, capsys: pytest.CaptureFixture[str]) -> bool:
    """Return whether a check found a wrong value, rather than stopped at an error."""
    code, printed = run.main(["unittest", name]), capsys.readouterr().out
    assert printed.startswith(f"{name}: ")
    return code == 1 and f"\nFAILED: {name}" in printed and "  FAILED  error" in printed and "Error:" not in printed


def test_every_layer_has_its_check() -> None:
    assert set(LAYER_CHECKS.values()) == set(LAYERS)
    assert set(LAYER_CHECKS) | {"crossentropy", "sgd", "momentum", "im2col"} == set(CHECKS)
    assert set(FURTHER) == set(LAYER_CHECKS) - set(ASSIGNMENT)
    for name, type_name in LAYER_CHECKS.items():
        assert str(CHECKS[name].__doc__).startswith(f"{type_name}: ")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("name", "part"),
    [(name, part) for name, type_name in LAYER_CHECKS.items() for part in ["y", "x", *PARAMETERS.get(type_name, [])]],
)
def test_a_broken_layer_fails_its_check(
    name: str, part: str, change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_name = LAYER_CHECKS[name]
    monkeypatch.setitem(LAYERS, type_name, broken(LAYERS[type_name], part, CHANGES[change]))
    assert fails(name, capsys)


def test_the_parameters_above_are_all_there_are() -> None:
    settings = {"Dense": {"units": 2}, "Conv2D": {"filters": 2}, "Dropout": {"rate": 0.5}, "Scale": {"factor": 2}}
    shapes = {"Dense": (2,), "Softmax": (2,)}
    found = {}
    for name in set(LAYERS) - {"Residual"}:
        layer = LAYERS[name](**settings.get(name, {}))
        found[name] = [each.name for each in layer.parameters(shapes.get(name, (2, 4, 4))) if each.trainable]
    assert {name: each for name, each in found.items() if each} == {
        name: each for name, each in PARAMETERS.items() if name != "Residual"
    }


@pytest.mark.parametrize(
    ("name", "parameter", "neutral"),
    [
        ("dense", "biases", 0),
        ("conv", "biases", 0),
        ("batchnorm", "gamma", 1),
        ("batchnorm", "beta", 0),
        ("batchnorm", "running_mean", 0),
        ("batchnorm", "running_variance", 1),
        ("layernormalization", "gamma", 1),
        ("layernormalization", "beta", 0),
        ("residual", "shortcut.0.weights", 0),
    ],
)
def test_a_layer_that_leaves_out_a_parameter_fails_its_check(
    name: str, parameter: str, neutral: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_name = LAYER_CHECKS[name]
    monkeypatch.setitem(LAYERS, type_name, without(LAYERS[type_name], parameter, neutral))
    assert run.main(["unittest", name]) == 1


@pytest.mark.parametrize("term", ["slope", "offset"])
def test_a_batch_normalisation_without_a_term_of_its_gradient_fails(
    term: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def backward_combine(self: BatchNormalization, params: Any, statistics: Any, sums: Any) -> Any:
        combined, gradients = BatchNormalization.backward_combine(self, params, statistics, sums)
        return {**combined, term: np.zeros_like(combined[term])}, gradients

    worse = sabotaged(BatchNormalization, backward_combine=backward_combine)
    monkeypatch.setitem(LAYERS, "BatchNormalization", worse)
    assert fails("batchnorm", capsys)


def test_a_dropout_that_scales_in_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    original = LAYERS["Dropout"]

    def inverted(self: Any, params: Any, x: Any, ctx: Any) -> Any:
        y, backward = original.forward(self, params, x, ctx)
        return (y / (1 - self.rate), backward) if ctx.training else (x, backward)

    monkeypatch.setitem(LAYERS, "Dropout", sabotaged(original, forward=inverted))
    assert run.main(["unittest", "dropout"]) == 1


class BrokenLoss(CrossEntropy):
    """CrossEntropy whose value and gradient are changed by the class's functions."""

    value: Any = staticmethod(lambda found, count: found)
    slope: Any = staticmethod(lambda found, count: found)

    def __call__(self, y_gt: Any, y_pred: Any) -> Any:
        return self.value(super().__call__(y_gt, y_pred), len(y_pred))

    def gradient(self, y_gt: Any, y_pred: Any) -> Any:
        return self.slope(super().gradient(y_gt, y_pred), len(y_pred))


@pytest.mark.parametrize("part", ["value", "slope"])
@pytest.mark.parametrize("change", [*CHANGES, "sum"])
def test_a_broken_loss_fails_its_check(
    part: str, change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def changed(found: Any, count: int) -> Any:
        return found * count if change == "sum" else CHANGES[change](found)

    monkeypatch.setitem(LOSSES, "CrossEntropy", type("CrossEntropy", (BrokenLoss,), {part: staticmethod(changed)}))
    assert fails("crossentropy", capsys)


@pytest.mark.parametrize("smallest", [2.2e-16, 1e-15, 1e-7])
def test_a_loss_that_clips_elsewhere_fails_its_check(
    smallest: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("graphnn.losses.cross_entropy.SMALLEST", smallest)
    assert fails("crossentropy", capsys)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("name", "optimizer"), [("sgd", SGD), ("momentum", SGDMomentum)])
def test_an_optimizer_with_other_steps_fails_its_check(
    name: str, optimizer: Any, change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(optimizer):  # type: ignore[misc]
        def get_parameter_updater(self, shape: Any) -> Any:
            updater = super().get_parameter_updater(shape)
            return lambda parameter, gradient: parameter + CHANGES[change](updater(parameter, gradient) - parameter)

    monkeypatch.setitem(OPTIMIZERS, optimizer.__name__, Broken)
    assert fails(name, capsys)


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
    monkeypatch.setattr(image_checks, function, replacement)
    assert run.main(["unittest", "im2col"]) == 1


def test_a_layer_that_raises_fails_with_its_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forward(self: Layer, params: Any, x: Any, ctx: Any) -> Any:
        raise ValueError("operands could not be broadcast")

    monkeypatch.setitem(LAYERS, "ReLU", sabotaged(LAYERS["ReLU"], forward=forward))
    assert run.main(["unittest", "relu"]) == 1
    assert "FAILED  ValueError: operands could not be broadcast" in capsys.readouterr().out
