"""The computational graph: a sequence of nodes with their shapes, and the loss; nothing is allocated."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from graphnn.document.document import Path, path_text
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.layers.base import Layer, UnfitInput
from graphnn.layers.expansion import INPUT, ExpandedLayer, Expansion
from graphnn.losses.base import Loss
from graphnn.parameters.parameter import Parameter
from graphnn.types import Array, Shape

if TYPE_CHECKING:
    from graphnn.metrics.gathered import Gathered


@frozen_dataclass
class Node:
    """One layer in the graph.

    path: that of the layer, or of the block that it belongs to, among the plain layers. written: that in the document,
    where it is another. fused: the nodes after it that are computed together with it.
    """

    index: int
    path: Path
    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameters: tuple[Parameter, ...]
    fused: tuple["Node", ...] = ()
    written: Path | None = None

    @property
    def location(self) -> str:
        """Its path in the document as people read it: layers[3].layers[0]."""
        return path_text(self.path if self.written is None else self.written)

    @property
    def label(self) -> str:
        """Its name and those of the nodes fused into it: bn1 + relu_1."""
        return " + ".join(node.name for node in (self, *self.fused))

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of forward for one sample."""
        return self.layer.multiply_adds(self.input_shape)


@frozen_dataclass
class Graph:
    """A sequence of nodes and the loss at its end."""

    input_shape: Shape
    nodes: tuple[Node, ...]
    loss: Loss

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the figures that are reported, "loss" first."""
        return self.loss.metrics(self.output_shape)

    @property
    def training_metrics(self) -> tuple[str, ...]:
        """The names of those figures that are reported of training steps."""
        return self.loss.layout(self.output_shape, training=True).names

    def summarise(self, sums: Array, count: int, *, training: bool = False) -> dict[str, float]:
        """Return the loss and the metrics of `count` samples; sums: the sum of Loss.piece over all their pieces.

        training: whether the pieces were those of training steps.
        """
        return self.loss.summarise(sums, count, self.output_shape, training=training)

    def gathered(self) -> "Gathered":
        """Return what gathers the samples of a part for the metrics that are no sums over pieces."""
        from graphnn.metrics.gathered import Gathered  # inspect measures nothing

        return Gathered(self.loss.outputs, self.output_shape)

    def check_targets(self, name: str, targets: Array) -> None:
        """Raise DataError, with the name of the targets, where the loss cannot take them."""
        try:
            self.loss.check_targets(targets, self.output_shape)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error

    @property
    def output_shape(self) -> Shape:
        """The shape of one prediction."""
        return self.nodes[-1].output_shape


def nodes_of(layers: Iterable[ExpandedLayer], written: Callable[[Path], Path] | None = None) -> tuple[Node, ...]:
    """Return the nodes of layers in order, blocks expanded. written: gives the path in the document of each."""
    return tuple(
        Node(
            index=index,
            path=one.path,
            name=one.name,
            layer=one.layer,
            input_shape=one.input_shape,
            output_shape=one.output_shape,
            parameters=one.layer.parameters(one.input_shape),
            written=None if written is None else written(one.path),
        )
        for index, one in enumerate(layers)
    )


def chain(named_layers: Iterable[tuple[str, Layer]], input_shape: Shape, loss: Loss) -> Graph:
    """Return the graph of the layers in order.

    input_shape: of one sample. Raises UnfitInput at the first layer that cannot take its input.
    """

    def refuse(path: Path, unfit: UnfitInput, source: str) -> None:
        raise unfit

    expansion = Expansion(refuse)
    expansion.extend(("layers",), named_layers, input_shape, INPUT)
    return Graph(input_shape, nodes_of(expansion.layers), loss)


def named_parameters(nodes: Iterable[Node]) -> dict[str, Parameter]:
    """Return all parameters of these nodes by 'node/parameter'."""
    return {f"{node.name}/{parameter.name}": parameter for node in nodes for parameter in node.parameters}
