"""What backward computes anew instead of keeping it changes no bit, and takes less memory."""

import numpy as np
import pytest

from graphnn.engine import plan as plan_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import Lasting, training_plan
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.batch_normalization import BatchNormalization as BN
from graphnn.layers.conv2d import Conv2D
from graphnn.layers.max_pooling_2d import MaxPooling2D
from graphnn.layers.relu import ReLU
from graphnn.layers.residual import Residual
from graphnn.layers.tanh import Tanh
from graphnn.losses.mean_squared_error import MeanSquaredError

CONV, NORM = ("Conv2D", {"filters": 16}), "BatchNormalization"
LAYERS = (CONV, NORM, "ReLU", CONV, NORM, "MaxPooling2D", CONV, NORM, "Tanh", "Flatten")
LAYERS += (("Dense", {"units": 3}), "Softmax")
NOTHING = Lasting(frozenset(), frozenset())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("activation", ["ReLU", "GELU", "SiLU", "LeakyReLU"])
def test_the_same_bits_as_with_everything_kept(plain, monkeypatch, operations, activation, threads):
    graph = plain.network((3, 8, 8), *(activation if each == "ReLU" else each for each in LAYERS))
    found = []
    original = plan_module.lasting
    for lasting in (original, lambda entry, nodes, exit_node: NOTHING):
        monkeypatch.setattr(plan_module, "lasting", lasting)
        parameters = initialise(graph, 0)
        with (
            plain.cut([2], lanes=5),
            Engine(graph, parameters, batch_size=37, threads=threads, kernels=operations) as engine,
        ):
            assert any(map(engine.plan.stages[1].is_repeated, engine.plan.nodes)) is (lasting is original)
            for step, n in enumerate((37, 19, 2, 37)):  # lanes of 19 and 37 samples have several pieces, of 2 one
                x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
                engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
                found.append((n, parameters.gradient.copy()))
    for (n, gradient), (m, other) in zip(found[:4], found[4:], strict=True):
        assert n == m
        assert gradient.tobytes() == other.tobytes()


class DerivedReLU(ReLU):
    """A layer of a plugin, which may draw random numbers."""


class DerivedConv2D(Conv2D):
    """A layer of a plugin, whose backward may read what that of Conv2D does not."""


def outline(graph):
    """Return, by stage, the labels of the nodes whose outputs do not last, with a star where they are repeated."""
    return [
        [
            node.label + "*" * stage.is_repeated(node)
            for node in (stage.entry, *stage.nodes)
            if node is not None and stage.is_brief(node)
        ]
        for stage in training_plan(graph, 16, NUMPY).stages
    ]


def test_what_lasts():
    """Tanh reads its output, pooling its input and output; the last stage keeps nothing."""
    conv, pool = Conv2D(4), MaxPooling2D()
    layers = [conv, BN(), ReLU(), conv, BN(), pool, conv, BN(), Tanh(), conv, BN(), DerivedReLU(), conv, BN(), Tanh()]
    graph = chain([(f"n{number}", layer) for number, layer in enumerate(layers)], (3, 6, 6), MeanSquaredError())
    assert outline(graph) == [[], ["n1*", "n2*"], ["n4*"], ["n7*"], ["n10*"], ["n13", "n14"]]


def test_what_lasts_in_blocks():
    """What is added nothing reads; what Save has copied need not be kept besides."""
    block = Residual([Conv2D(4), BN(), ReLU(), Conv2D(4), BN()])
    layers = [("stem", Conv2D(4)), ("bn", BN()), ("b", block), ("relu", ReLU()), ("c", block)]
    found = outline(chain(layers, (3, 6, 6), MeanSquaredError()))
    assert found[1:4] == [["bn*"], ["b.layers1*", "b.layers2*"], ["b.layers4", "relu*"]]


@pytest.mark.parametrize(("layer", "brief"), [(Conv2D(3), ["b.layers0"]), (DerivedConv2D(3), [])])
def test_what_a_layer_of_a_plugin_gives_lasts(layer, brief):
    assert outline(chain([("b", Residual([layer])), ("bn", BN())], (3, 6, 6), MeanSquaredError()))[0] == brief
