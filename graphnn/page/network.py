"""The network as boxes to draw: layers with shapes, parameters and share of time, and blocks that contain layers."""

import math
from collections.abc import Iterator, Mapping, Sequence

from graphnn.describe.describe import Row, block_text, describe
from graphnn.describe.report import weights_text
from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.page.layer_times import LayerTimes
from graphnn.page.subject import Subject
from graphnn.parameters.parameter import Role
from graphnn.reports.kinds import scalar_or_shape_text
from graphnn.specification.names import BRANCHES
from graphnn.specification.sections import LayerSection

WEIGHTS, SCALES, SMALLER, PLAIN = "weights", "scales", "smaller", "plain"  # what layers do; each has a colour


@frozen_dataclass
class Box:
    """A layer, or a block with the layers of its two branches.

    kind: WEIGHTS, SCALES, SMALLER or PLAIN. shape: of its output. time: its share of a training step; None where it was
    not measured, or is in that of another, which `together` then names.
    """

    name: str
    type: str
    kind: str
    settings: str
    description: str
    shape: str
    parameters: int
    time: float | None
    together: str
    layers: "tuple[Box, ...]" = ()
    shortcut: "tuple[Box, ...]" = ()

    @property
    def is_block(self) -> bool:
        """Whether it contains layers."""
        return bool(self.layers or self.shortcut)


@frozen_dataclass
class Network:
    """The network as it is drawn. multiply_adds: of forward for one sample. times: None where not measured."""

    input_shape: str
    boxes: tuple[Box, ...]
    parameters: int
    trainable: int
    multiply_adds: int
    loss: str
    optimizer: str
    times: LayerTimes | None


def network(subject: Subject, times: LayerTimes | None) -> Network:
    """Return the network as boxes. times: of its nodes, where they were measured."""
    description = describe(subject.spec, subject.graph)
    weights = description.class_weights
    drawing = Drawing({row.path: row for row in description.rows}, subject, times)
    return Network(
        input_shape=scalar_or_shape_text(subject.graph.input_shape),
        boxes=tuple(drawing.boxes(subject.spec.layers)),
        parameters=description.trainable + description.not_trainable,
        trainable=description.trainable,
        multiply_adds=description.multiply_adds,
        loss=description.loss + ("" if weights is None else f", class weights {weights_text(weights)}"),
        optimizer=description.optimizers,
        times=times,
    )


class Drawing:
    """Makes boxes of the layers of a document. rows: of the table of `inspect`, by path."""

    def __init__(self, rows: Mapping[Path, Row], subject: Subject, times: LayerTimes | None) -> None:
        self._rows, self._times = rows, times
        self._nodes: dict[Path, list[Node]] = {}
        for node in subject.graph.nodes:
            self._nodes.setdefault(node.path, []).append(node)
        self._computed_with = {} if times is None else times.together

    def boxes(self, sections: Sequence[LayerSection]) -> Iterator[Box]:
        """Yield the box of each layer."""
        for section in sections:
            inside = {key: tuple(self.boxes(section.options[key])) for key in BRANCHES} if section.inside else {}
            yield self._box(section, inside)

    def _box(self, section: LayerSection, inside: Mapping[str, tuple[Box, ...]]) -> Box:
        row = self._rows[section.path]
        own = row.parameters + sum(box.parameters for boxes in inside.values() for box in boxes)
        nodes = self._nodes[section.path]
        names = [node.name for node in nodes]
        together = next((self._computed_with[name] for name in names if name in self._computed_with), "")
        times = [] if self._times is None else [self._times.nodes[name] for name in names if name in self._times.nodes]
        times += [box.time for boxes in inside.values() for box in boxes if box.time is not None]
        settings = block_text(*map(len, inside.values())) if inside else row.settings_text
        return Box(
            name=section.name,
            type=section.type,
            kind=PLAIN if inside else kind_of(nodes[0]),
            settings=settings,
            description=section.description or "",
            shape=scalar_or_shape_text(row.output_shape),
            parameters=own,
            time=sum(times) if times else None,
            together=together if not times else "",
            **inside,
        )


def kind_of(node: Node) -> str:
    """Return what a layer does: multiply by weights, scale or shift, make its input smaller, or none of these."""
    if any(parameter.role is Role.WEIGHT for parameter in node.parameters):
        return WEIGHTS
    if node.parameters:
        return SCALES
    return SMALLER if math.prod(node.output_shape) < math.prod(node.input_shape) else PLAIN
