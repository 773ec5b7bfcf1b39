"""A fault planted at each place of networks that have everything in play: its node is named, with epoch and step."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.augmentation.random_flip import RandomFlip
from graphnn.augmentation.random_translate import RandomTranslate
from graphnn.averaging.exponential import ExponentialAveraging
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.initializers.constant import ones
from graphnn.kernels.kernels import Kernels
from graphnn.layers.base import Arrays, Backward, Gradients, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.flatten import Flatten
from graphnn.layers.layer_normalization import LayerNormalization
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.prelu import PReLU
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.silu import SiLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.parameters.parameter import Parameter, Role
from graphnn.schedules.constant import Constant
from graphnn.storage.weights import load_weights
from graphnn.training.options import TrainingOptions
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer
from graphnn.types import Array, Shape

SHAPE, COUNT, BATCH = (2, 6, 6), 36, 12


class Plant(Layer):
    """y = forward·x, dx = backward·dy; both factors are 1 until a test writes others."""

    def parameters(self, input_shape: Shape) -> tuple[Parameter, ...]:
        return tuple(Parameter(name, (1,), ones, Role.STATISTIC) for name in ("forward", "backward"))

    def forward(self, params: Arrays, x: Array, ctx: Context) -> tuple[Array, Backward]:
        def backward(dy: Array) -> tuple[Array | None, Gradients]:
            return (dy * params["backward"] if ctx.needs_dx else None), {}

        return x * params["forward"], backward


def convolutional() -> list[Layer]:
    """A block with a barrier inside, one that swaps, frozen weights, and pooling."""
    return [
        Conv2D(4),
        BatchNormalization(),
        ReLU(),
        Residual((Conv2D(4, trainable={"weights": {"until_epoch": 1}}), BatchNormalization(), SiLU())),
        Dropout(0.3),
        MaxPooling2D(2),
        Residual((Conv2D(5), PReLU()), (Conv2D(5, 1),)),
        Flatten(),
        Dense(7),
        Dropout(0.2),
        Dense(3),
        Softmax(),
    ]


def flat() -> list[Layer]:
    """Vectors only, whose first layer is never trained."""
    return [
        Flatten(),
        Dense(9, trainable=False),
        BatchNormalization(),
        Dropout(0.4),
        Dense(8),
        LayerNormalization(),
        Residual((Dense(8), BatchNormalization(), ReLU())),
        Dense(3),
        Softmax(),
    ]


NETWORKS = {"convolutional": convolutional, "flat": flat}
UNTRAINED = [("flat", 1, "backward"), ("flat", 2, "backward")]  # no gradient comes here
PLACES = [
    (name, at, factor)
    for name, make in NETWORKS.items()
    for at in range(1, len(make()))
    for factor in ("forward", "backward")
    if (name, at, factor) not in UNTRAINED
]
INSIDE = [(name, at, inside) for name, at, inside in
          [("convolutional", 3, 0), ("convolutional", 3, 1), ("convolutional", 3, 3), ("convolutional", 6, 1),
           ("flat", 6, 0), ("flat", 6, 1), ("flat", 6, 2)]]  # fmt: skip


class Planting:
    """Writes infinity into a factor of the plant before step 2 of epoch 2; parameters are in shared memory."""

    def __init__(self, write: Callable[[Trainer], None]) -> None:
        self.write = write

    def step_done(self, trainer: Trainer) -> None:
        if (trainer.epoch, trainer.step) == (1, 1):
            self.write(trainer)

    def epoch_done(self, trainer: Trainer, record: Any) -> None:
        pass


def named(layers: list[Layer]) -> list[tuple[str, Layer]]:
    return [(f"n{index}_{layer.type.lower()}", layer) for index, layer in enumerate(layers)]


def run(graph: Graph, kernels: Kernels, threads: int, observer: Planting) -> tuple[Trainer, str]:
    """Train until it diverges; return the trainer and the message."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(COUNT, *SHAPE)).astype(np.float32), rng.integers(0, 3, COUNT)
    parameters = initialise(graph, 1)
    augmented = Samples(x, y).augmented([RandomFlip(), RandomTranslate(1)], 5)
    options = TrainingOptions(epochs=3, batch_size=BATCH, seed=5, averaging=ExponentialAveraging(decay=0.9))
    with Engine(graph, parameters, batch_size=BATCH, threads=threads, seed=5, kernels=kernels) as engine:
        optimizer, validation = SGDMomentum(0.01), Samples(x[:5], y[:5])
        trainer = Trainer(engine, optimizer, Constant(), options, augmented, validation, observer=observer)
        with pytest.raises(DivergenceError) as caught, np.errstate(all="ignore"):
            trainer.run()
    return trainer, str(caught.value)


