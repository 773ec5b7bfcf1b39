"""The description of a network: a row of figures for each layer, and the totals, from shapes alone."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from graphnn.datasets.base import concrete_mode, facts_of, known_shape
from graphnn.describe.convolution_memory import FLOAT
from graphnn.describe.kernels import document_kernels
from graphnn.describe.memory import activation_bytes, parameter_count, training_memory, weight_file_bytes
from graphnn.describe.settings import settings_text
from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.optimizers.sections import slots_of
from graphnn.specification.names import BRANCHES
from graphnn.specification.schema import COMMON
from graphnn.specification.sections import LayerSection
from graphnn.specification.spec import Spec
from graphnn.types import Shape

if TYPE_CHECKING:
    from graphnn.describe.training_groups import TrainingGroup


class BlockUse(NamedTuple):
    """A layer that stands for those of a block of the document. settings: in words."""

    name: str
    type: str
    settings: str


@frozen_dataclass
class Row:
    """One layer, or the input, which has no path; multiply-adds of forward and activation bytes are for one sample.

    The figures of a block leave out those of the layers inside it, each of which has a row. use: the layer that stands
    for it at the top of the list of layers, where that is the use of a block.
    """

    path: Path
    location: str
    name: str
    type: str
    settings: Mapping[str, Any]
    settings_text: str
    output_shape: Shape
    trainable: int
    not_trainable: int
    multiply_adds: int
    activation_bytes: int
    use: BlockUse | None = None

    @property
    def index(self) -> int | None:
        """Its index in the list of layers that contains it; None for the input."""
        return int(self.path[-1]) if self.path else None

    @property
    def depth(self) -> int:
        """The number of blocks around it."""
        return max(0, len(self.path) - 2) // 2

    @property
    def parameters(self) -> int:
        """Number of parameters, trained or not."""
        return self.trainable + self.not_trainable


@frozen_dataclass
class Description:
    """The rows, the input first, and figures of the whole network; sizes in bytes.

    groups: how parameters are trained; empty where the optimizer has no groups.
    """

    name: str
    rows: tuple[Row, ...]
    loss: str
    optimizer: str
    groups: tuple["TrainingGroup", ...]
    batch_size: int
    weight_file_bytes: int
    optimizer_bytes: int
    training_bytes: int
    class_weights: Any = None  # as in the document

    @property
    def optimizers(self) -> str:
        """The types of all optimizers that train a parameter: "SGDMomentum and Muon"."""
        return " and ".join(dict.fromkeys(group.optimizer for group in self.groups)) or self.optimizer

    @property
    def trainable(self) -> int:
        """Number of trainable parameters."""
        return sum(row.trainable for row in self.rows)

    @property
    def not_trainable(self) -> int:
        """Number of parameters that no gradient changes: running statistics, and those that are set not to train."""
        return sum(row.not_trainable for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of forward for one sample."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        """Bytes of the input and of all layers' outputs for one sample."""
        return sum(row.activation_bytes for row in self.rows)


