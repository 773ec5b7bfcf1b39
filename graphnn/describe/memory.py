"""How many bytes a network needs, in memory and in its weights file, from shapes alone."""

import math

from graphnn.describe.convolution_memory import FLOAT, convolution_scratch
from graphnn.engine.folding import SHARED_SIZE, most_buffers, shares
from graphnn.engine.plan import Plan, Stage, training_plan
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Graph, Node
from graphnn.kernels.kernels import Kernels
from graphnn.kernels.winograd import Winograd
from graphnn.layers.conv2d import Conv2D
from graphnn.machine.cores import available_cores
from graphnn.metrics.outputs import Numbers, Shares, YesOrNo

LOSS_FLOATS = {
    Numbers: 6,
    YesOrNo: 8,
    Shares: 8,
}  # elements for each output that a loss and its metrics compute besides
WINDOWS = 2**20  # elements of gathered windows and padded images, which are cut to fit the second-level cache


def activation_bytes(node: Node) -> int:
    """Return the bytes of the node's output, or of what it keeps for another node, for one sample."""
    return FLOAT * kept_elements(node)


def kept_elements(node: Node) -> int:
    """Return the elements of one sample that a node keeps: its output, or the input that a later node reads again."""
    return math.prod(node.input_shape if node.layer.keeps_input else node.output_shape)


def parameter_count(node: Node, *, trainable: bool) -> int:
    """Return the number of elements of the node's parameters that are trained, or of those that are not."""
    return sum(parameter.size for parameter in node.parameters if parameter.trainable is trainable)


@frozen_dataclass
class TrainingMemory:
    """About how many bytes training takes at its peak, without the data set.

    parameters: with gradients and the optimizer's state. outputs: the batch, and what is kept of it until backward.
    barriers: the gradients kept there. lanes: the sums of gradients, without those of the first lane. prepared: the
    weights as convolutions read them. scratch: the private memory of one process. start: what drawing the first values
    takes, before anything but the parameters is.
    """

    parameters: int
    outputs: int
    barriers: int
    lanes: int
    prepared: int
    scratch: int
    processes: int
    start: int = 0

    @property
    def of_steps(self) -> int:
        """What the steps take: the sum, with the scratch of all processes."""
        once = self.parameters + self.outputs + self.barriers + self.lanes + self.prepared
        return once + self.processes * self.scratch

    @property
    def total(self) -> int:
        """What the steps take, or the first values where that is more."""
        return max(self.of_steps, self.start)


def training_memory(graph: Graph, batch_size: int, slots: int, kernels: Kernels) -> TrainingMemory:
    """Return about how much memory training takes; nothing is allocated.

    slots: the number of vectors besides parameters and gradients, each as large as the trainable parameters: the
    optimizer's state, an average, the best weights.
    """
    plan = training_plan(graph, batch_size, kernels)
    trainable = sum(parameter_count(node, trainable=True) for node in graph.nodes)
    fixed = sum(parameter_count(node, trainable=False) for node in graph.nodes)
    exits = [stage.exit for stage in plan.stages if stage.exit is not None]
    at_barriers = max((math.prod(node.output_shape) for node in exits), default=0)
    kept = math.prod(graph.input_shape) + sum(map(kept_by_stage, plan.stages))
    several_pieces = any(stage.piece < plan.cut.block for stage in plan.stages)
    processes = min(available_cores(), plan.cut.lanes)
    buffers = most_buffers(plan.cut.lanes, lambda count: shares(range(count), processes))
    largest_stage = max(sum(parameter_count(node, trainable=True) for node in stage.nodes) for stage in plan.stages)
    prepared = sum(prepared_elements(node, kernels, needs_dx=plan.needs_dx(node)) for node in graph.nodes)
    shared = sum(sum(prepared_weights(node, kernels, plan)) for node in graph.nodes) >= SHARED_SIZE
    return TrainingMemory(
        parameters=FLOAT * ((2 + slots) * trainable + fixed),
        outputs=FLOAT * batch_size * kept,
        barriers=FLOAT * batch_size * 2 * at_barriers,
        lanes=FLOAT * (buffers - 1) * largest_stage,
        prepared=FLOAT * prepared * (1 if shared else processes),
        scratch=FLOAT * scratch_elements(graph, plan, kernels, several_pieces=several_pieces),
        processes=processes,
        start=start_bytes(graph),
    )


def kept_by_stage(stage: Stage) -> int:
    """Return the elements of one sample that a stage keeps for the whole batch until backward."""
    nodes = [node for node in (stage.entry, *stage.nodes) if node is not None]
    kept = sum(math.prod(node.input_shape) for node in nodes if node.layer.keeps_input)
    outputs = [node for node in nodes if not stage.is_brief(node)]
    return kept + sum(math.prod(node.output_shape) for node in outputs if outputs_of_its_own(node, stage))


