"""A small network that can be trained in many ways, as a fixture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from graphnn.engine.engine import Engine
from graphnn.graph.graph import chain
from graphnn.graph.initialisation import initialise
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.layers.dense import Dense
from graphnn.layers.dropout import Dropout
from graphnn.layers.relu import ReLU
from graphnn.layers.softmax import Softmax
from graphnn.losses.cross_entropy import CrossEntropy
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.optimizers.adam import Adam
from graphnn.optimizers.base import Optimizer
from graphnn.schedules.base import Schedule
from graphnn.schedules.constant import Constant
from graphnn.training.observer import Observer
from graphnn.training.options import TrainingOptions
from graphnn.training.samples import Samples
from graphnn.training.trainer import Trainer

COUNT, FEATURES, CLASSES = 53, 6, 3


def problem(count: int = COUNT) -> Samples:
    """Return points that a small network can tell apart."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(count, FEATURES)).astype(np.float32)
    return Samples(x, x[:, :CLASSES].argmax(axis=1))


@dataclass
class Rig:
    """Makes trainers; those of one rig start alike."""

    optimizer: Optimizer = field(default_factory=lambda: Adam(0.01, weight_decay=0.01))
    schedule: Callable[[], Schedule] = Constant
    epochs: int = 3
    batch_size: int = 8
    threads: int = 1
    regression: bool = False
    plain: bool = False
    training: Samples = field(default_factory=problem)
    validation: Samples | None = field(default_factory=lambda: problem(11))
    engines: list[Engine] = field(default_factory=list)
    problem: ClassVar = staticmethod(problem)

    def trainer(self, observer: Observer | None = None, **options: Any) -> Trainer:
        hidden = [Dense(units=7), BatchNormalization(), ReLU(), Dropout(rate=0.3)]
        if self.plain:
            hidden = [Dense(units=7), ReLU()]
        layers = [*hidden, Dense(units=CLASSES), *([] if self.regression else [Softmax()])]
        named = [(f"layer_{index}", layer) for index, layer in enumerate(layers)]
        graph = chain(named, (FEATURES,), MeanSquaredError() if self.regression else CrossEntropy())
        parameters = initialise(graph, 1)
        engine = Engine(graph, parameters, batch_size=self.batch_size, threads=self.threads, seed=1)
        self.engines.append(engine)
        return Trainer(
            engine,
            self.optimizer,
            self.schedule(),
            TrainingOptions(epochs=self.epochs, batch_size=self.batch_size, seed=1, **options),
            self.training,
            self.validation,
            observer=observer,
        )


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    for engine in made.engines:
        engine.close()