def check(graph: Graph, node: str, factor: str, kernels: Kernels, threads: int) -> None:
    def write(trainer: Trainer) -> None:
        trainer.parameters.values[node][factor][...] = np.inf

    trainer, message = run(graph, kernels, threads, Planting(write))
    assert "in epoch 2 of 3, step 2 of 3: " in message
    what = "output" if factor == "forward" else "gradient"
    assert f'"{node}" ({next(each for each in graph.nodes if each.name == node).layer.type})' in message
    assert f"is the first whose {what} " in message
    assert len(trainer.history) == 1


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("network", "at", "factor"), PLACES)
def test_between_two_layers(network: str, at: int, factor: str, threads: int, operations: Kernels) -> None:
    layers = NETWORKS[network]()
    layers.insert(at, Plant())
    graph = chain(named(layers), SHAPE, CrossEntropy(label_smoothing=0.1))
    check(graph, f"n{at}_plant", factor, operations, threads)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("network", "at", "inside"), INSIDE)
@pytest.mark.parametrize("factor", ["forward", "backward"])
def test_inside_blocks(network: str, at: int, inside: int, factor: str, threads: int, operations: Kernels) -> None:
    layers = NETWORKS[network]()
    block = layers[at]
    assert isinstance(block, Residual)
    body = [*block.layers]
    body.insert(inside, Plant(name="plant"))
    layers[at] = Residual(tuple(body), block.shortcut)
    graph = chain(named(layers), SHAPE, CrossEntropy(label_smoothing=0.1))
    node = next(node for node in graph.nodes if isinstance(node.layer, Plant))
    check(graph, node.name, factor, operations, threads)


WEIGHTED = [
    (network, node.index)
    for network, make in NETWORKS.items()
    for node in chain(named(make()), SHAPE, CrossEntropy()).nodes
    if node.parameters
]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("network", "at"), WEIGHTED)
def test_weights_of_each_layer(network: str, at: int, threads: int, operations: Kernels) -> None:
    """Infinite weights: the layer is named, and that its weights are why; statistics are used in inference alone."""
    graph = chain(named(NETWORKS[network]()), SHAPE, CrossEntropy())
    node = graph.nodes[at]
    for parameter in node.parameters:
        name = f"{node.name}/{parameter.name}"

        def write(trainer: Trainer, name: str = name) -> None:
            trainer.parameters.named()[name][...] = np.inf

        trainer, message = run(graph, operations, threads, Planting(write))
        if parameter.role is Role.STATISTIC:
            assert f"{name} is no longer finite after epoch 2" in message
        else:
            assert "in epoch 2 of 3, step 2 of 3: " in message
            assert f'"{node.name}" ({node.layer.type}) is the first whose output is not finite, as its ' in message
            assert f" {parameter.name} " in message
        assert len(trainer.history) == 1


def test_an_average_that_is_not_finite(rig: Any) -> None:
    rig.plain, rig.validation = True, None

    def write(trainer: Trainer) -> None:
        trainer.kept.arrays["average/parameters"][0] = np.inf

    trainer = rig.trainer(Planting(write), averaging=ExponentialAveraging(decay=0.9))
    with pytest.raises(DivergenceError, match=r"the average of layer_0/weights is no longer finite after epoch 2"):
        trainer.run()
    assert len(trainer.history) == 1


def test_state_of_the_optimizer_that_overflows(rig: Any) -> None:
    """Squares of gradients above 1.8e19 are infinite in float32, and end all updates of their weights."""
    rig.regression, rig.plain, rig.validation, rig.optimizer = True, True, None, Adam(1e-30)
    rig.training = Samples(rig.training.x, np.full((len(rig.training), 3), 1e25, np.float32))
    with pytest.raises(DivergenceError, match=r"of Adam for layer_0/weights is no longer finite after epoch 1"):
        rig.trainer().run()


def test_files_of_the_last_good_epoch_stand(document: Path, small: dict[str, Any], graphnn: Callable[..., Any]) -> None:
    """Epoch 2 of 3 diverges; the weights of an earlier run stay, and nothing of epoch 2 is written."""
    assert graphnn("train", document, "--set", "training.epochs=1").returncode == 0
    before = document.with_suffix(".npz").read_bytes()
    points = [[0, 1], [0.33, 1], [0.34, 1e30], [1, 1e30]]
    small["optimizer"]["schedule"] = {"type": "piecewise_linear", "points": points}
    document.write_text(json.dumps(small))
    shown = graphnn("train", document)
    assert shown.returncode == 3
    assert "in epoch 2 of 3" in shown.stderr
    assert "last.npz" in shown.stderr
    folder = document.with_suffix(".runs") / "0002"
    assert document.with_suffix(".npz").read_bytes() == before
    last = load_weights(folder / "last.npz", check_finite=True)
    assert last.meta["metrics"]["epochs"] == 1
    assert load_weights(folder / "checkpoint.npz", check_finite=True).meta["epoch"] == 1
    assert len((folder / "history.csv").read_text().splitlines()) == 2
    assert not list(folder.glob("*.tmp"))
