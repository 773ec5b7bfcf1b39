"""Random networks with random weights, in which every layer with every one of its settings comes up in turn."""

import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.preparation import Normalisation
from graphnn.exporting.base import TARGETS, Exported, Exporter, ExportWishes
from graphnn.exporting.trained_network import TrainedNetwork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS, UnfitInput
from graphnn.specification.spec import spec_from_values
from graphnn.types import Array, Shape

Values = dict[str, Any]
POOLING: list[Values] = [{}, {"pool_size": 3, "strides": 2}, {"pool_size": [2, 3], "strides": 1}, {"strides": [1, 2]}]
SETTINGS: dict[str, list[Values]] = {
    "AveragePooling2D": POOLING,
    "BatchNormalization": [{}, {"epsilon": 0.01, "scale": False}, {"center": False}, {"trainable": False}],
    "Conv2D": [
        {"filters": 4},
        {"filters": 3, "kernel_size": 2},
        {"filters": 3, "kernel_size": [4, 1], "use_bias": False},
        {"filters": 5, "strides": 2},
        {"filters": 2, "kernel_size": 2, "strides": [2, 1]},
        {"filters": 3, "kernel_size": 4, "strides": 3},
        {"filters": 3, "kernel_size": [3, 2], "padding": "valid"},
        {"filters": 3, "padding": [1, 0]},
        {"filters": 3, "kernel_size": 1, "strides": 2, "trainable": False},
        {"filters": 3, "kernel_size": 5, "padding": 1, "trainable": {"weights": False}},
    ],
    "Dense": [{"units": 6}, {"units": 5, "use_bias": False}, {"units": 4, "trainable": False}],
    "Dropout": [{"rate": 0.3}, {"rate": 0}],
    "ELU": [{}, {"alpha": 0.7}, {"alpha": 0}],
    "Flatten": [{}],
    "GELU": [{}, {"approximate": "none"}],
    "GlobalAveragePooling": [{}],
    "LayerNormalization": [{}, {"epsilon": 0.01, "scale": False}, {"center": False}],
    "LeakyReLU": [{}, {"negative_slope": 0}, {"negative_slope": 1.5}],
    "MaxPooling2D": POOLING,
    "PReLU": [{}],
    "ReLU": [{}],
    "Scale": [{"factor": 0.5}, {"factor": -1.25}],
    "Sigmoid": [{}],
    "SiLU": [{}],
    "Softmax": [{}],
    "Tanh": [{}],
}
EVERY = [(kind, settings) for kind, several in SETTINGS.items() for settings in several]
INPUTS: list[Shape] = [(3, 17, 18), (1, 21, 15), (2, 16, 16)]
NAMES = ["a;b", "input", "block 1", "é", "conv.1", "a b", "beliefs", "…", "total_1", "_x", "Input"]


def output_shape(layer: Values, shape: Shape) -> Shape | None:
    """Return the shape that a layer gives; None where it cannot take its input."""
    with suppress(UnfitInput):
        built = LAYERS[layer["type"]](**{key: each for key, each in layer.items() if key != "type"})
        return None if [*built.findings(shape)] else built.output_shape(shape)
    return None


def place(layer: Values) -> int:
    """Return where a layer stands: those that keep an image first, those that leave only a vector of it last."""
    kinds = ("GlobalAveragePooling", "Flatten", "Dense")
    if layer["type"] in kinds:
        return 2 + kinds.index(layer["type"])
    return int("strides" in layer or "Pooling" in layer["type"])


def layers_for(draw: random.Random, shape: Shape, wanted: list[Values], depth: int = 0) -> tuple[list[Values], Shape]:
    """Return layers that fit each other, among them those wanted where they fit, and the output shape of the last."""
    layers: list[Values] = []
    chosen = [
        *wanted,
        *({"type": kind, **settings} for kind, settings in draw.sample(EVERY, max(0, 4 - depth - len(wanted)))),
    ]
    draw.shuffle(chosen)
    chosen.sort(key=place)
    for layer in chosen:
        if depth < 2 and draw.random() < 0.25:
            block, after_block = residual(draw, shape, depth + 1)
            if len(wanted) < 2 or len(after_block) == len(shape):
                layers.append(block)
                shape = after_block
        if layer["type"] == "Dense" and len(shape) == 3 and not depth:
            layers.append({"type": "Flatten"})
            shape = (int(np.prod(shape)),)
        after = output_shape(layer, shape)
        if after is not None:
            layers.append(layer)
            shape = after
    return layers or [{"type": "ReLU"}], shape


