"""Networks of random layers with random weights, for every target of export; each type of layer occurs in its turn.

Test modules read this file with runpy, because they cannot import each other.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from graphnn import SGD, BinaryCrossEntropy, CrossEntropy, MeanSquaredError, Model
from graphnn.datasets.preparation import Normalisation
from graphnn.errors import GraphError
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import unset
from graphnn.layers.base import LAYERS, Layer, UnfitInput
from graphnn.parameters.parameters import Parameters
from graphnn.types import Array, Shape

Rng = np.random.Generator
TYPES = tuple(LAYERS.built_in())
MOST = 200  # values of a sample between layers of vectors


def network(seed: int, kind: str | None = None) -> TrainedNetwork:
    """Return a random network with a layer of type `kind` in it, or of whichever type it is the turn of."""
    rng, wanted = np.random.default_rng(seed), kind or TYPES[seed % len(TYPES)]
    while True:
        data_shape = shape_of_data(rng)
        flat = len(data_shape) == 3 and rng.random() < 0.2
        shape = (math.prod(data_shape),) if flat else data_shape
        layers = list(sequence(rng, shape, int(rng.integers(2, 7)), wanted))
        if any(found.type == wanted for found in everything(layers)):
            with suppress(GraphError):  # the parts of some do not go together, as a Softmax before another one
                return of(ended(rng, layers), normalisation(rng, data_shape), seed)


def everything(layers: Any) -> Iterator[Layer]:
    """Yield layers and the layers inside them."""
    for layer in layers:
        yield layer
        yield from everything(layer.inside)


def shape_of_data(rng: Rng) -> Shape:
    """Return the shape of one sample."""
    if rng.random() < 0.25:
        return (int(rng.integers(2, 12)),)
    return (int(rng.integers(1, 4)), int(rng.integers(5, 12)), int(rng.integers(5, 12)))


def sequence(rng: Rng, shape: Shape, count: int, wanted: str, depth: int = 0) -> Iterator[Layer]:
    """Yield layers that fit each other; the first is made with the input shape at the top."""
    first, kind = depth == 0, ""
    while count:
        weighted = kind in ("Conv2D", "Dense") and rng.random() < 0.4
        kind = "BatchNormalization" if weighted else str(rng.choice((*TYPES, *("Conv2D", "Dense", wanted) * 2)))
        if kind in ("Flatten", "GlobalAveragePooling") and rng.random() < 0.8:
            continue  # so that there are images for the layers after it
        layer = residual(rng, shape, wanted, depth) if kind == "Residual" else LAYERS[kind](**settings(rng, kind))
        with suppress(UnfitInput):
            if layer is None or list(layer.findings(shape)) or math.prod(layer.output_shape(shape)) > 20 * MOST:
                continue
            yield type(layer)(**layer.settings(), input_shape=shape) if first else layer
            shape, first, count = layer.output_shape(shape), False, count - 1


def residual(rng: Rng, shape: Shape, wanted: str, depth: int) -> Layer | None:
    """Return a block whose branches give the same shape: the shortcut ends in what makes that of the body.

    None where blocks are nested deeply enough.
    """
    if depth > 1:
        return None
    body = list(sequence(rng, shape, int(rng.integers(1, 4)), wanted, depth + 1))
    shortcut = list(sequence(rng, shape, int(rng.integers(1, 3)), wanted, depth + 1)) if rng.random() < 0.5 else []
    ends = [through(branch, shape) for branch in (body, shortcut)]
    if ends[0] != ends[1]:
        vector = int(rng.integers(2, 9))
        body, shortcut = (
            [*branch, *([LAYERS["Flatten"]()] if len(end) == 3 else []), LAYERS["Dense"](vector)]
            for branch, end in zip((body, shortcut), ends, strict=True)
        )
    return LAYERS["Residual"](body, shortcut)


def through(layers: list[Layer], shape: Shape) -> Shape:
    """Return the output shape of layers."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


