"""The training loop: epochs of steps, validation, and a state from which it can go on in the middle of an epoch."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from graphnn.datasets.batches import epoch_order
from graphnn.engine.engine import Engine
from graphnn.errors import DataError, DivergenceError
from graphnn.graph import Graph
from graphnn.groups import ParameterGroup
from graphnn.optimizers import Optimizer
from graphnn.parameters import Parameters
from graphnn.schedules import Schedule
from graphnn.spec.spec import Section
from graphnn.training.checkpoint import State
from graphnn.training.divergence import all_finite, culprit
from graphnn.training.history import Record
from graphnn.training.samples import Samples
from graphnn.types import Array
from graphnn.updates import Rates, Updater, groups_from, optimizer_from, schedule_from

EVALUATED_AT_ONCE = 256  # samples, rounded up to whole batches: fewer cost calls, more cost memory

Stop = Callable[[], bool]


def never() -> bool:
    """Go on: for `stop`."""
    return False


class Observer(Protocol):
    """Who is told how training goes on."""

    def step_done(self, trainer: "Trainer") -> None:
        """Hear that a step is over; `trainer.step` of `trainer.steps_per_epoch` are done."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Hear that an epoch is over; the trainer's state is that of an epoch's beginning."""


class Silent:
    """An observer with nothing to do."""

    def step_done(self, trainer: "Trainer") -> None:
        """Do nothing."""

    def epoch_done(self, trainer: "Trainer", record: Record) -> None:
        """Do nothing."""


