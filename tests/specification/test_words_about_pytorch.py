"""What the schema's descriptions say about the defaults of PyTorch is so in the PyTorch that is installed."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest

from graphnn.specification.schema import load_schema

Fact = Callable[[Any], bool]
FACTS: list[tuple[str, str, str, str, Fact]] = [  # kind, type, setting, words, whether they are true
    (
        "layer",
        "Conv2D",
        "padding",
        "Keras and PyTorch add none by default",
        lambda torch: torch.nn.Conv2d(1, 1, 3).padding == (0, 0),
    ),
    (
        "layer",
        "BatchNormalization",
        "momentum",
        "its 0.1 is 0.9 here",
        lambda torch: torch.nn.BatchNorm2d(1).momentum == 0.1,
    ),
    ("layer", "BatchNormalization", "epsilon", "1e-5 in PyTorch", lambda torch: torch.nn.BatchNorm2d(1).eps == 1e-5),
    ("layer", "LayerNormalization", "epsilon", "1e-5 in PyTorch", lambda torch: torch.nn.LayerNorm(1).eps == 1e-5),
    (
        "layer",
        "LeakyReLU",
        "negative_slope",
        "0.01 in PyTorch",
        lambda torch: torch.nn.LeakyReLU().negative_slope == 0.01,
    ),
    (
        "layer",
        "PReLU",
        "initial_slope",
        "0.25 in PyTorch",
        lambda torch: torch.nn.PReLU().weight.tolist() == [0.25],
    ),
    (
        "layer",
        "GELU",
        "approximate",
        "the default of Keras and PyTorch",
        lambda torch: torch.nn.GELU().approximate == "none",
    ),
    ("optimizer", "Adam", "epsilon", "1e-8 in PyTorch", lambda torch: default(torch.optim.Adam, "eps") == 1e-8),
    ("optimizer", "AdamW", "epsilon", "1e-8 in PyTorch", lambda torch: default(torch.optim.AdamW, "eps") == 1e-8),
    (
        "optimizer",
        "RMSprop",
        "rho",
        "0.99 in PyTorch, as alpha",
        lambda torch: default(torch.optim.RMSprop, "alpha") == 0.99,
    ),
]


def default(function: Any, name: str) -> Any:
    """Return the default of an argument."""
    return inspect.signature(function).parameters[name].default


@pytest.mark.parametrize(("kind", "type_", "setting", "words", "fact"), FACTS, ids=[f"{f[1]}.{f[2]}" for f in FACTS])
def test_a_default_is_as_the_description_says(kind: str, type_: str, setting: str, words: str, fact: Fact) -> None:
    torch = pytest.importorskip("torch")
    definition = load_schema().settings(kind, type_)[setting]
    texts = [definition[key] for key in ("description", "markdownDescription") if key in definition]
    assert all(words in text for text in texts)
    assert fact(torch)


def test_weights_and_biases_start_within_one_over_the_root_of_the_fan_in() -> None:
    """As the description of initializers says of PyTorch."""
    torch = pytest.importorskip("torch")
    assert "PyTorch with U(±1/√fan-in)" in load_schema().definitions["initializer"]["description"]
    torch.manual_seed(0)
    weights = torch.nn.Conv2d(4, 4000, 3).weight.detach().numpy()
    bound = 1 / math.sqrt(36)
    assert 0.999 * bound < abs(weights).max() <= bound * 1.000001
    assert abs(weights.std() / (bound / math.sqrt(3)) - 1) < 0.01


def test_dropout_and_windows_are_those_that_the_descriptions_tell() -> None:
    torch = pytest.importorskip("torch")
    schema = load_schema()
    assert "Keras and PyTorch divide by 1 - rate in training" in schema.definition("layer", "Dropout")["description"]
    ones = torch.ones(1000)
    assert set(torch.nn.Dropout(0.75)(ones).tolist()) == {0.0, 4.0}
    for name in ("MaxPooling2D", "AveragePooling2D"):
        assert "left out, as in PyTorch" in schema.definition("layer", name)["description"]
    assert torch.nn.MaxPool2d(2)(torch.ones(1, 1, 7, 7)).shape == (1, 1, 3, 3)
