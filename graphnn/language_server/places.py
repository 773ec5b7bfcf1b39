"""The layers of a network by the places in its document where they are written, with their shapes and figures."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from graphnn.describe.memory import activation_bytes
from graphnn.document.document import Document, Path
from graphnn.graph.graph import Node
from graphnn.types import Shape


class Use(NamedTuple):
    """What is written at a place, used once in the network: the nodes that it stands for, in order."""

    nodes: list[Node]

    @property
    def input_shape(self) -> Shape:
        """The shape of its input."""
        return self.nodes[0].input_shape

    @property
    def output_shape(self) -> Shape:
        """The shape of its output."""
        return self.nodes[-1].output_shape

    @property
    def parameters(self) -> int:
        """The number of its parameters, trained or not."""
        return sum(parameter.size for node in self.nodes for parameter in node.parameters)

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of its forward for one sample."""
        return sum(node.multiply_adds for node in self.nodes)

    @property
    def activation_bytes(self) -> int:
        """The bytes of its outputs for one sample."""
        return sum(activation_bytes(node) for node in self.nodes)


Places = Mapping[Path, list[Use]]  # by the path in the document, in the network's order


def places_of(document: Document, nodes: Iterable[Node]) -> Places:
    """Return the uses of each layer that is written in a document.

    One that is repeated, or written in a block, has several; a Repeat, a Residual, or a layer that uses a block stands
    for the layers inside it.
    """
    found: dict[Path, dict[Path, list[Node]]] = {}
    for node in nodes:
        for place, use in dict.fromkeys(written_at(document, node.path)):
            found.setdefault(place, {}).setdefault(use, []).append(node)
    return {place: [Use(group) for group in uses.values()] for place, uses in found.items()}


def written_at(document: Document, path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each place where a plain layer, or what stands for it, is written, and what tells its uses there apart."""
    for length in range(2, len(path) + 1, 2):
        inner = path[:length]
        origin = document.origins.get(inner)
        if origin is None:
            yield inner, inner
            continue
        way: Path = ()
        for step in origin.steps:
            yield step.path, way
            way = (*way, *step.path, step.repetition or 0)
        yield origin.written, inner