class Trainer:
    """Trains the parameters of a graph on an engine.

    epoch: epochs that are finished; step: steps that are finished of the next one. history: a record an epoch.
    An interrupted run that is restored in a new trainer ends with weights equal to the last bit.
    """

    def __init__(
        self,
        graph: Graph,
        parameters: Parameters,
        engine: Engine,
        optimizer: Optimizer,
        schedule: Schedule,
        training: Samples,
        validation: Samples | None = None,
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        groups: Sequence[ParameterGroup] = (),
        observer: Observer | None = None,
    ) -> None:
        if len(training) == 0:
            raise DataError("there is no sample to train on")
        self.graph, self.parameters, self.engine = graph, parameters, engine
        self.optimizer, self.rates = optimizer, Rates(optimizer, schedule, groups)
        self.updater = Updater(optimizer, parameters, groups)
        engine.attach(self.updater)
        self.training, self.validation = training, validation if validation is not None and len(validation) else None
        engine.supply(training, *([] if self.validation is None else [self.validation]))
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.observer: Observer = observer or Silent()
        self.steps_per_epoch = steps_per_epoch(len(training), batch_size)
        self.history: list[Record] = []
        self.epoch = self.step = 0
        self._sums: Array | None = None
        self._seconds = 0.0

    @property
    def samples_seen(self) -> int:
        """Samples of the unfinished epoch that were trained on."""
        return min(self.step * self.batch_size, len(self.training))

    def metrics(self) -> dict[str, float]:
        """Return the loss and the metrics over the unfinished epoch's samples so far; at least one step is done."""
        if self._sums is None:
            raise ValueError("no step of this epoch is done")
        return self.graph.loss.summarise(self._sums, self.samples_seen)

    def learning_rates(self, step: int) -> tuple[float, ...]:
        """Return the learning rates of a step of the unfinished epoch: the common one, and one for each group."""
        update = self.epoch * self.steps_per_epoch + step
        return self.rates.at(update, self.steps_per_epoch, self.epochs * self.steps_per_epoch)

    def learning_rate(self, step: int) -> float:
        """Return the common learning rate of a step of the unfinished epoch."""
        return self.learning_rates(step)[0]

    def run(self, stop: Stop = never) -> bool:
        """Train to the end, or until `stop` asks to stop after a step; return whether the end was reached.

        Raises DivergenceError where the loss, a gradient or a parameter is no longer finite.
        """
        while self.epoch < self.epochs:
            with np.errstate(all="ignore"):  # what overflows is found and named below
                if not (self._finish_steps(stop) and self._finish_epoch(stop)):
                    return False
        return True

    def _finish_steps(self, stop: Stop) -> bool:
        order = epoch_order(len(self.training), self.seed, self.epoch)
        while self.step < self.steps_per_epoch:
            if stop():
                return False
            start = time.perf_counter()
            first = self.step * self.batch_size
            chosen = order[first : first + self.batch_size]
            sums = self.engine.train_on(self.training, chosen, epoch=self.epoch, step=self.step)
            if not (math.isfinite(sums[0]) and all_finite(self.parameters.gradient)):
                x, _ = self.training.take(chosen, self.graph.input_shape, self.epoch)
                raise self._diverged(x, float(sums[0]) / len(chosen))
            self.engine.update(*self.learning_rates(self.step), epoch=self.epoch)
            self._sums = sums.copy() if self._sums is None else self._sums + sums
            self.step += 1
            self._seconds += time.perf_counter() - start
            self.observer.step_done(self)
        return True

    def _finish_epoch(self, stop: Stop) -> bool:
        start = time.perf_counter()
        self._check_parameters()
        validation = None
        if self.validation is not None:
            sums = evaluate(self.engine, self.validation, self.batch_size, stop)
            if sums is None:
                return False
            validation = self.graph.loss.summarise(sums, len(self.validation))
            if not math.isfinite(validation["loss"]):
                first = np.arange(min(self.batch_size, len(self.validation)))
                x, _ = self.validation.take(first, self.graph.input_shape)
                raise self._diverged(x, validation["loss"], "validation ")
        training = self.metrics()
        record = Record(
            epoch=self.epoch + 1,
            training=training,
            validation=validation,
            learning_rate=self.learning_rate(self.steps_per_epoch - 1),
            seconds=self._seconds + time.perf_counter() - start,
            images_per_second=len(self.training) / max(self._seconds, 1e-9),
        )
        self.rates.observe((validation or training)["loss"])
        self.history.append(record)
        self.epoch, self.step, self._sums, self._seconds = self.epoch + 1, 0, None, 0.0
        self.observer.epoch_done(self, record)
        return True

    def _check_parameters(self) -> None:
        """Raise DivergenceError where the epoch's last update, which no further loss would show, went wrong."""
        for name, array in self.parameters.named().items():
            if not all_finite(array.ravel(order="K")):
                raise DivergenceError(f"{name} is no longer finite after epoch {self.epoch + 1}. {self._advice()}")

    def _diverged(self, x: Array, loss: float, part: str = "") -> DivergenceError:
        """Return the error that says where the first number that is not finite came up, and what to try."""
        story = culprit(self.engine, x, loss)
        step = min(self.step + 1, self.steps_per_epoch)
        place = f"in epoch {self.epoch + 1} of {self.epochs}, step {step} of {self.steps_per_epoch}"
        return DivergenceError(f"the {part}loss is {loss:.3g} {place}: {story}. {self._advice()}")

    def _advice(self) -> str:
        rate = self.learning_rate(min(self.step, self.steps_per_epoch - 1))
        clip = "" if self.optimizer.clip_norm is not None else ', or "clip_norm" in the optimizer, for example 1'
        return f"Try a learning rate smaller than {rate:.3g}{clip}."

    def state(self) -> State:
        """Return what `restore` needs. The arrays are the trainer's own, not copies."""
        arrays = {"parameters": self.parameters.vector}
        arrays |= {f"running/{name}": array for name, array in self.parameters.running.items()}
        arrays |= {f"optimizer/{name}": array for name, array in self.updater.state.items()}
        return State(
            epoch=self.epoch,
            step=self.step,
            updates=self.updater.steps,
            sums=None if self._sums is None else [float(value) for value in self._sums],
            seconds=self._seconds,
            schedule=self.rates.state(),
            history=list(self.history),
            arrays=arrays,
        )

    def restore(self, state: State) -> None:
        """Go on where another trainer of the same document and data stood."""
        for name, array in self.state().arrays.items():
            array[...] = state.arrays[name]
        self.epoch, self.step, self.updater.steps = state.epoch, state.step, state.updates
        self._sums = None if state.sums is None else np.array(state.sums)
        self._seconds = state.seconds
        self.rates.restore(state.schedule)
        self.history = list(state.history)


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Return the number of batches, the last of which may be smaller."""
    return -(-samples // batch_size)


def evaluate(engine: Engine, samples: Samples, batch_size: int, stop: Stop = never) -> Array | None:
    """Return the loss's partial sums over all samples, in testing; None where `stop` asked to stop on the way."""
    size = batch_size * -(-EVALUATED_AT_ONCE // batch_size)
    total: Array | None = None
    for start in range(0, len(samples), size):
        if stop():
            return None
        sums = engine.evaluate_on(samples, np.arange(start, min(start + size, len(samples))))
        total = sums.copy() if total is None else total + sums
    if total is None:
        raise DataError("there is no sample to evaluate on")
    return total


def same_rates(section: Section, epochs: int, other_epochs: int, steps_per_epoch: int, updates: int) -> bool:
    """Return whether the first `updates` learning rates are the same in runs of either length.

    What a schedule learns from observed losses does not depend on the length, so a fresh one tells.
    """
    rates = Rates(optimizer_from(section), schedule_from(section.options["schedule"]), groups_from(section))
    lengths = (epochs * steps_per_epoch, other_epochs * steps_per_epoch)
    return updates <= min(lengths) and all(
        len({rates.at(update, steps_per_epoch, length) for length in lengths}) == 1 for update in range(updates)
    )
