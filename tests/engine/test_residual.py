"""Residual blocks, which the engine runs taken apart, against the same blocks run whole."""

import re
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphnn.engine import plan as plan_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.fusion import fuse
from graphnn.engine.plan import Lasting, training_plan
from graphnn.errors import GraphError
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.base import LAYERS
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.context import Context
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.global_average_pooling import GlobalAveragePooling
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.softmax import Softmax
from graphnn.layers.tanh import Tanh
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError

C, BN, R = Conv2D(3, use_bias=False), BatchNormalization(), ReLU()
DOWN = Conv2D(4, strides=2)
FIRST = [C, BN, R, C, BN]  # as in "Deep residual learning": the activation after the sum
SECOND = [BN, R, C, BN, Tanh(), C]  # as in "Identity mappings": all before
POINT = Conv2D(4, 1, strides=2, use_bias=False)
HEAD = [GlobalAveragePooling(), Dense(4), Softmax()]

NETWORKS = {
    "identity": [C, R, Residual([C, R]), R, *HEAD],
    "normalised, activation after the sum": [C, BN, R, Residual(FIRST), R, Residual(FIRST), R, *HEAD],
    "activation before": [C, Residual(SECOND), Residual(SECOND), BN, R, *HEAD],
    "shortcut": [C, R, Residual([DOWN, BN, R, Conv2D(4), BN], [POINT, BN]), R, *HEAD],
    "shortcut without sums": [C, BN, R, Residual([DOWN, R, Conv2D(4)], [POINT]), R, *HEAD],
    "shortcut that begins with sums": [C, R, Residual([BN, R, DOWN], [BN, POINT]), BN, *HEAD],
    "shortcut that is in place": [C, BN, Residual([C, BN], [Tanh()]), BN, Residual([Tanh()], [R]), *HEAD],
    "block first": [Residual(FIRST), R, *HEAD],
    "block first, with shortcut": [Residual([C, BN], [C, Tanh(), C]), BN, R, *HEAD],
    "block first, trained in the shortcut alone": [Residual([Tanh()], [R, C, BN]), R, *HEAD],
    "block first, trained in the body alone": [Residual([C, R], [Tanh()]), *HEAD],
    "nothing trained in it": [C, Residual([Tanh()]), Residual([Tanh()], [R]), BN, Residual([Tanh()]), *HEAD],
    "nothing trained before its end": [Residual([Tanh()]), R, *HEAD],
    "normalised first": [Residual([BN, C]), BN, *HEAD],
    "blocks in blocks": [
        Residual([Residual([C, BN, Residual([R, C])]), R, Residual([C, R], [Residual([BN, C]), BN])]),
        Residual([Residual([Residual([BN])])]),
        *HEAD,
    ],
    "block last": [C, BN, Residual([C, BN], [Residual([Tanh()])])],
    "vectors": [GlobalAveragePooling(), Residual([Dense(5), BN, R, Dense(3)]), Residual([Dense(6)], [Dense(6), BN])],
}


def network(layers, shape):
    named = [(f"n{index}", layer) for index, layer in enumerate(layers)]
    return named, chain(named, shape, CrossEntropy() if layers[-1].type == "Softmax" else MeanSquaredError())


def taken_apart(name):
    """Return the name of a node's array for that of a block: n3.layers0/weights for n3/layers.0.weights."""
    *places, own = re.sub(r"(layers|shortcut)\.(\d+)\.", r"\1\2/", name).split("/")
    return f"{'.'.join(places)}/{own}"


def whole(named, graph, parameters, x, y):
    """Run forward, loss and backward layer by layer, each block as one layer, over the whole batch."""
    values = {key: array.copy() for key, array in parameters.named().items()}
    value, backwards, shape = x, [], graph.input_shape
    for name, layer in named:
        own = {p.name: values[taken_apart(f"{name}/{p.name}")] for p in layer.parameters(shape)}
        ctx = Context(input_shape=shape, training=True, rng=np.random.default_rng(0))
        value, backward = layer.run(own, value, ctx)
        backwards.append((name, backward))
        shape = layer.output_shape(shape)
    dy = np.empty_like(value)
    sums = graph.loss.piece(y, value, len(x), logits=False, dy=dy)
    gradients = {}
    for name, backward in reversed(backwards):
        dy, own = backward(dy.copy("K"))
        gradients.update({taken_apart(f"{name}/{key}"): array for key, array in own.items()})
    return sums, gradients, {key: values[key] for key in parameters.running}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("pieces", "threads"), [([4, 1, 3, 2], 2), ([2], 1), ([11], 1)], ids=str)
