"""What executors share whose trainings other processes carry out: their order, what is printed, and stopping them."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from graphnn.errors import GraphError
from graphnn.metrics.figures import brief, figures, short_figures
from graphnn.runs.comparison import Training
from graphnn.runs.comparison_orders import (
    Event,
    TrainingBegun,
    TrainingEpoch,
    TrainingFailed,
    TrainingLost,
    TrainingOrder,
    TrainingOver,
    TrainingSaid,
)
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import LEFT, STOPPED, ComparisonWork
from graphnn.runs.executors import INTERRUPTED, Ended, EpochDone, TrainingTask
from graphnn.runs.stopping import StopRequest
from graphnn.text.numbers import clock
from graphnn.text.tables import display_width
from graphnn.text.terminal import complain, repeat, say, terminal_width
from graphnn.text.working import Work, shown
from graphnn.training.history import Record

COLUMNS = 80  # of lines that are not for a terminal
LOOKED_EVERY = 0.2  # seconds, for Ctrl-C and for processes that have ended
MOST_LOST = 3  # processes of one training; with one more it is given up


class Elsewhere(ABC):
    """An executor whose trainings other processes carry out. times: of all trainings."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll) -> None:
        self.work, self._times = work, times
        self.waiting: deque[TrainingOrder] = deque()
        self.running: list[TrainingOrder] = []
        self._error: BaseException | None = None
        self._bar = Work("")

    @abstractmethod
    def begin(self, order: TrainingOrder) -> bool:
        """Have a training carried out, and return True; False where there is no place at present."""

    @abstractmethod
    def ask_to_stop(self, orders: list[TrainingOrder]) -> None:
        """Ask trainings to stop and save, if they have not ended."""

    @abstractmethod
    def events(self, seconds: float) -> Iterator[Event]:
        """Yield what has happened, after waiting for it so long at most."""

    @abstractmethod
    def close(self) -> None:
        """End all processes, or what they do for this executor, at once."""

    @abstractmethod
    def places(self) -> int:
        """Return how many trainings it carries out at once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def submit(self, task: TrainingTask, epoch_done: EpochDone | None = None) -> None:
        """Take over a training."""
        self.waiting.append(TrainingOrder(task, epoch_done))

    def results(self) -> Iterator[Ended]:
        """Carry out the trainings, and yield each as it ends."""
        self._bar = Work("", total=math.ceil(self._times.epochs))
        self._show()
        stopped = list[Ended]()
        with StopRequest() as stop, shown(self._bar):
            asked = False
            while self.running or (self.waiting and not asked):
                if not asked and (stop() or self._error is not None):
                    asked = True
                    self.ask_to_stop([*self.running])
                if not asked:
                    self._begin()
                for event in self.events(LOOKED_EVERY):
                    ended = self._taken(event, asked=asked)
                    if ended is not None and ended.how == INTERRUPTED:
                        stopped.append(ended)
                    elif ended is not None:
                        yield ended
            stop.over()
        if self._error is not None:
            raise self._error
        if asked:
            stopped += [Ended(order.task, order.task.training, INTERRUPTED) for order in self.waiting]
            self.waiting.clear()
            complain(f"{interrupted(stopped)}\n  {self.work.again}")
            yield from stopped

    def _begin(self) -> None:
        while self.waiting and len(self.running) < self.places():
            order = self.waiting[0]
            if not self.begin(order):
                return
            self.waiting.popleft()
            self.running.append(order)
            self._show()

    def put_back(self, order: TrainingOrder) -> None:
        """Let a training that was begun wait for another place."""
        self.running.remove(order)
        self.waiting.appendleft(order)

    def _taken(self, event: Event, *, asked: bool) -> Ended | None:
        """Take over what has happened, and return a training that has ended by it. asked: whether all are to stop."""
        order = event.order
        if order not in self.running:
            return None
        match event:
            case TrainingBegun():
                self.say_begun(order, event.place)
            case TrainingSaid():
                repeat(event.text)
            case TrainingEpoch():
                self._judge(order, event.record)
            case TrainingOver():
                self.running.remove(order)
                stopped = event.how == STOPPED and not order.refused
                ended = Ended(order.task, event.training, INTERRUPTED if stopped else event.how)
                if not stopped and order.epoch_done is None:
                    self._say_end(ended)
                return ended
            case TrainingFailed():
                self.running.remove(order)
                self._fail(order, event.error)
            case TrainingLost():
                if asked:
                    self.running.remove(order)
                    return Ended(order.task, order.task.training, INTERRUPTED)
                order.lost += 1
                if order.lost > MOST_LOST:
                    self.running.remove(order)
                    self._fail(order, GraphError(f"given up: {event.how}, as {order.lost - 1} before it{event.advice}"))
                else:
                    complain(f"{order.task.title}: {event.how}; another one goes on from its run")
                    self.put_back(order)
        self._show()
        return None

    def say_begun(self, order: TrainingOrder, place: str) -> None:
        """Print that a training has begun, or goes on at another place. place: in words."""
        if order.place is None:
            say(f"{order.task.title} {beginning(order.task.training)}{place and f' at {place}'}")
        elif order.place != place:
            say(f"{order.task.title} goes on at {place}")
        order.place = place

    def _judge(self, order: TrainingOrder, record: Record) -> None:
        if record.epoch <= order.epochs:  # told before, by a process that was lost
            return
        order.epochs = record.epoch
        if order.epoch_done is None or order.refused or order.epoch_done(record):
            return
        order.refused = True
        if order.epochs < order.task.training.epochs:
            self.ask_to_stop([order])

    def _fail(self, order: TrainingOrder, error: BaseException) -> None:
        """Take over the first error, which is raised when all trainings have stopped; print others."""
        if isinstance(error, GraphError):
            error = GraphError(f"{order.task.title}:", *error.problems)
        if self._error is None:
            self._error = error
        else:
            complain(str(error))

    def _say_end(self, ended: Ended) -> None:
        """Print what came of a training that is over; who ordered one that is left to another process says so."""
        training = ended.training
        if training.measured and not training.diverged:
            part, seconds = training.parts[0], clock(training.seconds)
            measured = brief(training.figures[part])
            line = f"{ended.task.title}: {part} {', '.join(figures(measured))}, {seconds}"
            fits = display_width(line) <= (terminal_width() or COLUMNS)
            say(line if fits else f"{ended.task.title}: {short_figures(measured)}, {seconds}")
        elif ended.how not in (INTERRUPTED, LEFT):
            say(f"{ended.task.title}: {ended.how}")

    def _show(self) -> None:
        """Move the bar on."""
        epochs = {order.task.position: order.epochs for order in [*self.running, *self.waiting]}
        self._bar.what = f"{len(self.running)} at work, {self._times.over_so_far} of {self._times.count} done"
        self._bar.advance(int(self._times.epochs_done(epochs)) - self._bar.done)


def beginning(training: Training) -> str:
    """Return what is done of a training, in words after its title."""
    if training.known is None:
        return "begins"
    return "is measured" if training.known.finished else f"goes on from run {training.known.run.number}"


def interrupted(stopped: list[Ended]) -> str:
    """Return the message about trainings that were stopped, before the command that goes on."""
    saved: list[Any] = [ended for ended in stopped if ended.training.known is not None]
    what = {0: "nothing was running", 1: "the training that was running is saved"}
    state = what.get(len(saved), f"the {len(saved)} trainings that were running are saved")
    return f"Interrupted; {state}.\nTo continue, with the same result as without the interruption:"
