"""A network as it is drawn: its steps with repetitions folded, and what the box of a layer says."""

from collections.abc import Sequence
from dataclasses import replace

from graphnn.describe.settings import settings_text
from graphnn.exporting.branches import Branches, Step, layer_nodes, steps_of
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.parameters.parameter import Role
from graphnn.text.numbers import count_text, short_count_text
from graphnn.text.visible import single_line
from graphnn.types import Shape, shape_text

CONVOLUTION, PRODUCT, NORMALISATION, ACTIVATION, POOLING, OTHER = (
    "convolution",
    "product",
    "normalisation",
    "activation",
    "pooling",
    "other",
)  # what layers do; each has a colour
KINDS = {
    "AveragePooling2D": POOLING,
    "GlobalAveragePooling": POOLING,
    "MaxPooling2D": POOLING,
    "BatchNormalization": NORMALISATION,
    "LayerNormalization": NORMALISATION,
    "Conv2D": CONVOLUTION,
    "Dense": PRODUCT,
    "Dropout": OTHER,
    "Flatten": OTHER,
    "PReLU": ACTIVATION,
    "Scale": OTHER,
}


@frozen_dataclass
class Repeat:
    """Blocks that follow each other several times, alike but for their names.

    steps: those of the first time. names: of the first block and of the last; "" where they have none.
    """

    times: int
    steps: "tuple[Drawn, ...]"
    names: str

    @property
    def name(self) -> str:
        """How often: × 3."""
        return f"× {self.times}"


@frozen_dataclass
class DrawnBranches:
    """A residual block whose branches are folded."""

    name: str
    body: "tuple[Drawn, ...]"
    shortcut: "tuple[Drawn, ...]"
    input_shape: Shape
    output_shape: Shape


Drawn = Node | DrawnBranches | Repeat


@frozen_dataclass
class LayerBox:
    """What is said of one layer. name: "" where it is only the number of its type. parameters: "" for none."""

    kind: str
    type: str
    name: str
    settings: str
    parameters: str

    @classmethod
    def of(cls, node: Node) -> "LayerBox":
        """Return what is said of a node."""
        layer = node.layer
        kind = KINDS.get(layer.type, OTHER if node.parameters or node.input_shape != node.output_shape else ACTIVATION)
        stem, _, number = node.name.rpartition("_")
        automatic = number.isdecimal() and stem == layer.type.lower()
        count = sum(each.size for each in node.parameters if each.role is not Role.STATISTIC)
        return cls(
            kind,
            layer.type,
            "" if automatic else single_line(node.name),
            single_line(settings_text(layer)),
            short_count_text(count) if count else "",
        )


def drawn_steps(graph: Graph) -> tuple[Drawn, ...]:
    """Return the steps of a network as they are drawn."""
    return folded(steps_of(graph))


@frozen_dataclass
class Unit:
    """Steps that are never drawn apart: a residual block, one use of a block, one round of a Repeat, or a layer alone.

    name: that of the block; "" of layers without one. whole: whether it is more than a layer alone. is_round: of a
    Repeat.
    """

    steps: tuple[Step, ...]
    name: str
    whole: bool
    is_round: bool

    @property
    def is_named(self) -> bool:
        """Whether it is a layer that has a name of its own, which no other may stand for."""
        return not self.whole and isinstance(self.steps[0], Node) and bool(LayerBox.of(self.steps[0]).name)


def folded(steps: Sequence[Step]) -> tuple[Drawn, ...]:
    """Return steps with blocks that follow each other alike as one: of each row of them the longest.

    Layers without a name, such as the activation after each block, may stand between them.
    """
    return rows(units(steps))


def rows(parts: Sequence[Unit]) -> tuple[Drawn, ...]:
    """Return units, each row of them that are alike as one."""
    known: dict[str, int] = {}
    marks = [known.setdefault(repr((part.whole, part.is_round, *map(mark, part.steps))), len(known)) for part in parts]
    found = [repetition(parts[start:], marks[start:]) for start in range(len(parts))]
    result: list[Drawn] = []
    position = 0
    while position < len(parts):
        period, times = found[position]
        count = period * times
        if times == 1 or any(each[0] * each[1] > count for each in found[position + 1 : position + count]):
            result += inside(parts[position])
            position += 1
            continue
        once = tuple(step for part in parts[position : position + period] for step in inside(part))
        ends = [parts[place].name for place in (position, position + count - period)]
        result.append(Repeat(times, once, " … ".join(map(single_line, ends)) if all(ends) else ""))
        position += count
    return tuple(result)