def test_equals_the_blocks_run_whole(plain, name, pieces, threads):
    """Several steps, some of fewer samples, over the same memory; parameters change in between."""
    named, graph = network(NETWORKS[name], (3, 5, 5))
    parameters = initialise(graph, 1, np.float64)
    rng = np.random.default_rng(2)
    with plain.cut(pieces), Engine(graph, parameters, batch_size=11, threads=threads, seed=9) as engine:
        for step, n in enumerate((11, 4, 11, 3, 7, 11)):
            parameters.vector[...] = initialise(graph, step, np.float64).vector
            parameters.vector += rng.normal(0, 0.1, parameters.vector.size)
            x, y = plain.samples(graph, n, seed=step)
            sums, gradients, running = whole(named, graph, parameters, x, y)
            plainly = plain.step(graph, engine.plan, parameters, x, y, seed=9, epoch=3, step=step)
            found = plain.engine_step(engine, x, y, epoch=3, step=step)
            assert gradients.keys() == found.gradients.keys()
            for expected in (plainly, replace(plainly, sums=sums, gradients=gradients, running=running)):
                plain.same(found, expected, 1e-9)


def conv(filters=3, **options):
    return st.just(Conv2D(filters, **options))


LAYER = st.one_of(st.sampled_from([R, Tanh(), BN, BN, Dropout(0.3), LAYERS["LayerNormalization"]()]), conv(), conv())
BRANCH = st.lists(LAYER, min_size=1, max_size=4)
KEEPING = st.recursive(
    BRANCH, lambda inner: st.lists(st.one_of(LAYER, st.builds(Residual, inner)), min_size=1, max_size=3), max_leaves=3
)
SHRINKING = st.sampled_from([POINT, DOWN])


@st.composite
def random_networks(draw):
    """Blocks that keep the shape, perhaps one that shrinks it, some more."""
    layers = [Residual(draw(KEEPING), draw(st.lists(LAYER, max_size=2))) for _ in range(draw(st.integers(0, 2)))]
    layers = [*draw(st.lists(LAYER, max_size=1)), *layers]
    if draw(st.booleans()):
        after = st.lists(st.sampled_from([BN, R]), max_size=1)
        layers.append(Residual([*draw(BRANCH), draw(SHRINKING)], [draw(SHRINKING), *draw(after)]))
    return [*layers, R, *HEAD]


@settings(max_examples=40, deadline=None)
@given(random_networks(), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(3, 9))
def test_random_networks_equal_the_plain_composition(plain, layers, pieces, n):
    _, graph = network(layers, (3, 5, 5))
    parameters = initialise(graph, 1, np.float64)
    x, y = plain.samples(graph, n)
    with plain.cut(pieces), Engine(graph, parameters, batch_size=9, threads=2) as engine:
        expected = plain.step(graph, engine.plan, parameters, x, y)
        assume(expected.sums[0] < 30)  # none as unlikely as 2⁻⁵², where plain, from probabilities, clips its loss
        plain.same(plain.engine_step(engine, x, y), expected, 1e-8)
        np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), 1e-9, 1e-9)


RESNET = [
    Conv2D(16, use_bias=False), BN, R,
    Residual([Conv2D(16, use_bias=False), BN, R, Dropout(0.1), Conv2D(16, use_bias=False), BN]), R,
    Residual([Conv2D(32, strides=2), BN, R, Conv2D(32), BN], [Conv2D(32, 1, strides=2), BN]), R,
    Residual([BN, R, Conv2D(32), Residual([Conv2D(32), R])]), MaxPooling2D(),
    GlobalAveragePooling(), Dense(10), Softmax(),
]  # fmt: skip


def train(plain, graph, kernels, threads):
    """Run steps with a crude update, and return all that can be seen of them."""
    parameters, outcomes = initialise(graph, 0), []
    with Engine(graph, parameters, batch_size=40, threads=threads, seed=7, kernels=kernels) as engine:
        for step, n in enumerate((40, 40, 13, 40)):
            x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
            outcomes.append(plain.engine_step(engine, x, y, step=step))
            parameters.gradient[~np.isfinite(parameters.gradient)] = 0  # between the parameters
            parameters.vector -= np.float32(0.01) * parameters.gradient
        x, y = plain.samples(graph, 50, seed=99, dtype=np.float32)
        assert engine.first_non_finite(x, epoch=0, step=0) is None
        return outcomes, parameters.vector.copy(), engine.predict(x), engine.evaluate(ArrayBatch(x, y))