def settings(rng: Rng, kind: str) -> dict[str, Any]:
    """Return random settings of a type of layer."""

    def size(most: int) -> Any:
        return int(rng.integers(1, most)) if rng.random() < 0.5 else tuple(map(int, rng.integers(1, most, 2)))

    def yes() -> bool:
        return bool(rng.random() < 0.5)

    padding = ("same", "valid", 1, (2, 0))[int(rng.integers(4))]
    pooling = {"pool_size": size(4), **({"strides": size(4)} if yes() else {})}
    affine = {"scale": yes(), "center": yes(), "epsilon": float(10 ** rng.uniform(-5, -1))}
    known: dict[str, dict[str, Any]] = {
        "Dense": {"units": int(rng.integers(1, 20)), "use_bias": yes()},
        "Conv2D": {
            "filters": int(rng.integers(1, 7)),
            "kernel_size": size(6),
            "strides": size(4),
            "padding": padding,
            "use_bias": yes(),
        },
        "MaxPooling2D": pooling,
        "AveragePooling2D": pooling,
        "BatchNormalization": {**affine, "trainable": yes()},
        "LayerNormalization": affine,
        "Dropout": {"rate": float(rng.uniform(0, 0.9))},
        "GELU": {"approximate": "tanh" if yes() else "none"},
        "ELU": {"alpha": float(rng.uniform(0.1, 2))},
        "LeakyReLU": {"negative_slope": float(rng.uniform(0, 1.5))},
        "Scale": {"factor": float(rng.uniform(-2, 2))},
    }
    return known.get(kind, {})


def ended(rng: Rng, layers: list[Layer]) -> Model:
    """Return a model of these layers, with a loss and the layers that it needs at the end."""
    shape = through(layers, layers[0].input_shape or ())
    loss = (
        CrossEntropy(label_smoothing=float(rng.choice([0, 0.1]))),
        MeanSquaredError(),
        BinaryCrossEntropy(),
    )[int(rng.integers(3))]
    last: list[Layer] = [] if len(shape) == 1 else [LAYERS["Flatten"]()]
    if isinstance(loss, CrossEntropy):
        last += [LAYERS["Dense"](int(rng.integers(2, 8)), name="output"), LAYERS["Softmax"]()]
    elif isinstance(loss, BinaryCrossEntropy):
        last += [LAYERS["Dense"](int(rng.integers(1, 5)), name="input"), LAYERS["Sigmoid"]()]
    elif rng.random() < 0.5:
        last = []
    model = Model(loss, SGD(0.1), name="random", normalize="per_channel")
    for layer in (*layers, *last):
        model.add(layer)
    return model


def of(model: Model, known: Normalisation | None = None, seed: int = 0) -> TrainedNetwork:
    """Return a model with random weights, and with this normalisation or none."""
    spec = model.spec()
    graph = build_graph(spec)
    parameters = unset(graph)
    fill(np.random.default_rng(seed), parameters)
    constants = known or Normalisation.none(spec.input_shape)
    return TrainedNetwork(spec, graph, parameters, constants, ("ä", "b"), {"epochs": 3})


def fill(rng: Rng, parameters: Parameters) -> None:
    """Write random values into all parameters: such as those that training gives."""
    for key, array in parameters.named().items():
        name = key.rsplit("/", 1)[1]
        drawn = rng.standard_normal(array.shape)
        if name == "weights":
            drawn *= 1 / math.sqrt(math.prod(array.shape[1:]))
        elif name == "running_variance":
            drawn = rng.uniform(0.3, 2, array.shape)
        elif name in ("gamma", "slopes"):
            drawn = rng.uniform(0.1, 1.2, array.shape)
        else:
            drawn *= 0.3
        array[...] = drawn


def normalisation(rng: Rng, shape: Shape) -> Normalisation:
    """Return no normalisation, or one number, one for each channel or one for each feature; some need float64."""
    mode = ("none", "unit", "per_channel", "per_feature")[int(rng.integers(4))]
    if mode == "none":
        return Normalisation.none(shape)
    count = {"unit": 1, "per_channel": shape[0] if len(shape) == 3 else 1, "per_feature": math.prod(shape)}[mode]
    far = 1000 if rng.random() < 0.3 else 1
    offset, divisor = rng.uniform(-100, 100, count) * far, rng.uniform(0.01, 80, count) / far
    return Normalisation(mode, shape, tuple(offset.tolist()), tuple(divisor.tolist()))


def close(network: TrainedNetwork, x: Array, y: Array, error: float = 1e-5) -> bool:
    """Whether outputs are those of the network, to a share of their size, and of classes the same one is highest."""
    ours = network.outputs(x)
    size = max(1.0, float(np.abs(ours).max()))
    return y.shape == ours.shape and bool(np.abs(y - ours).max() <= error * size)
