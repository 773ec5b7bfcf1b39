"""What the parts of a training step take on one core: estimates by shapes, with the measurements behind them.

All rates were measured with float32 on one thread of an AMD EPYC of the fourth generation, as the least time of each
call in many steps of the documents in models/. Other machines are slower or quicker in all of them alike, so that how
many workers pay depends little on the machine. The pieces of a step, by these rates and as measured: cifar10 163 and
162 ms, mnist_record 110 and 109, photographs 28 and 28; too much for mnist_cnn, 51 and 40 ms, mnist, 2.1 and 1.5, and
digits, 1.5 and 1.0. In two processes the slower one took 0.51 to 0.58 of that, where the model says 0.50.
"""

import math

from graphnn.engine.plan import Plan
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.graph.graph import Node
from graphnn.kernels.algorithms import COPY_RATE, GATHER_RATE, WINDOWS_RATE, Algorithm
from graphnn.kernels.convolution import Window
from graphnn.kernels.im2col import Pair
from graphnn.kernels.kernels import Kernels
from graphnn.kernels.winograd import Winograd
from graphnn.layers.batchwise import BatchwiseLayer
from graphnn.layers.conv2d import Conv2D
from graphnn.optimizers.base import Optimizer

# A call of a layer for one piece, forward or backward, whatever its size: Flatten of models/mnist_cnn.json took 10 µs.
CALL = 10e-6

# Of the estimates by which kernels choose algorithms, and of their rates, which are those of a slower machine.
QUICKER = 0.75

# Element-wise work on a number: pooling of 100,000 numbers took 26 µs forward and 79 µs backward.
ELEMENT = 0.3e-9

# Batch normalisation with ReLU takes four calls: to apply it to 262,000 numbers 156 µs, their sums 40 µs, the sums for
# backward 131 µs, the gradient 101 µs.
APPLY, SUMS, SUMS_BACK, APPLY_BACK = 0.55e-9, 0.15e-9, 0.45e-9, 0.4e-9

# numpy passes over memory several times where compiled functions do once.
PASSES = {"numba": 1.0, "numpy": 2.5}

# For each piece all weights of a dense layer are read twice and its gradient is written: 166 µs of 200,000 weights.
DENSE_WEIGHT = 0.83e-9

# The weights that Winograd's algorithms read, for one direction: with a cold cache, 147,000 weights took 110 µs, and a
# third longer in a step.
PREPARED = 1e-9

# Batch normalisation combines the rows of 16 pieces: 88 µs forward and 46 µs backward, of 16 channels as of 128.
COMBINE, COMBINE_BACK = 88e-6, 46e-6
COMBINED_NUMBER = 1e-9  # each number in the rows

# Sums of lanes: those of one worker lie in its cache (561 µs for 15 additions of 219,000 numbers), those of another
# are fetched first.
ADD, ADD_ACROSS = 0.17e-9, 0.5e-9

# A barrier: two processes that arrive together passed it in 3 µs, and every further one is looked at once and told of.
BARRIER, BARRIER_EACH = 3e-6, 0.09e-6

# An element-wise update of one number with so many vectors of state: 1.3 ns with SGDMomentum.
UPDATE, UPDATE_SLOT = 0.6e-9, 0.7e-9

# What the first process does alone for a step: the request, the learning rates, the loss, the progress.
STEP = 100e-6
FINITE = 0.2e-9  # each number of the gradient is looked at
AVERAGE = 0.8e-9  # each parameter is mixed into an average


def image_seconds(
    algorithm: Algorithm, window: Window, channels: int, output: Pair, filters: int, kernels: Kernels, *, gradient: bool
) -> float:
    """Return what a pass of a convolution takes for one image."""
    options = kernels.estimates(window, channels, output, filters, gradient=gradient)
    if algorithm in options:
        return QUICKER * options[algorithm]
    windows = math.prod(window.kernel) * channels * math.prod(output)
    gathered = 0 if window.pointwise else 4 * windows / GATHER_RATE
    return QUICKER * (windows * filters / WINDOWS_RATE + gathered)


