"""svg: a picture of the network, for papers, pages and slides."""

from graphnn.exporting.base import TARGETS, DrawnTarget
from graphnn.exporting.drawings.steps import described, drawn_steps, input_shape, shape_label, totals
from graphnn.exporting.drawings.svg_layout import GAP, ChainPart, EndPart, columns, labels_of, part
from graphnn.exporting.drawings.svg_pen import Pen, number
from graphnn.exporting.drawings.svg_text import content, fitted, wrapped
from graphnn.graph.graph import Graph

MARK = "<!-- drawn by graphnn export -->"
HIGHEST = 1080.0  # of a column, in pixels
NARROWEST = 352.0
MARGIN, BETWEEN = 28.0, 44.0  # around the drawing; between columns
HEADING, LINE = 18.0, 12.0  # sizes of fonts
STYLE = """
svg { --page: #ffffff; --ink: #1f2328; --soft: #57606a; --line: #6e7781; --frame: #d0d7de; --block: #f6f8fa;
  --convolution: #dbeafe; --convolution-edge: #2563eb; --product: #ede9fe; --product-edge: #7c3aed;
  --normalisation: #d1fae5; --normalisation-edge: #059669; --activation: #ffe4e6; --activation-edge: #e11d48;
  --pooling: #fef3c7; --pooling-edge: #d97706; --other: #eef1f4; --other-edge: #64748b; }
@media screen and (prefers-color-scheme: dark) { svg { --page: #0d1117; --ink: #e6edf3; --soft: #9da7b1;
  --line: #8b949e; --frame: #3d444d; --block: #151b23;
  --convolution: #14284b; --convolution-edge: #60a5fa; --product: #2a1f4a; --product-edge: #a78bfa;
  --normalisation: #0b3028; --normalisation-edge: #34d399; --activation: #43141f; --activation-edge: #fb7185;
  --pooling: #3b2a09; --pooling-edge: #fbbf24; --other: #21262d; --other-edge: #94a3b8; } }
text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif;
  fill: var(--ink); }
.heading { font-size: 18px; font-weight: 600; } .totals { font-size: 12px; fill: var(--soft); }
.type { font-size: 12.5px; font-weight: 600; } .name, .parameters { text-anchor: end; fill: var(--soft); }
.settings { fill: var(--ink); } .shape { fill: var(--soft); font-size: 10.5px; } .middle { text-anchor: middle; }
.title { fill: var(--soft); font-weight: 600; }
.page { fill: var(--page); } rect { stroke-width: 1.2; }
.end { fill: var(--page); stroke: var(--line); }
.block rect { fill: var(--block); stroke: var(--frame); }
.repeat rect { fill: none; stroke: var(--line); stroke-dasharray: 5 4; }
.line, .arrow { fill: none; stroke: var(--line); stroke-width: 1.3; } .arrow { marker-end: url(#head); }
.dot, .head { fill: var(--line); } .sum { fill: var(--page); stroke: var(--line); stroke-width: 1.3; }
"""
HEAD = """<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path class="head" d="M0 0.5L8 4L0 7.5z"/></marker></defs>"""
KINDS = ("convolution", "product", "normalisation", "activation", "pooling", "other")


class Svg(DrawnTarget):
    """An `.svg` file: text as text, light or dark as the reader's system, light when printed, without scripts."""

    name = "svg"
    suffix = ".svg"
    summary = "a picture of the network"

    def is_own(self, head: bytes) -> bool:
        return MARK.encode() in head

    def text(self, graph: Graph, title: str) -> str:
        return picture(graph, title)


def picture(graph: Graph, title: str) -> str:
    """Return the picture of a network."""
    steps = drawn_steps(graph)
    ends = (EndPart("input"), EndPart(f"output · {graph.loss.type}"))
    labels = ["", *labels_of(steps)]
    shape = shape_label(graph.output_shape)
    labels.append("" if shape == shape_label(input_shape(steps[-1])) else shape)
    drawn = columns([ends[0], *map(part, steps), ends[1]], labels, HIGHEST)
    width = max(sum(each.width for each in drawn) + BETWEEN * (len(drawn) - 1), NARROWEST)
    lines = wrapped(totals(graph), LINE, width)
    top = MARGIN + HEADING + 6 + (LINE + 4) * len(lines) + (16 if len(drawn) == 1 else 16 + GAP)
    pen = Pen()
    pen.text(fitted(title, HEADING * 1.08, width), MARGIN, MARGIN + HEADING - 4, "heading")
    for index, line in enumerate(lines):
        pen.text(line, MARGIN, MARGIN + HEADING + 6 + (LINE + 4) * (index + 1) - 4, "totals")
    draw_columns(pen, drawn, MARGIN, top)
    height = top + max(each.height for each in drawn) + MARGIN + (GAP if len(drawn) > 1 else 0)
    size = f'width="{number(width + 2 * MARGIN)}" height="{number(height)}"'
    box = f'viewBox="0 0 {number(width + 2 * MARGIN)} {number(height)}"'
    colours = "\n".join(f".{kind} rect {{ fill: var(--{kind}); stroke: var(--{kind}-edge); }}" for kind in KINDS)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" aria-labelledby="title desc">',
            MARK,
            f'<title id="title">{content(title)}</title>',
            f'<desc id="desc">{content(described(graph))}</desc>',
            f"<style>{STYLE}{colours}\n</style>",
            HEAD,
            '<rect class="page" width="100%" height="100%"/>',
            *pen.elements,
            "</svg>",
            "",
        ]
    )


def draw_columns(pen: Pen, drawn: list[ChainPart], x: float, y: float) -> None:
    """Draw columns side by side, and an arrow from the end of each to the start of the next."""
    for index, each in enumerate(drawn):
        each.draw(pen, x, y)
        if index + 1 < len(drawn):
            after, lane = drawn[index + 1], x + each.width + BETWEEN / 2
            start, end = x + each.spine, x + each.width + BETWEEN + after.spine
            bottom, top = y + each.height, y - GAP
            below, above = [(start, bottom + GAP), (lane, bottom + GAP)], [(lane, top), (end, top)]
            pen.arrow([(start, bottom), *below, *above, (end, y)])
            pen.label(after.labels[0], end, y - GAP / 2)
        x += each.width + BETWEEN


TARGETS.register(Svg())