def residual(draw: random.Random, shape: Shape, depth: int) -> tuple[Values, Shape]:
    """Return a block whose branches give one shape, and that shape."""
    inside, after = layers_for(draw, shape, [], depth)
    block = {"type": "Residual", "layers": inside}
    if after == shape and draw.random() < 0.7:
        return block, shape
    vector = [{"type": "Flatten"}] if len(shape) == 3 else []
    if len(after) == 3:
        inside.append({"type": "Flatten"})
    units = draw.choice([3, 4])
    inside.append({"type": "Dense", "units": units})
    return {**block, "shortcut": [*vector, {"type": "Dense", "units": units, "use_bias": False}]}, (units,)


def document(number: int, step: int = len(EVERY)) -> Values:
    """Return the document with this number, which has every step-th of EVERY from that number on where it fits."""
    draw = random.Random(number)
    shape = INPUTS[number % len(INPUTS)]
    wanted = [{"type": kind, **settings} for kind, settings in EVERY[number % step :: step]]
    flat = step == len(EVERY) and draw.random() < 0.2
    layers, after = layers_for(draw, (int(np.prod(shape)),) if flat else shape, wanted)
    if len(after) == 3:
        layers.append({"type": "Flatten"})
    endings = [
        ({"type": "CrossEntropy"}, [{"type": "Softmax"}]),
        ({"type": "CrossEntropy", "label_smoothing": 0.2}, [{"type": "Softmax"}]),
        ({"type": "BinaryCrossEntropy"}, [{"type": "Sigmoid"}]),
        ({"type": "MeanSquaredError"}, []),
    ]
    loss, end = draw.choice(endings[2:] if "Softmax" in str(layers) else endings)
    layers += [{"type": "Dense", "units": draw.randint(2, 5)}, *end]
    for layer, name in zip(draw.sample(layers, min(len(layers), 3)), draw.sample(NAMES, 3), strict=False):
        layer["name"] = name
    optimizers = [
        {"type": "SGD", "learning_rate": 0.1, "weight_decay": 0.1},
        {"type": "SGDMomentum", "learning_rate": 0.1},
        {"type": "Adam"},
        {"type": "AdamW"},
        {"type": "RMSprop", "decay_biases": True, "weight_decay": 0.1},
        {"type": "Lion"},
        {"type": "SGD", "groups": [{"match": "*/weights", "optimizer": {"type": "Muon"}}]},
    ]
    layers = [{**layer} for layer in layers]  # a layer that was chosen twice may have got a name for both
    return {
        "format_version": 1,
        "name": f"number {number}",
        "input": {"shape": [int(np.prod(shape))] if flat else list(shape)},
        "layers": layers,
        "loss": loss,
        "optimizer": {**draw.choice(optimizers), **({"clip_norm": 1} if draw.random() < 0.2 else {})},
        "data": {"dataset": "npz", "path": "none.npz"},
        "training": {"epochs": 1, "batch_size": 4},
    }


def network_of(values: Values, number: int = 0, shape: Shape | None = None) -> TrainedNetwork:
    """Return the network of a document with random weights and statistics, and a random normalisation."""
    spec = spec_from_values(values)
    graph = build_graph(spec)
    parameters = initialise(graph, number)
    rng = np.random.default_rng(number)
    for name, array in parameters.named().items():
        if name.endswith(("gamma", "running_variance")):
            array[...] = rng.uniform(0.5, 1.5, array.shape)
        elif not name.endswith("weights"):
            array[...] = rng.normal(0, 0.3, array.shape)
    stored = shape or graph.input_shape
    mode, size = [("unit", 1), ("per_channel", stored[0]), ("per_feature", int(np.prod(stored))), ("none", 1)][
        number % 4
    ]
    offset = np.zeros(size) if mode in ("unit", "none") else rng.uniform(50, 150, size)
    divisor = np.full(size, 255.0) if mode == "unit" else np.ones(size) if mode == "none" else rng.uniform(20, 80, size)
    if mode == "per_channel" and len(stored) == 1:
        offset, divisor = offset[:1], divisor[:1]
    normalisation = Normalisation(mode, stored, tuple(offset.tolist()), tuple(divisor.tolist()))
    return TrainedNetwork(spec, graph, parameters, normalisation)


CLASSES = {
    **document(0),
    "name": "two classes",
    "input": {"shape": [3]},
    "layers": [{"type": "Dense", "units": 2}, {"type": "Softmax"}],
    "loss": {"type": "CrossEntropy"},
}


def export(network: TrainedNetwork, file: Path) -> Exported:
    target = TARGETS["keras"]
    assert isinstance(target, Exporter)
    target.check(network.graph)
    return target.write(network, file, ExportWishes())


def channels_last(x: Array) -> Array:
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


def content(file: Path, name: str) -> Any:
    """Return a member of a file, read as JSON."""
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read(name))
