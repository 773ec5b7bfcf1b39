"""The settings of layers in words, as a table shows them."""

from dataclasses import make_dataclass
from typing import Any

import pytest

from graphnn.describe.settings import settings_text
from graphnn.layers.base import LAYERS


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("Conv2D", {"filters": 32}, "3×3, 32 filters, same"),
        ("Conv2D", {"filters": 1, "kernel_size": (3, 5), "strides": 2}, "3×5, 1 filter, stride 2, same"),
        ("Conv2D", {"filters": 2, "padding": "valid"}, "3×3, 2 filters, valid"),
        ("Conv2D", {"filters": 2000, "kernel_size": 1, "padding": 0}, "1×1, 2,000 filters, padding 0"),
        ("Conv2D", {"filters": 8, "strides": (2, 1), "padding": (1, 2)}, "3×3, 8 filters, stride 2×1, padding 1×2"),
        ("MaxPooling2D", {}, "2×2"),
        ("MaxPooling2D", {"pool_size": 3, "strides": 2}, "3×3, stride 2"),
        ("MaxPooling2D", {"pool_size": (2, 2), "strides": 2}, "2×2"),
        ("AveragePooling2D", {"pool_size": (2, 4)}, "2×4"),
        ("Dense", {"units": 1}, "1 unit"),
        ("Dense", {"units": 4096, "use_bias": False}, "4,096 units, no bias"),
        ("BatchNormalization", {}, "momentum 0.9"),
        ("BatchNormalization", {"epsilon": 0.001, "scale": False}, "momentum 0.9, no scale, epsilon 0.001"),
        ("BatchNormalization", {"trainable": False}, "frozen"),
        ("BatchNormalization", {"trainable": False, "epsilon": 0.001}, "frozen, epsilon 0.001"),
        ("BatchNormalization", {"trainable": {"statistics": False}}, "fixed statistics"),
        ("BatchNormalization", {"trainable": {"gamma": False}}, "momentum 0.9, gamma not trained"),
        (
            "BatchNormalization",
            {"trainable": {"gamma": False, "beta": {"until_epoch": 3}, "statistics": False}},
            "gamma not trained, beta until epoch 3, fixed statistics",
        ),
        ("Dense", {"units": 2, "initializer": "he_normal", "trainable": True}, "2 units"),
        ("Dense", {"units": 2, "initializer": {"type": "normal", "deviation": 1}}, "2 units, normal (deviation 1)"),
        ("Dense", {"units": 2, "initializer": {"type": "normal", "deviation": 0.05}}, "2 units, normal"),
        ("Dense", {"units": 2, "initializer": {"type": "constant", "value": 0.25}}, "2 units, constant (value 0.25)"),
        ("Conv2D", {"filters": 8, "initializer": "patch_whitening"}, "3×3, 8 filters, same, patch_whitening"),
        ("Dense", {"units": 2, "trainable": False}, "2 units, not trained"),
        (
            "Dense",
            {"units": 2, "trainable": {"weights": False, "biases": {"until_epoch": 3}}},
            "2 units, weights not trained, biases until epoch 3",
        ),
        ("LayerNormalization", {"trainable": {"gamma": False, "beta": False}}, "gamma and beta not trained"),
        ("LayerNormalization", {"trainable": {"gamma": True}}, ""),
        ("LayerNormalization", {"center": False}, "no center"),
        ("LayerNormalization", {}, ""),
        ("Dropout", {"rate": 0.25}, "rate 0.25"),
        ("Scale", {"factor": 0.111}, "× 0.111"),
        ("LeakyReLU", {}, "slope 0.01"),
        ("PReLU", {}, "slopes from 0.25"),
        ("ELU", {"alpha": 0.5}, "alpha 0.5"),
        ("GELU", {}, "tanh"),
        ("GELU", {"approximate": "none"}, "exact"),
        ("ReLU", {}, ""),
    ],
)
def test_settings_in_words(kind: str, options: dict[str, Any], text: str) -> None:
    assert settings_text(LAYERS.find(kind)(**options)) == text


def test_settings_of_a_layer_from_a_plugin() -> None:
    layer = make_dataclass(
        "Maxout",
        [("pieces", int), ("alpha", float, 1.0), ("slack", float, 0.5)],
        bases=(LAYERS["ReLU"],),
        kw_only=True,
        frozen=True,
    )
    assert settings_text(layer(pieces=3)) == "alpha 1.0, pieces 3"
    assert settings_text(layer(pieces=3, slack=0.0)) == "alpha 1.0, pieces 3, slack 0.0"


def test_settings_of_a_plugin_that_only_have_the_same_names() -> None:
    settings = [("initializer", str, "mine"), ("trainable", int, 2)]
    layer = make_dataclass("Own", settings, bases=(LAYERS["ReLU"],), kw_only=True, frozen=True)
    assert settings_text(layer()) == ""
    assert settings_text(layer(initializer="other", trainable=0)) == "initializer other, trainable 0"
