"""The plan by hand: stages, pieces, what backward leaves out; nothing in it knows of threads or the machine."""

import inspect

import pytest

from graphnn.engine import cut as cut_module
from graphnn.engine import plan as plan_module
from graphnn.engine.cut import Cut
from graphnn.engine.engine import Engine
from graphnn.engine.plan import Stage, loss_takes_logits, training_plan
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.losses.binary_cross_entropy import BinaryCrossEntropy
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError

CONV, DENSE = ("Conv2D", {"filters": 4}), ("Dense", {"units": 3})
BN = "BatchNormalization"
BARE = (BN, {"scale": False, "center": False})


def outline(plan):
    """Return the stages by the indices of their nodes."""
    return [
        (stage.entry and stage.entry.index, [node.index for node in stage.nodes], stage.exit and stage.exit.index)
        for stage in plan.stages
    ]


@pytest.mark.parametrize(
    ("layers", "stages"),
    [
        (["Flatten", DENSE, "Softmax"], [(None, [0, 1], None)]),
        ([CONV, BN, "ReLU", "Flatten", DENSE, "Softmax"], [(None, [0], 1), (1, [2, 3, 4], None)]),
        ([BN, CONV, "Flatten", DENSE, "Softmax"], [(None, [], 0), (0, [1, 2, 3], None)]),
        (["Flatten", DENSE, BN, BN, "Softmax"], [(None, [0, 1], 2), (2, [], 3), (3, [], None)]),
        (["Flatten", DENSE, "Softmax", BN], [(None, [0, 1, 2], 3), (3, [], None)]),
    ],
)
def test_stages_end_at_batch_wise_nodes(plain, layers, stages):
    assert outline(training_plan(plain.network((2, 4, 4), *layers), 8, NUMPY)) == stages


@pytest.mark.parametrize(
    ("last", "loss", "fused"),
    [
        ("Softmax", CrossEntropy(), True),
        ("Sigmoid", CrossEntropy(), False),
        ("Sigmoid", BinaryCrossEntropy(), True),
        ("Softmax", BinaryCrossEntropy(), False),
        ("Softmax", MeanSquaredError(), False),
        (DENSE, CrossEntropy(), False),
    ],
)
def test_the_loss_takes_the_last_nodes_place(plain, last, loss, fused):
    graph = plain.network((5,), DENSE, last, loss=loss)
    plan = training_plan(graph, 8, NUMPY)
    assert loss_takes_logits(graph) == plan.logits == fused
    assert len(plan.stages[-1].nodes) == (1 if fused else 2)


@pytest.mark.parametrize(
    ("layers", "first"),
    [
        (["Flatten", "ReLU", DENSE, "Softmax"], 2),
        ([BN, "Flatten", DENSE, "Softmax"], 0),
        ([BARE, "Flatten", DENSE, "Softmax"], 2),
        ([BARE, (BN, {"scale": False}), "Flatten", DENSE, "Softmax"], 1),
        (["Flatten", "Softmax"], 1),
        (["Flatten", "Tanh"], 2),
    ],
)
def test_backward_ends_at_the_first_trained_node(plain, layers, first):
    graph = plain.network((2, 4, 4), *layers)
    plan = training_plan(graph, 8, NUMPY)
    assert plan.first_trained == first
    for node in graph.nodes:
        assert plan.trains(node) == (node.index >= first)
        assert plan.needs_dx(node) == (node.index > first)


@pytest.mark.parametrize(
    ("piece", "block", "expected"),
    [
        (4, slice(0, 10), [slice(0, 3), slice(3, 6), slice(6, 10)]),  # not 4, 4 and 2
        (4, slice(20, 28), [slice(20, 24), slice(24, 28)]),
        (4, slice(5, 8), [slice(5, 8)]),
        (1, slice(7, 9), [slice(7, 8), slice(8, 9)]),
    ],
)
def test_pieces_of_a_block(piece, block, expected):
    assert Stage(None, (), None, piece).cut(block) == expected


def test_pieces_by_lane(plain):
    """Each lane has its block in every stage, whatever the pieces of the stage."""
    with plain.cut([2, 3], lanes=3):
        plan = training_plan(plain.network((2, 4, 4), CONV, BN, "ReLU", "Flatten"), 11, NUMPY)
    assert [stage.piece for stage in plan.stages] == [2, 3]
    assert plan.pieces(plan.stages[0], 11) == [
        [slice(0, 1), slice(1, 3)],
        [slice(3, 5), slice(5, 7)],
        [slice(7, 9), slice(9, 11)],
    ]
    assert plan.pieces(plan.stages[1], 11) == [
        [slice(0, 3)],
        [slice(3, 5), slice(5, 7)],
        [slice(7, 9), slice(9, 11)],
    ]
    assert plan.pieces(plan.stages[1], 4) == [[slice(0, 2)], [slice(2, 4)]]
    assert plan.pieces(plan.stages[1], 1) == [[slice(0, 1)]]


def test_a_network_that_is_all_loss(plain):
    """Softmax is computed with the loss, so that no node is left in the only stage."""
    plan = training_plan(plain.network((4,), "Softmax"), 9, NUMPY)
    assert (plan.stages, plan.cut) == ((Stage(None, (), None, 9),), Cut(9, 1))


def test_the_plan_follows_from_the_document_alone(plain):
    graph = plain.network((2, 8, 8), CONV, BN, "ReLU", "Flatten", DENSE, "Softmax")
    plans = []
    for threads in (1, 2, 5):
        with Engine(graph, initialise(graph, 0), batch_size=100, threads=threads, kernels=NUMPY) as engine:
            plans.append(engine.plan)
    assert plans[0] == plans[1] == plans[2] == training_plan(graph, 100, NUMPY)
    names = set(vars(plan_module)) | set(vars(cut_module)) | set(inspect.signature(training_plan).parameters)
    assert not {"os", "time", "threading", "threads", "available_cores", "size"} & names
