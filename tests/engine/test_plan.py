"""The plan by hand: stages, pieces, what backward leaves out; nothing in it knows of threads or the machine."""

import inspect

import pytest

from graphnn.engine import plan as plan_module
from graphnn.engine.engine import Engine
from graphnn.engine.plan import Stage, loss_takes_logits, piece_size, training_plan
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
    ("piece", "samples", "expected"),
    [
        (4, 10, [slice(0, 4), slice(4, 8), slice(8, 10)]),
        (4, 8, [slice(0, 4), slice(4, 8)]),
        (4, 3, [slice(0, 3)]),
        (1, 2, [slice(0, 1), slice(1, 2)]),
    ],
)
def test_pieces(piece, samples, expected):
    assert Stage(None, (), None, piece).cut(samples) == expected


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100, 128, 1000])
@pytest.mark.parametrize("layers", [[CONV, "ReLU"], ["ReLU"], [("Conv2D", {"filters": 512, "kernel_size": 5})], []])
def test_pieces_lie_within_the_batch(plain, layers, batch_size):
    nodes = plain.network((16, 32, 32), *layers, loss=MeanSquaredError()).nodes if layers else ()
    assert 1 <= piece_size(nodes, batch_size) <= batch_size


def test_pieces_get_smaller_with_work_and_size(plain, monkeypatch):
    """1×8×8 through 1×1 convolutions to 2 and 4 channels: 128 + 512 multiply-adds, 768 and 1536 bytes a sample."""
    monkeypatch.setattr(plan_module, "LANES", 4)
    monkeypatch.setattr(plan_module, "ELEMENT_WORK", 0)
    layers = [("Conv2D", {"filters": filters, "kernel_size": 1}) for filters in (2, 4)]
    nodes = plain.network((1, 8, 8), *layers, loss=MeanSquaredError()).nodes
    assert sum(node.multiply_adds for node in nodes) == 128 + 512
    for piece_bytes, multiply_adds, piece in (
        (2**20, 1, 16),  # a lane's share of 64
        (1536 * 5, 1, 5),  # what fits
        (2**20, 640 * 30, 32),  # two pieces are worthwhile
        (1536 * 15, 1, 15),  # and stays so with a fifth piece for four lanes
        (2**20, 640 * 20, 32),  # three are, but two share out evenly
        (2**20, 640 * 1000, 64),  # one is
        (1, 640 * 30, 32),  # less would not be worth a thread's while
        (1, 1, 1),
    ):
        monkeypatch.setattr(plan_module, "PIECE_BYTES", piece_bytes)
        monkeypatch.setattr(plan_module, "PIECE_WORK", multiply_adds)
        assert piece_size(nodes, 64) == piece


@pytest.mark.parametrize(("batch_size", "piece"), [(1, 1), (2, 1), (100, 50), (256, 128), (2000, 128)])
def test_vectors_are_cut_in_two_and_of_many_a_matrix_product_has_128_rows(plain, monkeypatch, batch_size, piece):
    monkeypatch.setattr(plan_module, "PIECE_WORK", 1)
    nodes = plain.network((5,), ("Dense", {"units": 2}), loss=MeanSquaredError()).nodes
    assert piece_size(nodes, batch_size) == piece


def test_element_wise_work_counts_too(plain, monkeypatch):
    """Without it, what is cheap but large would go through in one piece, on one thread."""
    monkeypatch.setattr(plan_module, "PIECE_WORK", 2**16)
    monkeypatch.setattr(plan_module, "ELEMENT_WORK", 32)
    nodes = plain.network((16, 32, 32), "ReLU", loss=MeanSquaredError()).nodes
    assert piece_size(nodes, 128) < 128


def test_a_network_that_is_all_loss(plain):
    """Softmax is computed with the loss, so that no node is left in the only stage."""
    plan = training_plan(plain.network((4,), "Softmax"), 9, NUMPY)
    assert plan.stages == (Stage(None, (), None, 9),)


def test_the_plan_follows_from_the_document_alone(plain):
    graph = plain.network((2, 8, 8), CONV, BN, "ReLU", "Flatten", DENSE, "Softmax")
    plans = []
    for threads in (1, 2, 5):
        with Engine(graph, initialise(graph, 0), batch_size=100, threads=threads, kernels=NUMPY) as engine:
            plans.append(engine.plan)
    assert plans[0] == plans[1] == plans[2] == training_plan(graph, 100, NUMPY)
    names = set(vars(plan_module)) | set(inspect.signature(training_plan).parameters)
    assert not {"os", "time", "threading", "threads"} & names