def describe(spec: Spec, graph: Graph, kernels: str | None = None) -> Description:
    """Return the description of a document's network; nothing is allocated.

    kernels: the name of the kernels to train with; None: see document_kernels.
    """
    slots = len(slots_of(spec.optimizer))
    batch_size = spec.training["batch_size"]
    shape = graph.input_shape
    first = Row((), "", "input", "", {}, "", shape, 0, 0, 0, FLOAT * math.prod(shape))
    nodes: dict[Path, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        nodes[node.path].append(node)
    rows = (first, *(row for section in spec.layers for row in rows_of(section, nodes, use_of(spec, section.path))))
    return Description(
        name=spec.name,
        rows=rows,
        loss=spec.loss.type,
        class_weights=spec.loss.options.get("class_weights"),
        optimizer=spec.optimizer.type,
        groups=groups_of(spec, graph),
        batch_size=batch_size,
        weight_file_bytes=weight_file_bytes(graph, metadata_bytes(spec)),
        optimizer_bytes=FLOAT * slots * sum(row.trainable for row in rows),
        training_bytes=training_bytes(spec, graph, batch_size, kernels),
    )


def training_bytes(spec: Spec, graph: Graph, batch_size: int, kernels: str | None = None) -> int:
    """Return about how many bytes training with batches of this size takes at its peak, without the data set."""
    vectors = len(slots_of(spec.optimizer)) + len({"averaging", "keep_best"} & spec.training.keys())
    return training_memory(graph, batch_size, vectors, document_kernels(spec, graph, kernels)).total


def groups_of(spec: Spec, graph: Graph) -> tuple["TrainingGroup", ...]:
    """Return how groups of parameters are trained; nothing where the optimizer has no groups."""
    if not spec.optimizer.options.get("groups"):
        return ()
    from graphnn.describe.training_groups import training_groups  # few documents have groups

    return training_groups(spec, graph)


def use_of(spec: Spec, path: Path) -> BlockUse | None:
    """Return the use of a block that stands for a layer in the list of layers; None where none does."""
    origin = spec.document.origins.get(path)
    step = None if origin is None else next((step for step in origin.steps if step.repetition is None), None)
    if step is None:
        return None
    use = spec.document.value["layers"]
    for key in step.path[1:]:
        use = use[key]
    settings = (f"{key} {json.dumps(value)}" for key, value in use.items() if key not in COMMON)
    return BlockUse(step.name, use["type"], ", ".join(settings))


def rows_of(section: LayerSection, nodes: Mapping[Path, list[Node]], use: BlockUse | None) -> Iterator[Row]:
    """Yield the row of a layer and, after a block, those of the layers inside; nodes: those of each path."""
    at_path = nodes[section.path]
    if not section.inside:
        yield row_of(at_path[0], use)
        return
    counts = {key: len(section.options[key]) for key in BRANCHES}
    yield Row(
        path=section.path,
        location=at_path[0].location,
        name=section.name,
        type=section.type,
        settings=counts,
        settings_text=block_text(**counts),
        output_shape=at_path[-1].output_shape,
        trainable=0,
        not_trainable=0,
        multiply_adds=0,
        activation_bytes=sum(activation_bytes(node) for node in at_path),
        use=use,
    )
    for layer in section.inside:
        yield from rows_of(layer, nodes, use)


def block_text(layers: int, shortcut: int) -> str:
    """Return in words how many layers a block has: "4 layers, shortcut of 2"."""
    text = "1 layer" if layers == 1 else f"{layers} layers"
    return f"{text}, shortcut of {shortcut}" if shortcut else text


def row_of(node: Node, use: BlockUse | None) -> Row:
    """Return the row of one node."""
    layer = node.layer
    return Row(
        path=node.path,
        location=node.location,
        name=node.name,
        type=layer.type,
        settings=layer.settings(),
        settings_text=settings_text(layer),
        output_shape=node.output_shape,
        trainable=parameter_count(node, trainable=True),
        not_trainable=parameter_count(node, trainable=False),
        multiply_adds=node.multiply_adds,
        activation_bytes=activation_bytes(node),
        use=use,
    )


def metadata_bytes(spec: Spec) -> int:
    """Return about how many bytes the metadata of the weights file take: document, class names, normalisation, data."""
    facts = facts_of(spec.data["dataset"])
    shape = known_shape(spec.data) or spec.input_shape
    mode = concrete_mode(spec.data["normalize"], shape)
    constants = {"per_channel": shape[0] if len(shape) == 3 else 1, "per_feature": math.prod(shape)}.get(mode, 1)
    classes = facts.classes if facts else ()
    number = 20  # characters of a float64 and its comma
    return len(json.dumps([spec.resolved(), classes]).encode()) + 2 * number * constants + OTHER_METADATA


OTHER_METADATA = 1000  # bytes: metrics, versions, digests and keys
