"""The plan as a report: stages, choices with their estimates, and memory, compared with the engine's plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from graphnn.describe import memory as memory_module
from graphnn.describe.memory import training_memory
from graphnn.describe.plan import TrainingPlan, describe_plan
from graphnn.describe.plan_report import plan_report, plan_values
from graphnn.engine import plan as plan_module
from graphnn.engine.cut import Cut
from graphnn.engine.plan import training_plan
from graphnn.graph.build import build_graph
from graphnn.graph.graph import Graph, chain
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.base import LAYERS
from graphnn.layers.conv2d import Conv2D
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.reports.formats import render
from graphnn.reports.report import Report
from graphnn.specification.spec import read_spec
from graphnn.types import Shape

MODELS = Path(__file__).parents[2] / "models"


def made(shape: Shape, *layers: tuple[str, dict[str, Any]], loss: Any = None) -> Graph:
    named = [(f"{kind.lower()}_{i}", LAYERS.find(kind)(**options)) for i, (kind, options) in enumerate(layers)]
    return chain(named, shape, loss or CrossEntropy())


def shown(plan: TrainingPlan, width: int | None = None, form: str = "table") -> str:
    return render(plan_report(plan, Report(data={})), form, width)


@pytest.fixture
def cifar10() -> tuple[Graph, TrainingPlan]:
    graph = build_graph(read_spec(MODELS / "cifar10.json"))
    return graph, describe_plan(graph, "cifar10", 128, "SGDMomentum", 1, NUMPY)


def test_stages_are_those_of_the_engine(cifar10: tuple[Graph, TrainingPlan]) -> None:
    graph, plan = cifar10
    engines = training_plan(graph, 128, NUMPY)
    for row, stage in zip(plan.stages, engines.stages, strict=True):
        assert row.nodes == tuple(node.name for node in stage.nodes)
        assert (row.piece, row.pieces) == (stage.piece, sum(map(len, engines.pieces(stage, 128))))
    assert plan.stages[1].entry == "bn1"
    assert plan.stages[1].exit == "bn2"
    assert [row.loss for row in plan.stages[-2:]] == [None, "CrossEntropy with softmax_1"]


def test_a_batch_of_a_trillion_is_counted_and_not_cut(cifar10: tuple[Graph, TrainingPlan]) -> None:
    graph, _ = cifar10
    plan = describe_plan(graph, "cifar10", 10**12, "SGDMomentum", 1, NUMPY)
    assert all(row.pieces >= 10**12 // row.piece for row in plan.stages)


def test_the_algorithm_named_is_the_one_used_and_has_the_least_estimate(cifar10: tuple[Graph, TrainingPlan]) -> None:
    graph, plan = cifar10
    by_name = {(choice.node, choice.computes): choice for choice in plan.choices}
    assert by_name["conv1", "input gradient"].reason == "nothing before it is trained"
    for node in graph.nodes:
        if not isinstance(node.layer, Conv2D):
            continue
        used = node.layer.algorithms(node.input_shape, NUMPY)
        passes = {"forward": used.forward, "weights gradient": used.weights_gradient}
        if node.index > 0 and used.input_gradient is not None:
            passes["input gradient"] = used.input_gradient
        for computes, algorithm in passes.items():
            choice = by_name[node.name, computes]
            assert choice.algorithm == algorithm.name
            if node.name == "conv1":
                assert choice.reason == "3 channels: planes have longer runs"
                continue
            assert choice.estimates[choice.algorithm] == min(choice.estimates.values())
            assert len(choice.estimates) == 3


def test_a_convolution_with_one_way_only_says_why() -> None:
    graph = made(
        (5, 16, 16),
        ("Conv2D", {"filters": 5, "kernel_size": 5}),
        ("Conv2D", {"filters": 5, "strides": 2}),
        ("Conv2D", {"filters": 5, "strides": (2, 1)}),
        ("Conv2D", {"filters": 4, "kernel_size": 1}),
        ("Flatten", {}),
    )
    plan = describe_plan(graph, "odd", 8, "SGD", 0, NUMPY)
    found = {(choice.node, choice.computes): (choice.algorithm, choice.reason) for choice in plan.choices}
    assert found["conv2d_0", "forward"] == ("im2col", "5×5: the only way")
    assert found["conv2d_1", "forward"] == ("im2col", "3×3 with stride 2: the only way")
    assert found["conv2d_1", "input gradient"] == ("shares added", "3×3 with stride 2: not a convolution")
    assert found["conv2d_2", "weights gradient"] == ("im2col", "3×3 with strides 2×1: the only way")
    assert found["conv2d_3", "input gradient"] == ("GEMM", "1×1: the pixels are the windows")


def test_what_is_not_trained_is_left_out() -> None:
    graph = made(
        (3, 8, 8),
        ("Conv2D", {"filters": 4, "trainable": {"weights": False}}),
        ("Conv2D", {"filters": 4, "trainable": False}),
        ("Flatten", {}),
    )
    plan = describe_plan(graph, "fixed", 8, "SGD", 0, NUMPY)
    found = {(choice.node, choice.computes): (choice.algorithm, choice.reason) for choice in plan.choices}
    assert found["conv2d_0", "weights gradient"] == ("left out", "they are not trained")
    assert found["conv2d_1", "weights gradient"] == ("left out", "they are not trained")
    assert found["conv2d_1", "input gradient"][0] != "left out"


def test_the_text_fits_the_width_and_shows_what_was_considered(cifar10: tuple[Graph, TrainingPlan]) -> None:
    text = shown(cifar10[1], 100)
    assert max(map(len, text.splitlines())) <= 100
    line = next(line for line in text.splitlines() if line.startswith("conv6"))
    assert line.split("  ")[0] == "conv6"
    assert "Winograd F(4×4, 3×3)" in line
    assert "im2col takes " in line
    assert "F(2×2) " in line
    assert "    2  16 × 8  bn1 → relu_1 → conv2 → sums of bn2" in text.splitlines()
    assert max(map(len, shown(cifar10[1], 80).splitlines())) <= 80
    assert shown(cifar10[1]) == shown(cifar10[1], 80)  # a pipe has no width
    assert sum(line.startswith("conv6") for line in text.splitlines()) == 1  # its further passes go without the name
    assert shown(cifar10[1], form="markdown").startswith("| stage | pieces |")


def test_without_convolutions_and_barriers() -> None:
    graph = made((8,), ("Dense", {"units": 4}), loss=MeanSquaredError())
    plan = describe_plan(graph, "small", 16, "SGD", 0, NUMPY)
    text = shown(plan)
    assert "convolution" not in text
    assert "barriers  " not in text
    assert "lanes" not in text
    assert "    1  1 × 16  dense_0 → MeanSquaredError → back" in text.splitlines()
    assert plan_values(plan)["convolutions"] == []
    assert "convolution" not in shown(plan, form="markdown")


def test_values_are_json_and_the_workspace_adds_up(cifar10: tuple[Graph, TrainingPlan]) -> None:
    graph, plan = cifar10
    content = json.loads(json.dumps(plan_values(plan)))
    memory = content["memory"]
    shared = sum(memory[f"{name}_bytes"] for name in ("parameters", "outputs", "barriers", "lanes", "prepared"))
    assert memory["total_bytes"] == shared + memory["processes"] * memory["scratch_bytes"]
    assert memory["total_bytes"] == training_memory(graph, 128, 1, NUMPY).total
    assert memory["barriers_bytes"] == 2 * 4 * 128 * 32 * 32 * 32
    names = {"im2col", "Winograd F(4×4, 3×3)", "Winograd F(2×2, 3×3)"}
    assert content["convolutions"][3]["estimates_us"].keys() == names


def test_transformed_weights_count_once() -> None:
    layers = [("Conv2D", {"filters": 128}), ("Conv2D", {"filters": 128}), ("Flatten", {})]
    with_gradient = training_memory(made((128, 8, 8), *layers), 8, 0, NUMPY).prepared
    layers[1] = ("Conv2D", {"filters": 128, "strides": 2})
    without = training_memory(made((128, 8, 8), *layers), 8, 0, NUMPY).prepared
    assert with_gradient - without == 2 * 4 * 36 * 128 * 128
    layers[1] = ("Conv2D", {"filters": 128, "kernel_size": 1})
    assert training_memory(made((128, 8, 8), *layers), 8, 0, NUMPY).prepared - without == 4 * 128 * 128


def test_few_transformed_weights_count_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = made((64, 8, 8), ("Conv2D", {"filters": 64}), ("Flatten", {}))
    monkeypatch.setattr(plan_module, "cut_of", lambda stages, batch_size: Cut(batch_size, 8))
    needed = []
    for cores in (1, 3):
        monkeypatch.setattr(memory_module, "available_cores", lambda cores=cores: cores)
        needed.append(training_memory(graph, 8, 0, NUMPY).prepared)
    assert needed == [4 * 36 * 64 * 64, 3 * 4 * 36 * 64 * 64]
