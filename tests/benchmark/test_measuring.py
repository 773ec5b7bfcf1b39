"""The processes that measure, and their times."""

import io
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphnn.benchmark import measure, memory
from graphnn.benchmark.measure import compare_sides, require_torch
from graphnn.benchmark.memory import peak_bytes
from graphnn.benchmark.nodes import node_times
from graphnn.benchmark.remote import WorkerProcess
from graphnn.benchmark.task import Task, samples
from graphnn.benchmark.timing import QUICK, Effort, Times, gemm_peak, in_turn
from graphnn.benchmark.worker import serve, timed
from graphnn.errors import GraphError

Made = Callable[..., Task]
HANGS = 600  # seconds


def silent(story: str) -> None:
    pass


def state(process: int) -> str:
    """Return the state of a process: T where it is stopped."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def test_times() -> None:
    times = Times(100, (0.01, 0.02, 0.03, 0.02, 0.9))
    assert times.median == 0.02
    assert times.rate == pytest.approx(5000)
    assert times.spread == pytest.approx(0.25)
    assert len(timed(lambda: None, 0, least=3)) == 3


def test_the_peak_of_gemm_is_positive() -> None:
    assert 0 < gemm_peak(0.001, 64) < 1e13


def test_samples_are_the_same_every_time_and_fit_the_loss(task: Made) -> None:
    graph = task().read()[1]
    x, y = samples(graph, 5)
    assert x.shape == (5, 1, 8, 8)
    assert x.dtype == np.float32
    assert y.shape == (5,)
    np.testing.assert_array_equal(x, samples(graph, 5, np.float64)[0])
    binary = task(
        {"type": "Flatten"},
        {"type": "Dense", "units": 3},
        {"type": "Sigmoid"},
        loss={"type": "BinaryCrossEntropy"},
        data={"dataset": "npz", "path": "samples.npz"},
    )
    assert set(np.unique(samples(binary.read()[1], 50)[1])) == {0, 1}
    values = task(
        {"type": "Flatten"}, loss={"type": "MeanSquaredError"}, data={"dataset": "npz", "path": "samples.npz"}
    )
    assert samples(values.read()[1], 5)[1].shape == (5, 64)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_stops_while_another_runs_and_ends_with_all_that_it_forked(task: Made) -> None:
    wide = [{"type": "Dense", "units": 1000}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]
    large = task(*wide, input={"shape": [64]}, threads=2, batch_size=512)
    with WorkerProcess(large) as first, WorkerProcess(task()) as second:
        assert first.started > 0
        groups = {"first": [first], "second": [second], "both": [first, second]}
        found = in_turn(groups, "train", Effort(rounds=2, seconds=0.002, warm_up=0.001))
        assert [len(found[name]) for name in groups] == [1, 1, 2]
        assert [times.samples for times in found["both"]] == [512, 8]
        assert len(found["first"][0].seconds) >= 2
        processes = [process for each in (first, second) for process in members(each)]
        assert len(processes) == 3
        assert soon(lambda: {state(process) for process in processes} == {"T"})
    assert soon(lambda: {state(process) for process in processes} <= {"Z", "gone"})


def soon(holds: Callable[[], bool]) -> bool:
    """Return whether a condition becomes true before long: signals take their time."""
    deadline = time.monotonic() + HANGS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def members(remote: WorkerProcess) -> list[int]:
    """Return the processes of a remote's group."""
    group = remote._process.pid
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and memory.in_group(each, group)]


def test_requests_and_replies_are_lines_of_json(task: Made) -> None:
    run = {"seconds": 0, "warm_up": 0}
    requests = [task().values(), {"do": "train", **run}, {"do": "predict", **run}, {"do": "memory"}]
    replies = io.StringIO()
    assert serve(io.StringIO("".join(json.dumps(request) + "\n" for request in requests)), replies) == 0
    ready, trained, predicted, peak = map(json.loads, replies.getvalue().splitlines())
    assert ready == {"ready": True}
    assert len(trained["times"]) == len(predicted["times"]) == 1
    assert peak.keys() == {"peak_bytes"}


def test_a_wrong_document_and_a_wrong_request_are_answered(task: Made) -> None:
    replies = io.StringIO()
    assert serve(io.StringIO(json.dumps(task().at(document={}).values())), replies) == 2
    assert "layers" in json.loads(replies.getvalue())["error"]
    assert serve(io.StringIO(f'{json.dumps(task().values())}\n{{"do": "train"}}'), replies) == 1
    assert json.loads(replies.getvalue().splitlines()[-1]) == {"error": "KeyError: 'warm_up'"}


def test_an_error_in_the_process_is_raised_here(task: Made, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GraphError, match="graphnn: TypeError"):
        WorkerProcess(task().at(batch_size="many"))
    assert "Traceback" in capfd.readouterr().err  # of what should not happen


def test_weights_that_start_from_images_start_from_the_random_ones(task: Made) -> None:
    layers = (
        {"type": "Conv2D", "filters": 8, "kernel_size": 2, "initializer": "patch_whitening", "trainable": False},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    )
    with WorkerProcess(task(*layers)) as remote:
        assert len(remote.ask({"do": "train", "seconds": 0, "warm_up": 0})["times"]) == 1


