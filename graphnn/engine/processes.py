"""A team of forked processes that run one program in step over shared memory, each with its share of the tasks.

Python's threads pass one lock back and forth: on two cores, a thread that found the lock taken slept, and waking it
took some 60 µs, as long as many of the array operations in between. Forked processes share the arrays of this one and
need no lock; they wait for one another as `waiting` says.
"""

import contextlib
import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from graphnn.engine.folding import share
from graphnn.engine.waiting import Arrivals, Lost
from graphnn.machine.killed import ending, out_of_memory_kills
from graphnn.shared_memory import shared_bytes

MAILBOX_BYTES = 2**24  # for each process and turn; pages that are never written to take no memory


class Processes:
    """`size` processes, this one first, that run the same program and wait for one another in every `exchange`.

    After `fork`, the processes differ in their `rank`, from 0; all of them call `run` and `exchange` in the same order.
    """

    def __init__(self, size: int) -> None:
        self.size, self.rank = size, 0
        self._turns = 0
        self._arrivals = Arrivals(size)
        self._lengths = memoryview(shared_bytes(16 * size)).cast("q")
        self._mailboxes = [memoryview(shared_bytes(MAILBOX_BYTES)) for _ in range(2 * size)]
        self._parent = os.getpid()
        self._children: list[int] = []
        self._kills = out_of_memory_kills()

    def fork(self, serve: Callable[[], None]) -> None:
        """Start the other processes, which run `serve` and then end. Raises Lost where one cannot be started."""
        try:
            self._arrivals.open()
        except OSError as problem:
            reason = f"sockets between {self.size} processes cannot be opened: {problem.strerror}; allow more files"
            raise Lost(f"{reason} (ulimit -n), or use fewer (--threads)") from problem
        for rank in range(1, self.size):
            with warnings.catch_warnings():
                # Python 3.12 warns of any other thread, such as those of BLAS, which takes care of itself in a fork
                warnings.simplefilter("ignore", DeprecationWarning)
                try:
                    child = os.fork()
                except OSError as problem:
                    reason = f"{problem.strerror}; {rank} of {self.size} are running, so use {rank} or fewer"
                    raise Lost(f"process {rank + 1} of the team cannot be started: {reason} (--threads)") from problem
            if child:
                self._children.append(child)
                self._arrivals.forked(rank)
                continue
            status = 1
            try:
                self.rank = rank
                self._arrivals.join(rank)
                # the first process decides, also about the time that each of them may take
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
                    signal.signal(number, signal.SIG_IGN)
                serve()
                status = 0
            except Lost:
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)  # without the clean-up of the original process

    def run(self, task: Callable[[int], object], count: int) -> None:
        """Run this process's share of the tasks, and wait for the others, as `Team` says."""
        error: tuple[int, BaseException] | None = None
        for number in share(range(count), self.rank, self.size):
            try:
                task(number)
            except Exception as failure:
                error = (number, failure)
                break
        errors: dict[int, BaseException] = dict(each for each in self.exchange(error) if each is not None)
        if errors:
            raise errors[min(errors)]

    def once(self, task: Callable[[], object]) -> None:
        """Run the task in the first process, and wait for it in the others, as `Team` says."""
        error: Exception | None = None
        if self.rank == 0:
            try:
                task()
            except Exception as failure:
                error = failure
        raised = self.exchange(error)[0]
        if raised is not None:
            raise raised

    def exchange(self, message: Any) -> list[Any]:
        """Send a message to all processes and return the messages of all, by rank, once every process has sent its."""
        self._turns += 1
        first = self._turns % 2 * self.size  # two sets in turn: a slow process may still read the last
        data = b"" if message is None else pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        if len(data) > MAILBOX_BYTES:
            raise ValueError(f"{len(data):,} bytes are too many to hand to another process")
        self._mailboxes[first + self.rank][: len(data)] = data
        self._lengths[first + self.rank] = len(data)
        self._arrivals.arrive(self._turns)
        self._arrivals.wait_for_all(self._turns, self._check_alive)
        lengths = self._lengths[first : first + self.size].tolist()
        boxes = self._mailboxes[first : first + self.size]
        others = [pickle.loads(box[:length]) if length else None for box, length in zip(boxes, lengths, strict=True)]
        return [*others[: self.rank], message, *others[self.rank + 1 :]]

    def _check_alive(self) -> None:
        """Raise Lost where another process has ended, with the reason, which the first process is told."""
        if self.rank:
            if os.getppid() != self._parent:
                raise Lost("the first process of the team has ended")
            return
        for rank, child in enumerate(self._children, 1):
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                self._children.remove(child)  # its number may already be that of another process
                kills = out_of_memory_kills() - self._kills
                raise Lost(f"process {rank + 1} of the team {ending(status, usage.ru_maxrss, kills)}")

    def close(self) -> None:
        """Kill the other processes, whatever they are doing."""
        for child in self._children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):  # it has ended already
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        self._children = []
        self._arrivals.close()


def can_fork() -> bool:
    """Whether processes can be forked safely: on Linux. (On macOS, system libraries do not survive a fork.)"""
    return hasattr(os, "fork") and os.uname().sysname == "Linux"
