"""Draws boxes, frames and arrows as elements of SVG."""

from collections.abc import Sequence

from graphnn.exporting.drawings.steps import LayerBox
from graphnn.exporting.drawings.svg_text import content, fitted, text_width, wrapped

BOX_WIDTH = 264.0
NAME, SMALL = 12.5, 11.0  # sizes of fonts
INSET = 10.0
LINE = 15.0  # height
TURN = 7.0  # radius of the corners of lines

Point = tuple[float, float]


def settings_lines(box: LayerBox) -> list[str]:
    """Return the settings of a layer in the lines of its box; none where nothing stands below its type."""
    if not box.settings and not box.parameters:
        return []
    return wrapped(box.settings, SMALL, BOX_WIDTH - 2 * INSET - text_width(box.parameters, SMALL) - 8, ", ")


def box_height(box: LayerBox) -> float:
    """Return the height of the box of a layer."""
    return 26.0 + LINE * len(settings_lines(box)) + (1 if settings_lines(box) else 0)


class Pen:
    """Collects the elements of a drawing."""

    def __init__(self) -> None:
        self.elements: list[str] = []

    def box(self, box: LayerBox, x: float, y: float) -> None:
        """Draw the box of a layer: type and name, below them settings and parameters."""
        height = box_height(box)
        words = ", ".join(
            each
            for each in (box.name, box.type, box.settings, f"{box.parameters} parameters" if box.parameters else "")
            if each
        )
        self.elements += [
            f'<g class="{box.kind}"><title>{content(words)}</title>',
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(BOX_WIDTH)}" height="{number(height)}" rx="5"/>',
        ]
        inner = BOX_WIDTH - 2 * INSET
        kind = fitted(box.type, NAME * 1.05, inner)
        self.text(kind, x + INSET, y + 17, "type")
        self.text(
            fitted(box.name, SMALL, inner - text_width(kind, NAME * 1.05) - 8), x + BOX_WIDTH - INSET, y + 17, "name"
        )
        for index, line in enumerate(settings_lines(box)):
            self.text(line, x + INSET, y + 33 + LINE * index, "settings")
        self.text(box.parameters, x + BOX_WIDTH - INSET, y + 33, "parameters")
        self.elements.append("</g>")

    def end(self, text: str, x: float, y: float) -> None:
        """Draw the input or the output."""
        width = min(BOX_WIDTH, text_width(text, SMALL) + 28)
        left = x + (BOX_WIDTH - width) / 2
        self.elements.append(
            f'<rect class="end" x="{number(left)}" y="{number(y)}" width="{number(width)}" height="26" rx="13"/>'
        )
        self.text(fitted(text, SMALL, width - 16), x + BOX_WIDTH / 2, y + 17, "middle")

    def frame(
        self,
        name: str,
        x: float,
        y: float,
        size: tuple[float, float],
        spine: float,
        *,
        more: str = "",
        dashed: bool = False,
    ) -> None:
        """Draw a frame with its name at the upper left, and more at the right of the line that comes in at `spine`."""
        width, height = map(number, size)
        words = f"{name} {more}".strip()
        self.elements.append(
            f'<g class="{"repeat" if dashed else "block"}"><title>{content(words)}</title>'
            f'<rect x="{number(x)}" y="{number(y)}" width="{width}" height="{height}" rx="8"/></g>'
        )
        self.text(fitted(name, SMALL, spine - INSET - 6), x + INSET, y + 16, "title")
        self.text(fitted(more, SMALL, size[0] - spine - INSET - 6), x + spine + 8, y + 16, "title")

    def line(self, points: Sequence[Point], kind: str = "line") -> None:
        """Draw a line through points, with round corners."""
        path = f"M{number(points[0][0])} {number(points[0][1])}"
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            near, far = towards(corner, before), towards(corner, after)
            path += f"L{pair(near)}Q{pair(corner)} {pair(far)}"
        path += f"L{pair(points[-1])}"
        self.elements.append(f'<path class="{kind}" d="{path}"/>')

    def arrow(self, points: Sequence[Point]) -> None:
        """Draw a line with a head at its end."""
        self.line(points, "arrow")

    def label(self, text: str, x: float, y: float) -> None:
        """Write the shape beside an arrow that goes down."""
        self.text(text, x + 8, y + 3, "shape")

    def dot(self, x: float, y: float) -> None:
        """Mark where branches part."""
        self.elements.append(f'<circle class="dot" cx="{number(x)}" cy="{number(y)}" r="2.5"/>')

    def sum(self, x: float, y: float, radius: float) -> None:
        """Draw the sum of two branches."""
        self.elements += [
            f'<circle class="sum" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>',
            f'<path class="line" d="M{number(x - 5)} {number(y)}h10M{number(x)} {number(y - 5)}v10"/>',
        ]

    def text(self, text: str, x: float, y: float, kind: str) -> None:
        """Write a text, unless it is empty."""
        if text:
            self.elements.append(f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{content(text)}</text>')


def towards(corner: Point, other: Point) -> Point:
    """Return the point where a round corner begins, on the way to `other`."""
    (x, y), (to_x, to_y) = corner, other
    length = max(abs(to_x - x), abs(to_y - y))
    share = min(TURN, length / 2) / length if length else 0.0
    return x + (to_x - x) * share, y + (to_y - y) * share


def pair(point: Point) -> str:
    """Return a point as a path has it."""
    return f"{number(point[0])} {number(point[1])}"


def number(value: float) -> str:
    """Return a length with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")
