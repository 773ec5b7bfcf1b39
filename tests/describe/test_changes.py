"""What differs between two versions of a network, in one line."""

from typing import Any

import pytest

from graphnn.describe.changes import changes_text
from graphnn.describe.describe import Description, describe
from graphnn.graph.build import build_graph
from graphnn.specification.spec import spec_from_values


def version(values: dict[str, Any], *overrides: str) -> tuple[dict[str, Any], Description]:
    """Return a network with these changes as the function takes it."""
    spec = spec_from_values(values, overrides=overrides)
    return spec.resolved(), describe(spec, build_graph(spec))


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("training.epochs=7", "training.epochs 3 → 7"),
        ("layers[3].rate=0.3", "layers[3].rate 0.1 → 0.3"),
        ('data.augment=[{"type": "RandomFlip"}]', "data.augment[0].type added, data.augment[0].mode added"),
        ("training.keep_best=validation_loss", "training memory 65.2 KiB → 70.0 KiB, training.keep_best added"),
        ("layers.hidden.description=wide", ""),
    ],
)
def test_settings(override: str, text: str, small: dict[str, Any]) -> None:
    small["data"]["validation_split"] = 0.1
    assert changes_text(version(small), version(small, override)) == text


def test_settings_that_go(small: dict[str, Any]) -> None:
    small["data"]["validation_split"] = 0.1
    before = version(small, "training.keep_best=validation_loss")
    assert changes_text(before, version(small)) == ("training memory 70.0 KiB → 65.2 KiB, training.keep_best removed")


def test_figures_come_first(small: dict[str, Any]) -> None:
    text = changes_text(version(small), version(small, "layers[0].units=32"))
    assert text.startswith("parameters 1,274 → 2,538, multiply-adds ")
    assert "layers[0].units 16 → 32" in text


def test_a_layer_more_does_not_list_all_that_moved(small: dict[str, Any]) -> None:
    before = version(small)
    small["layers"].insert(1, {"type": "Dense", "units": 12})
    text = changes_text(before, version(small, "training.epochs=4"))
    assert "layers 6 → 7" in text
    assert "training.epochs 3 → 4" in text
    assert "layers[" not in text


def test_long_values_are_left_out(small: dict[str, Any]) -> None:
    small["optimizer"]["schedule"] = {"type": "piecewise_linear", "points": [[0, 0.5], [0.3, 1], [1, 0]]}
    before = version(small)
    small["optimizer"]["schedule"]["points"][0][1] = 0.25
    assert changes_text(before, version(small)) == "optimizer.schedule.points changed"
