"""The engine with either kind of kernels: what it fuses, equal to the last bit for any number of threads, and near."""

import sys

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.fusion import fuse, values_of
from graphnn.engine.plan import kernels_for
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.kernels import choice
from graphnn.kernels.choice import COMPILING
from graphnn.kernels.kernels import NUMPY
from graphnn.kernels.numba_kernels import NUMBA

LAYERS = [
    ("Conv2D", {"filters": 16, "use_bias": False}),
    "BatchNormalization",
    "ReLU",
    ("Conv2D", {"filters": 32}),
    "BatchNormalization",
    "ReLU",
    "MaxPooling2D",
    ("Conv2D", {"filters": 16, "kernel_size": 5}),  # by im2col; its frames take as much memory in both directions
    "ReLU",
    "GELU",
    ("Conv2D", {"filters": 32, "strides": 2}),
    "BatchNormalization",
    "GELU",
    ("MaxPooling2D", {"pool_size": 2, "strides": 1}),
    "Flatten",
    ("Dense", {"units": 32}),
    "BatchNormalization",
    "SiLU",
    ("Dense", {"units": 10}),
    "Softmax",
]


@pytest.fixture(scope="module")
def graph(plain):
    return plain.network((3, 12, 12), *LAYERS)


def names(nodes):
    return [node.label.replace("batchnormalization", "bn") for node in nodes]


def train(plain, graph, kernels, threads):
    """Run steps with a crude update, and return all that can be seen of them."""
    parameters = initialise(graph, 0)
    outcomes = []
    with Engine(graph, parameters, batch_size=40, threads=threads, seed=7, kernels=kernels) as engine:
        for step, n in enumerate((40, 40, 13)):
            x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
            outcomes.append(plain.engine_step(engine, x, y, step=step))
            parameters.gradient[~np.isfinite(parameters.gradient)] = 0  # between the parameters
            parameters.vector -= np.float32(0.01) * parameters.gradient
        x, y = plain.samples(graph, 50, seed=99, dtype=np.float32)
        return outcomes, parameters.vector.copy(), engine.predict(x), engine.evaluate(ArrayBatch(x, y))


