"""Plugins: files that register layer types, and the errors for faulty ones."""

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import SpecError
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS
from graphnn.layers.context import Context
from graphnn.layers.plugins import load_plugins
from graphnn.specification.spec import spec_from_values

START = """
from dataclasses import dataclass
import numpy as np
from graphnn.layers.base import Layer, register
"""
CUBE = """
@register
@dataclass(frozen=True, kw_only=True)
class Cube(Layer):
    schema = {"properties": {"scale": {"type": "number", "default": 1}}}
    scale: float = 1.0

    def forward(self, params, x, ctx):
        return self.scale * x**3, lambda dy: (3 * self.scale * x**2 * dy, {})
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    before = set(LAYERS)

    def make(text: str, name: str = "plugin.py", start: str = START) -> Path:
        (tmp_path / name).write_text(start + textwrap.dedent(text))
        return tmp_path / name

    yield make
    for name in set(LAYERS) - before:
        del LAYERS[name]


def test_a_plugin_registers_its_layers(write: Write) -> None:
    file = write(CUBE)
    fragments = load_plugins([file, file])
    assert fragments == {"Cube": {"properties": {"scale": {"type": "number", "default": 1}}}}
    layer = LAYERS["Cube"](scale=2.0)  # type: ignore[call-arg]
    y, backward = layer.forward({}, np.array([[2.0, -1.0]]), Context(input_shape=(2,)))
    assert y.tolist() == [[16.0, -2.0]]
    dx, _ = backward(np.ones((1, 2)))
    assert dx is not None
    assert dx.tolist() == [[24.0, 6.0]]


def test_no_plugins_no_fragments() -> None:
    assert load_plugins([]) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "plugin.py: a plugin must register a layer class"),
        ("x = (", "plugin.py:5: the plugin failed: SyntaxError: "),
        ("\nimport nothing_of_this_name", "plugin.py:6: the plugin failed: ModuleNotFoundError: No module named"),
        ("def f():\n    return 1 / 0\n\nf()", "plugin.py:6: the plugin failed: ZeroDivisionError"),
        (CUBE.replace("Cube", "ReLU"), 'plugin.py: a layer type "ReLU" is registered already'),
        (CUBE.replace("schema", "scheme"), "plugin.py: Cube: the class needs `schema`"),
        (CUBE.replace('"number"', '"nomber"'), "plugin.py: Cube: `schema` is not a draft-07 schema"),
        (CUBE.replace('"scale"', '"factor"'), "plugin.py: Cube: .* differ in factor, scale"),
        (CUBE.replace("}}}", '}}, "required": ["scale"]}'), "Cube: scale has a default, so it must not be in"),
        (CUBE.replace(" = 1.0", ""), "Cube: scale has no default, so it must be in `required`"),
    ],
)
def test_errors_of_a_plugin(write: Write, text: str, message: str) -> None:
    before = dict(LAYERS)
    with pytest.raises(SpecError, match=message):
        load_plugins([write(text)])
    assert before == LAYERS


def test_a_plugin_that_is_no_python_file(write: Write, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"a plugin is a Python file"):
        load_plugins([write("", "plugin.txt")])
    with pytest.raises(SpecError, match=r"missing.py: cannot be read: No such file"):
        load_plugins([tmp_path / "missing.py"])


def test_layers_of_a_plugin_may_be_inside_blocks(write: Write) -> None:
    fragments = load_plugins([write(CUBE)])
    layers = [
        {"type": "Residual", "layers": [{"type": "Cube", "scale": 2}], "shortcut": [{"type": "Cube"}]},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    ]
    values = {
        "input": {"shape": [64]},
        "layers": layers,
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "digits"},
        "training": {"epochs": 1},
    }
    graph = build_graph(spec_from_values(values, plugins=fragments))
    assert [node.name for node in graph.nodes][1:4:2] == ["cube_1", "cube_2"]
    x, y = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32), np.arange(5)
    parameters = initialise(graph, 0)
    with Engine(graph, parameters, batch_size=5, threads=2) as engine:
        given = engine.predict(x)
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
    weights, biases = (parameters.values["dense_1"][name] for name in ("weights", "biases"))
    logits = (3 * x**3) @ weights.T + biases
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(given, expected / expected.sum(axis=1, keepdims=True), 1e-3, 1e-6)
    layers[0]["layers"] = [{"type": "Cube", "scale": "2"}]
    with pytest.raises(SpecError, match=r"layers\[0\]\.layers\[0\]\.scale: expected a number, found the string"):
        spec_from_values(values, plugins=fragments)
