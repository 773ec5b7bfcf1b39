"""The optimizer's update, shared out among processes: equal to the last bit to that of one thread."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from graphnn.engine import engine as engine_module
from graphnn.engine import formation as formation_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.processes import Processes
from graphnn.engine.workers import Workers
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.adamw import AdamW
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.rmsprop import RMSprop
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater

OPTIMIZERS = [
    SGD(0.1, weight_decay=0.01),
    SGDMomentum(0.1, nesterov=True, clip_norm=0.05),
    Adam(0.01, weight_decay=0.01, decay_biases=True),
    AdamW(0.01, clip_norm=0.05),
    RMSprop(0.01),
]


@pytest.fixture(scope="module")
def graph(plain):
    """More parameters than are updated by one process alone, and of many sizes."""
    return plain.network((300,), ("Dense", {"units": 201}), "ReLU", ("Dense", {"units": 37}), "Softmax")


GROUPED = (
    SGDMomentum(0.1, weight_decay=0.01),
    (
        ParameterGroup(match="dense_1/weights", optimizer=Muon()),
        ParameterGroup(match="*/biases", learning_rate_scale=2, weight_decay_scale=0.5),
    ),
)


def trained(plain, graph, optimizer, threads, steps=3, groups=()):
    """Return the parameters and the optimizer's state after some steps."""
    parameters = initialise(graph, 0)
    updater = Updater(optimizer, parameters, groups)
    x, y = plain.samples(graph, 64, dtype=np.float32)
    with plain.cut([8], lanes=8), Engine(graph, parameters, batch_size=64, threads=threads) as engine:
        engine.attach(updater)
        for step in range(steps):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
            engine.update([0.1 / (step + 1) for _ in updater.rules])
        team = type(engine._formation.team)
    assert team is (Processes if threads > 1 and formation_module.can_fork() else Workers)
    assert updater.steps == steps
    return {"parameters": parameters.vector, **updater.state}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.type)
def test_the_number_of_processes_changes_nothing(plain, graph, optimizer):
    assert initialise(graph, 0).vector.size > engine_module.SHARED_SIZE
    expected = trained(plain, graph, optimizer, 1)
    assert not np.array_equal(expected["parameters"], initialise(graph, 0).vector)
    for threads in (2, 3):
        found = trained(plain, graph, optimizer, threads)
        with plain.threads_only():
            in_threads = trained(plain, graph, optimizer, threads)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array, name)
            np.testing.assert_array_equal(in_threads[name], array, name)


def test_the_number_of_processes_changes_nothing_with_groups(plain, graph):
    optimizer, groups = GROUPED
    names = list(initialise(graph, 0).slices)
    assert names == [f"{node.name}/{own}" for own in ("weights", "biases") for node in graph.nodes if node.parameters]
    own = (replace(groups[0], match=names[0]), groups[1])
    expected = trained(plain, graph, optimizer, 1, groups=own)
    assert not np.array_equal(expected["parameters"], trained(plain, graph, optimizer, 1)["parameters"])
    for threads in (2, 3):
        found = trained(plain, graph, optimizer, threads, groups=own)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array, name)


def test_an_update_by_one_process_alone_is_the_same(plain, graph):
    """The size of the network decides between the two."""
    expected = trained(plain, graph, OPTIMIZERS[1], 2)
    with patch.object(engine_module, "SHARED_SIZE", 10**9):
        found = trained(plain, graph, OPTIMIZERS[1], 2)
    np.testing.assert_array_equal(found["parameters"], expected["parameters"])


def test_updates_go_on_after_another_kind_of_targets(plain, graph):
    """Which ends the processes, and makes new ones that know the updater too."""
    results = []
    for threads in (1, 2):
        parameters = initialise(graph, 0)
        updater = Updater(SGDMomentum(0.1), parameters)
        x, y = plain.samples(graph, 64, dtype=np.float32)
        with plain.cut([8]), Engine(graph, parameters, batch_size=64, threads=threads) as engine:
            engine.attach(updater)
            for step, targets in enumerate((y, np.eye(37, dtype=np.float32)[y], y)):
                engine.train_step(ArrayBatch(x, targets), epoch=0, step=step)
                engine.update([0.1])
        results.append(parameters.vector)
    np.testing.assert_array_equal(*results)


def test_there_is_at_least_one_thread(plain, graph):
    with pytest.raises(GraphError, match="threads must be at least 1, not -1"):
        Engine(graph, initialise(graph, 0), batch_size=8, threads=-1)
