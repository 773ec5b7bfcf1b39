"""Random documents, in which everything that is registered comes up in turn."""

import math
import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from graphnn.averaging.base import AVERAGINGS
from graphnn.graph.graph import Graph
from graphnn.layers.base import LAYERS, UnfitInput
from graphnn.losses.base import LOSSES
from graphnn.optimizers.base import OPTIMIZERS
from graphnn.parameters.parameter import Parameter, Role
from graphnn.schedules.base import SCHEDULES
from graphnn.types import Array, Shape

Values = dict[str, Any]

# The settings to choose from. Sixteen channels or a multiple take the compiled operations, others those of numpy. What
# is not here has its defaults.
POOLING: list[Values] = [{}, {"pool_size": 3, "strides": 2}, {"pool_size": [2, 3], "strides": 1}]
CHOICES: dict[str, list[Values]] = {
    "Dense": [{"units": 5}, {"units": 16, "use_bias": False}, {"units": 24}],
    "Conv2D": [
        *({"filters": 16}, {"filters": 32, "use_bias": False}, {"filters": 20}, {"filters": 16, "kernel_size": 1}),
        {"filters": 3, "kernel_size": [3, 2], "padding": "valid"},
        {"filters": 16, "kernel_size": 2, "strides": 2},
        {"filters": 5, "padding": [1, 0]},
    ],
    "MaxPooling2D": [{}, *POOLING],
    "AveragePooling2D": POOLING,
    "BatchNormalization": [{}, {"momentum": 0.7, "epsilon": 0.01}, {"scale": False}, {"center": False}],
    "LayerNormalization": [{}, {"scale": False, "epsilon": 0.01}, {"center": False}],
    "Dropout": [{"rate": 0.3}],
    "Scale": [{"factor": 0.5}, {"factor": -1.25}],
    "LeakyReLU": [{}, {"negative_slope": 0.2}],
    "ELU": [{}, {"alpha": 0.7}],
    "GELU": [{}, {"approximate": "none"}],
    "SGD": [{"learning_rate": 0.05}],
    "SGDMomentum": [{"learning_rate": 0.05}, {"learning_rate": 0.04, "momentum": 0.7, "nesterov": True}],
    "Adam": [
        {"learning_rate": 0.01, "epsilon": 0.001},
        {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-4},
    ],
    "AdamW": [{"learning_rate": 0.02, "epsilon": 0.01, "weight_decay": 0.2}],
    "RMSprop": [{"learning_rate": 0.01, "epsilon": 0.001}, {"learning_rate": 0.01, "rho": 0.6, "epsilon": 0.01}],
    "Lion": [{"learning_rate": 0.01}, {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.8}],
    "Muon": [{"learning_rate": 0.1}, {"learning_rate": 0.05, "nesterov": False, "momentum": 0.8, "steps": 5}],
    "CrossEntropy": [
        {},
        {"label_smoothing": 0.2},
        {"class_weights": "balanced"},
        {"class_weights": "balanced", "label_smoothing": 0.1},
    ],
    "BinaryCrossEntropy": [{}, {"class_weights": "balanced"}],
    "constant": [{}, {"warmup_epochs": 1}],
    "cosine": [{"final_scale": 0.1}, {"warmup_epochs": 0.5}],
    "step": [{"every": 1, "factor": 0.5}, {"every": 1, "warmup_epochs": 0.5}],
    "one_cycle": [{}, {"warmup_epochs": 0.5, "final_scale": 0.2}],
    "piecewise_linear": [{"points": [[0, 0.5], [0.3, 1], [1, 0.1]]}],
    "reduce_on_plateau": [{"factor": 0.5, "patience": 1}],
    "exponential": [{}, {"decay": 0.5, "every": 2}],
    "lookahead": [{"every": 2}, {"every": 3, "decay": 0.8}],
}
END = {"CrossEntropy": "Softmax", "BinaryCrossEntropy": "Sigmoid", "MeanSquaredError": None}


class Draw:
    """Draws what the number of a document decides: each of some names in turn, and the rest at random."""

    def __init__(self, number: int) -> None:
        self.number, self.random = number, random.Random(number)

    def turn(self, names: Mapping[str, Any] | list[Any]) -> Any:
        listed = sorted(names) if isinstance(names, Mapping) else names
        return listed[self.number % len(listed)]

    def with_choice(self, name: str) -> Values:
        return {"type": name, **self.random.choice(CHOICES.get(name, [{}]))}

    def often(self, share: float) -> bool:
        return self.random.random() < share


