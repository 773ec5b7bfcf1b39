"""The layout of a drawing: boxes below each other, blocks as frames with their branches side by side, and columns."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from graphnn.exporting.drawings.steps import Drawn, DrawnBranches, LayerBox, Repeat, input_shape, shape_label
from graphnn.exporting.drawings.svg_pen import BOX_WIDTH, Pen, box_height
from graphnn.graph.graph import Node

GAP, LABELLED_GAP = 16.0, 30.0  # between boxes; where the shape stands beside the arrow
PADDING, TITLE = 14.0, 22.0  # of frames
LANE = 26.0  # beside the body, for a shortcut without layers
FORK = 14.0  # above the branches, where they part
RADIUS = 10.0  # of a sum


class DrawnPart(ABC):
    """A part of a drawing. width, height: in pixels. spine: where arrows come in and go out, from its left edge."""

    width: float
    height: float
    spine: float

    @abstractmethod
    def draw(self, pen: Pen, x: float, y: float) -> None:
        """Draw the part with its upper left corner at (x, y)."""


class LayerPart(DrawnPart):
    """The box of a layer."""

    def __init__(self, node: Node) -> None:
        self.box = LayerBox.of(node)
        self.width, self.height, self.spine = BOX_WIDTH, box_height(self.box), BOX_WIDTH / 2

    def draw(self, pen: Pen, x: float, y: float) -> None:
        pen.box(self.box, x, y)


class EndPart(DrawnPart):
    """The input, or the output, with a word about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.width, self.height, self.spine = BOX_WIDTH, 26.0, BOX_WIDTH / 2

    def draw(self, pen: Pen, x: float, y: float) -> None:
        pen.end(self.text, x, y)


class ChainPart(DrawnPart):
    """Parts below each other, with arrows between them. labels: of the arrow into each part; "" for none."""

    def __init__(self, parts: Sequence[DrawnPart], labels: Sequence[str]) -> None:
        self.parts, self.labels = parts, labels
        self.spine = max((part.spine for part in parts), default=0.0)
        self.width = self.spine + max((part.width - part.spine for part in parts), default=0.0)
        self.gaps = [LABELLED_GAP if label else GAP for label in labels[1:]]
        self.height = sum(part.height for part in parts) + sum(self.gaps)

    def draw(self, pen: Pen, x: float, y: float) -> None:
        for index, part in enumerate(self.parts):
            if index:
                gap = self.gaps[index - 1]
                pen.arrow([(x + self.spine, y), (x + self.spine, y + gap)])
                pen.label(self.labels[index], x + self.spine, y + gap / 2)
                y += gap
            part.draw(pen, x + self.spine - part.spine, y)
            y += part.height


class RepeatPart(DrawnPart):
    """A dashed frame around what is there several times."""

    def __init__(self, step: Repeat) -> None:
        self.name, self.names, self.inside = step.name, step.names, chain(step.steps)
        self.spine = PADDING + self.inside.spine
        self.width = self.inside.width + 2 * PADDING
        self.height = self.inside.height + TITLE + 2 * PADDING

    def draw(self, pen: Pen, x: float, y: float) -> None:
        pen.frame(self.name, x, y, (self.width, self.height), self.spine, more=self.names, dashed=True)
        top = y + TITLE + PADDING
        pen.line([(x + self.spine, y), (x + self.spine, top)])
        self.inside.draw(pen, x + PADDING, top)
        pen.line([(x + self.spine, top + self.inside.height), (x + self.spine, y + self.height)])


class BlockPart(DrawnPart):
    """A frame with two branches that part below its title and meet in a sum."""

    def __init__(self, step: DrawnBranches) -> None:
        self.name = step.name
        self.body = chain(step.body)
        self.shortcut = chain(step.shortcut)
        self.spine = PADDING + self.body.spine
        self.beside = self.shortcut.width + PADDING if step.shortcut else LANE - PADDING
        self.width = PADDING + self.body.width + self.beside + PADDING
        self.branches = max(self.body.height, self.shortcut.height)
        self.height = TITLE + FORK + GAP + self.branches + GAP + 2 * RADIUS + PADDING

    def draw(self, pen: Pen, x: float, y: float) -> None:
        pen.frame(self.name, x, y, (self.width, self.height), self.spine)
        spine, fork = x + self.spine, y + TITLE + FORK
        top, bottom = fork + GAP, fork + GAP + self.branches
        centre = bottom + GAP + RADIUS
        pen.line([(spine, y), (spine, fork)])
        pen.arrow([(spine, fork), (spine, top)])
        self.body.draw(pen, x + PADDING, top)
        pen.arrow([(spine, top + self.body.height), (spine, centre - RADIUS)])
        left = x + PADDING + self.body.width + PADDING
        if self.shortcut.parts:
            lane = left + self.shortcut.spine
            pen.arrow([(spine, fork), (lane, fork), (lane, top)])
            self.shortcut.draw(pen, left, top)
            pen.arrow([(lane, top + self.shortcut.height), (lane, centre), (spine + RADIUS, centre)])
        else:
            lane = left
            pen.arrow([(spine, fork), (lane, fork), (lane, centre), (spine + RADIUS, centre)])
        pen.dot(spine, fork)
        pen.sum(spine, centre, RADIUS)
        pen.line([(spine, centre + RADIUS), (spine, y + self.height)])


def part(step: Drawn) -> DrawnPart:
    """Return the part that draws a step."""
    if isinstance(step, Repeat):
        return RepeatPart(step)
    return BlockPart(step) if isinstance(step, DrawnBranches) else LayerPart(step)


def labels_of(steps: Sequence[Drawn]) -> list[str]:
    """Return the label of the arrow into each step: the shape of what it takes, where that is new, or the first."""
    labels, before = [], None
    for step in steps:
        shape = input_shape(step)
        labels.append("" if shape == before else shape_label(shape))
        before = shape
    return labels


def chain(steps: Sequence[Drawn]) -> ChainPart:
    """Return steps below each other."""
    return ChainPart([part(step) for step in steps], labels_of(steps))


def columns(parts: Sequence[DrawnPart], labels: Sequence[str], highest: float) -> list[ChainPart]:
    """Return parts in columns of about one height, at most `highest` where they fit."""
    whole = ChainPart(parts, labels).height
    count = 1 if whole < 1.3 * highest else -(-int(whole) // int(highest))
    limit = whole / count
    while len(found := cut(parts, labels, limit)) > count:
        limit += 10
    return found


def cut(parts: Sequence[DrawnPart], labels: Sequence[str], limit: float) -> list[ChainPart]:
    """Return parts in columns, each as long as it gets without being higher than `limit`, one part at least."""
    result, start = [], 0
    for end in range(1, len(parts) + 1):
        if end == len(parts) or ChainPart(parts[start : end + 1], labels[start : end + 1]).height > limit:
            result.append(ChainPart(parts[start:end], labels[start:end]))
            start = end
    return result
