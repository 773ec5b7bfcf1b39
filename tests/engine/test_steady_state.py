"""After the first steps nothing large is allocated any more, and threads that begin together share their arrays."""

import gc
import threading
import time
import tracemalloc
import weakref

import numpy as np
import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.engine import workspace as workspace_module
from graphnn.engine.batch import ArrayBatch, SourceBatch
from graphnn.engine.engine import Engine
from graphnn.engine.workspace import Arena, ThreadMemory, Workspace
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.context import channels_last
from graphnn.training.samples import Samples

LAYERS = [
    ("Conv2D", {"filters": 16}),
    "BatchNormalization",
    "ReLU",
    ("Conv2D", {"filters": 16, "kernel_size": 4}),
    "LeakyReLU",
    "MaxPooling2D",
    ("Dropout", {"rate": 0.2}),
    ("Conv2D", {"filters": 24, "strides": 2}),
    "BatchNormalization",
    "SiLU",
    "AveragePooling2D",
    "Flatten",
    ("Dense", {"units": 64}),
    "LayerNormalization",
    "GELU",
    ("Dense", {"units": 10}),
    "Softmax",
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", ["arrays", "stored"])
def test_a_steady_step_allocates_nothing_large(plain, way, operations, threads):
    """The activations of one layer are 2 MiB here; the rest is of 16 lanes, and buffers of 8192 numbers in numpy."""
    graph = plain.network((3, 16, 16), *LAYERS)
    x, y = plain.samples(graph, 128, dtype=np.float32)
    pictures = channels_last(np.zeros(200 * 16 * 16 * 3, np.uint8), (200, 3, 16, 16))
    stored = Samples(pictures, np.arange(200) % 10, normalisation=Normalisation("unit", (3, 16, 16), (0.0,), (255.0,)))
    chosen = np.arange(200)[::-1]

    def run(engine, n, epoch, step):
        if way == "arrays":
            engine.train_step(ArrayBatch(x[:n], y[:n]), epoch=epoch, step=step)
        else:
            engine.train_step(SourceBatch(stored, chosen[:n]), epoch=epoch, step=step)
            engine.evaluate(SourceBatch(stored, chosen))

    with Engine(graph, initialise(graph, 0), batch_size=128, threads=threads, kernels=operations) as engine:
        for step in range(4):  # by then each thread has met each node
            for n in (128, 50):
                run(engine, n, 0, step)
        smallest = 2**30
        for _ in range(3):  # a thread may meet a node for the first time even now
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                for step in range(3):
                    run(engine, 128, 1, step)
                    run(engine, 50, 1, step)
                smallest = min(smallest, tracemalloc.get_traced_memory()[1] - before)
            finally:
                tracemalloc.stop()
            if smallest < 2**19:
                break
        assert smallest < 2**19


def test_threads_that_begin_together_get_one_array(monkeypatch):
    workspace = Workspace(8, NUMPY)
    original = workspace_module.channels_last

    def slow(flat, shape):
        time.sleep(0.01)
        return original(flat, shape)

    monkeypatch.setattr(workspace_module, "channels_last", slow)
    barrier, arrays = threading.Barrier(4), []

    def ask():
        barrier.wait()
        arrays.append(workspace.whole(3, "output", (2, 5, 5), np.float32))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(array is arrays[0] for array in arrays)
    assert arrays[0].shape == (8, 2, 5, 5)
    assert arrays[0].transpose(0, 2, 3, 1).flags.c_contiguous


def test_whole_arrays_differ_by_node_name_shape_and_dtype():
    workspace = Workspace(2, NUMPY)
    keys = [(0, "a", (3,), np.float32), (1, "a", (3,), np.float32), (0, "b", (3,), np.float32)]
    keys += [(0, "a", (4,), np.float32), (0, "a", (3,), np.float64)]
    arrays = [workspace.whole(*key) for key in keys]
    for i, one in enumerate(arrays):
        for other in arrays[:i]:
            assert not np.shares_memory(one, other)
    assert workspace.whole(0, "a", (3,), np.dtype("float32")) is arrays[0]


def test_nodes_use_reserved_memory_in_turn():
    workspace = Workspace(2, NUMPY)
    workspace.reserve(["dy"], 12, np.float64)
    image, vector = (workspace.in_turn("dy", slice(0, 1), tail) for tail in ((3, 2, 2), (5,)))
    assert (image.shape, vector.shape) == ((1, 3, 2, 2), (1, 5))
    assert image.transpose(0, 2, 3, 1).flags.c_contiguous
    assert np.shares_memory(image, vector)
    assert not np.shares_memory(image, workspace.in_turn("dy", slice(1, 2), (5,)))


def test_an_arena_grows_and_is_used_again():
    arena = Arena()
    small = arena.take((2, 3), np.float32)
    assert (small.shape, small.dtype) == ((2, 3), np.float32)
    assert arena.take((2, 3), np.float32) is small
    images = arena.take((1, 2, 3, 1), np.float32, images=True)
    assert images.transpose(0, 2, 3, 1).flags.c_contiguous
    assert images.shape == arena.take((1, 2, 3, 1), np.float32).shape  # in the same memory, in C order
    assert arena.take((1, 2, 3, 1), np.float32).strides == (24, 12, 4, 4)
    assert np.shares_memory(arena.take((3,), np.float64), small)
    large = arena.take((100,), np.float64)
    assert not np.shares_memory(large, small)  # what was handed out stays whole
    assert np.shares_memory(arena.take((2, 3), np.float32), large)
    assert arena.take((0, 3), np.bool_).size == 0


def test_slots_alternate():
    memory = ThreadMemory()
    first, second = memory.next_slot((2, 3), np.float32), memory.next_slot((2, 3), np.float32)
    assert not np.shares_memory(first, second)
    assert np.shares_memory(memory.next_slot((1, 2, 2, 1), np.float32), first)
    assert np.shares_memory(memory.next_slot((6,), np.float32), second)


def test_each_thread_has_slots_of_its_own():
    memory = ThreadMemory()
    slots = [memory.next_slot((4,), np.float32)]
    thread = threading.Thread(target=lambda: slots.append(memory.next_slot((4,), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(*slots)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_memory_of_a_closed_engine_is_freed_without_the_garbage_collector(plain, operations, threads):
    """A loop over models would hold the memory of many, because the collector counts objects, not their bytes."""
    graph = plain.network((3, 16, 16), *LAYERS)
    x, y = plain.samples(graph, 16, dtype=np.float32)
    arenas = []

    def watched(*arguments):
        arenas.append(weakref.ref(arena := Arena(*arguments)))
        return arena

    gc.collect()
    gc.disable()
    try:
        with (
            pytest.MonkeyPatch.context() as patched,
            Engine(graph, initialise(graph, 0), batch_size=16, threads=threads, kernels=operations) as engine,
        ):
            patched.setattr(workspace_module, "Arena", watched)
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
            for _ in range(3):  # what is bound is forgotten as long as its memory grows
                engine.predict(x)
        del engine
        assert len(arenas) > 2
        assert [arena() for arena in arenas if arena() is not None] == []
    finally:
        gc.enable()
