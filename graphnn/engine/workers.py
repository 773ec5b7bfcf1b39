"""The protocol of a team, whose members share out numbered tasks, and a team of threads."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from graphnn.engine.folding import shares


class Team(Protocol):
    """Members that share out numbered tasks: threads of this process, or processes that run the same program."""

    size: int

    def run(self, task: Callable[[int], object], count: int) -> None:
        """Run task(0), task(1), …: each member those of its share, in order. What they return is not used.

        Returns when all members are done, and raises the error of the lowest-numbered task that failed, if any, in
        every member. Tasks leave their results in memory that all members share.
        """

    def once(self, task: Callable[[], object]) -> None:
        """Let the first member run a task that the others wait for; its error is raised in every member."""


class Workers:
    """Threads that share out tasks; one of the `size` threads is the caller's.

    Overflow gives no warning: a loss or gradient that is not finite is looked for and reported elsewhere.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # one each, so that a share is always run by the same thread, whose private memory backward reads again
        self._executors = [ThreadPoolExecutor(1, f"graphnn {number}") for number in range(1, size)]

    def run(self, task: Callable[[int], object], count: int) -> None:
        """Run the tasks, as the protocol says; after an error no thread begins another task."""
        if not self._executors or count < 2:
            with np.errstate(all="ignore"):
                for number in range(count):
                    task(number)
            return
        errors: dict[int, BaseException] = {}

        def work(own: range) -> None:
            with np.errstate(all="ignore"):
                for number in own:
                    if any(each < number for each in list(errors)):
                        return
                    try:
                        task(number)
                    except BaseException as error:
                        errors[number] = error
                        return

        first, *others = shares(range(count), self.size)
        pairs = zip(self._executors, others, strict=True)
        futures: list[Future[None]] = [executor.submit(work, own) for executor, own in pairs if own]
        work(first)
        for future in futures:
            future.result()
        if errors:
            raise errors[min(errors)]

    def once(self, task: Callable[[], object]) -> None:
        """Run the task."""
        task()

    def close(self) -> None:
        """End the threads."""
        for executor in self._executors:
            executor.shutdown()
