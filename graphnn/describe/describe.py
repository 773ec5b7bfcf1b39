"""What a network is, in figures: one row for each node and the totals, from shapes alone."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from graphnn.datasets.facts import FACTS
from graphnn.describe.memory import FLOAT, activation_bytes, parameter_count, training_memory, weight_file_bytes
from graphnn.describe.training_groups import TrainingGroup, training_groups
from graphnn.document.document import Path
from graphnn.engine.plan import kernels_for
from graphnn.graph.graph import Graph, Node
from graphnn.initializers.base import initializer_from
from graphnn.layers.base import Layer
from graphnn.layers.trainable import TrainableLayer, WeightedLayer
from graphnn.optimizers.updater import slots_of
from graphnn.specification.names import BRANCHES
from graphnn.specification.spec import LayerSection, Spec
from graphnn.types import Shape, shape_text


@dataclass(frozen=True)
class Row:
    """One layer, or the input, which has no path; multiply-adds of forward and activation bytes are for one sample.

    A block's own row is without what the layers inside it have, each of which has a row.
    """

    path: Path
    name: str
    type: str
    settings: Mapping[str, Any]
    settings_text: str
    output_shape: Shape
    trainable: int
    not_trainable: int
    multiply_adds: int
    activation_bytes: int

    @property
    def index(self) -> int | None:
        """Its place among the layers that it stands with."""
        return int(self.path[-1]) if self.path else None

    @property
    def depth(self) -> int:
        """How many blocks it is inside of."""
        return max(0, len(self.path) - 2) // 2

    @property
    def parameters(self) -> int:
        """All parameters, trained or not."""
        return self.trainable + self.not_trainable


@dataclass(frozen=True)
class Description:
    """All rows, the input first, and what one needs to know of the whole; sizes in bytes.

    groups: how parameters are trained, where not all alike.
    """

    name: str
    rows: tuple[Row, ...]
    loss: str
    optimizer: str
    groups: tuple[TrainingGroup, ...]
    batch_size: int
    weight_file_bytes: int
    optimizer_bytes: int
    training_bytes: int

    @property
    def optimizers(self) -> str:
        """The types of all optimizers at work, in words."""
        return " and ".join(dict.fromkeys(group.optimizer for group in self.groups)) or self.optimizer

    @property
    def trainable(self) -> int:
        """Number of trainable parameters."""
        return sum(row.trainable for row in self.rows)

    @property
    def not_trainable(self) -> int:
        """Number of parameters that no gradient changes: running statistics, and what is not to be trained."""
        return sum(row.not_trainable for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of forward for one sample."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Bytes of the input and of all nodes' outputs for one sample."""
        return sum(row.activation_bytes for row in self.rows)


