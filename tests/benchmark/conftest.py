"""Small networks to measure, as documents and as tasks."""

from collections.abc import Callable
from typing import Any

import pytest

from graphnn.benchmark.task import OURS, Task
from graphnn.specification.spec import spec_from_values

Made = Callable[..., Task]


@pytest.fixture
def task() -> Made:
    """Return the task of a small network of convolutions, or of the given layers and sections."""

    def make(*layers: dict[str, Any], side: str = OURS, threads: int = 1, batch_size: int = 8, **sections: Any) -> Task:
        convolutions = (
            {"type": "Conv2D", "name": "conv1", "filters": 4},
            {"type": "BatchNormalization", "name": "bn1"},
            {"type": "ReLU"},
            {"type": "MaxPooling2D"},
            {"type": "Dropout", "rate": 0.3},
            {"type": "Conv2D", "name": "conv2", "filters": 4},
            {"type": "Flatten"},
            {"type": "Dense", "name": "output", "units": 10},
            {"type": "Softmax"},
        )
        values: dict[str, Any] = {
            "input": {"shape": [1, 8, 8]},
            "layers": list(layers or convolutions),
            "loss": {"type": "CrossEntropy"},
            "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05},
            "data": {"dataset": "digits"},
            "training": {"epochs": 1},
            **sections,
        }
        return Task(spec_from_values(values).resolved(), [], side, threads, batch_size)

    return make