def inside(part: Unit) -> tuple[Drawn, ...]:
    """Return the steps of a unit, residual blocks among them that are alike as one."""
    if len(part.steps) == 1:
        return (drawn(part.steps[0]),)
    return rows([alone(step) for step in part.steps])


def alone(step: Step, group: str = "", *, is_round: bool = False) -> Unit:
    """Return a step as the first of a unit. group: the use of a block that it is in."""
    block = isinstance(step, Branches)
    return Unit((step,), group or (step.name if block else ""), block or bool(group) or is_round, is_round)


def units(steps: Sequence[Step]) -> list[Unit]:
    """Return steps by what is drawn as a whole, as the names tell: second.conv1 is in the use `second` of a block."""
    found: list[Unit] = []
    last: tuple[str, str] | None = None
    for step in steps:
        before, dot, end = step.name.rpartition(".")
        key = (("", end) if end.isdecimal() else (before, "")) if dot else None
        if key is not None and key == last:
            found[-1] = replace(found[-1], steps=(*found[-1].steps, step))
        elif key is not None:
            found.append(alone(step, key[0], is_round=not key[0]))
        else:
            found.append(alone(step))
        last = key
    return found


def repetition(parts: Sequence[Unit], marks: Sequence[int]) -> tuple[int, int]:
    """Return how many of the first units repeat themselves, and how often: (1, 1) where no whole blocks do."""
    best = (1, 1)
    if not parts[0].whole:
        return best
    for period in range(1, len(marks) // 2 + 1):
        times = 1
        while marks[times * period : (times + 1) * period] == marks[:period]:
            times += 1
        longer = times > 1 and times * period > best[0] * best[1]
        if longer and not any(part.is_named for part in parts[: times * period]):
            best = (period, times)
    return best


def drawn(step: Step) -> Drawn:
    """Return a step with the repetitions in its branches folded."""
    if isinstance(step, Branches):
        name, body, shortcut = single_line(step.name), folded(step.body), folded(step.shortcut)
        return DrawnBranches(name, body, shortcut, step.input_shape, step.output_shape)
    return step


def mark(step: Step) -> object:
    """Return what two steps have in common that are drawn alike."""
    if isinstance(step, Branches):
        return [mark(each) for each in step.body], [mark(each) for each in step.shortcut], step.input_shape
    return step.layer.type, repr(step.layer.settings()), step.input_shape


def input_shape(step: Drawn) -> Shape:
    """Return the shape that a step takes."""
    return input_shape(step.steps[0]) if isinstance(step, Repeat) else step.input_shape


def output_shape(step: Drawn) -> Shape:
    """Return the shape that a step gives."""
    return output_shape(step.steps[-1]) if isinstance(step, Repeat) else step.output_shape


def shape_label(shape: Shape) -> str:
    """Return a shape as it stands beside an arrow: 16×8×8; 1 for one number."""
    return shape_text(shape) or "1"


def parameter_count(graph: Graph) -> int:
    """Return the number of all parameters but statistics."""
    return sum(each.size for node in graph.nodes for each in node.parameters if each.role is not Role.STATISTIC)


def totals(graph: Graph) -> str:
    """Return the size of a network in one line: layers, parameters, multiply-adds of one sample."""
    layers = len(list(layer_nodes(steps_of(graph))))
    parts = [
        f"{count_text(layers)} layers" if layers != 1 else "1 layer",
        f"{count_text(parameter_count(graph))} parameters",
        f"{short_count_text(sum(node.multiply_adds for node in graph.nodes))} multiply-adds",
    ]
    return " · ".join(parts)


def described(graph: Graph) -> str:
    """Return a network in one sentence, for those who cannot see the drawing."""
    kinds: dict[str, int] = {}
    for node in layer_nodes(steps_of(graph)):
        kinds[node.layer.type] = kinds.get(node.layer.type, 0) + 1
    several = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    ends = f"from {shape_label(graph.input_shape)} to {shape_label(graph.output_shape)}"
    return f"A network {ends}, drawn from its input to its output: {totals(graph)}; {several}; loss {graph.loss.type}."
