"""Parameters that are not trained, or not to the end: what backward leaves out, and that nothing else changes by it."""

from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.initializers.constant import ones, zeros
from graphnn.layers import conv2d as conv2d_module
from graphnn.layers.base import Layer
from graphnn.layers.conv2d import Conv2D
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.optimizers.sgd import SGD
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameter import Parameter, Role

CONV, HEAD, BN, LN = ("Conv2D", {"filters": 3}), ("Dense", {"units": 4}), "BatchNormalization", "LayerNormalization"
LAYERS = (CONV, BN, "ReLU", CONV, LN, "GELU", BN, CONV, "Flatten", HEAD, "ReLU", HEAD, "Softmax")
TRAINED = [(0, "weights"), (0, "biases"), (1, "gamma"), (1, "beta"), (3, "weights"), (4, "gamma"), (6, "beta"),
           (7, "biases"), (9, "weights"), (11, "biases")]  # fmt: skip


def marked(graph, choice):
    """Return the graph whose layers have what `choice` says of them: {index: trainable}."""
    named = [
        (node.name, replace(node.layer, trainable=choice[node.index]) if node.index in choice else node.layer)
        for node in graph.nodes
    ]
    return chain(named, graph.input_shape, graph.loss)


def gradients(engine):
    own = engine.parameters.gradients
    return {f"{node}/{name}": array.copy() for node, arrays in own.items() for name, array in arrays.items()}


def steps(graph, places, *, threads, pieces=(2, 3, 1), kernels=None):
    """Return the loss and the gradients of one step after the other at the places (epoch, step), and the plans."""
    parameters = initialise(graph, 1, np.float64)
    rng = np.random.default_rng(7)
    outcomes, plans = [], []
    x = np.random.default_rng(3).normal(size=(9, *graph.input_shape))
    y = np.arange(9) % 4
    with Engine(graph, parameters, batch_size=9, threads=threads, kernels=kernels) as engine:
        for epoch, step in places:
            parameters.gradient[...] = np.nan
            sums = engine.train_step(ArrayBatch(x, y), epoch=epoch, step=step)
            outcomes.append({"loss": sums, **gradients(engine)})
            plans.append(engine.plan)
            for node in graph.nodes:  # whatever is declared, the same change everywhere
                for array in parameters.values[node.name].values():
                    array += rng.normal(size=array.shape) / 100
    return outcomes, plans


def equal(found, expected, *, zero=()):
    for one, other in zip(found, expected, strict=True):
        for name, array in one.items():
            assert (array == (0 if name in zero else other[name])).all(), name


ALL_AT_ONCE = {
    0: False,
    1: {"gamma": False},
    3: {"biases": False},
    4: False,
    6: {"gamma": False},
    9: {"weights": False},
}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "choice", [{0: False}, {0: {"weights": False}}, {11: False}, {9: {"biases": False}}, ALL_AT_ONCE]
)
def test_the_other_gradients_keep_their_bits(plain, choice, threads):
    graph = plain.network((2, 6, 6), *LAYERS)
    places = [(0, 0), (0, 1), (1, 0)]
    with plain.cut([2, 3, 1]):
        expected, _ = steps(graph, places, threads=1)
        found, _ = steps(marked(graph, choice), places, threads=threads)
    equal(found, expected)
    assert set(found[0]) < set(expected[0])


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_the_same_as_processes(plain, threads):
    graph = marked(plain.network((2, 6, 6), *LAYERS), {**ALL_AT_ONCE, 7: {"weights": {"until_epoch": 1}}})
    places = [(0, 0), (1, 0), (1, 1)]
    with plain.cut([2, 3, 1]):
        expected, _ = steps(graph, places, threads=2)
        with plain.threads_only():
            found, _ = steps(graph, places, threads=threads)
    equal(found, expected)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("index", "name"), TRAINED)
def test_from_its_epoch_on_a_gradient_is_zero_and_the_others_keep_their_bits(plain, index, name, threads):
    graph = plain.network((2, 6, 6), *LAYERS)
    places = [(0, 0), (1, 0), (2, 0), (2, 1), (0, 0)]
    with plain.cut([2, 3, 1]):
        expected, _ = steps(graph, places, threads=1)
        found, _ = steps(marked(graph, {index: {name: {"until_epoch": 2}}}), places, threads=threads)
    equal(found[:2], expected[:2])
    equal(found[2:4], expected[2:4], zero=[f"{graph.nodes[index].name}/{name}"])
    equal(found[4:], expected[4:])  # a further fit counts its epochs anew


