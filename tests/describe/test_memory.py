"""Bytes of a network from shapes alone, and the machine's memory as the system reports it."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn import shared_memory
from graphnn.describe import memory
from graphnn.describe.limits import inference_bytes
from graphnn.describe.memory import (
    WINDOWS,
    activation_bytes,
    npy_header,
    training_memory,
    weight_file_bytes,
)
from graphnn.engine import plan
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.cut import Cut
from graphnn.engine.engine import Engine
from graphnn.graph.graph import Graph, chain
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.base import LAYERS
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater
from graphnn.types import Shape


def small() -> Graph:
    types = [
        ("conv", "Conv2D", {"filters": 2, "kernel_size": 3, "use_bias": False}),
        ("bn", "BatchNormalization", {}),
        ("flat", "Flatten", {}),
        ("out", "Dense", {"units": 3}),
    ]
    layers = [(name, LAYERS.find(kind)(name=name, **options)) for name, kind, options in types]
    return chain(layers, (1, 4, 4), CrossEntropy())


def test_training_memory_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_cores", lambda: 2)
    trainable, fixed = 18 + 4 + 99, 4
    kept, brief = 16 + 32, 32 + 32 + 3
    at_barrier = 2 * 32
    everyone = 3 * trainable + fixed + 4 * (kept + at_barrier)
    each_process = 4 * brief + 2 * 4 * 32 + WINDOWS
    assert training_memory(small(), 4, slots=1, kernels=NUMPY).total == 4 * (everyone + each_process)


def test_there_are_no_more_processes_than_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_cores", lambda: 16)
    for lanes in (1, 4, 32):
        monkeypatch.setattr(plan, "cut_of", lambda stages, batch_size, lanes=lanes: Cut(batch_size, lanes))
        assert training_memory(small(), 64, slots=1, kernels=NUMPY).processes == min(lanes, 16)


@pytest.mark.parametrize(("cores", "buffers"), [(1, 4), (2, 6), (4, 8), (64, 8)])
def test_lanes_by_hand(monkeypatch: pytest.MonkeyPatch, cores: int, buffers: int) -> None:
    """Of 8 lanes, one process needs 4 buffers and each of two 3; the first is the gradient. Dense has 99 parameters."""
    monkeypatch.setattr(memory, "available_cores", lambda: cores)
    monkeypatch.setattr(plan, "cut_of", lambda stages, batch_size: Cut(batch_size, 8))
    assert training_memory(small(), 16, slots=1, kernels=NUMPY).lanes == 4 * (buffers - 1) * 99


def test_what_is_computed_again_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last stage keeps nothing for the batch, which has the input, and what the convolution gives at the barrier.

    For one of 8 pieces, each process has the outputs of the normalisation, Flatten and Dense, two gradients.
    """
    monkeypatch.setattr(plan, "training_piece", lambda nodes, block: 1)
    monkeypatch.setattr(plan, "cut_of", lambda stages, batch_size: Cut(batch_size, 8))
    found = training_memory(small(), 8, slots=1, kernels=NUMPY)
    assert found.outputs == 4 * 8 * (16 + 32)
    assert found.scratch == 4 * (32 + 32 + 3 + 2 * 32 + WINDOWS)


