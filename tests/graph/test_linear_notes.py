"""Notes about layers with weights and nothing nonlinear between them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph
from graphnn.graph.initialisation import initialise
from graphnn.graph.linear_notes import LINEAR, PASSING, linear_notes, runs
from graphnn.graph.notes import notes
from graphnn.layers.base import LAYERS
from graphnn.layers.context import Context
from graphnn.specification.spec import Spec, read_spec, spec_from_values

ROOT = Path(__file__).parents[2]
DENSE, CONV, RELU = {"type": "Dense", "units": 6}, {"type": "Conv2D", "filters": 3}, {"type": "ReLU"}
DROP, SCALE, FLAT = {"type": "Dropout", "rate": 0.5}, {"type": "Scale", "factor": 2}, {"type": "Flatten"}
POOL, MEAN, GLOBAL = {"type": "MaxPooling2D"}, {"type": "AveragePooling2D"}, {"type": "GlobalAveragePooling"}
BN, END, SIX = {"type": "BatchNormalization"}, {"type": "Softmax"}, {**CONV, "filters": 6}
FIXED, WHITE = {**CONV, "trainable": {"weights": False}}, {**CONV, "filters": 108, "initializer": "patch_whitening"}


def network(layers: list[Any], shape: list[int]) -> tuple[Spec, Graph]:
    """Return a document and its graph; ten outputs end it."""
    spec = spec_from_values(
        {
            "input": {"shape": shape},
            "layers": layers,
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGD"},
            "data": {"dataset": "npz", "path": "mine.npz"},
            "training": {"epochs": 1},
        },
        "net",
    )
    return spec, build_graph(spec)


IMAGES = [
    ([CONV, RELU, CONV, POOL, FLAT, DENSE], []),
    ([CONV, CONV, RELU, FLAT, DENSE], [(0, 1)]),
    ([CONV, RELU, CONV, CONV, CONV, RELU, FLAT, DENSE], [(2, 3, 4)]),
    ([CONV, MEAN, CONV, RELU, GLOBAL, DENSE, DROP, DENSE], [(0, 2), (5, 7)]),
    ([CONV, FLAT, DENSE, SCALE], [(0, 2)]),
    ([CONV, GLOBAL, SCALE, DENSE], [(0, 3)]),
    ([CONV, BN, CONV, BN, RELU, FLAT, DENSE], []),  # the linear bottlenecks of MobileNetV2
    ([CONV, POOL, CONV, RELU, FLAT, DENSE], []),
    ([FIXED, CONV, RELU, FLAT, DENSE], []),
    ([WHITE, CONV, RELU, FLAT, DENSE], []),
    ([FLAT, DENSE, {"type": "LayerNormalization"}, DENSE, {"type": "PReLU"}, DENSE], []),
    ([{"type": "Residual", "layers": [CONV, SIX]}, RELU, FLAT, DENSE], [("0.0", "0.1")]),
    ([CONV, {"type": "Residual", "layers": [SIX, RELU, CONV]}, RELU, FLAT, DENSE], []),
    ([{"type": "Residual", "layers": [SIX, BN], "shortcut": [SIX, RELU]}, FLAT, DENSE], []),
]


@pytest.mark.parametrize(("layers", "expected"), IMAGES)
def test_which_layers_are_one_linear_map(layers: list[Any], expected: list[tuple[Any, ...]]) -> None:
    _, graph = network([*layers, END], [6, 8, 8])
    found = [tuple(".".join(str(step) for step in node.path[1::2]) for node in run) for run in runs(graph.nodes)]
    assert found == [tuple(str(each) for each in run) for run in expected]


def test_they_are_in_words() -> None:
    names = ({**CONV, "name": "one"}, {**CONV, "name": "two"}, RELU, FLAT, *[DENSE] * 3)
    spec, graph = network([*names, END], [3, 8, 8])
    assert [str(note) for note in notes(spec, graph)] == [
        'net: layers[1] "two": nothing nonlinear stands between "one" and "two", so that together they are one linear '
        'map; put an activation such as {"type": "ReLU"} between them, unless a factorisation is meant',
        'net: layers[5]: nothing nonlinear stands between the 3 layers from "dense_1" to "dense_3", so that together '
        'they are one linear map; put an activation such as {"type": "ReLU"} after each but the last, unless a '
        "factorisation is meant",
    ]


@pytest.mark.parametrize("layers", [layers for layers, expected in IMAGES if len(expected) == 1])
def test_a_run_is_affine_in_inference(layers: list[Any]) -> None:
    """f(a) − f(b) + f(c) = f(a − b + c) of the run's first layer to its last; a ReLU among them would break it."""
    _, graph = network([*layers, END], [6, 8, 8])
    (run,) = runs(graph.nodes)
    values = initialise(graph, 1, np.float64).values

    def through(x: Any) -> Any:
        for node in graph.nodes[run[0].index : run[-1].index + 1]:
            x, _ = node.layer.run(values[node.name], x, Context(input_shape=node.input_shape))
        return x

    a, b, c = np.random.default_rng(0).normal(size=(3, 2, *run[0].input_shape))
    np.testing.assert_allclose(through(a) - through(b) + through(c), through(a - b + c), atol=1e-12)


@pytest.mark.parametrize(
    ("units", "noted"),
    [
        ([3, 64], False),  # a linear autoencoder
        ([16, "ReLU", 3, 16, "ReLU", 64], False),  # a linear code
        ([16, "ReLU", 16, 3, "ReLU", 64], True),
        ([16, "ReLU", 3, 3, 16, "ReLU", 64], True),
    ],
)
def test_the_code_of_an_autoencoder_may_be_linear(units: list[Any], noted: bool) -> None:
    layers = [{"type": "Dense", "units": each} if isinstance(each, int) else {"type": each} for each in units]
    spec = spec_from_values(
        {
            "input": {"shape": [1, 8, 8]},
            "layers": [FLAT, *layers],
            "loss": {"type": "MeanSquaredError"},
            "optimizer": {"type": "SGD"},
            "data": {"dataset": "digits", "targets": "inputs"},
            "training": {"epochs": 1},
        },
        "net",
    )
    found = [str(note) for note in notes(spec, build_graph(spec))]
    assert ["one linear map" in note for note in found] == [True] * noted


def test_every_type_is_known() -> None:
    """Of a new layer, say here whether it is linear in inference, for any settings."""
    nonlinear = {
        "MaxPooling2D",
        "BatchNormalization",
        "LayerNormalization",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "GELU",
    }
    nonlinear |= {"SiLU", "Sigmoid", "Tanh", "Softmax", "Residual"}
    assert {*LINEAR, *PASSING} | nonlinear == set(LAYERS.built_in())
    assert not {*LINEAR, *PASSING} & nonlinear


@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*.json")), ids=lambda file: file.stem)
def test_no_shipped_document_has_such_layers(file: Path) -> None:
    assert list(linear_notes(build_graph(read_spec(file)))) == []
