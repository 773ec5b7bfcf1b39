"""The description of a training step: stages and pieces, the algorithm of each convolution, and memory."""

from collections.abc import Iterator, Mapping

from graphnn.describe.kernels import document_kernels
from graphnn.describe.memory import TrainingMemory, training_memory
from graphnn.engine.plan import Plan, Stage, training_plan
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.algorithms import Algorithm
from graphnn.kernels.convolution import Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.kernels import Kernels
from graphnn.kernels.planar import Planar
from graphnn.layers.conv2d import Conv2D
from graphnn.optimizers.sections import slots_of
from graphnn.specification.spec import Spec


@frozen_dataclass
class StageRow:
    """One stage: the batch-wise node that it begins with, the sample-wise nodes, and the node that it takes sums for.

    loss: the loss at the end of the last stage, where backward starts while the piece is in the cache; None before.
    """

    entry: str | None
    nodes: tuple[str, ...]
    exit: str | None
    loss: str | None
    piece: int
    pieces: int


@frozen_dataclass
class Choice:
    """The algorithm chosen for one pass of a convolution.

    estimates: microseconds of one thread for one image, by algorithm. reason: in words, where the choice does not
    follow from estimates.
    """

    node: str
    computes: str
    algorithm: str
    estimates: Mapping[str, float]
    reason: str


@frozen_dataclass
class TrainingPlan:
    """The plan of a training step on a full batch."""

    name: str
    batch_size: int
    lanes: int
    stages: tuple[StageRow, ...]
    choices: tuple[Choice, ...]
    memory: TrainingMemory
    kernels: str
    optimizer: str


def describe_plan(
    graph: Graph, name: str, batch_size: int, optimizer: str, slots: int, kernels: Kernels
) -> TrainingPlan:
    """Return the plan of a training step; nothing is allocated.

    optimizer: in words. slots: the number of its state vectors.
    """
    plan = training_plan(graph, batch_size, kernels)
    stages = tuple(stage_row(stage, graph, plan, batch_size) for stage in plan.stages)
    return TrainingPlan(
        name=name,
        batch_size=batch_size,
        lanes=plan.cut.lanes,
        stages=stages,
        choices=tuple(choice for node in graph.nodes for choice in choices(node, kernels, plan)),
        memory=training_memory(graph, batch_size, slots, kernels),
        kernels=kernels.name,
        optimizer=optimizer,
    )


def plan_of(spec: Spec, graph: Graph, optimizer: str, kernels: str | None = None) -> TrainingPlan:
    """Return the plan of a training step of a document's network.

    optimizer: all its optimizers, in words. kernels: the name of the kernels to train with; None: see
    document_kernels.
    """
    slots = len(slots_of(spec.optimizer))
    return describe_plan(
        graph, spec.name, spec.training["batch_size"], optimizer, slots, document_kernels(spec, graph, kernels)
    )


def stage_row(stage: Stage, graph: Graph, plan: Plan, batch_size: int) -> StageRow:
    """Return the row of one stage."""
    loss = None
    if stage.exit is None:
        loss = f"{graph.loss.type} with {graph.nodes[-1].name}" if plan.logits else graph.loss.type
    return StageRow(
        entry=None if stage.entry is None else stage.entry.label,
        nodes=tuple(node.label for node in stage.nodes),
        exit=None if stage.exit is None else stage.exit.name,
        loss=loss,
        piece=stage.piece,
        pieces=plan.piece_count(stage, batch_size),
    )


def choices(node: Node, kernels: Kernels, plan: Plan) -> Iterator[Choice]:
    """Yield the choice for each pass of a convolution in the first epoch; nothing for other layers."""
    layer = node.layer
    if not isinstance(layer, Conv2D):
        return
    chosen, window = layer.algorithms(node.input_shape, kernels), layer.window
    channels, height, width = node.input_shape
    output = window.output((height, width))
    yield choice(node, kernels, "forward", chosen.forward, window, channels, output, layer.filters)
    if not plan.needs_dx(node):
        yield Choice(node.name, "input gradient", "left out", {}, "nothing before it is trained")
    elif chosen.input_gradient is None or window.rotated is None:
        yield Choice(node.name, "input gradient", "shares added", {}, f"{window_text(window)}: not a convolution")
    else:
        yield choice(
            node,
            kernels,
            "input gradient",
            chosen.input_gradient,
            window.rotated,
            layer.filters,
            (height, width),
            channels,
        )
    if "weights" not in plan.trained_of(node):
        yield Choice(node.name, "weights gradient", "left out", {}, "they are not trained")
        return
    yield choice(node, kernels, "weights gradient", chosen.weights_gradient, window, channels, output, layer.filters)


def choice(
    node: Node,
    kernels: Kernels,
    computes: str,
    algorithm: Algorithm,
    window: Window,
    channels: int,
    output: Pair,
    filters: int,
) -> Choice:
    """Return a choice with the estimates that led to it."""
    gradient = computes == "weights gradient"
    planar = isinstance(algorithm, Planar)
    options = (
        {} if window.pointwise or planar else kernels.estimates(window, channels, output, filters, gradient=gradient)
    )
    reason = ""
    if window.pointwise:
        reason = "1×1: the pixels are the windows"
    elif planar:
        reason = f"{channels} channel{'s' * (channels > 1)}: planes have longer runs"
    elif not options:
        reason = f"{window_text(window)}: the only way"
    by_name = {option.name: 1e6 * seconds for option, seconds in options.items()}
    return Choice(node.name, computes, algorithm.name, by_name, reason)


def window_text(window: Window) -> str:
    """Return a window in words: 5×5 with stride 2."""
    (kernel_h, kernel_w), (stride_h, stride_w) = window.kernel, window.strides
    text = f"{kernel_h}×{kernel_w}"
    if window.strides != (1, 1):
        text += f" with stride {stride_h}" if stride_h == stride_w else f" with strides {stride_h}×{stride_w}"
    return text
