"""A training has the same bits for any number of workers, with more of them than cores, and than lanes."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from graphnn.engine import engine as engine_module
from graphnn.engine import lanes as lanes_module
from graphnn.engine.engine import Engine
from graphnn.engine.plan import training_plan
from graphnn.engine.processes import can_fork
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.base import LAYERS
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.muon import Muon
from graphnn.optimizers.sgd_momentum import SGDMomentum
from graphnn.optimizers.updater import Updater
from graphnn.specification.spec import read_spec

MODELS = Path(__file__).parents[2] / "models"
BATCH = 64
SIZES = (BATCH, 37, 2, 1)  # with 32 lanes: all, 19, a single one of two samples, and of one
CONV, BN = ("Conv2D", {"filters": 4}), "BatchNormalization"


@pytest.fixture(scope="module")
def graph(plain):
    block = LAYERS["Residual"](layers=[LAYERS[BN](), LAYERS["ReLU"](), LAYERS["Conv2D"](filters=4)])
    body = [CONV, BN, "ReLU", ("Dropout", {"rate": 0.2}), block, "MaxPooling2D", CONV, BN, "GELU", "Flatten"]
    return plain.network((2, 6, 6), *body, ("Dense", {"units": 5}), "Softmax")


def trained(plain, graph, lanes, workers, *, forked):
    """Return the bytes of all that a short training leaves, and of a prediction."""
    parameters, found = initialise(graph, 0), []
    with (
        nullcontext() if forked else plain.threads_only(),
        plain.cut([1, 2], lanes),
        Engine(graph, parameters, batch_size=BATCH, threads=workers, seed=3) as engine,
    ):
        engine.attach(
            Updater(SGDMomentum(0.05), parameters, [ParameterGroup(match="n0_conv2d/weights", optimizer=Muon(0.02))])
        )
        for step, n in enumerate(SIZES):
            x, y = plain.samples(graph, n, seed=step, dtype=np.float32)
            outcome = plain.engine_step(engine, x, y, epoch=step // 2, step=step)
            parameters.gradient[~np.isfinite(parameters.gradient)] = 0  # between the parameters
            engine.update([0.05, 0.02])
            found += [outcome.sums, *outcome.gradients.values(), *outcome.running.values(), parameters.vector.copy()]
        assert engine.threads == workers
        assert engine.plan.cut.lanes == lanes
        found.append(engine.predict(x))
    assert all(np.isfinite(array).all() for array in found)
    return b"".join(array.tobytes() for array in found)


@pytest.fixture(scope="module")
def alone(plain, graph):
    """What one worker finds, by the number of lanes."""
    return {lanes: trained(plain, graph, lanes, 1, forked=False) for lanes in (16, 32)}


@pytest.mark.parametrize(
    "forked", [pytest.param(True, marks=pytest.mark.skipif(not can_fork(), reason="needs fork")), False]
)
@pytest.mark.parametrize(("lanes", "workers"), [(32, 2), (32, 3), (32, 4), (32, 8), (32, 16), (16, 16)])
def test_the_same_bits(plain, graph, alone, monkeypatch, lanes, workers, forked):
    """Also where workers share out the sums of lanes and the update, as they do in larger networks."""
    monkeypatch.setattr(engine_module, "SHARED_SIZE", 0)
    monkeypatch.setattr(lanes_module, "SHARED_SIZE", 0)
    assert trained(plain, graph, lanes, workers, forked=forked) == alone[lanes]


def test_another_cut_has_other_bits(alone):
    """So that the comparisons above would notice a cut that follows from the workers."""
    assert alone[16] != alone[32]


LANES = {
    "cifar10": 16,
    "cifar10_quick": 32,
    "cifar10_record": 32,
    "cifar10_resnet": 16,
    "cifar10_resnet18": 16,
    "cifar10_wide": 32,
    "digits": 2,
    "mnist": 2,
    "mnist_cnn": 16,
    "mnist_record": 16,
    "photographs": 16,
    "table": 1,
}
OF_VECTORS = {"digits", "mnist", "table"}  # dense layers alone, of which each lane reads all weights


def test_the_lanes_of_the_documents_in_models():
    """Sixteen cores share the steps of all networks with convolutions."""
    found = {}
    for path in sorted(MODELS.glob("*.json")):
        spec = read_spec(path)
        found[path.stem] = training_plan(build_graph(spec), spec.training["batch_size"], NUMPY).cut.lanes
    assert found == LANES
    assert all(lanes >= 16 for name, lanes in found.items() if name not in OF_VECTORS)