def test_what_blocks_save_by_hand() -> None:
    """Save keeps 4·3·3 numbers of a sample, Swap the body's 8·2·2, and Add gives as many, which do not last."""
    block = Residual([Conv2D(8, strides=2)], [Conv2D(8, 1, strides=2)])
    graph = chain([("block", block)], (4, 3, 3), MeanSquaredError())
    assert [activation_bytes(node) for node in graph.nodes] == [4 * 36, 4 * 32, 4 * 32, 4 * 32, 4 * 32]
    assert training_memory(graph, 2, slots=0, kernels=NUMPY).outputs == 4 * 2 * (36 + 36 + 32)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([("Conv2D", {"filters": 16}), ("BatchNormalization", {}), ("ReLU", {})] * 2, (8, 24, 24)),
        ([("Conv2D", {"filters": 16}), ("ReLU", {}), ("MaxPooling2D", {})] * 2, (8, 32, 32)),
        ([("Dense", {"units": 1500}), ("ReLU", {})] * 2, (1000,)),
        ([("Dense", {"units": 1500, "trainable": False}), ("ReLU", {})] * 2, (1000,)),
        ([("Residual", {"layers": [Conv2D(8), ReLU()], "shortcut": [ReLU()]}), ("ReLU", {})] * 4, (8, 32, 32)),
        ([("Residual", {"layers": [BatchNormalization(), Conv2D(8)]})] * 4, (8, 32, 32)),
        ([("Conv2D", {"filters": 8, "kernel_size": 31})] * 2, (8, 24, 24)),
        ([("Conv2D", {"filters": 8, "kernel_size": 23, "strides": 2, "padding": 11})] * 2, (8, 24, 24)),
    ],
    ids=[
        "batch normalisation",
        "convolution",
        "dense",
        "not trained",
        "blocks",
        "blocks that begin at a barrier",
        "large kernels",
        "large kernels with strides",
    ],
)
def test_training_takes_about_as_much_as_said(
    layers: list[tuple[str, dict[str, Any]]], shape: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_cores", lambda: 1)
    end = [("Flatten", {}), ("Dense", {"units": 10}), ("Softmax", {})]
    made = [LAYERS.find(kind)(name=f"{i}", **options) for i, (kind, options) in enumerate([*layers, *end])]
    graph = chain([(str(layer.name), layer) for layer in made], shape, CrossEntropy())
    rng = np.random.default_rng(0)
    monkeypatch.setattr(shared_memory, "shared_bytes", bytearray)  # which tracemalloc sees
    tracemalloc.start()
    try:
        parameters = initialise(graph, 0)
        updater = Updater(SGDMomentum(), parameters)
        x, y = rng.normal(size=(64, *shape)).astype(np.float32), rng.integers(0, 10, 64)
        with Engine(graph, parameters, batch_size=64, threads=1, kernels=NUMPY) as engine:
            tracemalloc.reset_peak()
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
            updater.step(0.1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.7 < training_memory(graph, 64, slots=1, kernels=NUMPY).of_steps / peak < 1.6


@pytest.mark.parametrize("initializer", ["he_normal", "glorot_uniform", "normal"])
def test_the_first_values_take_no_more_than_said(initializer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one layer has nearly all weights, and the optimizer no state, they take more than a step."""
    monkeypatch.setattr(memory, "available_cores", lambda: 1)
    layers = [("wide", LAYERS.find("Dense")(units=1500, initializer=initializer))]
    graph = chain(layers, (1000,), MeanSquaredError())
    monkeypatch.setattr(shared_memory, "shared_bytes", bytearray)  # which tracemalloc sees, and the gradient with it
    tracemalloc.start()
    try:
        initialise(graph, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    gradient = 4 * 1000 * 1500  # which takes no memory before it is written to
    for said in (training_memory(graph, 1, slots=0, kernels=NUMPY).total, inference_bytes(graph, 1, NUMPY)):
        assert 0.9 < said / (peak - gradient) < 1.1


def test_the_weight_file_is_as_large_as_said(tmp_path: Path) -> None:
    graph = small()
    file = tmp_path / "w.npz"
    meta = np.zeros(1234, np.uint8)
    np.savez(file, allow_pickle=False, **initialise(graph, 0).named(), __meta__=meta)
    assert weight_file_bytes(graph, len(meta)) == file.stat().st_size


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (10**9, 10**9, 3, 3)])
def test_npy_header(shape: tuple[int, ...], tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    assert npy_header("<f4", shape) == file.stat().st_size


def test_a_petabyte_is_counted_and_not_allocated() -> None:
    layers = [(f"d{i}", LAYERS.find("Dense")(name=f"d{i}", units=10**8)) for i in range(3)]
    assert training_memory(chain(layers, (10**7,), CrossEntropy()), 1, slots=0, kernels=NUMPY).total > 4 * 10**16


def test_a_batch_of_a_trillion_is_not_cut() -> None:
    graph = chain([("conv", LAYERS.find("Conv2D")(filters=8))], (3, 512, 512), CrossEntropy())
    assert training_memory(graph, 10**12, slots=0, kernels=NUMPY).total > 4 * 10**12 * 3 * 512**2