def output_shape(layer: Values, shape: Shape) -> Shape | None:
    """Return the shape that a layer gives; None where it cannot take its input."""
    with suppress(UnfitInput):
        return LAYERS[layer["type"]](**{key: each for key, each in layer.items() if key != "type"}).output_shape(shape)
    return None


PLAIN = sorted(set(LAYERS.built_in()) - {"Residual"})


def document(number: int) -> Values:
    """Return the document with this number, without a name for its data."""
    draw = Draw(number)
    classes = draw.random.randint(2, 6)
    shape: Shape = draw.random.choice([(1, 9, 8), (3, 8, 8), (16, 7, 9), (7,), (16,)])
    wanted = draw.turn(PLAIN)
    loss = draw.turn([each for each in sorted(LOSSES.built_in()) if END[each] != wanted])
    kinds = [kind for kind in PLAIN if kind != END[loss]]
    layers = list(body(draw, shape, wanted, kinds))
    if not layers or not any(each["type"] == wanted for each in layers):
        shape = (16, 8, 8)
        layers = list(body(draw, shape, wanted, kinds))
    layers += ending(draw, loss, classes)
    drop_last = draw.often(0.3)
    per_batch, batches = draw.random.randint(5, 9), draw.random.randint(2, 3) + drop_last
    optimizer, groups = optimization(draw)
    schedule = draw.turn(sorted(SCHEDULES.built_in()))
    optimizer["schedule"] = draw.with_choice(schedule)
    averaging = draw.turn([None, *sorted(AVERAGINGS.built_in())])
    return {
        "format_version": 1,
        "name": f"number {number}",
        "input": {"shape": list(shape)},
        "layers": layers,
        "loss": draw.with_choice(loss),
        "optimizer": optimizer | ({"groups": groups} if groups else {}),
        "data": {"dataset": "npz", "path": "none.npz", "normalize": draw.turn(["none", "per_channel", "per_feature"])},
        "training": {
            "epochs": draw.random.choice([2, 2.5, 3]) if schedule != "reduce_on_plateau" else 5,  # its loss has to rise
            "batch_size": per_batch,
            "seed": number,
            "drop_last": drop_last,
            **({} if averaging is None else {"averaging": draw.with_choice(averaging)}),
        },
        "samples": per_batch * batches - draw.random.choice([0, 1, 2]),
    }


def body(draw: Draw, shape: Shape, wanted: str, all_kinds: list[str]) -> Iterator[Values]:
    """Yield random layers, up to a vector; the wanted type is one of them where it can be."""
    count, place = draw.random.randint(3, 6), draw.random.randint(0, 2)
    vectors = 0
    if len(shape) == 3 and (draw.often(0.5) or wanted == "MaxPooling2D"):  # compiled operations need a trained one
        yield {"type": "Conv2D", "filters": 16}
        shape = (16, *shape[1:])
        if wanted == "MaxPooling2D":  # of equal values that have a gradient: the zeros of ReLU, shifted
            yield from ({"type": "ReLU"}, {"type": "BatchNormalization"})
            place = 0
    for index in range(3 * count):
        kinds = [wanted] if index >= place and wanted else draw.random.sample(all_kinds, len(all_kinds))
        if index > count and len(shape) == 3:
            kinds = ["Flatten"]
        for kind in kinds:
            layer = draw.with_choice(kind)
            after = output_shape(layer, shape)
            fits = after is not None and min(after[1:], default=2) >= 2 and math.prod(after) >= 2
            if fits and after is not None and not (len(shape) == 3 and len(after) == 1 and index < count - 1):
                yield trainable(draw, layer)
                wanted = "" if kind == wanted else wanted
                shape = after
                break
            if kind == wanted and after is not None and len(after) == 1:  # later
                break
        if len(shape) == 3 and draw.often(0.25):
            layer, shape = residual(draw, shape)
            yield layer
        vectors += len(shape) == 1
        if vectors > 2 and not wanted:
            return


def trainable(draw: Draw, layer: Values) -> Values:
    """Return the layer, sometimes fixed in part, always or from the second epoch on."""
    if layer["type"] in ("Dense", "Conv2D", "BatchNormalization", "PReLU", "LayerNormalization") and draw.often(0.25):
        some = draw.random.choice([False, {"weights": False}, {"weights": {"until_epoch": 1}}])
        fixed = {"statistics": False} if some and layer["type"] == "BatchNormalization" else False
        layer["trainable"] = some if layer["type"] in ("Dense", "Conv2D") else fixed
    return layer


