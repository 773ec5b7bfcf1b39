"""The protocol of a team, whose members share out numbered tasks, and a team of threads."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Team(Protocol):
    """Members that share out numbered tasks: threads of this process, or processes that run the same program."""

    def run(self, task: Callable[[int], T], count: int) -> list[T]:
        """Return task(0), task(1), … in order; raises the error of the lowest-numbered task that failed, if any."""


class Workers:
    """Runs task(0), task(1), … on `threads` threads, one of which is the caller's.

    Overflow gives no warning: a loss or gradient that is not finite is looked for and reported elsewhere.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads - 1, "graphnn") if threads > 1 else None

    def run(self, task: Callable[[int], T], count: int) -> list[T]:
        """Return the results in order; raises the error of the lowest-numbered task that failed, if any."""
        helpers = min(self.threads, count) - 1
        if self._executor is None or helpers < 1:
            with np.errstate(all="ignore"):
                return [task(index) for index in range(count)]
        results: list[Any] = [None] * count
        errors: dict[int, BaseException] = {}
        numbers = iter(range(count))
        lock = threading.Lock()

        def work() -> None:
            with np.errstate(all="ignore"):
                while not errors:
                    with lock:
                        index = next(numbers, None)
                    if index is None:
                        return
                    try:
                        results[index] = task(index)
                    except BaseException as error:
                        errors[index] = error

        futures: list[Future[None]] = [self._executor.submit(work) for _ in range(helpers)]
        work()
        for future in futures:
            future.result()
        if errors:
            raise errors[min(errors)]
        return results

    def close(self) -> None:
        """End the threads."""
        if self._executor is not None:
            self._executor.shutdown()
