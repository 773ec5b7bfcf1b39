"""The twins in PyTorch: one for each layer, loss and optimizer, and equal to it, where PyTorch is installed."""

import dataclasses
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphnn.layers  # noqa: F401 - registers all layers
from graphnn.benchmark import equality, layer_twins
from graphnn.benchmark.equality import Differences, compare
from graphnn.benchmark.layer_twins import (
    BLOCK_NODES,
    BLOCK_TWINS,
    LAYER_TWINS,
    NAMES,
    check_twins,
    tensor_name,
    twins,
)
from graphnn.benchmark.task import Task, samples, without_dropout
from graphnn.benchmark.training_twins import LOSS_TWINS, OPTIMIZER_TWINS, optimizer_twin
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.errors import GraphError
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.losses.base import LOSSES
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rates import Rates
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameter import Role
from graphnn.schedules.constant import Constant

EXAMPLES: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "examples.py"))


def built_in(registry: dict[str, Any]) -> set[str]:
    return {name for name, one in registry.items() if one.__module__.startswith("graphnn.")}


def test_every_layer_loss_and_optimizer_has_a_twin() -> None:
    assert {*LAYER_TWINS, *BLOCK_TWINS} == built_in(LAYERS)
    assert set(LOSS_TWINS) == built_in(LOSSES)
    assert set(OPTIMIZER_TWINS) == built_in(OPTIMIZERS)


def test_every_parameter_has_a_name_in_pytorch() -> None:
    assert set(NAMES) == set(Role) - {Role.STATISTIC}
    for shape in ((3,), (2, 5, 5)):
        for layer in EXAMPLES["layers_for"](shape).values():
            names = [tensor_name(each) for each in layer.parameters(shape)]
            assert len(set(names)) == len(names), layer.type
    statistics = BatchNormalization().parameters((3,))[2:]
    assert [tensor_name(each) for each in statistics] == ["running_mean", "running_var"]


def test_a_layer_that_pytorch_does_not_know() -> None:
    @dataclasses.dataclass(frozen=True)
    class Cube(Layer):
        def forward(self, params: Any, x: Any, ctx: Any) -> Any:
            raise NotImplementedError

    with pytest.raises(GraphError, match=r'layers\[0\] "mine": Cube is not known in PyTorch'):
        check_twins(chain([("mine", Cube())], (3,), CrossEntropy()))


def test_dropout_is_left_out(task: Callable[..., Task]) -> None:
    graph = task().read()[1]
    left = without_dropout(graph)
    assert [node.layer.type for node in graph.nodes].count("Dropout") == 1
    assert [node.name for node in left.nodes] == [n.name for n in graph.nodes if n.layer.type != "Dropout"]
    assert without_dropout(left) is left


def image(kind: str, **options: Any) -> Graph:
    """Return a graph with one layer of images in its middle, between layers that have parameters."""
    layers = [
        ("before", LAYERS.find("Conv2D")(filters=3, kernel_size=(2, 4), padding=(1, 2))),
        ("middle", LAYERS.find(kind)(**options)),
        ("flat", LAYERS.find("Flatten")()),
        ("out", LAYERS.find("Dense")(units=4)),
        ("end", LAYERS.find("Softmax")()),
    ]
    return chain(layers, (2, 7, 6), CrossEntropy())


def vector(kind: str, loss: Any, end: str | None = None, **options: Any) -> Graph:
    """Return a graph with one layer of vectors."""
    layers = [
        ("before", LAYERS.find("Dense")(units=6, use_bias=False)),
        ("middle", LAYERS.find(kind)(**options)),
        ("out", LAYERS.find("Dense")(units=3)),
    ]
    return chain([*layers, *([("end", LAYERS.find(end)())] if end else [])], (5,), loss)


