"""EngineSide: a graph that graphnn's engine trains and runs, as one side of a benchmark."""

from collections.abc import Sequence
from dataclasses import replace

from graphnn.benchmark.task import LEARNING_RATE_SCALE, samples
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.graph.graph import Graph
from graphnn.kernels.kernels import Kernels
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.groups import ParameterGroup
from graphnn.optimizers.rates import Rates
from graphnn.optimizers.updater import Updater
from graphnn.parameters.parameters import Parameters
from graphnn.schedules.constant import Constant


class EngineSide:
    """Trains and runs a graph on random samples."""

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        optimizer: Optimizer,
        groups: Sequence[ParameterGroup] = (),
        *,
        threads: int,
        batch_size: int,
        kernels: Kernels,
    ) -> None:
        self.engine = Engine(graph, parameters, batch_size=batch_size, threads=threads, kernels=kernels)
        self.engine.attach(Updater(optimizer, parameters, groups))
        rates = Rates(optimizer, Constant(), [replace(group, schedule=None) for group in groups]).at(0, 1, 1)
        self._rates = [LEARNING_RATE_SCALE * rate for rate in rates]
        self._batch = ArrayBatch(*samples(graph, batch_size))
        self._step = 0

    def train(self) -> None:
        """Run one training step."""
        self.forward_backward()
        self.update()

    def forward_backward(self) -> None:
        """Run forward, loss and backward."""
        self.engine.train_step(self._batch, epoch=0, step=self._step)
        self._step += 1

    def update(self) -> None:
        """Update the parameters."""
        self.engine.update(self._rates)

    def predict(self) -> None:
        """Run one batch in inference."""
        self.engine.predict(self._batch.x)

    def mode(self, *, training: bool) -> None:
        """Do nothing: the engine's methods for training and for inference are different ones."""

    def close(self) -> None:
        """End the engine's processes."""
        self.engine.close()
