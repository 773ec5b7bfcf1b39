"""Values as people of other libraries write them, and what they mean here."""

from typing import Any

import pytest

from graphnn.specification.habits import reading
from graphnn.specification.habits.objects import objects
from graphnn.specification.schema import load_schema


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([28, 28, 1], [1, 28, 28]),
        ([32, 32, 3], [3, 32, 32]),
        ([3, 32, 32], [3, 32, 32]),
        ([None, 28, 28, 1], [1, 28, 28]),
        ([-1, 3, 32, 32], [3, 32, 32]),
        ([None, 784], [784]),
        ([28, 28], [1, 28, 28]),
        ([64, 64, 64], [64, 64, 64]),
        ([3, 8, 3], [3, 8, 3]),
        ("28x28x1", [1, 28, 28]),
        ("(None, 28, 28, 1)", [1, 28, 28]),
        ("28 × 28", [1, 28, 28]),
        (784, [784]),
        ("784", [784]),
        ([0, 28, 28], None),
        ([28, -28], None),
        ([1, 2, 3, 4, 5], None),
        ([28.5, 28], None),
        ("wide", None),
        ([], None),
        ({}, None),
    ],
)
def test_shapes(value: Any, shape: list[int] | None) -> None:
    assert reading.shape(value) == shape


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ten", 10),
        ("One hundred", 100),
        ("50 %", 0.5),
        ("1/255", 0.003922),
        ("0,5", 0.5),
        ("1/0", None),
        ("many", None),
    ],
)
def test_numbers(text: str, number: float | None) -> None:
    assert reading.number(text) == number


def test_numbers_that_float32_has_made_longer() -> None:
    assert reading.as_written(0.0010000000474974513) == 0.001
    assert reading.as_written(0.1234567891) == 0.1234567891
    assert reading.as_written(1e300) == 1e300


@pytest.mark.parametrize(
    ("value", "factor"),
    [
        (0.01, 0.01),
        ({"class_name": "L2", "config": {"l2": 0.001}}, 0.001),
        ({"l2": 0.1}, 0.1),
        ("regularizers.l2(0.02)", 0.02),
        ("l2(l=1e-4)", 1e-4),
        ("l2", None),
        ("l2(1-2-3)", None),
        ({"class_name": "L1", "config": {"l1": 0.1}}, None),
        (None, None),
    ],
)
def test_penalties(value: Any, factor: float | None) -> None:
    assert reading.penalty(value) == factor


def dumped(name: str, **settings: Any) -> dict[str, Any]:
    """Return a layer as Keras writes it."""
    return {"class_name": name, "config": settings}


@pytest.mark.parametrize(
    ("value", "layers"),
    [
        (
            "nn.Conv2d(1, 8, kernel_size=(3, 3), padding=1)",
            [{"type": "Conv2D", "filters": 8, "kernel_size": 3, "padding": 1}],
        ),
        ("Dense(10, activation='softmax')", [{"type": "Dense", "units": 10}, {"type": "Softmax"}]),
        ({"Dropout": 0.3}, [{"type": "Dropout", "rate": 0.3}]),
        ({"MaxPool2d": {"kernel_size": 2}}, [{"type": "MaxPooling2D", "pool_size": 2}]),
        (["Conv2D", 8, 3], [{"type": "Conv2D", "filters": 8, "kernel_size": 3}]),
        ({"type": "Conv2d", "out_channels": 8}, [{"type": "Conv2D", "filters": 8, "padding": "valid"}]),
        ({"type": "BatchNorm2d", "momentum": 0.01}, [{"type": "BatchNormalization", "momentum": 0.99}]),
        (dumped("BatchNormalization", momentum=0.99), [{"type": "BatchNormalization", "momentum": 0.99}]),
        (
            {"Dense": {"units": 4, "batch_norm": True, "activation": "relu", "dropout": 0.2}},
            [
                {"type": "Dense", "units": 4},
                {"type": "BatchNormalization"},
                {"type": "ReLU"},
                {"type": "Dropout", "rate": 0.2},
            ],
        ),
        (dumped("Conv2D", filters=8, groups=4), [{"type": "Conv2D", "filters": 8, "groups": 4}]),
        (dumped("Conv2D", filters=8, groups=1), [{"type": "Conv2D", "filters": 8}]),
        (dumped("Dense", units=8, activation="relu6"), [{"type": "Dense", "units": 8, "activation": "relu6"}]),
        ({"type": "LSTM", "units": 8}, None),
        ({"units": 8}, None),
        ("__import__('os').system('true')", None),
        ("Dense(" * 200, None),
        (3, None),
    ],
)
def test_layers(value: Any, layers: list[dict[str, Any]] | None) -> None:
    assert objects("layer", value, load_schema()) == layers


@pytest.mark.parametrize(
    ("value", "optimizer"),
    [
        ({"type": "SGD", "lr": 0.1, "momentum": 0.9}, {"type": "SGDMomentum", "learning_rate": 0.1, "momentum": 0.9}),
        ({"type": "SGD", "lr": 0.1, "momentum": 0}, {"type": "SGD", "learning_rate": 0.1}),
        ({"name": "AdamW", "betas": [0.9, 0.99]}, {"type": "AdamW", "beta_1": 0.9, "beta_2": 0.99}),
        ("torch.optim.Adam(lr=0.01)", {"type": "Adam", "learning_rate": 0.01}),
    ],
)
def test_optimizers(value: Any, optimizer: dict[str, Any]) -> None:
    assert objects("optimizer", value, load_schema()) == [optimizer]