GRAPHS = {
    "same, even kernel": image("Conv2D", filters=2, kernel_size=4),
    "strides": image("Conv2D", filters=2, kernel_size=(2, 3), strides=(2, 1), use_bias=False),
    "valid": image("Conv2D", filters=2, padding="valid"),
    "fixed weights": image("Conv2D", filters=2, trainable={"weights": False, "biases": {"until_epoch": 1}}),
    "fixed normalisation": image("BatchNormalization", trainable={"gamma": False}),
    "fixed statistics": image("BatchNormalization", trainable={"statistics": False, "beta": False}),
    "whitened": chain(
        [
            ("white", LAYERS.find("Conv2D")(filters=16, kernel_size=2, initializer="patch_whitening", trainable=False)),
            ("flat", LAYERS.find("Flatten")()),
            ("out", LAYERS.find("Dense")(units=4)),
            ("end", LAYERS.find("Softmax")()),
        ],
        (2, 5, 5),
        CrossEntropy(),
    ),
    "max pooling": image("MaxPooling2D", pool_size=(3, 2), strides=2),
    "average pooling": image("AveragePooling2D", pool_size=2),
    "batch normalisation": image("BatchNormalization", epsilon=0.01),
    "only scaled": image("BatchNormalization", center=False),
    "layer normalisation": image("LayerNormalization"),
    "only shifted": image("LayerNormalization", scale=False),
    "dropout": image("Dropout", rate=0.4),
    "global": chain(
        [
            ("conv", LAYERS.find("Conv2D")(filters=3)),
            ("pool", LAYERS.find("GlobalAveragePooling")()),
            ("end", LAYERS.find("Softmax")()),
        ],
        (2, 5, 5),
        CrossEntropy(),
    ),
    "normalised vectors": vector("BatchNormalization", MeanSquaredError(), scale=False, center=False),
    "layer-normalised vectors": vector("LayerNormalization", MeanSquaredError()),
    "softmax within": vector("Softmax", MeanSquaredError()),
    "binary": vector("ReLU", BinaryCrossEntropy(), "Sigmoid"),
    "weighted": vector("ReLU", CrossEntropy(label_smoothing=0.3, class_weights=[2, 0.5, 7]), "Softmax"),
    "weighted answers": vector("ReLU", BinaryCrossEntropy(class_weights=[2, 0.5, 7]), "Sigmoid"),
    "smoothed": vector("Scale", CrossEntropy(label_smoothing=0.3), "Softmax", factor=0.25),
    "scaled": image("Scale", factor=-1.5),
    "leaky": vector("LeakyReLU", CrossEntropy(), "Softmax", negative_slope=0.2),
    "elu": vector("ELU", MeanSquaredError(), alpha=0.7),
    "gelu": vector("GELU", MeanSquaredError()),
    "exact gelu": vector("GELU", MeanSquaredError(), approximate="none"),
    "silu": vector("SiLU", MeanSquaredError()),
    "sigmoid": vector("Sigmoid", MeanSquaredError()),
    "tanh": vector("Tanh", MeanSquaredError()),
    "residual": vector("Residual", CrossEntropy(), "Softmax", layers=[Dense(5), BatchNormalization(), Dense(6)]),
    "residual with a shortcut": image(
        "Residual",
        layers=[Conv2D(4, 2, strides=2), Residual([BatchNormalization(), ReLU(), Conv2D(4)])],
        shortcut=[Conv2D(4, 1, strides=2), BatchNormalization()],
    ),
}


COMPARED = {node.layer.type for graph in GRAPHS.values() for node in graph.nodes}
for kind, options in ((kind, EXAMPLES["other_settings"]("layer", kind)) for kind in LAYERS.built_in()):
    if kind not in {*COMPARED, *BLOCK_TWINS}:
        images = kind in EXAMPLES["layers_for"]((3, 7, 6))
        GRAPHS[kind] = image(kind, **options) if images else vector(kind, MeanSquaredError(), **options)


def test_every_layer_is_compared() -> None:
    compared = {node.layer.type for graph in GRAPHS.values() for node in graph.nodes}
    assert compared == {*LAYER_TWINS, *(kind.__name__ for kind in BLOCK_NODES)}


def test_blocks_are_modules_with_those_of_their_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_twins, "layer_twin", lambda torch, node: ([node.name, f"{node.name}'"], f"{node.name}'"))
    monkeypatch.setitem(BLOCK_TWINS, "Residual", lambda torch, body, shortcut: (body, shortcut))
    owners: dict[str, Any] = {}
    layers, end = twins(None, iter(GRAPHS["residual with a shortcut"].nodes), owners)
    conv, middle, bn, relu, inner, point, norm = (
        [f"middle.{name}", f"middle.{name}'"]
        for name in (
            "layers0", "layers1", "layers1.layers0", "layers1.layers1", "layers1.layers2", "shortcut0", "shortcut1",
        )
    )  # fmt: skip
    block = ([*conv, ([*bn, *relu, *inner], [])], [*point, *norm])
    assert layers == [["before", "before'"], [block], *([name, f"{name}'"] for name in ("flat", "out", "end"))]
    assert end is None
    assert middle[0] not in owners
    assert owners["middle.layers1.layers2"] == inner[1]


@pytest.mark.parametrize("name", GRAPHS)
def test_the_twin_is_the_same_network(name: str) -> None:
    pytest.importorskip("torch")
    found = compare(GRAPHS[name], 9)
    assert found["float64"].largest < 1e-9
    assert found["float32"].largest < 1e-3


def test_another_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"float64": Differences(0, 1e-3, 0), "float32": Differences(0, 0, 0)}
    monkeypatch.setattr(equality, "differences", lambda graph, n, seed, dtype: given[dtype])
    with pytest.raises(GraphError, match=r"another network: gradients differ by 1.0e-03 in float64"):
        compare(GRAPHS["valid"], 4)
    given["float64"] = Differences(float("nan"), 0, 0)
    with pytest.raises(GraphError, match="loss differ by nan"):
        compare(GRAPHS["valid"], 4)


