"""Dask: carries out the trainings of a comparison on the workers of a Dask cluster."""

import logging
import queue
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from graphnn.errors import GraphError
from graphnn.runs.comparison_dask_cluster import connected, place_of, unfit
from graphnn.runs.comparison_dask_worker import (
    BEGUN,
    ELSEWHERE,
    ask_to_stop,
    carry_out,
)
from graphnn.runs.comparison_elsewhere import Elsewhere
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
from graphnn.runs.comparison_training import ComparisonWork
from graphnn.runs.comparison_worker import EPOCH, FAILED, SAID
from graphnn.runs.reading import DocumentSource
from graphnn.runs.store import RunStore
from graphnn.text.terminal import complain, note
from graphnn.training.history import Record
from graphnn.version import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

WORKERS_LOOKED_AT_EVERY = 1.0  # seconds from one look at which workers there are to the next
FETCHED_WITHIN = 10  # seconds
BUSY = 2.0  # seconds after which a worker that had no place is asked again
DONE, GONE = "done", "gone"  # events: a task is done, its worker is no longer there
LOGGER = "distributed.client"  # what it says of lost connections is said here


class Dask(Elsewhere):
    """An executor of the workers of a Dask cluster. scheduler: its address, or the file that it writes it to."""

    def __init__(self, work: ComparisonWork, times: TimeOfAll, scheduler: str) -> None:
        super().__init__(everywhere(work), times)
        self._scheduler = scheduler
        self._client: Client
        self._topic = f"graphnn-{secrets.token_hex(8)}"
        self._events: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._orders: dict[str, tuple[TrainingOrder, Future]] = {}  # by the key of the task
        self._places: dict[str, str] = {}  # the address of the worker, by key
        self._fit: dict[str, bool] = {}  # whether a worker can train, by address
        self._there: list[str] = []
        self._busy: dict[str, float] = {}  # until when a worker is not asked again, by address
        self._looked_at = 0.0
        self._told_of_none = False
        self._level = logging.getLogger(LOGGER).level

    def __enter__(self) -> Self:
        self._client = connected(self._scheduler)
        logging.getLogger(LOGGER).setLevel(logging.CRITICAL)
        try:
            problems = self._look(first=True)
            if problems:
                raise GraphError(*problems)
            self._client.subscribe_topic(self._topic, lambda event: self._events.put(event[1]))
        except BaseException:
            self.close()
            raise
        return self

    def _look(self, *, first: bool = False) -> list[str]:
        """Look which workers there are, and whether new ones can train; return why some cannot."""
        self._looked_at = time.monotonic()
        with self._connection():
            there = [*self._client.nthreads()]
            new = [address for address in there if address not in self._fit]
            found = unfit(self._client, new, self.work.store) if new else {}
        self._fit.update({address: address not in found for address in new})
        self._there = [address for address in there if self._fit[address]]
        for key, address in self._places.items():
            if address not in there:
                self._events.put({"key": key, "kind": GONE, "value": None})  # before that of the cancelled future
                self._orders[key][1].cancel()
        if not first:
            for problem in found.values():
                note(f"{problem}; it is left out")
        if not self._there and not found and not self._told_of_none:
            complain(f"{self._scheduler} has no worker; waiting for one, as of: dask worker {self._scheduler}")
        self._told_of_none = not self._there
        return [*found.values()]

    def places(self) -> int:
        """Return how many workers there are, or 1 where one is waited for."""
        return max(1, len(self._there))

    def begin(self, order: TrainingOrder) -> bool:
        """Give a training to a worker that has none."""
        now, taken = time.monotonic(), {*self._places.values()}
        free = (each for each in self._there if each not in taken and self._busy.get(each, now) <= now)
        address = next(free, None)
        if address is None:
            return False
        key = f"{self._topic}-{order.task.position}-{secrets.token_hex(4)}"
        future = self._client.submit(
            carry_out,
            key,
            self._topic,
            __version__,
            self.work,
            order.task.training,
            key=key,
            pure=False,
            workers=[address],
        )
        self._orders[key], self._places[key] = (order, future), address
        future.add_done_callback(lambda _: self._events.put({"key": key, "kind": DONE, "value": None}))
        return True

    def ask_to_stop(self, orders: list[TrainingOrder]) -> None:
        """Ask the workers of trainings to stop and save these."""
        keys = [key for key, (order, _) in self._orders.items() if order in orders]
        with self._connection():
            self._client.run(ask_to_stop, keys, on_error="ignore")

    def events(self, seconds: float) -> Iterator[Event]:
        """Yield what the workers have told, and which trainings are over."""
        if time.monotonic() - self._looked_at >= WORKERS_LOOKED_AT_EVERY:
            self._look()
        try:
            told = self._events.get(timeout=seconds)
        except queue.Empty:
            return
        if told["key"] not in self._orders:
            return
        order, future = self._orders[told["key"]]
        kind, value = told["kind"], told["value"]
        if kind == SAID:
            yield TrainingSaid(order, value)
        elif kind == EPOCH:
            yield TrainingEpoch(order, Record(**value))
        elif kind == BEGUN:
            yield TrainingBegun(order, place_of(value))
            if order.refused:
                self.ask_to_stop([order])
        else:
            del self._orders[told["key"]]
            address = self._places.pop(told["key"])
            if kind == GONE:
                yield lost(order, address)
            else:
                yield from self._over(order, future, address)

    def _over(self, order: TrainingOrder, future: "Future", address: str) -> Iterator[Event]:
        """Yield what has become of a task that is done. address: of the worker."""
        if future.status == "cancelled":
            yield TrainingFailed(order, GraphError(self._lost()))
            return
        problem = future.exception()
        if problem is not None:
            yield TrainingFailed(order, problem)
            return
        try:
            kind, value = future.result(timeout=FETCHED_WITHIN)
        except TimeoutError:  # with the worker, the result is gone; another one finds the finished run
            yield lost(order, address)
            return
        if kind == ELSEWHERE:
            self._busy[address] = time.monotonic() + BUSY  # with a training of another command
            self.put_back(order)
        elif kind == FAILED:
            yield TrainingFailed(order, value)
        else:
            training, how, records = value
            for record in records:  # some events may come later than the result
                yield TrainingEpoch(order, record)
            yield TrainingOver(order, training, how)

    @contextmanager
    def _connection(self) -> Iterator[None]:
        """A context in which GraphError is raised where the scheduler does not answer."""
        try:
            yield
        except OSError as problem:
            raise GraphError(self._lost()) from problem

    def _lost(self) -> str:
        saved = "the workers stop and save what they train. To continue, with the same result:"
        return f"The connection to the scheduler {self._scheduler} was lost; {saved}\n  {self.work.again}"

    def close(self) -> None:
        """Give up all trainings, and disconnect."""
        with suppress(Exception):  # of a scheduler that is gone
            self._client.cancel([future for _, future in self._orders.values()])
        self._client.close()
        logging.getLogger(LOGGER).setLevel(self._level)


def lost(order: TrainingOrder, address: str) -> TrainingLost:
    """Return the event that the worker of a training is lost."""
    return TrainingLost(order, f"its worker {place_of(address)} was lost")


def everywhere(work: ComparisonWork) -> ComparisonWork:
    """Return the work with paths that do not depend on the folder that a process is in."""
    document, text = work.document, work.document.text
    file = document.file.absolute()
    if text is not None:
        text = replace(text, file=str(file), folder=text.folder.absolute())
    return replace(
        work,
        document=DocumentSource(file, document.overrides, tuple(each.absolute() for each in document.plugins), text),
        store=RunStore(work.store.folder.absolute()),
        data_dir=None if work.data_dir is None else work.data_dir.absolute(),
    )