def residual(draw: Draw, shape: Shape) -> tuple[Values, Shape]:
    """Return a residual block of images and its output shape."""
    channels, height, width = shape
    inner = {"type": "Residual", "layers": [{"type": "BatchNormalization"}, {"type": "GELU"}]}
    if draw.often(0.5) or min(height, width) < 5:
        return {"type": "Residual", "layers": [{"type": "Conv2D", "filters": channels}, inner]}, shape
    layers: list[Values] = [{"type": "Conv2D", "filters": 16, "strides": 2}, inner, {"type": "BatchNormalization"}]
    shortcut = [{"type": "Conv2D", "filters": 16, "kernel_size": 1, "strides": 2}]
    block = {"type": "Residual", "layers": layers, "shortcut": shortcut}
    return block, (16, -(-height // 2), -(-width // 2))


def ending(draw: Draw, loss: str, classes: int) -> Iterator[Values]:
    """Yield the last layers: the head, and what the loss needs after it."""
    fixed = {"trainable": {"weights": {"until_epoch": 1}}} if draw.number % 4 == 1 else {}
    yield {"type": "Dense", "name": "head", "units": classes, **fixed}
    if END[loss] is not None:
        yield {"type": END[loss]}
    elif draw.often(0.5):
        yield {"type": "Tanh"}


def optimization(draw: Draw) -> tuple[Values, list[Values]]:
    """Return the section of an optimizer, and its groups."""
    kind = draw.turn(sorted(OPTIMIZERS.built_in()))
    matrices = [{"match": "*/weights", "optimizer": draw.with_choice(kind)}]
    by_matrix = OPTIMIZERS[kind].by_matrix
    optimizer = draw.with_choice("SGDMomentum" if by_matrix else kind)
    if draw.often(0.6):
        optimizer |= {"weight_decay": 0.05, "decay_biases": draw.often(0.5)}
    if draw.often(0.5):
        optimizer["clip_norm"] = draw.random.choice([0.1, 0.5])
    groups: list[Values] = []
    if draw.often(0.4):
        groups.append({"match": "head/biases", "learning_rate_scale": 2})
    if draw.often(0.4) and optimizer.get("weight_decay") and not by_matrix:
        groups.append({"match": "head/*" if not groups else "head/weights", "weight_decay_scale": 3})
    if draw.often(0.3) and not groups:
        schedule = draw.with_choice(draw.random.choice(sorted(SCHEDULES.built_in())))
        groups.append({"match": "head/*", "schedule": schedule, "optimizer": draw.with_choice("Adam")})
    return optimizer, [*(matrices if by_matrix else []), *groups]


def samples(graph: Graph, count: int, number: int) -> tuple[Array, Array]:
    """Return random inputs that float32 holds, and targets that fit the loss."""
    rng = np.random.default_rng(number)
    x = (0.3 + 2 * rng.standard_normal((count, *graph.input_shape), np.float32)).astype(np.float64)
    (outputs,) = graph.output_shape
    if graph.loss.type == "CrossEntropy":
        labels = rng.integers(0, outputs, count)
        return x, labels if number % 2 else mixed(labels, outputs)
    if graph.loss.type == "BinaryCrossEntropy":
        return x, rng.integers(0, 2, (count, outputs)).astype(np.float64)
    return x, rng.standard_normal((count, outputs), np.float32).astype(np.float64)


def mixed(labels: Array, classes: int) -> Array:
    """Return rows that give each label three quarters, and the next class the rest."""
    rows = np.eye(classes)
    return 0.75 * rows[labels] + 0.25 * rows[(labels + 1) % classes]


def initial_values(graph: Graph, number: int) -> dict[str, Array]:
    """Return random values that float32 holds for all parameters and statistics, none of them special."""
    rng = np.random.default_rng(number)
    return {
        f"{node.name}/{each.name}": initial_value(each, rng.standard_normal(each.shape)).astype(np.float32)
        for node in graph.nodes
        for each in node.parameters
    }


def initial_value(parameter: Parameter, normal: Array) -> Array:
    if parameter.role is Role.WEIGHT:
        return normal * math.sqrt(1.5 / math.prod(parameter.shape[1:]))
    if parameter.name == "running_variance":
        return np.exp(0.2 * normal)
    return {Role.SCALE: 1.0}.get(parameter.role, 0.0) + 0.2 * normal
