"""A step that is run again to find where numbers stop being finite: with the draws, pieces and sums of the step."""

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.initialisation import initialise
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.flatten import Flatten
from graphnn.layers.residual import Residual

BN, DROP = BatchNormalization(), Dropout(0.1)
BEFORE = {
    "no barrier": [Flatten(), DROP],
    "a barrier": [BN, DROP],
    "two barriers": [BN, Flatten(), BN, DROP],
    "a block with a barrier inside": [Residual([BN, DROP])],
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("before", BEFORE)
def test_the_layer_that_only_the_dropout_masks_of_a_step_make_overflow(plain, before, threads):
    """Two equal features, of which a sample loses one in some steps: their difference is 0 unless just one is lost."""
    graph = plain.network((2,), *BEFORE[before], ("Dense", {"units": 1}), ("Dense", {"units": 4}), "Softmax")
    parameters = initialise(graph, 0)
    difference, large = (node.name for node in graph.nodes if node.layer.type == "Dense")
    parameters.values[difference]["weights"][...] = [[1, -1]]
    parameters.values[large]["weights"][...] = 3e38
    for name, array in parameters.named().items():
        if name.endswith(("/gamma", "/beta")):
            array[...] = 0 if name.endswith("/gamma") else 2
    x, y = np.full((5, 2), 2, np.float32), np.zeros(5, np.int64)
    went_wrong = []
    with plain.cut([2, 3, 1]), Engine(graph, parameters, batch_size=5, threads=threads, seed=4) as engine:
        for step in range(12):
            loss = engine.train_step(ArrayBatch(x, y), epoch=3, step=step)[0]
            went_wrong.append(not np.isfinite(loss))
            node = engine.first_non_finite(x, epoch=3, step=step)
            assert (node and node.name) == (large if went_wrong[-1] else None)
    assert 3 <= sum(went_wrong) <= 10


def test_sums_of_the_whole_batch_are_taken_as_in_the_step(plain):
    """And no running statistics are changed. The batch's variance overflows, by which all outputs are 0."""
    graph = plain.network((1,), ("Dense", {"units": 2}), BN, "Tanh", ("Dense", {"units": 4}), "Softmax")
    parameters = initialise(graph, 0)
    parameters.values["n0_dense"]["weights"][...] = 1
    x = np.zeros((6, 1), np.float32)
    x[5] = 1e30
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=1) as engine:
        before = {name: array.copy() for name, array in parameters.named().items()}
        assert engine.first_non_finite(x, epoch=0, step=0) is None
        x[0] = np.inf
        node = engine.first_non_finite(x, epoch=0, step=0)
        assert node is not None
        assert node.name == "n0_dense"
        for name, array in before.items():
            np.testing.assert_array_equal(parameters.named()[name], array)


def test_each_piece_finds_again_what_went_past_the_layers_of_a_block(plain):
    """y = −x + x = 0, which stays finite whatever it is multiplied by; any other sample's x would leave a rest."""
    graph = plain.network((1,), Residual([Dense(1)]), ("Dense", {"units": 4}), "Softmax")
    parameters = initialise(graph, 0)
    parameters.values[graph.nodes[1].name]["weights"][...] = -1
    parameters.values[graph.nodes[3].name]["weights"][...] = 3e38
    x = np.arange(0, 60, 10, dtype=np.float32)[:, None]
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=1) as engine:
        assert np.isfinite(engine.train_step(ArrayBatch(x, np.zeros(6, np.int64)), epoch=0, step=0)).all()
        assert engine.first_non_finite(x, epoch=0, step=0) is None