def outputs_of_its_own(node: Node, stage: Stage) -> bool:
    """Whether a node's output takes memory: one that passes its input on does where the exit reads it."""
    return not node.layer.keeps_input or node is stage.last


def brief_elements(plan: Plan) -> int:
    """Return the elements of outputs that last for one piece: in each process, stages use the same memory in turn."""
    largest: dict[int, int] = {}
    for stage in plan.stages:
        nodes = [node for node in (stage.entry, *stage.nodes) if node is not None]
        for position, node in enumerate(nodes):
            if stage.is_brief(node) and not node.layer.keeps_input:
                elements = stage.piece * math.prod(node.output_shape)
                largest[position] = max(largest.get(position, 0), elements)
    return sum(largest.values())


def start_bytes(graph: Graph) -> int:
    """Return the bytes that the parameters take while the first values of the largest are drawn, in float64."""
    sizes = [parameter.size for node in graph.nodes for parameter in node.parameters]
    return FLOAT * (sum(sizes) + 2 * max(sizes, default=0))


def scratch_elements(graph: Graph, plan: Plan, kernels: Kernels, *, several_pieces: bool) -> int:
    """Return the elements private to one process: gradients of a piece, and gathered windows."""
    largest_weights = max((p.size for node in graph.nodes for p in node.parameters if p.trainable), default=0)
    piece = max(stage.piece * max(widths(stage), default=0) for stage in plan.stages)
    images = any(len(node.input_shape) == 3 for node in graph.nodes)
    windows = max(WINDOWS, convolution_scratch(plan, kernels)) if images else 0
    losses = LOSS_FLOATS.get(graph.loss.outputs, 0) * plan.stages[-1].piece * math.prod(graph.output_shape)
    return 2 * largest_weights * several_pieces + 2 * piece + brief_elements(plan) + windows + losses


def prepared_elements(node: Node, kernels: Kernels, *, needs_dx: bool) -> int:
    """Return the elements of a convolution's weights as prepared for its algorithms; 0 for other layers."""
    if not isinstance(node.layer, Conv2D):
        return 0
    algorithms, weights = node.layer.algorithms(node.input_shape, kernels), node.parameters[0]
    matrices = weights.shape[0] * weights.shape[1]
    elements = matrices * algorithms.forward.points if isinstance(algorithms.forward, Winograd) else 0
    if needs_dx and algorithms.input_gradient is not None:
        rotated = algorithms.input_gradient
        elements += matrices * rotated.points if isinstance(rotated, Winograd) else weights.size
    return elements


def prepared_weights(node: Node, kernels: Kernels, plan: Plan) -> list[int]:
    """Return the weights of a convolution once for each direction in which they are prepared; [] for other layers."""
    if not isinstance(node.layer, Conv2D):
        return []
    convolves_back = node.layer.algorithms(node.input_shape, kernels).input_gradient is not None
    return [node.parameters[0].size] * (1 + (convolves_back and plan.needs_dx(node)))


def widths(stage: Stage) -> list[int]:
    """Return the number of elements of each output in a stage, for one sample."""
    return [math.prod(node.output_shape) for node in (stage.entry, *stage.nodes, stage.exit) if node is not None]


def weight_file_bytes(graph: Graph, meta_bytes: int) -> int:
    """Return the bytes of the .npz file of the graph's parameters, with metadata of `meta_bytes`.

    A member takes a local header (30 bytes and the name), a 20-byte zip64 field, the .npy header, the data, and an
    entry in the directory (46 bytes and the name); the directory ends with 22 bytes. Source: PKWARE's APPNOTE 6.3, 4.3.
    """
    members = [
        (f"{node.name}/{parameter.name}", "<f4", parameter.shape, FLOAT * parameter.size)
        for node in graph.nodes
        for parameter in node.parameters
    ]
    members.append(("__meta__", "|u1", (meta_bytes,), meta_bytes))
    return 22 + sum(96 + 2 * len(f"{name}.npy".encode()) + npy_header(kind, shape) + size
                    for name, kind, shape, size in members)  # fmt: skip


def npy_header(kind: str, shape: tuple[int, ...]) -> int:
    """Return the bytes of the header of an .npy file: numpy pads it to a multiple of 64 and leaves room to grow."""
    description = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    growth = 21 - len(str(shape[0])) if shape else 0
    return -(-(10 + len(description) + growth + 1) // 64) * 64
