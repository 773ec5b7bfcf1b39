"""train with a layer of a plugin."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.layers.base import LAYERS


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Restore the registered layers afterwards."""
    before = dict(LAYERS)
    yield
    LAYERS.clear()
    LAYERS.update(before)


def test_a_layer_of_a_plugin_is_trained(
    graphnn: Callable[..., Any], document: Path, small: dict[str, Any], tmp_path: Path
) -> None:
    plugin = tmp_path / "layers.py"
    plugin.write_text(
        "from dataclasses import dataclass\n"
        "from graphnn.layers.base import Layer, register\n"
        "@register\n"
        "@dataclass(frozen=True, kw_only=True)\n"
        "class Halved(Layer):\n"
        "    schema = {'properties': {'by': {'type': 'number', 'default': 2}}}\n"
        "    by: float = 2.0\n"
        "    def forward(self, params, x, ctx):\n"
        "        return x / self.by, lambda dy: (dy / self.by, {})\n"
    )
    small["layers"].insert(1, {"type": "Halved", "by": 4})
    document.write_text(json.dumps(small))
    done = graphnn("train", document)
    assert done.returncode == 2
    assert "Halved" in done.stderr
    done = graphnn("train", document, "--plugin", plugin)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Final test accuracy" in done.stdout
    done = graphnn("train", document, "--plugin", plugin, "--set", 'layers[1].by="x"')
    assert done.returncode == 2
    assert "by" in done.stderr