def test_a_process_that_ends_is_noticed(task: Made) -> None:
    with WorkerProcess(task()) as remote:
        remote._process.kill()
        remote._process.wait()
        with pytest.raises(GraphError, match="graphnn: the process ended: -9"):
            remote.ask({"do": "train", "seconds": 0, "warm_up": 0})


def test_a_comparison_without_other_sides(task: Made) -> None:
    said: list[str] = []
    found = compare_sides(task().at(kernels="numpy"), QUICK, against_torch=False, say=said.append)
    assert found.ours.name == "graphnn"
    assert said == ["starting graphnn", "training", "predicting"]
    assert found.fastest("training") is None
    assert (found.differences, found.torch_version) == ({}, None)
    peak = found.ours.peak_bytes
    assert peak is not None
    assert 2**24 < peak < 2**30


def test_nodes_take_the_time_of_a_step(task: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks) * 1e-3)  # nothing takes longer on a busy machine
    found = node_times(task().at(kernels="numpy"), QUICK)
    assert [node.type for node in found.nodes] == [layer["type"] for layer in task().document["layers"][:-1]]
    assert all(node.forward > 0 for node in found.nodes)
    by_name = {node.name: node for node in found.nodes}
    conv1, conv2 = by_name["conv1"], by_name["conv2"]
    assert conv1.forward_work == conv1.backward_work == 8 * 9 * 4 * 64  # no input gradient
    assert conv2.backward_work == 2 * conv2.forward_work == 2 * 8 * 9 * 4 * 4 * 16
    assert by_name["bn1"].backward > 0
    parts = sum(node.forward + node.backward for node in found.nodes) + found.loss + found.update
    assert parts + found.rest == pytest.approx(found.step)
    assert found.peak > 0


def test_the_work_of_backward_counts_trained_parameters_only(task: Made) -> None:
    first = {"type": "Conv2D", "filters": 8, "kernel_size": 2, "padding": "valid", "initializer": "patch_whitening"}
    layers = (
        {**first, "trainable": {"weights": False}},
        {"type": "Conv2D", "filters": 4, "trainable": {"weights": False}},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10},
        {"type": "Softmax"},
    )
    found = node_times(task(*layers).at(kernels="numpy"), QUICK)
    assert [node.backward_work for node in found.nodes] == [
        *(0, found.nodes[1].forward_work),
        *(0, 2 * found.nodes[3].forward_work),
    ]


def test_both_kinds_of_kernels_are_compared(task: Made) -> None:
    pytest.importorskip("numba")
    found = compare_sides(task(), QUICK, against_torch=False, say=lambda _: None)
    assert [side.name for side in found.sides] == ["graphnn", "graphnn, numpy alone"]
    assert found.our_sides == found.sides
    assert found.fastest("training") is None


def test_merged_nodes_are_timed_as_one(task: Made) -> None:
    pytest.importorskip("numba")
    found = node_times(task().at(kernels="numba"), QUICK)
    assert [(node.name, node.type) for node in found.nodes[:3]] == [
        ("conv1", "Conv2D"),
        ("bn1 + relu_1", "BatchNormalization + ReLU"),
        ("maxpooling2d_1", "MaxPooling2D"),
    ]
    assert all(node.forward > 0 for node in found.nodes)


def test_shared_memory_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/smaps_rollup").touch()
    monkeypatch.setattr(os, "getpgrp", lambda: 7)
    first = {"RssAnon": 100, "RssShmem": 40, "RssFile": 30}, {"Pss_Anon": 90, "Pss_Shmem": 20}
    forked = {"RssAnon": 50, "RssShmem": 40, "RssFile": 25}, {"Pss_Anon": 40, "Pss_Shmem": 20}
    for number, group, high, (status, rollup) in ((1, 7, 200, first), (2, 7, 120, forked), (3, 8, 999, first)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "stat").write_text(f"{number} (a (b) c) S 1 {group} 0")
        sizes = {"VmHWM": high, **status}
        (folder / "status").write_text("".join(f"{name}:\t{size} kB\n" for name, size in sizes.items()))
        (folder / "smaps_rollup").write_text("".join(f"{name}:   {size} kB\n" for name, size in rollup.items()))
    (tmp_path / "4").mkdir()  # ended meanwhile
    assert peak_bytes(tmp_path) == 1024 * (200 + 120 - 10 - 10 - 20 - 20 - 25)
    (tmp_path / "2/stat").write_text("2 (x) S 1 8 0")
    assert peak_bytes(tmp_path) == 1024 * 200


def test_memory_where_the_system_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peak = peak_bytes(tmp_path)
    assert peak is not None
    assert 2**24 < peak < 2**40
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_bytes(tmp_path) is None


def test_pytorch_is_asked_for_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GraphError, match=r"needs PyTorch, which is not installed here: .* install 'graphnn\[torch\]'"):
        require_torch()


def test_against_pytorch(task: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("CXX", "none")
    monkeypatch.setenv("PATH", "")  # no compiler, so that nothing is compiled
    found = compare_sides(task().at(kernels="numpy"), QUICK, against_torch=True, say=silent)
    assert [side.name for side in found.sides] == ["graphnn", "PyTorch", "PyTorch, channels last"]
    assert max(found.differences["float64"].values()) < 1e-9
    fastest = found.fastest("training")
    assert fastest is not None
    assert found.ratio("training", fastest) == found.ours.training.median / fastest.training.median