@pytest.mark.parametrize("threads", [1, 2])
def test_what_begins_in_a_late_epoch_equals_what_came_there(plain, threads):
    graph = marked(plain.network((2, 6, 6), *LAYERS), {0: {"weights": False, "biases": {"until_epoch": 3}}})
    with plain.cut([2, 3, 1]):
        whole, _ = steps(graph, [(3, 5), (2, 0), (3, 5)], threads=threads)
        late, _ = steps(graph, [(3, 5), (3, 0), (3, 5)], threads=threads)
    equal(late[::2], whole[::2])


def test_backward_reaches_less_from_epoch_to_epoch(plain):
    choice = {
        0: {"weights": False, "biases": {"until_epoch": 2}},
        1: {"gamma": {"until_epoch": 1}, "beta": {"until_epoch": 3}},
        3: {"weights": {"until_epoch": 4}, "biases": False},
    }
    graph = marked(plain.network((2, 6, 6), CONV, BN, "ReLU", CONV, "Flatten", HEAD, "Softmax"), choice)
    _, plans = steps(graph, [(epoch, 0) for epoch in range(6)], threads=1)
    assert [plan.first_trained for plan in plans] == [0, 0, 1, 3, 5, 5]
    assert [plan.trained_of(graph.nodes[1]) for plan in plans[:4]] == [{"gamma", "beta"}, {"beta"}, {"beta"}, set()]
    assert all(plan.stages == plans[0].stages for plan in plans)


def test_nothing_left_to_train(plain):
    graph = plain.network((2, 6, 6), *LAYERS)
    frozen = marked(graph, {node.index: False for node in graph.nodes if node.parameters})
    found, plans = steps(frozen, [(0, 0), (0, 1)], threads=2)
    assert [list(one) for one in found] == [["loss"]] * 2
    assert plans[0].first_trained == len(graph.nodes) - 1  # the last one is the loss's
    ended = marked(graph, {node.index: {node.parameters[0].name: {"until_epoch": 1}, node.parameters[1].name: False}
                           for node in graph.nodes if node.parameters})  # fmt: skip
    found, _ = steps(ended, [(0, 0), (1, 0)], threads=2)
    assert all(array.any() for array in found[0].values())
    assert not any(array.any() for name, array in found[1].items() if name != "loss")


def test_convolutions_are_not_asked_for_what_nobody_needs(plain):
    """Once the first convolution stays as it is, the second one's input gradient is not computed, and so on."""
    calls = []
    choice = {0: {"weights": False, "biases": {"until_epoch": 1}}}
    graph = marked(plain.network((2, 6, 6), CONV, CONV, "Flatten", HEAD, "Softmax"), choice)

    class Recorder(Conv2D):
        def forward(self, params, x, ctx):
            y, backward = super().forward(params, x, ctx)

            def recorded(dy):
                dx, own = backward(dy)
                calls.append((ctx.node.index, " ".join(sorted(own)), dx is not None))
                return dx, own

            return y, recorded

    named = [
        (node.name, Recorder(**node.layer.settings()) if isinstance(node.layer, Conv2D) else node.layer)
        for node in graph.nodes
    ]
    graph = chain(named, graph.input_shape, graph.loss)
    for epoch, expected in (
        (0, {(1, "biases weights", True), (0, "biases", False)}),
        (1, {(1, "biases weights", False)}),
    ):
        calls.clear()
        steps(graph, [(epoch, 0)], threads=1)
        assert set(calls) == expected


def test_nothing_is_prepared_for_a_gradient_that_is_needed_no_more(plain):
    """In the step itself: of the second convolution's input, once the first one stays as it is."""
    asked = []

    class Preparing(Conv2D):
        def prepare(self, params, ctx):
            asked.append(ctx.needs_dx)
            return super().prepare(params, ctx)

    first = Conv2D(2, trainable={"weights": {"until_epoch": 1}, "biases": False})
    graph = plain.network((2, 6, 6), first, Preparing(3), "Flatten", HEAD, "Softmax")
    steps(graph, [(0, 0), (1, 0), (0, 0)], threads=1)
    assert asked == [True, False, True]


