"""BLAS's memory for packing is filled once in every process of an engine, and anew after each fork."""

import os

import numpy as np
import pytest

from graphnn.engine import blas_memory
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.processes import can_fork
from graphnn.graph.initialisation import initialise
from graphnn.shared_memory import shared_zeros


@pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")
def test_every_process_fills_it_after_the_fork(monkeypatch, plain):
    graph = plain.network((2, 4, 4), ("Conv2D", {"filters": 2}), "Flatten", ("Dense", {"units": 3}), "Softmax")
    x, y = plain.samples(graph, 32, dtype=np.float32)
    seen = shared_zeros((2, 40), np.int64)  # by rank, in each call the process's number
    places = {os.getpid(): 0}

    def note(dtype):
        place = places.get(os.getpid(), 1)
        seen[place, np.count_nonzero(seen[place])] = os.getpid() if np.dtype(dtype) == np.float32 else -1

    monkeypatch.setattr(blas_memory, "fill", note)
    with plain.cut([4]), Engine(graph, initialise(graph, 0), batch_size=32, threads=2) as engine:
        for _ in range(2):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        assert np.count_nonzero(seen, axis=1).tolist() == [1, 1]
        engine.predict(x)
        engine._formation.disband()
        engine.predict(x)
    assert np.count_nonzero(seen, axis=1).tolist() == [2, 2]
    assert set(seen[0][:2]) == {os.getpid()}
    assert len(set(seen[1][:2]) - {0, -1, os.getpid()}) == 2  # another child each time


def test_threads_fill_it(monkeypatch, plain):
    graph = plain.network((6,), ("Dense", {"units": 3}), "Softmax")
    seen = []
    monkeypatch.setattr(blas_memory, "fill", seen.append)
    parameters = initialise(graph, 0, np.float64)
    with plain.threads_only(), plain.cut([4]), Engine(graph, parameters, batch_size=32, threads=2) as engine:
        engine.predict(np.zeros((9, 6)))
    assert seen == [np.float64] * 2


def test_it_may_be_of_either_type():
    for dtype in (np.float32, np.float64):
        blas_memory.fill(dtype)
