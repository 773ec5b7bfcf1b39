"""mermaid: a flowchart as text, which GitHub, GitLab and many editors draw."""

import json
from collections.abc import Iterable

from graphnn.exporting.base import TARGETS, DrawnTarget
from graphnn.exporting.drawings.steps import (
    Drawn,
    DrawnBranches,
    LayerBox,
    Repeat,
    described,
    drawn_steps,
    output_shape,
    shape_label,
    totals,
)
from graphnn.graph.graph import Graph, Node
from graphnn.text.visible import single_line
from graphnn.types import Shape

COLOURS = {
    "convolution": ("dbeafe", "2563eb"),
    "product": ("ede9fe", "7c3aed"),
    "normalisation": ("d1fae5", "059669"),
    "activation": ("ffe4e6", "e11d48"),
    "pooling": ("fef3c7", "d97706"),
    "other": ("f1f5f9", "64748b"),
}  # of boxes and their borders
LONGEST = 40  # characters of a line; mermaid breaks them between words only
TWINS = str.maketrans({"<": "‹", ">": "›", "&": "+", '"': "″", "`": "ˋ", "#": "＃", ";": "；", "\\": "＼"})
# for what mermaid, Markdown or HTML would read as markup, and which all versions of mermaid escape differently


class Mermaid(DrawnTarget):
    """A `.mmd` file with a flowchart from top to bottom."""

    name = "mermaid"
    suffix = ".mmd"
    summary = "a flowchart as text, for Markdown on GitHub"

    def is_own(self, head: bytes) -> bool:
        return b"%% drawn by graphnn export" in head

    def text(self, graph: Graph, title: str) -> str:
        return "\n".join([*Flowchart(graph, title).lines, ""])


class Flowchart:
    """A flowchart while it is drawn. Arrows come after all nodes: within a frame, one would draw its ends into it."""

    def __init__(self, graph: Graph, title: str) -> None:
        self.count = 0
        self.nodes: list[str] = []
        self.arrows: list[str] = []
        self.line("    ", 'input(["input"])')
        last = self.steps(drawn_steps(graph), "input", graph.input_shape, "    ")
        self.line("    ", f'output(["{label([f"output, {graph.loss.type}"])}"])')
        self.arrow(last, "output", graph.output_shape)
        heading = f"{short(single_line(title), 2 * LONGEST)}: {totals(graph)}".translate(TWINS)
        self.lines = [
            *("---", f"title: {json.dumps(heading, ensure_ascii=False)}", "---"),
            *("%% drawn by graphnn export", "flowchart TB"),
            f"    accDescr: {described(graph).translate(TWINS)}",
            *self.nodes,
            *self.arrows,
        ]
        for kind, (fill, stroke) in COLOURS.items():
            self.lines.append(f"    classDef {kind} fill:#{fill},stroke:#{stroke},color:#111827")

    def line(self, indent: str, text: str) -> None:
        """Add a node, or an end of a frame."""
        self.nodes.append(indent + text)

    def arrow(self, start: str, end: str, shape: Shape) -> None:
        """Add an arrow with the shape of what flows along it."""
        self.arrows.append(f'    {start} -->|"{shape_label(shape)}"| {end}')

    def steps(self, steps: Iterable[Drawn], source: str, shape: Shape, indent: str) -> str:
        """Draw steps after the node `source`, which gives `shape`, and return the last node."""
        for step in steps:
            if isinstance(step, Repeat):
                self.open(f"{step.name}: {step.names}" if step.names else step.name, indent)
                source = self.steps(step.steps, source, shape, indent + "    ")
                self.line(indent, "end")
            elif isinstance(step, DrawnBranches):
                source = self.branches(step, source, indent)
            else:
                source = self.layer(step, source, shape, indent)
            shape = output_shape(step)
        return source

    def branches(self, step: DrawnBranches, source: str, indent: str) -> str:
        """Draw a block, whose branches meet in a sum."""
        self.open(step.name, indent)
        inside = indent + "    "
        body = self.steps(step.body, source, step.input_shape, inside)
        shortcut = self.steps(step.shortcut, source, step.input_shape, inside)
        name = self.new("sum")
        self.line(inside, f'{name}(("+"))')
        self.arrow(body, name, step.output_shape)
        self.arrow(shortcut, name, step.output_shape)
        self.line(indent, "end")
        return name

    def layer(self, node: Node, source: str, shape: Shape, indent: str) -> str:
        """Draw a layer."""
        box = LayerBox.of(node)
        name = self.new("layer")
        parameters = f"{box.parameters} parameters" if box.parameters else ""
        lines = [each for each in (box.name, box.type, box.settings, parameters) if each]
        self.line(indent, f'{name}["{label(lines)}"]:::{box.kind}')
        self.arrow(source, name, shape)
        return name

    def open(self, title: str, indent: str) -> None:
        """Begin a frame around what is drawn up to its `end`; its title has one line."""
        self.line(indent, f'subgraph {self.new("block")}["{short(title, LONGEST).translate(TWINS)}"]')

    def new(self, kind: str) -> str:
        """Return a name that is not taken."""
        self.count += 1
        return f"{kind}{self.count}"


def label(lines: Iterable[str]) -> str:
    """Return lines as the text of a node, within quotes."""
    return "<br/>".join(part.translate(TWINS) for line in lines for part in parts(line))


def parts(line: str) -> list[str]:
    """Return a line in parts that are not too long, cut between words where there are any."""
    found = [""]
    for word in line.split(" "):
        pieces = [word[at : at + LONGEST] for at in range(0, len(word), LONGEST)] or [""]
        if len(found[-1]) + 1 + len(pieces[0]) <= LONGEST:
            found[-1] = f"{found[-1]} {pieces.pop(0)}".strip()
        found += pieces
    return [each for each in found if each]


def short(text: str, longest: int) -> str:
    """Return a text, or its beginning and …"""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


TARGETS.register(Mermaid())
