"""The results as people and machines read them."""

import json
from typing import Any

import pytest

from graphnn.benchmark import report, values
from graphnn.benchmark.machine import machine, machine_text
from graphnn.benchmark.measure import Comparison, Scaling, SideResult
from graphnn.benchmark.nodes import NodeTime, NodeTimes
from graphnn.benchmark.timing import Times
from graphnn.reports.formats import render
from graphnn.reports.kinds import rate_text


def side(name: str, train: float, predict: float, peak: int | None = 2**20, batch: int = 100) -> SideResult:
    return SideResult(name, Times(batch, (train,) * 4), Times(batch, (predict,) * 4), peak, 0.5)


@pytest.fixture
def compared() -> Comparison:
    differences = {"float64": {"loss": 0.0, "gradients": 2e-15}, "float32": {"loss": 3e-7, "gradients": 1e-8}}
    sides = (side("graphnn", 0.1, 0.02), side("PyTorch", 0.2, 0.01, 2**22), side("PyTorch, compiled", 0.08, 0.04))
    return Comparison(100, 2, sides, differences, "2.13.0")


def test_a_comparison(compared: Comparison) -> None:
    text = render(report.comparison_report("net", compared), width=100)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "net: batch of 100, 2 threads"
    assert lines[1].endswith("as PyTorch 2.13.0: within 2e-15 in float64, 3e-07 in float32")
    rows = [line.split() for line in lines]
    assert ["graphnn", "1,000", "100.0", "±0%", "1.0", "MiB", "0.50", "s"] in rows
    assert ["PyTorch", "500", "200.0", "±0%", "0.50", "4.0", "MiB", "0.50", "s"] in rows
    assert ["PyTorch", "10,000", "10.00", "±0%", "2.00"] in rows
    assert lines[-3:] == [
        "graphnn: training takes 1.25 of the time of the fastest, PyTorch, compiled",
        "graphnn: prediction takes 2.00 of the time of the fastest, PyTorch",
        "graphnn: training takes 1.00 of the memory of the one with the least",
    ]


def test_a_comparison_without_other_sides_has_no_ratio() -> None:
    text = render(report.comparison_report("net", Comparison(1, 1, (side("graphnn", 0.1, 0.1, None, 1),), {}, None)))
    assert "its time" not in text
    assert "takes" not in text
    assert text.splitlines()[0] == "net: batch of 1, 1 thread"
    assert ["graphnn", "10", "100.0", "±0%", "0.50", "s"] in [line.split() for line in text.splitlines()]


def test_values(compared: Comparison) -> None:
    content = json.loads(json.dumps(values.comparison_values(compared)))
    assert content["fastest_other"]["training"] == {"name": "PyTorch, compiled", "ratio": pytest.approx(1.25)}
    assert content["sides"][1]["training"] == {
        "median_ms": 200,
        "spread": 0,
        "steps": 4,
        "images_per_second": 500,
    }
    assert content["sides"][0]["prediction_ratio"] == 1
    alone: Any = values.comparison_values(Comparison(1, 1, compared.sides[:1], {}, None))
    assert alone["fastest_other"] == {"training": None, "prediction": None}
    assert alone["differences"] is None


def test_growth_is_relative_to_128() -> None:
    found = [
        Comparison(size, 1, (side("graphnn", 1e-4 * size + 0.001, 1e-5 * size, batch=size),), {}, None)
        for size in (32, 128, 1024)
    ]
    rows = [line.split() for line in render(report.growth_report("net", found)).splitlines()]
    assert ["32", "131.2", "1.22", "10.0", "1.00"] in rows
    assert ["1,024", "101.0", "0.94", "10.0", "1.00"] in rows
    assert "at 32" in render(report.growth_report("net", found[:1]))


def test_scaling() -> None:
    text = render(report.scaling_report("net", Scaling({1: 100.0, 2: 171.0}, 180.0)))
    assert "2 threads                       171   1.71" in text
    assert text.endswith("2 threads do 95% of what 2 independent processes of one thread do together\n")
    assert values.scaling_values(Scaling({1: 100.0, 2: 171.0}, 180.0))["share"] == 0.95


def test_nodes() -> None:
    conv = NodeTime("conv1", "Conv2D", 0.002, 0.004, 10**8, 2 * 10**8)
    found = NodeTimes((conv, NodeTime("relu_1", "ReLU", 0.001, 0.001, 0, 0)), 0.0005, 0.0005, 0.001, 0.01, 1e11)
    text = render(report.nodes_report("net", 64, found), width=100)
    rows = [line.split() for line in text.splitlines()]
    assert max(map(len, text.splitlines())) <= 100
    assert "GEMM peak of this run: 200 GFLOP/s" in text
    assert ["conv1", "Conv2D", "2.00", "4.00", "60.0%", "100", "100", "50%"] in rows
    assert ["relu_1", "ReLU", "1.00", "1.00", "20.0%"] in rows
    assert ["update", "0.500", "5.0%"] in rows
    assert text.endswith("one step: 10.00 ms, 6,400 images/s\n")
    assert values.node_values(found)["gemm_peak_gflops"] == pytest.approx(200)


def test_the_machine() -> None:
    facts = machine()
    assert int(facts["cores"]) >= 1
    assert facts["numpy"] in machine_text(facts)


@pytest.mark.parametrize(("rate", "text"), [(12345.6, "12,346"), (3.14159, "3.1")])
def test_rates(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_small_gigaflops() -> None:
    assert report.giga_text(1.23e9) == "2.5"
