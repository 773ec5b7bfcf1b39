"""Processes that run one program in step, each its own share of the tasks, over shared memory.

Python's threads hand one lock back and forth: on two cores, a thread that found the lock taken slept, and waking it
took some 60 µs, as long as many of the array operations between. Processes that are forked from this one share its
arrays and need no lock, and they wait for one another by looking at a counter.
"""

import contextlib
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from graphnn.shared_memory import shared_bytes

T = TypeVar("T")

MAILBOX_BYTES = 2**24  # of one process and turn; pages that are never written to take no memory
LOOKS = 200  # at the counter, some 10 µs; then as often with leave for another process to have the core
YIELDS = 10_000


class Lost(Exception):
    """Another process of the team has ended or given up."""


class Processes:
    """`size` processes, this one first, that run the same program and meet in every `exchange`.

    After `fork`, each has its own `rank`; a program calls `run` and `exchange` in the same order in all of them.
    """

    def __init__(self, size: int) -> None:
        self.size, self.rank = size, 0
        self._turns = 0
        self._arrived = memoryview(shared_bytes(64 * size)).cast("q")  # a cache line each
        self._gone = memoryview(shared_bytes(size))  # whether a process has given up, or come to its end
        self._lengths = memoryview(shared_bytes(16 * size)).cast("q")
        self._mailboxes = [memoryview(shared_bytes(MAILBOX_BYTES)) for _ in range(2 * size)]
        self._fence = threading.Lock()  # taking it orders the memory accesses around it, on any processor
        self._parent = os.getpid()
        self._children: list[int] = []

    def fork(self, serve: Callable[[], None]) -> None:
        """Make the other processes, which run `serve` and end."""
        for rank in range(1, self.size):
            with warnings.catch_warnings():
                # Python 3.12 warns of any other thread, such as those of BLAS, which takes care of itself in a fork
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child:
                self._children.append(child)
                continue
            status = 1
            try:
                self.rank = rank
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                serve()
                status = 0
            except Lost:
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                self._gone[rank] = True
                os._exit(status)  # nothing of this process's clean-up belongs to a copy of it

    def run(self, task: Callable[[int], T], count: int) -> list[T]:
        """Share out task(0), task(1), … and return all results, in order, in every process.

        Where tasks fail, raises the error of the lowest number that failed, in every process.
        """
        own: dict[int, Any] = {}
        error: tuple[int, BaseException] | None = None
        for number in range(self.rank, count, self.size):
            try:
                result = task(number)
            except Exception as failure:
                error = (number, failure)
                break
            if result is not None:
                own[number] = result
        results: list[Any] = [None] * count
        errors: dict[int, BaseException] = {}
        for message in self.exchange((own, error) if own or error else None):
            if message is not None:
                for number, result in message[0].items():
                    results[number] = result
                if message[1] is not None:
                    errors[message[1][0]] = message[1][1]
        if errors:
            raise errors[min(errors)]
        return results

    def exchange(self, message: Any) -> list[Any]:
        """Give a message to all and return those of all, by rank, once every process has come here."""
        self._turns += 1
        first = self._turns % 2 * self.size  # of two sets in turn: a slow reader may still be at the last one
        data = b"" if message is None else pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        if len(data) > MAILBOX_BYTES:
            raise ValueError(f"{len(data):,} bytes are too many to hand to another process")
        self._mailboxes[first + self.rank][: len(data)] = data
        self._lengths[first + self.rank] = len(data)
        with self._fence:
            self._arrived[8 * self.rank] = self._turns
        for rank in range(self.size):
            if self._arrived[8 * rank] < self._turns:
                self._wait(rank)
        with self._fence:
            lengths = self._lengths[first : first + self.size].tolist()
        boxes = self._mailboxes[first : first + self.size]
        others = [pickle.loads(box[:length]) if length else None for box, length in zip(boxes, lengths, strict=True)]
        return [*others[: self.rank], message, *others[self.rank + 1 :]]

    def _wait(self, rank: int) -> None:
        looks = 0
        while self._arrived[8 * rank] < self._turns:
            looks += 1
            if self._gone[rank] and self._arrived[8 * rank] < self._turns:
                raise Lost(f"process {rank} of the team has given up")
            if looks > LOOKS + YIELDS:
                time.sleep(1e-4 if looks < LOOKS + 2 * YIELDS else 1e-3)
                if looks % 64 == 0 and not self._alive():
                    raise Lost("a process of the team has ended")
            elif looks > LOOKS:
                os.sched_yield()

    def _alive(self) -> bool:
        if self.rank:
            return os.getppid() == self._parent
        return all(os.waitpid(child, os.WNOHANG) == (0, 0) for child in self._children)

    def close(self) -> None:
        """End the other processes, whatever they are at."""
        self._gone[0] = True
        for child in self._children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):  # it has ended, and was waited for
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        self._children = []


def can_fork() -> bool:
    """Whether processes may be forked here: on Linux. (On macOS the system's own libraries do not survive it.)"""
    return hasattr(os, "fork") and os.uname().sysname == "Linux"