def test_fixed_parameters_are_not_trained_in_pytorch() -> None:
    pytest.importorskip("torch")
    from graphnn.benchmark.torch_network import TorchNetwork

    graph = GRAPHS["fixed weights"]
    parameters = initialise(graph, 0, np.float64)
    assert set(TorchNetwork(graph, parameters).trained()) == set(parameters.slices)


def test_running_statistics_differ_by_the_unbiased_variance_only() -> None:
    pytest.importorskip("torch")
    from graphnn.benchmark.torch_network import TorchNetwork, tensor

    graph = vector("BatchNormalization", MeanSquaredError(), momentum=0.8)
    parameters = initialise(graph, 0, np.float64)
    network = TorchNetwork(graph, parameters)
    x, y = samples(graph, 6, np.float64)
    network.loss(tensor(x), tensor(y))
    with Engine(graph, parameters, batch_size=6, threads=1) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
    running = parameters.values["middle"]
    np.testing.assert_allclose(network.named["middle/running_mean"].numpy(), running["running_mean"], 1e-9)
    biased = (running["running_variance"] - 0.8) / 0.2
    unbiased = (network.named["middle/running_variance"].numpy() - 0.8) / 0.2
    np.testing.assert_allclose(unbiased, biased * 6 / 5, 1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {"weight_decay": 0.1}) for name, kind in OPTIMIZERS.built_in().items() if not kind.by_matrix),
        ("SGDMomentum", {"momentum": 0.7, "weight_decay": 0.1}),
        ("SGDMomentum", {"nesterov": True, "decay_biases": True, "weight_decay": 0.1}),
        ("Adam", {"beta_1": 0.8, "weight_decay": 0.1}),
        ("AdamW", {"epsilon": 1e-3}),
        ("RMSprop", {"rho": 0.8, "weight_decay": 0.1}),
        ("SGD", {"groups": [ParameterGroup(match="*/weights", optimizer=Muon())]}),
        ("SGD", {"groups": [ParameterGroup(match="*/weights", optimizer=Muon(nesterov=False, steps=5))]}),
        ("Adam", {"groups": [ParameterGroup(match="*/biases", optimizer=SGD(), weight_decay_scale=1.0)]}),
        ("SGD", {"weight_decay": 0.1, "groups": [ParameterGroup(match="*/biases", weight_decay_scale=0.5)]}),
    ],
)
def test_optimizers_take_the_same_steps(name: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    from graphnn.benchmark.torch_network import TorchNetwork, tensor

    graph = vector("Tanh", MeanSquaredError())
    parameters = initialise(graph, 0, np.float64)
    network = TorchNetwork(graph, parameters)
    groups = options.get("groups", ())
    optimizer = OPTIMIZERS[name](
        learning_rate=0.02, **{key: value for key, value in options.items() if key != "groups"}
    )
    theirs = optimizer_twin(torch, optimizer, network.trained(), parameters.trained, groups)
    rates = Rates(optimizer, Constant(), groups).at(0, 1, 1)
    x, y = samples(graph, 6, np.float64)
    with Engine(graph, parameters, batch_size=6, threads=1) as engine:
        engine.attach(Updater(optimizer, parameters, groups))
        for step in range(3):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
            engine.update(rates)
            theirs.zero_grad()
            network.loss(tensor(x), tensor(y)).backward()
            theirs.step()
    for key, array in parameters.named().items():
        np.testing.assert_allclose(network.named[key].detach().numpy(), array, 1e-7, 1e-9, err_msg=key)


@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_a_side_trains_and_predicts_in_every_eager_way(task: Callable[..., Task], clip_norm: float | None) -> None:
    pytest.importorskip("torch")
    from graphnn.benchmark import torch_network

    graph = task().read()[1]
    optimizer = OPTIMIZERS["SGD"](clip_norm=clip_norm)
    assert torch_network.ways(graph)[:2] == [torch_network.DEFAULT, torch_network.CHANNELS_LAST]
    assert torch_network.CHANNELS_LAST not in torch_network.ways(GRAPHS["tanh"])
    for way in (torch_network.DEFAULT, torch_network.CHANNELS_LAST):
        parameters = initialise(graph, 0)
        side = torch_network.TorchSide(graph, parameters, optimizer, way=way, threads=1, batch_size=4)
        network: Any = side._network
        before = network.named["conv1/weights"].detach().clone()
        side.train()
        assert not np.array_equal(before.numpy(), network.named["conv1/weights"].detach().numpy())
        side.mode(training=False)
        assert not network.whole.training
        side.predict()
        side.close()
