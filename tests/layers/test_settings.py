"""The settings of layers that are made in Python are refused at once where a document could not have them."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pytest

from graphnn.errors import SpecError
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual


class Through(Layer):
    """A layer that does nothing."""

    def forward(self, params: Any, x: Any, ctx: Any) -> Any:
        return x, lambda dy: (dy, {})


@dataclass(frozen=True)
class Cube(Through):
    """A layer that has a schema fragment, as in a plugin."""

    schema: ClassVar[dict[str, Any]] = {"properties": {"scale": {"type": "number", "minimum": 0, "default": 1}}}

    scale: float = 1.0


@dataclass(frozen=True)
class Undefined(Through):
    """A layer that no schema defines."""

    scale: float = 1.0


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register Cube for one test."""
    monkeypatch.setitem(LAYERS, "Cube", Cube)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(Dense, -3), "Dense.units: must be at least 1, found -3"),
        (partial(Dense, "3"), 'Dense.units: expected an integer, found the string "3"; write 3 without quotes'),
        (partial(Dense, 2.5), "Dense.units: expected an integer, found 2.5"),
        (partial(Dense, 3, name="a/b"), 'Dense "a/b".name: found the string "a/b"; a name'),
        (partial(Dense, object), "Dense.units: a document cannot hold <class 'object'>"),
        (partial(Dropout, 1.5, name="drop"), 'Dropout "drop".rate: must be less than 1, found 1.5'),
        (partial(MaxPooling2D, (2, 0)), "MaxPooling2D.pool_size[1]: must be at least 1, found 0"),
        (partial(Dense, 3, trainable={"weight": False}), 'Dense.trainable: unknown key "weight"; did you mean'),
        (partial(Conv2D, 3, initializer={"type": "normal", "std": 1}), 'Conv2D.initializer: unknown key "std"; write'),
        (partial(Conv2D, 0, padding="sam"), "Conv2D.filters: must be at least 1, found 0\nConv2D.padding: found"),
        (partial(Residual, []), "Residual.layers: a block needs at least one layer, for example"),
    ],
)
def test_invalid_settings_are_refused_at_once(make: partial[Layer], message: str) -> None:
    with pytest.raises(SpecError) as refused:
        make()
    assert str(refused.value).startswith(message)


def test_a_changed_copy_is_checked_too() -> None:
    with pytest.raises(SpecError, match=r"Dense\.units: must be at least 1, found 0"):
        replace(Dense(3), units=0)


def test_numbers_of_numpy_are_numbers() -> None:
    assert Dense(np.int64(3)).units == 3
    assert Dropout(np.float32(0.5)).rate == 0.5
    with pytest.raises(SpecError, match=r"Dense\.units: must be at least 1, found -3"):
        Dense(np.int64(-3))


@pytest.mark.usefixtures("plugin")
def test_a_layer_of_a_plugin_is_checked_against_its_fragment() -> None:
    assert Residual([Cube(2)]).inside == (Cube(2),)
    with pytest.raises(SpecError, match=r"^Cube\.scale: must be at least 0, found -1$"):
        Cube(-1)
    with pytest.raises(SpecError, match=r'^Residual\.shortcut\[0\] "c"\.scale: must be at least 0, found -1$'):
        Residual([ReLU()], [Cube.from_checked(scale=-1, name="c")])


def test_a_layer_without_a_definition_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Cube(-1).scale == -1  # not registered
    assert Residual([Undefined("x")]).inside == (Undefined("x"),)  # type: ignore[arg-type]
    assert Residual([Residual([Undefined(-1)])]).inside == (Residual([Undefined(-1)]),)
    monkeypatch.setitem(LAYERS, "Undefined", Undefined)
    assert Undefined(-1).scale == -1


def test_settings_that_have_passed_the_schema_are_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(layer: Layer) -> None:
        raise AssertionError(layer)

    monkeypatch.setattr("graphnn.layers.settings.check_made", refuse)
    assert BatchNormalization.from_checked(momentum=0.5).momentum == 0.5
    assert Residual.from_checked(layers=[]).layers == ()
    with pytest.raises(AssertionError):
        BatchNormalization()
