"""What backward computes anew instead of keeping it changes no bit, and takes less memory."""

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import Stage, training_plan
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY

CONV, BN = ("Conv2D", {"filters": 16}), "BatchNormalization"
LAYERS = (CONV, BN, "ReLU", CONV, BN, "MaxPooling2D", CONV, BN, "Tanh", "Flatten", ("Dense", {"units": 3}), "Softmax")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("activation", ["ReLU", "GELU", "SiLU"])
def test_the_same_bits_as_with_everything_kept(plain, monkeypatch, operations, activation, threads):
    graph = plain.network((3, 8, 8), *(activation if each == "ReLU" else each for each in LAYERS))
    asked: list[bool] = []
    found = []
    original = Stage.recomputes
    for recomputes in (original, lambda stage, block: False):
        monkeypatch.setattr(Stage, "recomputes", recomputes)
        parameters = initialise(graph, 0)
        with (
            plain.cut([2], lanes=5),
            Engine(graph, parameters, batch_size=37, threads=threads, kernels=operations) as engine,
        ):
            asked += [stage.recomputes(engine.plan.cut.block) for stage in engine.plan.stages]
            for step, n in enumerate((37, 19, 2, 37)):  # lanes of 19 and 37 samples have several pieces, of 2 one
                x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
                engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
                found.append((n, parameters.gradient.copy()))
    assert asked == [False, True, True, True] + [False] * 4
    for (n, gradient), (m, other) in zip(found[:4], found[4:], strict=True):
        assert n == m
        assert gradient.tobytes() == other.tobytes()


def test_a_lane_needs_several_pieces(plain):
    stage = training_plan(plain.network((3, 8, 8), *LAYERS), 16, NUMPY).stages[1]
    assert not stage.recomputes(stage.piece)
    assert stage.recomputes(stage.piece + 1)
