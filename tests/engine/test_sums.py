"""Training steps in float32 whose sums are long and mostly of equal numbers, against the same steps in float64."""

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.initialisation import initialise

BN = "BatchNormalization"
NETWORKS = {
    "vectors of compiled width": ((16, 24, 24), [BN, "ReLU", BN, "GlobalAveragePooling"]),
    "odd": ((5, 23, 25), ["PReLU", BN, "ReLU", "LayerNormalization", BN, "GlobalAveragePooling"]),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("threads", [1, 2])
def test_float32_follows_float64(plain, operations, name, threads):
    """Statistics and gradients of three steps, over some 100,000 numbers a channel, of which half are 0."""
    shape, layers = NETWORKS[name]
    graph = plain.network(shape, *layers, ("Dense", {"units": 4}), "Softmax")
    single, exact = initialise(graph, 1), initialise(graph, 1, np.float64)
    exact.vector[...] = single.vector
    x, y = plain.samples(graph, 200)
    x = np.maximum(x, 0).astype(np.float32)
    options = {"batch_size": 200, "threads": threads, "kernels": operations}
    with Engine(graph, single, **options) as engine, Engine(graph, exact, **options) as reference:
        for step in range(3):
            for each in (engine, reference):
                each.train_step(ArrayBatch(x, y), epoch=0, step=step)
            for key, expected in exact.running.items():
                np.testing.assert_allclose(single.running[key], expected, rtol=2e-6, atol=2e-7, err_msg=key)
            for node, own in exact.gradients.items():
                for key, expected in own.items():
                    size = max(1e-3, np.abs(expected).max())
                    np.testing.assert_allclose(single.gradients[node][key], expected, rtol=0, atol=2e-5 * size)
