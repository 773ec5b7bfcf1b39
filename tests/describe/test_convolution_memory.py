"""The scratch of convolutions is at least what a step takes of it, whatever algorithms a network mixes."""

from typing import Any

import numpy as np
import pytest

from graphnn.describe.convolution_memory import FLOAT, convolution_scratch
from graphnn.engine import workspace
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.plan import training_plan
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.kernels.kernels import NUMPY
from graphnn.layers.conv2d import Conv2D
from graphnn.losses.mean_squared_error import MeanSquaredError


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(64, 7, strides=2), Conv2D(32, 7, strides=2)],
        [Conv2D(24, 5), Conv2D(32, 3), Conv2D(16, 7, strides=2)],
        [Conv2D(32, 3), Conv2D(16, 7, strides=3), Conv2D(32, 3)],
        [Conv2D(8, 9), Conv2D(64, 1), Conv2D(8, 5, strides=2)],
    ],
    ids=["strides", "windows, tiles and strides", "tiles and strides", "points"],
)
def test_each_use_has_memory_of_its_own(layers: list[Conv2D], monkeypatch: pytest.MonkeyPatch) -> None:
    """What one convolution takes for its windows and another for its contributions is held at once."""
    made: list[dict[str, Any]] = []

    class Recorded(workspace.ThreadMemory):
        def __init__(self) -> None:
            super().__init__()
            made.append(self.scratch)

    monkeypatch.setattr(workspace, "ThreadMemory", Recorded)
    shape = (16, 40, 40)
    graph = chain([(f"conv{i}", layer) for i, layer in enumerate(layers)], shape, MeanSquaredError())
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(2, *size)).astype(np.float32) for size in (shape, graph.output_shape))
    with Engine(graph, initialise(graph, 0), batch_size=2, threads=1, kernels=NUMPY) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        taken = sum(arena._bytes.size for scratch in made for arena in scratch.values())
    said = FLOAT * convolution_scratch(training_plan(graph, 2, NUMPY), NUMPY)
    assert taken > 0
    assert taken <= 1.02 * said < 2 * taken