def test_the_number_of_threads_changes_nothing(plain, graph, operations):
    with plain.cut([3, 5, 7], lanes=5):
        results = [train(plain, graph, operations, threads) for threads in (1, 2, 4)]
        with plain.threads_only():
            results.append(train(plain, graph, operations, 2))
    for other in results[1:]:
        for found, expected in zip(other[0], results[0][0], strict=True):
            plain.same(found, expected, 0)
        for found, expected in zip(other[1:], results[0][1:], strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("pieces", [[4, 1, 3, 2], None], ids=str)
def test_near_the_layers_one_after_the_other(plain, graph, operations, pieces):
    """Float32 in pieces against float64 over the whole batch: gradients, running statistics, predictions, sums.

    From these parameters no value lies so near to 0 before a ReLU, or to another one below a maximum, that rounding
    decides where its gradient goes; from one in eight others some do.
    """
    parameters, exact = initialise(graph, 2), initialise(graph, 2, np.float64)
    exact.vector[...] = parameters.vector

    def compare():
        with Engine(graph, parameters, batch_size=24, kernels=operations) as engine:
            for step, n in enumerate((24, 24, 13)):
                x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
                expected = plain.step(graph, engine.plan, exact, x.astype(np.float64), y, step=step)
                plain.same(plain.engine_step(engine, x, y, step=step), expected, 1e-3)
                for key, array in exact.running.items():
                    array[...] = expected.running[key]
            x, y = plain.samples(graph, 31, seed=9, dtype=np.float32)
            y_pred = plain.inference(graph, exact, x.astype(np.float64))
            np.testing.assert_allclose(engine.predict(x), y_pred, rtol=0, atol=1e-4)
            sums = graph.loss.piece(y, y_pred, 31, logits=False, dy=None)
            np.testing.assert_allclose(engine.evaluate(ArrayBatch(x, y)), sums, rtol=1e-4)

    if pieces is None:
        compare()
    else:
        with plain.cut(pieces):
            compare()


def test_what_is_merged(graph):
    nodes = graph.nodes
    assert names(fuse(nodes, NUMPY, training=True)) == names(nodes)
    assert names(fuse(nodes, NUMBA, training=True)) == [
        "n0_conv2d",
        "n1_bn + n2_relu",
        "n3_conv2d",
        "n4_bn + n5_relu",
        "n6_maxpooling2d",
        "n7_conv2d",
        "n8_relu",
        "n9_gelu",
        "n10_conv2d",
        "n11_bn + n12_gelu",
        "n13_maxpooling2d",
        "n14_flatten",
        "n15_dense",
        "n16_bn + n17_silu",
        "n18_dense",
        "n19_softmax",
    ]
    tested = fuse(nodes, NUMPY, training=False)
    assert names(tested) == names(fuse(nodes, NUMBA, training=False))
    assert names(tested) == [
        "n0_conv2d + n1_bn + n2_relu",
        "n3_conv2d + n4_bn + n5_relu",
        "n6_maxpooling2d",
        "n7_conv2d + n8_relu",
        "n9_gelu",
        "n10_conv2d + n11_bn",
        "n12_gelu",
        "n13_maxpooling2d",
        "n14_flatten",
        "n15_dense + n16_bn",
        "n17_silu",
        "n18_dense",
        "n19_softmax",
    ]
    assert [node.output_shape for node in tested][:2] == [(16, 12, 12), (32, 12, 12)]


def test_the_arrays_of_merged_nodes_are_those_of_the_parameters(graph):
    parameters = initialise(graph, 0)
    node = fuse(graph.nodes, NUMPY, training=False)[1]
    values = values_of(node, parameters)
    assert values.keys() == {"weights", "biases", "gamma", "beta", "running_mean", "running_variance"}
    for name, array in values.items():
        owner = node.name if name in ("weights", "biases") else "n4_batchnormalization"
        assert array is parameters.values[owner][name]


def test_which_kernels_run_a_graph(plain, graph, monkeypatch):
    """Compiled ones where numba is installed, for networks with images: others would gain nothing, and wait for it."""
    vectors = plain.network((64,), ("Dense", {"units": 10}), "Softmax")
    monkeypatch.setattr(choice, "find_spec", lambda name: name == "numba")
    assert (kernels_for(graph), kernels_for(graph, "numpy"), kernels_for(graph, "numba")) == (NUMBA, NUMPY, NUMBA)
    assert (kernels_for(vectors), kernels_for(vectors, "numba")) == (NUMPY, NUMBA)
    assert [kernels_for(graph, None, work) for work in (0, COMPILING - 1, COMPILING)] == [NUMPY, NUMPY, NUMBA]
    assert kernels_for(graph, "numba", 0) == NUMBA
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert (kernels_for(graph), kernels_for(graph, "numpy"), kernels_for(vectors)) == (NUMPY, NUMPY, NUMPY)
    assert kernels_for(graph, None, 1e15) == NUMPY
    with pytest.raises(GraphError, match=r"numba, which is not installed: .* install 'graphnn\[fast\]'"):
        kernels_for(graph, "numba")
    with pytest.raises(GraphError, match='unknown kernels "numbe"; did you mean "numba"\\?'):
        kernels_for(graph, "numbe")


def test_numpy_alone_never_imports_numba(plain, graph, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)  # an import would fail
    for module in [name for name in sys.modules if name.startswith("graphnn.kernels.compiled")]:
        monkeypatch.delitem(sys.modules, module)
    train(plain, graph, NUMPY, 1)
    assert not any(name.startswith("graphnn.kernels.compiled") for name in sys.modules)


def test_a_numba_that_cannot_be_used_is_told_of_at_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphnn.kernels.compiled.im2col", None)  # importing it raises ImportError
    monkeypatch.delattr("graphnn.kernels.compiled.im2col", raising=False)
    with pytest.raises(GraphError, match=r"numba is installed, but cannot be used: .*; --kernels numpy does without"):
        NUMBA.load()