@dataclass(frozen=True)
class Generous(Layer):
    """y = a·x + b; gives the gradients of both whoever wants them, in the memory that it is handed."""

    train: bool = True

    def parameters(self, input_shape):
        kept = Parameter("a", (1,), ones, Role.SCALE, trainable=False)
        return (kept, Parameter("b", (1,), zeros, Role.SCALE, until_epoch=1 if self.train else None))

    def forward(self, params, x, ctx):
        def backward(dy):
            da, db = ctx.gradient("a", params["a"]), ctx.gradient("b", params["b"])
            da[...], db[...] = np.vdot(x, dy), dy.sum()
            return params["a"] * dy, {"a": da, "b": db}

        return params["a"] * x + params["b"], backward


@pytest.mark.parametrize("threads", [1, 2])
def test_a_layer_that_gives_all_gradients_whoever_wants_them(plain, threads):
    graph = plain.network((3,), Generous(), HEAD, loss=MeanSquaredError())
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 8)
    with plain.cut([1], lanes=3), Engine(graph, parameters, batch_size=8, threads=threads) as engine:
        exact = plain.step(graph, engine.plan, parameters, x, y)
        found = plain.engine_step(engine, x, y)
        assert set(found.gradients) == {"n0_generous/b", "n1_dense/weights", "n1_dense/biases"}
        for name, array in found.gradients.items():
            np.testing.assert_allclose(array, exact.gradients[name], rtol=1e-12)
        assert parameters.running["n0_generous/a"] == 1
        found = plain.engine_step(engine, x, y, epoch=1)
        assert found.gradients["n0_generous/b"] == 0
        np.testing.assert_allclose(found.gradients["n1_dense/weights"], exact.gradients["n1_dense/weights"], rtol=1e-12)


@dataclass(frozen=True)
class Misnaming(Layer):
    """Gives the gradient of a parameter that it does not have."""

    def parameters(self, input_shape):
        return (Parameter("a", (1,), ones, Role.SCALE),)

    def forward(self, params, x, ctx):
        return x, lambda dy: (dy, {"A": np.zeros(1)})


def test_a_gradient_of_no_parameter_is_still_an_error(plain):
    graph = plain.network((3,), Misnaming(), HEAD, loss=MeanSquaredError())
    x, y = plain.samples(graph, 4)
    with (
        Engine(graph, initialise(graph, 0, np.float64), batch_size=4, threads=1) as engine,
        pytest.raises(Exception, match="KeyError: 'A'"),
    ):
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("threads", [1, 2])
def test_updates_leave_fixed_parameters_alone_and_outside_changes_are_seen(plain, threads):
    graph = marked(plain.network((2, 6, 6), *LAYERS), {0: {"weights": False}, 1: {"gamma": False}})
    parameters = initialise(graph, 1, np.float64)
    x, y = plain.samples(graph, 9)
    with Engine(graph, parameters, batch_size=9, threads=threads) as engine:
        assert engine.threads == threads
        engine.attach(Updater(SGD(0.1, weight_decay=0.5, decay_biases=True), parameters))
        before = {name: array.copy() for name, array in parameters.named().items()}
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        engine.update([0.1])
        moved = {name for name, array in parameters.named().items() if not np.array_equal(array, before[name])}
        assert {name for name in parameters.slices if name.endswith("weights")} <= moved
        fixed = {"n0_conv2d/weights", "n1_batchnormalization/gamma"}
        assert moved.isdisjoint(fixed)
        for name in fixed:
            parameters.running[name] *= 1.5
        expected = plain.step(graph, engine.plan, parameters, x, y, step=1)
        found = plain.engine_step(engine, x, y, step=1)
        for name, array in found.gradients.items():
            np.testing.assert_allclose(array, expected.gradients[name], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-9)


def test_the_weights_gradient_is_not_computed(plain):
    graph = marked(plain.network((2, 6, 6), CONV, CONV, "Flatten", HEAD, "Softmax"), {1: {"weights": False}})
    with patch.object(conv2d_module, "channel_sums", side_effect=conv2d_module.channel_sums) as sums:
        steps(graph, [(0, 0)], threads=1)
        whole = sums.call_count
    graph = marked(graph, {1: False})
    with patch.object(conv2d_module, "channel_sums", side_effect=conv2d_module.channel_sums) as sums:
        steps(graph, [(0, 0)], threads=1)
        assert sums.call_count == whole // 2