def describe(spec: Spec, graph: Graph, kernels: str | None = None) -> Description:
    """Return the description of a document's network; nothing is allocated, whatever its size.

    kernels: the name of those it is to be trained with, by default the fastest installed.
    """
    slots = len(slots_of(spec.optimizer))
    second_values = len({"averaging", "keep_best"} & spec.training.keys())
    batch_size = spec.training["batch_size"]
    shape = graph.input_shape
    first = Row((), "input", "", {}, "", shape, 0, 0, 0, FLOAT * math.prod(shape))
    nodes: dict[Path, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        nodes[node.path].append(node)
    rows = (first, *(row for section in spec.layers for row in rows_of(section, nodes)))
    return Description(
        name=spec.name,
        rows=rows,
        loss=spec.loss.type,
        optimizer=spec.optimizer.type,
        groups=training_groups(spec, graph),
        batch_size=batch_size,
        weight_file_bytes=weight_file_bytes(graph, metadata_bytes(spec)),
        optimizer_bytes=FLOAT * slots * sum(row.trainable for row in rows),
        training_bytes=training_memory(graph, batch_size, slots + second_values, kernels_for(graph, kernels)).total,
    )


def rows_of(section: LayerSection, nodes: Mapping[Path, list[Node]]) -> Iterator[Row]:
    """Yield the row of a layer and, where it is a block, those of the layers inside; nodes: by their paths."""
    own = nodes[section.path]
    if not section.inside:
        yield row_of(own[0])
        return
    counts = {key: len(section.options[key]) for key in BRANCHES}
    yield Row(
        path=section.path,
        name=section.name,
        type=section.type,
        settings=counts,
        settings_text=block_text(**counts),
        output_shape=own[-1].output_shape,
        trainable=0,
        not_trainable=0,
        multiply_adds=0,
        activation_bytes=sum(activation_bytes(node) for node in own),
    )
    for layer in section.inside:
        yield from rows_of(layer, nodes)


def block_text(layers: int, shortcut: int) -> str:
    """Return how many layers are in a block, in words."""
    text = "1 layer" if layers == 1 else f"{layers} layers"
    return f"{text}, shortcut of {shortcut}" if shortcut else text


def row_of(node: Node) -> Row:
    """Return the row of one node."""
    layer = node.layer
    return Row(
        path=node.path,
        name=node.name,
        type=layer.type,
        settings=layer.settings(),
        settings_text=settings_text(layer),
        output_shape=node.output_shape,
        trainable=parameter_count(node, trainable=True),
        not_trainable=parameter_count(node, trainable=False),
        multiply_adds=node.multiply_adds,
        activation_bytes=activation_bytes(node),
    )


def metadata_bytes(spec: Spec) -> int:
    """Return about how many bytes the metadata of the weights file takes: the document, classes and constants."""
    facts = FACTS.get(spec.data["dataset"])
    shape = facts.shape if facts else spec.input_shape
    constants = {"per_channel": shape[0], "per_feature": math.prod(shape)}.get(spec.data["normalize"], 1)
    classes = facts.classes if facts else ()
    number = 20  # characters of a float64 and its comma
    return len(json.dumps([spec.resolved(), classes]).encode()) + 2 * number * constants + OTHER_METADATA


OTHER_METADATA = 600  # bytes: metrics, versions and keys


def settings_text(layer: Layer) -> str:
    """Return a layer's settings in few words: 3×3, 32 filters, same.

    What has its default value is left out, except where a reader looks for it (`PHRASES`).
    """
    settings = layer.settings()
    phrases = [say(settings.pop(key), layer) for key, say in PHRASES.items() if key in settings]
    phrases += [f"{key} {value}" for key, value in settings.items() if value != default(layer, key)]
    return ", ".join(phrase for phrase in phrases if phrase)


def default(layer: Layer, key: str) -> Any:
    """Return the value that a layer's property has when the document does not give it."""
    return next(field.default for field in fields(layer) if field.name == key)


def pair_text(value: Any) -> str:
    """Return a size as people write it: 3 is 3×3, [3, 5] is 3×5."""
    return shape_text((value, value) if isinstance(value, int) else tuple(value))


def strides_text(value: Any, layer: Layer) -> str:
    """Return the strides, unless they are what one expects: 1, or the size of the pool."""
    usual = getattr(layer, "pool_size", 1)
    if value is None or pair_text(value) == pair_text(usual):
        return ""
    return f"stride {value if isinstance(value, int) else pair_text(value)}"


def padding_text(value: Any, layer: Layer) -> str:
    """Return the padding: same, valid, padding 1."""
    if isinstance(value, str):
        return value
    return f"padding {value if isinstance(value, int) else pair_text(value)}"


def flag_text(word: str) -> Callable[[bool, Layer], str]:
    """Return what says `no word` when the flag is off."""
    return lambda value, layer: "" if value else f"no {word}"


def initializer_text(value: str | Mapping[str, Any], layer: Layer) -> str:
    """Return an initializer that is not the default, with what is not its default: normal (deviation 1)."""
    if not isinstance(layer, WeightedLayer):  # a setting of a plugin's, which only has this name
        return "" if value == default(layer, "initializer") else f"initializer {value}"
    own = initializer_from(value)
    if own == initializer_from(default(layer, "initializer")):
        return ""
    given = [field for field in fields(own) if getattr(own, field.name) != field.default]
    settings = ", ".join(f"{field.name} {getattr(own, field.name)}" for field in given)
    return f"{own.type} ({settings})" if settings else own.type


def trainable_text(value: Any, layer: Layer) -> str:
    """Return what is not trained, or not to the end: weights not trained, biases until epoch 3."""
    if not isinstance(layer, TrainableLayer):  # as above
        return "" if value == default(layer, "trainable") else f"trainable {value}"
    if not isinstance(value, Mapping):
        return "" if value else "not trained"
    fixed = [name for name, own in value.items() if not own]
    ending = [f"{name} until epoch {own['until_epoch']}" for name, own in value.items() if isinstance(own, Mapping)]
    return ", ".join([*([f"{' and '.join(fixed)} not trained"] if fixed else []), *ending])


Phrase = Callable[[Any, Layer], str]

PHRASES: dict[str, Phrase] = {
    "kernel_size": lambda value, layer: pair_text(value),
    "pool_size": lambda value, layer: pair_text(value),
    "filters": lambda value, layer: f"{value:,} filters" if value != 1 else "1 filter",
    "units": lambda value, layer: f"{value:,} units" if value != 1 else "1 unit",
    "strides": strides_text,
    "padding": padding_text,
    "rate": lambda value, layer: f"rate {value}",
    "factor": lambda value, layer: f"× {value}",
    "negative_slope": lambda value, layer: f"slope {value}",
    "alpha": lambda value, layer: f"alpha {value}",
    "approximate": lambda value, layer: "exact" if value == "none" else value,
    "momentum": lambda value, layer: f"momentum {value}",
    "use_bias": flag_text("bias"),
    "scale": flag_text("scale"),
    "center": flag_text("center"),
    "initializer": initializer_text,
    "trainable": trainable_text,
}
