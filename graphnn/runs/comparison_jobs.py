"""Jobs: carries out the trainings of a comparison in several processes of this machine, some at once."""

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from graphnn.errors import GraphError
from graphnn.machine.cores import available_cores
from graphnn.machine.killed import out_of_memory_kills, signal_name
from graphnn.runs.comparison_elsewhere import Elsewhere
from graphnn.runs.comparison_orders import (
    Event,
    TrainingEpoch,
    TrainingFailed,
    TrainingLost,
    TrainingOrder,
    TrainingOver,
    TrainingSaid,
)
from graphnn.runs.comparison_progress import TimeOfAll
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.runs.comparison_worker import EPOCH, FAILED, OVER, SAID, ordered
from graphnn.runs.stopping import SIGNALS
from graphnn.training.history import Record


class TrainingProcess:
    """A process that carries out one training after the other. order: the present one."""

    def __init__(self, work: ComparisonWork) -> None:
        self.order: TrainingOrder | None = None
        context = get_context("spawn")  # a process like one that was started by hand, whatever this one has loaded
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, work), name="training", daemon=True)
        with signals_held():
            self.process.start()
        theirs.close()

    def send(self, *message: Any) -> None:
        """Send a message, unless the process has ended, which is noticed where messages are received."""
        with suppress(OSError):
            self.connection.send(message)

    def received(self) -> Iterator[tuple[str, Any]]:
        """Yield the messages that have arrived."""
        with suppress(EOFError, OSError):
            while self.connection.poll():
                yield self.connection.recv()

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self.process.kill()
        self.process.join()
        self.connection.close()


class Jobs(Elsewhere):
    """An executor of `count` processes of this machine, which share its cores unless the work says how many threads."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll, count: int) -> None:
        threads = work.threads or max(1, available_cores() // min(count, times.count))
        super().__init__(replace(work, threads=threads), times)
        self._count = count
        self.workers: list[TrainingProcess] = []
        self._kills = out_of_memory_kills()

    def places(self) -> int:
        """Return how many trainings it carries out at once."""
        return self._count

    def begin(self, order: TrainingOrder) -> bool:
        """Give a training to a process that has none; where there is none, to a new one."""
        worker = next((worker for worker in self.workers if worker.order is None), None)
        if worker is None:
            worker = TrainingProcess(self.work)
            self.workers.append(worker)
        worker.order = order
        worker.send(order.task.position, order.task.training)
        self.say_begun(order, "")
        return True

    def ask_to_stop(self, orders: list[TrainingOrder]) -> None:
        """Ask the processes of trainings to stop and save these."""
        for worker in self.workers:
            if worker.order in orders and worker.order is not None:
                worker.send(worker.order.task.position, None)

    def events(self, seconds: float) -> Iterator[Event]:
        """Yield what the processes have told, and which have ended."""
        wait([worker.connection for worker in self.workers], timeout=seconds)
        for worker in [*self.workers]:
            alive = worker.process.is_alive()  # first, so that nothing that an ended one has told is missed
            yield from self._told(worker)
            if not alive:
                self.workers.remove(worker)
                worker.connection.close()
                if worker.order is not None:
                    yield TrainingLost(worker.order, *self._ending(worker.process.exitcode))

    def _told(self, worker: TrainingProcess) -> Iterator[Event]:
        for kind, value in worker.received():
            order = worker.order
            if order is None:
                continue
            if kind == SAID:
                yield TrainingSaid(order, value)
            elif kind == EPOCH:
                yield TrainingEpoch(order, value)
            else:
                worker.order = None
                yield TrainingOver(order, *value) if kind == OVER else TrainingFailed(order, value)

    def _ending(self, code: int | None) -> tuple[str, str]:
        """Return how a process has ended, in words, and what may help."""
        if code is None or code >= 0:
            return f"its process has ended with exit code {code}", ""
        how = f"its process was ended by {signal_name(-code)}"
        if out_of_memory_kills() == self._kills:
            return how, ""
        return f"{how}, because memory ran out", "; use fewer --jobs, or smaller batches"

    def close(self) -> None:
        """End all processes; those without a training end when nobody is there any more to give them one."""
        for worker in self.workers:
            if worker.order is None:
                worker.connection.close()
                worker.process.join(1)
            worker.kill()
        self.workers.clear()


@contextmanager
def signals_held() -> Iterator[None]:
    """A context that signals of the terminal do not end: those to this process come after it, and a process started
    in it gets none until it lets them come, however long its imports take.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which would let them come again, as it starts
    former = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def serve(connection: Connection, work: ComparisonWork) -> None:
    """Carry out the trainings that are sent, each as (position, training); (position, None) stops that one.

    Ends when the other process has. It alone decides what signals of the terminal mean.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # which `signals_held` has blocked
    with suppress(EOFError, OSError):
        while True:
            position, training = connection.recv()
            if training is not None:  # else it has ended in the meantime
                connection.send(answer(connection, work, position, training))


def answer(connection: Connection, work: ComparisonWork, position: int, training: Any) -> tuple[str, Any]:
    """Carry out a training, and return the last message about it."""

    def stop() -> bool:
        try:
            return bool(connection.poll()) and connection.recv() == (position, None)
        except (EOFError, OSError):  # nobody waits for the result any more
            return True

    def epoch_done(record: Record) -> None:
        with suppress(OSError):
            connection.send((EPOCH, record))

    def said(text: str) -> None:
        with suppress(OSError):
            connection.send((SAID, text))

    try:
        return OVER, ordered(work, training, said=said, epoch_done=epoch_done, stop=stop)
    except GraphError as error:
        return FAILED, GraphError(*error.problems)
    except (OSError, MemoryError) as error:
        return FAILED, error
    except Exception:  # a fault of the program, which ends that of the other process, too
        return FAILED, RuntimeError(traceback.format_exc())
