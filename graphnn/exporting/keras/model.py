"""A model as Keras saves it: layers with their configurations, their inputs and their weights, in Keras' order."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.types import Array, Shape

LAYERS = "keras.layers"
FLOAT32 = "float32"  # written with every layer, so that a default of the reader's Keras changes nothing
SNAKE_CASE = (re.compile(r"\W+"), re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))


@frozen_dataclass
class KerasLayer:
    """One layer, or one operation of `keras.ops`.

    kind: the class, in `module`. config: its settings. inputs: the names of the layers that it takes. joined: whether
    it takes them as one list, as Add does, rather than as arguments. shape: of its output, for one sample, channels
    last. weights: trained ones first, as Keras orders them; `trained` is how many of them are.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    inputs: tuple[str, ...]
    shape: Shape
    module: str = LAYERS
    joined: bool = False
    weights: tuple[Array, ...] = ()
    trained: int = 0

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer, rather than an operation."""
        return self.module == LAYERS


class KerasModel:
    """A functional model while it is put together. name: any text; Keras gets one that all its backends take."""

    def __init__(self, name: str) -> None:
        self.name = valid_name(name) or "model"
        self.layers: dict[str, KerasLayer] = {}

    def add(
        self,
        name: str,
        kind: str,
        config: Mapping[str, Any],
        inputs: Sequence[str],
        shape: Shape,
        *,
        module: str = LAYERS,
        joined: bool = False,
        weights: Sequence[Array] = (),
        trained: int = 0,
    ) -> str:
        """Add a layer after its inputs, and return the name that it got: `name`, made valid and unique."""
        start = valid_name(name) or "layer"
        free, number = start, 1
        while free in self.layers:
            free, number = f"{start}_{number}", number + 1
        self.layers[free] = KerasLayer(
            free, kind, config, tuple(inputs), shape, module, joined, tuple(weights), trained
        )
        return free

    @property
    def output(self) -> KerasLayer:
        """The layer that was added last, whose output is the model's."""
        return next(reversed(self.layers.values()))

    def in_order(self) -> list[KerasLayer]:
        """Return the layers, without operations, in the order of `model.layers`, by which Keras finds their weights.

        That is by the longest way to the output, the longest first; of equal ones, by a walk from the output back.
        """
        ways = dict.fromkeys(self.layers, 0)
        for layer in reversed(self.layers.values()):
            for each in layer.inputs:
                ways[each] = max(ways[each], ways[layer.name] + 1)
        met: dict[str, int] = {}
        waiting = [self.output.name]
        while waiting:
            name = waiting.pop()
            if name not in met:
                met[name] = len(met)
                waiting.extend(reversed(self.layers[name].inputs))
        names = sorted(met, key=lambda name: (-ways[name], met[name]))
        return [self.layers[name] for name in names if self.layers[name].is_layer]

    def weights(self) -> dict[str, KerasLayer]:
        """Return the layers by the names under which Keras keeps their weights: conv2d, conv2d_1, dense."""
        counts: Counter[str] = Counter()
        result = {}
        for layer in self.in_order():
            start = snake_case(layer.kind)
            result[f"{start}_{counts[start]}" if counts[start] else start] = layer
            counts[start] += 1
        return result

    def config(self, training: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the content of `config.json`. training: how it was compiled; None: it was not."""
        first = next(iter(self.layers))
        return {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {
                "name": self.name,
                "trainable": True,
                "layers": [self._layer_config(layer) for layer in self.layers.values()],
                "input_layers": [first, 0, 0],
                "output_layers": [self.output.name, 0, 0],
            },
            "registered_name": "Functional",
            "build_config": {"input_shape": None},
            **({} if training is None else {"compile_config": training}),
        }

    def _layer_config(self, layer: KerasLayer) -> dict[str, Any]:
        common = {"name": layer.name}
        if layer.is_layer:
            common["dtype"] = FLOAT32
        tensors = [self._tensor(name) for name in layer.inputs]
        shapes = [batch_shape(self.layers[name].shape) for name in layer.inputs]
        built = {"build_config": {"input_shape": shapes if layer.joined else shapes[0]}} if tensors else {}
        return {
            "module": layer.module,
            "class_name": layer.kind,
            "config": {**common, **layer.config},
            "registered_name": None if layer.is_layer else layer.kind,
            **(built if layer.is_layer else {}),
            "name": layer.name,
            "inbound_nodes": [{"args": [tensors] if layer.joined else tensors, "kwargs": {}}] if tensors else [],
        }

    def _tensor(self, name: str) -> dict[str, Any]:
        config = {"shape": batch_shape(self.layers[name].shape), "dtype": FLOAT32, "keras_history": [name, 0, 0]}
        return {"class_name": "__keras_tensor__", "config": config}


def batch_shape(shape: Shape) -> list[int | None]:
    """Return the shape of a batch of any size."""
    return [None, *shape]


def valid_name(name: str) -> str:
    """Return a name that every backend of Keras takes: "block 1/conv.a" as block_1_conv_a; "" where nothing is left."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")


def snake_case(kind: str) -> str:
    """Return the name of a class as Keras writes it for its weights: PReLU is p_re_lu, Conv2D conv2d."""
    words, capitals, humps = SNAKE_CASE
    return humps.sub(r"\1_\2", capitals.sub(r"\1_\2", words.sub("", kind))).lower()
