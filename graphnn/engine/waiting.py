"""Counters by which forked processes wait for one another: they look for a while, then sleep until they are woken."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from graphnn.shared_memory import shared_bytes

LOOKS = 200  # at the counter without a pause, some 10 µs
# On two cores with ten other programs, an exchange of two processes of which one came 0.3 ms late took 1.0 ms in the
# mean, 3.0 ms without CONTENDED and with ten times the looks; to sleep and be woken costs some 20 µs.
YIELDING = 3e-3  # seconds of looks after that, each after yielding the core to other processes
# Seconds from one of these looks to the next after which another process has had the core: sleep at once.
CONTENDED = 5e-5
FIRST_SLEEP = 10  # ms; see `_sleep`
SLEEP = 10_000  # ms, after which a sleeping process looks whether the others are still there
PAUSE = 1e-3  # seconds between looks at a process that is ending


class Lost(Exception):
    """Another process of the team has ended, or could not be started."""


class Arrivals:
    """How far each of `size` processes has come, by shared counters that only grow; and how they wait for one another.

    Call `open` before the first fork, then `forked` in the first process and `join` in the other after each fork.

    A process that sleeps takes no time of any core. A pair of connected sockets lies between the first process and each
    other one; a byte sent through it wakes that process, and it hangs up when one of the two has ended, however that
    came. To wake one another, the others also have the first process's ends, so that only a further pair tells them
    when that has ended.
    """

    def __init__(self, size: int) -> None:
        self.size, self.rank = size, 0
        self._arrived = memoryview(shared_bytes(64 * size)).cast("q")  # a cache line each
        self._awaited = memoryview(shared_bytes(4 * size)).cast("i")  # for whom each sleeps, from 1; 0 while awake
        self._fence = threading.Lock()  # taking it orders the memory accesses around it, on any processor
        self._to: dict[int, socket.socket] = {}  # through which each other process is woken
        self._far: dict[int, socket.socket] = {}  # their ends, until they are forked
        self._life: tuple[socket.socket, ...] = ()
        self._poll = select.poll()

    def open(self) -> None:
        """Open the sockets: two for each process, of which one remains open in this one. Raises OSError."""
        for rank in range(1, self.size):
            self._to[rank], self._far[rank] = socket.socketpair()
            self._poll.register(self._to[rank], select.POLLIN)
        if self.size > 2:
            self._life = socket.socketpair()

    def forked(self, rank: int) -> None:
        """In the first process: leave to the process `rank` what is its own."""
        self._far.pop(rank).close()

    def join(self, rank: int) -> None:
        """In a forked process: be the process `rank`."""
        self.rank = rank
        self._to.pop(rank).close()
        self._to[0] = self._far.pop(rank)
        for end in (*self._far.values(), *self._life[:1]):
            end.close()
        self._far, self._life = {}, self._life[1:]
        self._poll = select.poll()
        for end in (self._to[0], *self._life):
            self._poll.register(end, select.POLLIN)

    def arrive(self, turn: int) -> None:
        """Tell the others that this process has come to `turn`, and has written all that they may read then."""
        with self._fence:
            self._arrived[8 * self.rank] = turn
        awaited, mark = self._awaited.tolist(), self.rank + 1
        if mark in awaited:
            for rank, whom in enumerate(awaited):
                if whom == mark:
                    # woken often enough already, or ended
                    with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                        self._to[rank].send(b"!", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def wait(self, rank: int, turn: int, check: Callable[[], None]) -> None:
        """Return once the process `rank` has come to `turn`; what it wrote before that is there to read.

        check: called where another process may have ended, to raise an error if one has. Raises Lost where the first
        process has ended.
        """
        self._wait((rank,), turn, check)

    def wait_for_all(self, turn: int, check: Callable[[], None]) -> None:
        """Return once all processes have come to `turn`; see `wait`."""
        self._wait(range(self.size), turn, check)

    def _wait(self, ranks: Iterable[int], turn: int, check: Callable[[], None]) -> None:
        arrived = self._arrived
        for rank in ranks:
            if arrived[8 * rank] < turn and not self._seen(rank, turn):
                self._sleep(rank, turn, check)
        with self._fence:
            pass

    def _seen(self, rank: int, turn: int) -> bool:
        """Look for a while, and return whether the process `rank` has come to `turn`."""
        arrived, place = self._arrived, 8 * rank
        for _ in range(LOOKS):
            if arrived[place] >= turn:
                return True
        last = time.perf_counter()
        end = last + YIELDING
        while last < end:
            os.sched_yield()
            if arrived[place] >= turn:
                return True
            now = time.perf_counter()
            if now - last > CONTENDED:
                return False
            last = now
        return False

    def _sleep(self, rank: int, turn: int, check: Callable[[], None]) -> None:
        """Sleep until the process `rank` has come to `turn`.

        This process says that it sleeps and then looks at the counter; the other one sets the counter and then looks
        who sleeps. So one of them sees what the other wrote. Some processors (ARM) let even a lock pass a write behind
        a later read, though not for long: there the first sleep, which is short, is followed by another look.
        """
        sleep, ending = FIRST_SLEEP, False
        self._awaited[self.rank] = rank + 1
        try:
            while True:
                with self._fence:
                    if self._arrived[8 * rank] >= turn:
                        return
                if ending:
                    check()
                    time.sleep(PAUSE)
                ending = not self._woken(sleep)
                sleep = SLEEP
        finally:
            self._awaited[self.rank] = 0

    def _woken(self, milliseconds: int) -> bool:
        """Sleep until another process sends a byte, which is taken, or has ended; return whether none has ended.

        Where nothing comes in time, one may have ended whose sockets another program keeps, which it had started.
        """
        events = dict(self._poll.poll(milliseconds))
        for end in self._to.values():
            if events.get(end.fileno(), 0) & select.POLLIN:
                with suppress(BlockingIOError, ConnectionResetError):
                    end.recv(64, socket.MSG_DONTWAIT)
        hung_up = any(event & ~select.POLLIN for event in events.values())
        if hung_up and self.rank:
            raise Lost("the first process of the team has ended")
        return bool(events) and not hung_up

    def close(self) -> None:
        """Close the sockets."""
        for end in (*self._to.values(), *self._far.values(), *self._life):
            end.close()
        self._to, self._far, self._life = {}, {}, ()
