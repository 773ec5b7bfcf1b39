"""The model of the speed-up: an example worked out by hand, what it must obey, and the documents in models/."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from graphnn.describe import machines, step_costs
from graphnn.describe.document_costs import costs_of
from graphnn.describe.machines import Cluster, cluster_estimate, share_evenly
from graphnn.describe.speedup import StageCosts, StepCosts, shared_out, speedup, step_time
from graphnn.describe.step_costs import node_costs
from graphnn.engine.plan import kernels_for, training_plan
from graphnn.engine.workspace import StepContext, Workspace
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.kernels.numba_kernels import NUMBA
from graphnn.specification.spec import read_spec

STAGES = (
    # seconds by lane; the last stage goes forward and back without a barrier between
    StageCosts((4, 4, 4, 4), (8, 8, 8, 8), combine=1, combine_back=0, elements=100_000, rows=64),
    StageCosts((2, 2, 2, 3), (2, 2, 2, 2), combine=0, combine_back=2, elements=1000, back=False, rows_back=32),
)
COSTS = StepCosts(STAGES, prepared=(2, 3), vectors=12, matrices=(), elements=101_000, alone=7, samples=10)


@pytest.fixture
def round_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the constants values that are easy to reckon with."""

    def put(module: ModuleType, **values: float) -> None:
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)

    put(step_costs, ADD=1e-5, ADD_ACROSS=4e-5, BARRIER=0.5, BARRIER_EACH=0.25)
    put(machines, LATENCY=0.125, USED=1.0, GIGABIT=1000.0)


@pytest.mark.usefixtures("round_numbers")
def test_an_example_by_hand() -> None:
    one = step_time(COSTS, 1)
    # three additions of four lanes, in one worker
    assert (one.pieces, one.barriers, one.update, one.repeated, one.alone) == (16 + 32 + 9 + 8, 0, 12, 8, 7)
    assert one.additions == pytest.approx(3 * 101_000 * 1e-5)
    two = step_time(COSTS, 2)
    assert (two.pieces, two.update, two.repeated, two.alone) == (8 + 16 + 5 + 4, 6, 8, 7)
    # the request, one stage forward, two back, their lanes, the update's request and its end: each 0.5 + 2 · 0.25
    assert two.barriers == 7
    # one addition in each worker, then the sum of the second, which both share where it has many elements
    assert two.additions == pytest.approx(101_000 * 1e-5 + 100_000 * 4e-5 / 2 + 1000 * 4e-5)
    (estimate,) = speedup(COSTS, [2])
    assert estimate.speedup == pytest.approx(one.total / two.total)
    assert estimate.efficiency == pytest.approx(one.total / two.total / 2)


def test_one_worker_is_the_measure() -> None:
    (one,) = speedup(COSTS, [1])
    assert (one.speedup, one.efficiency, one.lanes, one.limit) == (1, 1, (4, 4), "")


def test_uneven_lanes() -> None:
    three, four, five = speedup(COSTS, [3, 4, 5])
    assert (three.lanes, four.lanes, five.lanes) == ((2, 1), (1, 1), (1, 0))
    assert (three.limit, five.limit) == ("uneven lanes", "too few lanes")
    assert five.time == four.time  # only four workers are started
    assert five.efficiency == pytest.approx(four.efficiency * 4 / 5)
    with_two, with_three = (cluster_estimate(COSTS, Cluster(2, each, 10)) for each in (2, 3))
    assert with_three.time == with_two.time


def test_what_costs_most() -> None:
    lanes = (1.0,) * 8
    even = StepCosts([StageCosts(lanes, lanes, 0, 0, 0, back=False)], (), 0, (), 0, 0)
    limits = {
        "": even,
        "statistics, prepared weights": replace(even, prepared=(1.0,)),
        "work of the first process": replace(even, alone=1),
        "update of the parameters": replace(even, matrices=(3.0,), elements=10**6),
        "adding up lanes": replace(even, stages=[replace(even.stages[0], elements=10**9)]),
    }
    for limit, costs in limits.items():
        assert speedup(costs, [8])[0].limit == limit


def test_more_lanes_keep_more_workers_busy() -> None:
    def efficiency(count: int) -> float:
        stage = StageCosts((48 / count,) * count, (96 / count,) * count, 0.01, 0.01, 1000)
        (one,) = speedup(StepCosts([stage], (0.1,), 0.1, (), 1000, 0.1), [16])
        return one.efficiency

    found = [efficiency(count) for count in (1, 2, 4, 8, 16)]
    assert found == sorted(set(found))