def convolution_seconds(node: Node, kernels: Kernels, plan: Plan) -> tuple[float, float]:
    """Return what a convolution takes for one image, forward and backward."""
    layer = node.layer
    assert isinstance(layer, Conv2D)
    chosen, window = layer.algorithms(node.input_shape, kernels), layer.window
    channels, height, width = node.input_shape
    output = window.output((height, width))
    forward = image_seconds(chosen.forward, window, channels, output, layer.filters, kernels, gradient=False)
    backward = 0.0
    if "weights" in plan.trained_of(node):
        backward += image_seconds(
            chosen.weights_gradient, window, channels, output, layer.filters, kernels, gradient=True
        )
    if not plan.needs_dx(node):
        return forward, backward
    rotated, algorithm = window.rotated, chosen.input_gradient
    if algorithm is None or rotated is None:
        windows = math.prod(window.kernel) * channels * math.prod(output)
        return forward, backward + QUICKER * (windows * layer.filters / WINDOWS_RATE + 8 * windows / COPY_RATE)
    back = image_seconds(algorithm, rotated, layer.filters, (height, width), channels, kernels, gradient=False)
    return forward, backward + back


def numbers(node: Node) -> int:
    """Return how many numbers a node reads or writes for a sample, whichever is more."""
    return max(math.prod(node.input_shape), math.prod(node.output_shape))


@frozen_dataclass
class NodeCosts:
    """The seconds of a sample-wise node, forward and backward: for each sample, and for each piece besides."""

    forward: float
    backward: float
    piece_forward: float
    piece_backward: float


def node_costs(node: Node, kernels: Kernels, plan: Plan) -> NodeCosts:
    """Return what a sample-wise node takes."""
    element = ELEMENT * PASSES[kernels.name]
    back = plan.trains(node)
    weights = sum(parameter.size for parameter in node.parameters)
    if isinstance(node.layer, Conv2D):
        forward, backward = convolution_seconds(node, kernels, plan)
        added = element * math.prod(node.output_shape)  # the biases, and their gradient
        return NodeCosts(forward + added, backward + added if back else 0, 2 * CALL, 3 * CALL if back else 0)
    products = QUICKER * node.multiply_adds / WINDOWS_RATE
    passed = element * numbers(node)
    read = DENSE_WEIGHT * weights if node.multiply_adds else 0
    backward = (1 + plan.needs_dx(node)) * products + 2 * passed if back else 0
    return NodeCosts(products + passed, backward, CALL + read / 3, CALL + 2 * read / 3 if back else 0)


@frozen_dataclass
class BatchwiseCosts:
    """The seconds of a node at a barrier.

    For each sample: its sums, to apply it, its sums for backward and its gradient. rows, rows_back: the numbers that a
    piece hands over.
    """

    sums: float
    apply: float
    sums_back: float
    apply_back: float
    rows: int
    rows_back: int


def batchwise_costs(node: Node, kernels: Kernels) -> BatchwiseCosts:
    """Return what a node at a barrier takes."""
    assert isinstance(node.layer, BatchwiseLayer)
    each = math.prod(node.input_shape) * PASSES[kernels.name]
    rows, rows_back = node.layer.sums_sizes(node.input_shape)
    return BatchwiseCosts(SUMS * each, APPLY * each, SUMS_BACK * each, APPLY_BACK * each, rows, rows_back)


def prepared_seconds(node: Node, kernels: Kernels, plan: Plan) -> list[float]:
    """Return what it takes to prepare a node's weights for its algorithms, once a step: for each part."""
    if not isinstance(node.layer, Conv2D):
        return []
    chosen = node.layer.algorithms(node.input_shape, kernels)
    filters, channels, *kernel = node.parameters[0].shape
    parts = [(chosen.forward, filters, part) for part in chosen.forward.parts(channels, filters)]
    if plan.needs_dx(node) and chosen.input_gradient:  # with rotated weights, from the filters to the channels
        parts += [(chosen.input_gradient, channels, part) for part in chosen.input_gradient.parts(filters, channels)]
    return [
        CALL + PREPARED * math.prod(kernel) * outputs * (part.stop - part.start) * isinstance(algorithm, Winograd)
        for algorithm, outputs, part in parts
    ]


def update_seconds(optimizer: Optimizer, shape: tuple[int, int] | None, size: int) -> float:
    """Return what an update of so many numbers takes. shape: of the matrix, where the optimizer works by matrix."""
    seconds = size * (UPDATE + UPDATE_SLOT * len(optimizer.slots))
    if shape is None:
        return seconds
    short, long = sorted(shape)
    iterations: int = getattr(optimizer, "steps", 1)
    products = iterations * (2 * short * short * long + short**3)
    return seconds + QUICKER * products / WINDOWS_RATE + 10 * CALL
