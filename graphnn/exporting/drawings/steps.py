"""A network as it is drawn: its steps with repetitions folded, and what the box of a layer says."""

from collections.abc import Sequence

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
    "Scale": OTHER,
}


@frozen_dataclass
class Repeat:
    """Steps that follow each other several times, alike but for their names. steps: those of the first time."""

    times: int
    steps: "tuple[Drawn, ...]"
    last: str

    @property
    def name(self) -> str:
        """How often: × 3."""
        return f"× {self.times}"

    @property
    def names(self) -> str:
        """The names of the first block and of the last; "" where the steps begin with no block."""
        first = self.steps[0]
        return f"{first.name} … {self.last}" if isinstance(first, DrawnBranches) else ""


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


def folded(steps: Sequence[Step]) -> tuple[Drawn, ...]:
    """Return steps with repetitions as one: of each the longest, and of equally long ones that of fewest steps."""
    known: dict[str, int] = {}
    marks = [known.setdefault(repr(mark(step)), len(known)) for step in steps]
    result: list[Drawn] = []
    position = 0
    while position < len(steps):
        period, times = repetition(marks[position:])
        later = [repetition(marks[start:]) for start in range(position + 1, position + period * times)]
        longest = max((each[0] * each[1] for each in later), default=0)
        if longest > period * times or (later and later[0] == (period, times) and not begins(steps[position])):
            period, times = 1, 1
        if times == 1:
            result.append(drawn(steps[position]))
        else:
            last = steps[position + period * (times - 1)]
            once = folded(steps[position : position + period])
            result.append(Repeat(times, once, single_line(last.name)))
        position += period * times
    return tuple(result)


def begins(step: Step) -> bool:
    """Whether a repetition reads well from this step on: from a block or a layer with weights."""
    return isinstance(step, Branches) or any(each.role is Role.WEIGHT for each in step.parameters)


def repetition(marks: Sequence[int]) -> tuple[int, int]:
    """Return how many of the first marks repeat themselves, and how often: (1, 1) for none."""
    best = (1, 1)
    for period in range(1, len(marks) // 2 + 1):
        times = 1
        while marks[times * period : (times + 1) * period] == marks[:period]:
            times += 1
        if times > 1 and times * period > max(best[0] * best[1], 1):
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