def test_what_is_not_cut_is_shared_out_whole() -> None:
    assert [shared_out((6.0, 1.0, 2.0), 4, count) for count in (1, 2, 4)] == [13, 8, 7]
    several = replace(COSTS, shared=True)
    assert [step_time(several, count).repeated for count in (1, 2, 3)] == [8, 6, 6]
    assert step_time(several, 2).barriers > step_time(COSTS, 2).barriers


@pytest.mark.usefixtures("round_numbers")
def test_machines_by_hand() -> None:
    assert cluster_estimate(COSTS, Cluster(1, 2, 10)).time == step_time(COSTS, 2)
    found = cluster_estimate(COSTS, Cluster(2, 1, 10))
    # half of the rows, half of the gradients' 4 bytes twice, the positions of ten samples
    assert found.sent == (64 + 32) / 2 + 2 * 4 * 101_000 / 2 + 80
    # two stages and one back, rows of both, the loss, two of the gradients, two requests with what goes with them
    assert found.time.network == pytest.approx((3 + 2 + 1 + 2 + 4) * 0.125 + found.sent / 10_000)
    assert found.time.pieces == 8 + 16 + 5 + 4
    assert (found.time.update, found.time.barriers, found.lanes) == (12, 0, (2, 2))
    assert cluster_estimate(COSTS, Cluster(2, 3, 10)).lanes == (1, 0)
    assert [share_evenly(COSTS, machines) for machines in (1, 2, 3, 4, 8)] == [True, True, False, True, False]
    assert cluster_estimate(COSTS, Cluster(2, 1, 100)).speedup > found.speedup


IMAGES = {  # the least efficiency of sixteen workers
    **dict.fromkeys(("cifar10", "cifar10_resnet", "cifar10_resnet18", "mnist_record"), 0.8),
    **dict.fromkeys(("cifar10_quick", "cifar10_record", "cifar10_wide"), 0.9),
    **dict.fromkeys(("mnist_cnn", "photographs"), 0.7),
}


@pytest.mark.parametrize("name", IMAGES)
def test_documents_of_images_keep_sixteen_cores_busy(name: str, root: Path) -> None:
    spec = read_spec(root / f"models/{name}.json")
    one, eight, sixteen = speedup(costs_of(spec, build_graph(spec), NUMBA), [1, 8, 16])
    assert one.efficiency == 1
    assert eight.efficiency >= 0.8
    assert sixteen.efficiency >= IMAGES[name]


def test_what_is_prepared_is_shared_out_as_by_the_engine(root: Path) -> None:
    spec = read_spec(root / "models/photographs.json")
    graph = build_graph(spec)
    plan, workspace, parameters = training_plan(graph, 32, NUMBA), Workspace(32, NUMBA), initialise(graph, 0)
    parts = []
    for node in graph.nodes:
        ctx = StepContext(workspace, node, training=True, needs_dx=plan.needs_dx(node))
        parts += node.layer.preparations(parameters.values[node.name], ctx)
    costs = costs_of(spec, graph, NUMBA)
    assert costs.shared
    assert len(costs.prepared) == len(parts) == 13  # four parts for each direction of conv4
    largest = [cost for cost, part in zip(costs.prepared, parts, strict=True) if part.size == 64 * 128 * 9 // 4]
    assert largest == [max(costs.prepared)] * 10  # those, and conv3, which has as many weights as one of them


def test_what_is_frozen_is_not_counted(root: Path) -> None:
    spec = read_spec(root / "models/cifar10_quick.json")
    graph = build_graph(spec)
    kernels = kernels_for(graph, "numpy")
    costs = costs_of(spec, graph, kernels)
    assert costs.lanes == 32
    assert len(costs.matrices) == 6  # the six that Muon updates
    plan = training_plan(graph, 2000, kernels)
    first = node_costs(graph.nodes[0], kernels, plan)
    trained = node_costs(graph.nodes[0], kernels, replace(plan, trained={0: {"weights", "biases"}}))
    assert 0 < first.backward < trained.backward


def test_a_batch_of_a_trillion_is_not_cut(root: Path) -> None:
    spec = read_spec(root / "models/cifar10.json", overrides=["training.batch_size=1000000000000"])
    costs = costs_of(spec, build_graph(spec), NUMBA)
    assert costs.lanes == 32
    assert speedup(costs, [32])[0].efficiency > 0.99


@pytest.mark.parametrize(("name", "measured"), [("cifar10", 0.162), ("mnist_record", 0.109), ("photographs", 0.028)])
def test_pieces_take_what_was_measured(name: str, measured: float, root: Path) -> None:
    """Where kernels choose by other rates than before, those of the model are to be adapted."""
    spec = read_spec(root / f"models/{name}.json")
    costs = costs_of(spec, build_graph(spec), NUMBA)
    assert step_time(costs, 1).pieces == pytest.approx(measured, rel=0.05)