@pytest.mark.parametrize("pieces", [[3, 5, 7], None], ids=["many pieces", "as planned"])
def test_the_number_of_processes_or_threads_changes_nothing(plain, operations, pieces):
    _, graph = network(RESNET, (3, 12, 12))
    with plain.cut(pieces, lanes=5) if pieces else nullcontext():
        results = [train(plain, graph, operations, threads) for threads in (1, 2, 4)]
        with plain.threads_only():
            results.append(train(plain, graph, operations, 2))
    for other in results[1:]:
        for found, expected in zip(other[0], results[0][0], strict=True):
            plain.same(found, expected, 0)
        for found, expected in zip(other[1:], results[0][1:], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_near_the_blocks_run_whole_with_either_kernels(plain, operations):
    """Float32 in pieces against float64 over the whole batch."""
    named, graph = network([each for each in RESNET if each is not RESNET[3]], (3, 12, 12))
    parameters, exact = initialise(graph, 1), initialise(graph, 1, np.float64)
    exact.vector[...] = parameters.vector
    x, y = plain.samples(graph, 24, dtype=np.float32)
    sums, gradients, running = whole(named, graph, exact, x.astype(np.float64), y)
    with plain.cut([4, 1, 3, 2]), Engine(graph, parameters, batch_size=24, kernels=operations) as engine:
        found = plain.engine_step(engine, x, y)
        plain.same(found, replace(found, sums=sums, gradients=gradients, running=running), 1e-3)


def test_what_is_computed_anew_in_backward_changes_no_bit(plain, monkeypatch):
    _, graph = network(RESNET, (3, 12, 12))
    with plain.cut([2]):
        plan = training_plan(graph, 40, NUMPY)
        assert any(stage.is_repeated(node) for stage in plan.stages for node in plan.nodes)
        anew = train(plain, graph, NUMPY, 2)
        monkeypatch.setattr(plan_module, "lasting", lambda *_: Lasting(frozenset(), frozenset()))
        for found, expected in zip(anew[1:], train(plain, graph, NUMPY, 2)[1:], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_nothing_is_merged_past_the_ends_of_a_block(operations):
    """What is saved in the middle of a convolution, its normalisation and ReLU is wanted as it is there."""
    layers = [C, Residual([BN, R, C], [BN, Tanh(), C]), R, Residual([C, BN]), R, *HEAD]
    _, graph = network(layers, (3, 6, 6))
    labels = [node.label for node in fuse(graph.nodes, operations, training=False)]
    inside = ["n1.layers0 + n1.layers1", "n1.layers2", "n1/swap", "n1.shortcut0", "n1.shortcut1", "n1.shortcut2"]
    assert labels[:9] == ["n0", "n1/save", *inside, "n1/add"]
    assert labels[9:14] == ["n2", "n3/save", "n3.layers0 + n3.layers1", "n3/add", "n4"]


def test_an_error_inside_a_block_names_its_place(plain):
    class Broken(Tanh):
        def forward(self, params, x, ctx):
            raise ValueError("no")

    _, graph = network([C, Residual([R], [Broken(name="odd")])], (3, 4, 4))
    with (
        Engine(graph, initialise(graph, 0), batch_size=2, threads=1) as engine,
        pytest.raises(GraphError, match=r'layers\[1\]\.shortcut\[0\] "odd" \(Broken, input 3×4×4\): ValueError: no'),
    ):
        engine.predict(np.zeros((2, 3, 4, 4), np.float32))


def test_the_first_layer_that_goes_wrong_is_found_inside_a_block(plain):
    _, graph = network([C, Residual([C, R], [C]), *HEAD], (3, 4, 4))
    parameters = initialise(graph, 0)
    x, _ = plain.samples(graph, 3, dtype=np.float32)
    with Engine(graph, parameters, batch_size=3, threads=1) as engine:
        assert engine.first_non_finite(x, epoch=0, step=0) is None
        parameters.values["n1.shortcut0"]["weights"][...] = np.inf
        node = engine.first_non_finite(x, epoch=0, step=0)
        assert (node.location, node.name) == ("layers[1].shortcut[0]", "n1.shortcut0")
