"""The training loop: epochs of steps, validation, and a state from which a run can resume in the middle of an epoch."""

import time
from pathlib import Path

import numpy as np

from graphnn.averaging.base import check_averaging
from graphnn.datasets.batches import epoch_order
from graphnn.engine.batch import ArrayBatch, SourceBatch
from graphnn.engine.engine import Engine
from graphnn.errors import DivergenceError, WeightsError
from graphnn.metrics.figures import first_non_finite, label
from graphnn.optimizers.base import Optimizer
from graphnn.optimizers.rates import Rates
from graphnn.optimizers.updater import Updater
from graphnn.schedules.base import Schedule
from graphnn.storage.weights import compare
from graphnn.training.checkpoint import State
from graphnn.training.divergence import all_finite, culprit, culprit_in_inference
from graphnn.training.history import Record
from graphnn.training.kept import BEST, Kept
from graphnn.training.length import Length, check_batches
from graphnn.training.monitor import Watch
from graphnn.training.observer import Observer, Silent, Stop, never
from graphnn.training.options import TrainingOptions
from graphnn.training.samples import Samples
from graphnn.training.validation import check_classes, evaluate
from graphnn.types import Array


class Trainer:
    """Trains the parameters of an engine's graph.

    training: the samples to train on. validation: those to validate on, if any. observer: notified after each step and
    each epoch. epoch: the number of finished epochs; step: the number of finished steps of the next epoch. history: a
    record for each finished epoch. kept: the values to validate, and those to keep at the end.

    An interrupted run that is restored in a new trainer ends with the same weights to the last bit. Raises DataError
    where there are no samples to train on, where a batch has too few for a layer's statistics, where the run is too
    short for averaging, or where the figure to watch does not exist.
    """

    def __init__(
        self,
        engine: Engine,
        optimizer: Optimizer,
        schedule: Schedule,
        options: TrainingOptions,
        training: Samples,
        validation: Samples | None = None,
        *,
        observer: Observer | None = None,
    ) -> None:
        self.options = options
        self.length = Length(len(training), options.batch_size, options.epochs, options.drop_last)
        self.steps_per_epoch, self.total_steps = self.length.steps_per_epoch, self.length.total_steps
        self.engine, self.graph, self.parameters = engine, engine.graph, engine.parameters
        check_batches(self.graph, self.length)
        self.optimizer, self.rates = optimizer, Rates(optimizer, schedule, options.groups)
        self.updater = Updater(optimizer, self.parameters, options.groups)
        engine.attach(self.updater)
        self.training, self.validation = training, validation if validation is not None and len(validation) else None
        engine.supply(training, *([] if self.validation is None else [self.validation]))
        self.observer: Observer = observer or Silent()
        check_averaging(options.averaging, self.total_steps)
        self.kept = Kept(self.parameters, options.averaging, options.keep_best)
        self.watch = None if options.early_stopping is None else options.early_stopping.watch()
        for each in (self.watch, self.kept.best, *map(Watch, self.rates.monitors)):
            if each is not None:
                each.check(self.graph.metrics, validated=self.validation is not None)
                check_classes(each, self.graph, self.validation)
        self.history: list[Record] = []
        self.epoch = self.step = 0
        self._sums: Array | None = None
        self._seconds = 0.0

    @property
    def samples_seen(self) -> int:
        """The number of samples of the unfinished epoch that were trained on."""
        return self.length.samples_after(self.step)

    @property
    def steps_in_epoch(self) -> int:
        """The number of all steps in the unfinished epoch, finished or not."""
        return self.length.steps(self.epoch)

    @property
    def steps_done(self) -> int:
        """The number of finished steps of the run."""
        return min(self.epoch * self.steps_per_epoch + self.step, self.total_steps)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return self.epoch >= self.length.records or self.stopped_early

    @property
    def stopped_early(self) -> bool:
        """Whether the watched figure has ended the run before its last epoch."""
        stopping = self.options.early_stopping
        if self.watch is None or stopping is None or self.epoch >= self.length.records:
            return False
        return self.watch.waited >= stopping.patience

    @property
    def watched(self) -> tuple[str, ...]:
        """The names of the metrics that are watched in validation, to stop early or to keep the best."""
        return tuple(each.metric for each in (self.watch, self.kept.best) if each is not None)

    def metrics(self) -> dict[str, float]:
        """Return the loss and the metrics over the unfinished epoch so far. Raises ValueError before its first step."""
        if self._sums is None:
            raise ValueError("no step of this epoch is done")
        return self.graph.summarise(self._sums, self.samples_seen, training=True)

    def learning_rates(self, step: int) -> tuple[float, ...]:
        """Return the learning rates of a step of the unfinished epoch: the network's, and one for each group."""
        update = self.epoch * self.steps_per_epoch + step
        return self.rates.at(update, self.steps_per_epoch, self.total_steps)

    def learning_rate(self, step: int) -> float:
        """Return the network's learning rate at a step of the unfinished epoch."""
        return self.learning_rates(step)[0]

    def run(self, stop: Stop = never) -> bool:
        """Train to the end, or until `stop()` returns True; return whether the end was reached.

        `stop` is called before each step, and between the chunks of a validation. Raises DivergenceError where the
        loss, a gradient or a parameter is no longer finite.
        """
        if self.steps_done == 0:
            self.kept.begin()
        while not self.finished:
            with np.errstate(all="ignore"):  # overflow is detected and reported below
                if not (self._finish_steps(stop) and self._finish_epoch(stop)):
                    return False
        return True

    def _finish_steps(self, stop: Stop) -> bool:
        order = epoch_order(len(self.training), self.options.seed, self.epoch)
        while self.step < self.steps_in_epoch:
            if stop():
                return False
            start = time.perf_counter()
            first = self.step * self.options.batch_size
            positions = order[first : first + self.options.batch_size]
            sums = self.engine.train_step(SourceBatch(self.training, positions), epoch=self.epoch, step=self.step)
            self.check_step(positions, sums)
            self.engine.update(self.learning_rates(self.step), epoch=self.epoch)
            self._sums = sums.copy() if self._sums is None else self._sums + sums
            self.step += 1
            self.kept.step_done(self.steps_done, self.total_steps)
            self._seconds += time.perf_counter() - start
            self.observer.step_done(self)
        return True

    def _finish_epoch(self, stop: Stop) -> bool:
        start = time.perf_counter()
        self.check_parameters()
        self.engine.compare_ranks(self.epoch)
        validation = None
        if self.validation is not None and self.is_validated(self.epoch + 1):
            validation = self._validated(self.validation, stop)
            if validation is None:
                return False
        training = self.metrics()
        record = Record(
            epoch=self.epoch + 1,
            training=training,
            validation=validation,
            learning_rate=self.learning_rate(self.steps_in_epoch - 1),
            seconds=self._seconds + time.perf_counter() - start,
            images_per_second=self.samples_seen / max(self._seconds, 1e-9),
        )
        if validation is not None or self.validation is None:
            self.rates.observe(validation or training)
        if self.watch is not None:
            self.watch.observe(record)
        self.kept.epoch_done(record)
        self.history.append(record)
        self.epoch, self.step, self._sums, self._seconds = self.epoch + 1, 0, None, 0.0
        self.observer.epoch_done(self, record)
        return True

    def _validated(self, samples: Samples, stop: Stop) -> dict[str, float] | None:
        """Return the loss and the metrics over the validation part; None if `stop` ended the validation early."""
        with self.kept.validated():
            sums = evaluate(self.engine, samples, stop, what=f"epoch {self.epoch + 1}: validating")
            if sums is None:
                return None
            metrics = self.graph.summarise(sums, len(samples))
            wrong = first_non_finite(metrics)
            if wrong is not None:
                cause = culprit_in_inference(self.engine, samples)
                raise self._diverged(cause, metrics[wrong], f"validation {label(wrong)}")
        return metrics

    def is_validated(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, ends with a validation if there are samples for it."""
        return epoch % self.options.evaluate_every == 0 or epoch == self.length.records

    def check_parameters(self) -> None:
        """Raise DivergenceError where a parameter, an average or the optimizer's state is not finite.

        No later loss would show it after the last update; nor would it show that an infinite sum of squares in the
        optimizer's state ends all updates of a weight.
        """
        kept = {f"the average of {name}": array for name, array in self.kept.named_averages().items()}
        state = {
            f"{slot} of {self.optimizer.type} for {name}": array[elements]
            for slot, array in self.updater.state.items()
            for name, elements in self.parameters.slices.items()
        }
        for name, array in {**self.parameters.named(), **kept, **state}.items():
            if not all_finite(array.ravel(order="K")):
                when = f"after step {self.step} of" if self.step < self.steps_in_epoch else "after"
                raise DivergenceError(f"{name} is no longer finite {when} epoch {self.epoch + 1}. {self._advice()}")

    def check_step(self, positions: Array, sums: Array) -> None:
        """Raise DivergenceError where the partial sums or the gradient of the present step are not finite.

        positions: of the samples of its batch.
        """
        if np.isfinite(sums).all() and all_finite(self.parameters.gradient):
            return
        shape, dtype = self.graph.input_shape, self.parameters.dtype
        batch = ArrayBatch(*self.training.take(positions, shape, self.epoch, dtype=dtype))
        metrics = self.graph.summarise(sums, len(positions), training=True)
        wrong = first_non_finite(metrics) or "loss"
        cause = culprit(self.engine, batch, metrics[wrong], epoch=self.epoch, step=self.step)
        raise self._diverged(cause, metrics[wrong], label(wrong))

    def _diverged(self, cause: str, value: float, figure: str) -> DivergenceError:
        """Return the error that says which figure went wrong, when, and what to try."""
        step = min(self.step + 1, self.steps_in_epoch)
        when = f"in epoch {self.epoch + 1} of {self.options.epochs}, step {step} of {self.steps_in_epoch}"
        return DivergenceError(f"the {figure} is {value:.3g} {when}: {cause}. {self._advice()}")

    def _advice(self) -> str:
        if self.steps_done == 0 and self.step == 0:
            return "No weight has changed yet: what the weights start from, the inputs or the targets are too large."
        rate = self.learning_rate(min(self.step, self.steps_in_epoch - 1))
        clip = "" if self.optimizer.clip_norm is not None else ', or "clip_norm" in the optimizer, for example 1'
        return f"Try a learning rate smaller than {rate:.3g}{clip}."

    def state(self) -> State:
        """Return the state for `restore`. Its arrays are those of the trainer, not copies."""
        arrays = {"parameters": self.parameters.vector}
        arrays |= {f"running/{name}": array for name, array in self.parameters.running.items()}
        arrays |= {f"optimizer/{name}": array for name, array in self.updater.state.items()}
        arrays |= self.kept.arrays
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

    def restore(self, state: State, *, file: str | Path = "the checkpoint") -> None:
        """Go on from the state of another trainer of the same document and data.

        file: where the state comes from, for messages. Raises WeightsError, before any parameter is changed, where it
        cannot be such a state.
        """
        own = self.state().arrays
        # A run whose document no longer keeps the best goes on without it.
        known = {name: array for name, array in state.arrays.items() if name in own or not name.startswith(BEST)}
        report = compare({name: array.shape for name, array in own.items()}, known)
        if not report.complete:
            raise WeightsError(f"{file}: is not of this network:", *(f"  {line}" for line in report.lines()))
        if state.epoch > self.length.records or state.step > self.length.steps(state.epoch):
            raise WeightsError(f"{file}: is beyond the end of the run: after epoch {state.epoch}, step {state.step}")
        try:
            self.rates.restore(state.schedule)
        except (KeyError, ValueError) as problem:
            raise WeightsError(f"{file}: has other schedules than this document") from problem
        for name, array in own.items():
            array[...] = state.arrays[name]
        self.parameters.changed()
        self.epoch, self.step, self.updater.steps = state.epoch, state.step, state.updates
        self._sums = None if state.sums is None else np.array(state.sums)
        self._seconds = state.seconds
        self.history = list(state.history)
        self.kept.restart(self.history)
        if self.watch is not None:
            self.watch.restart(self.history)
