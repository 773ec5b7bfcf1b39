"""StopRequest: what stops a run after the step, so that it is saved: the first Ctrl-C, or whoever has ordered it."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import Any, Self

from graphnn.text.working import abandoned

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # of a terminal that is closed; not on Windows
CPU_LIMIT: signal.Signals | None = getattr(signal, "SIGXCPU", None)  # when the time of `ulimit -St` is used up
REPEATED = tuple(number for number in (HANGUP, CPU_LIMIT) if number is not None)  # what the system sends several times
SIGNALS = (signal.SIGINT, signal.SIGTERM, *REPEATED)
NOTICE = b"Stopping after this step and saving"
ONCE_MORE = b"; once more stops at once"
ASKED_EVERY = 0.2  # seconds
STOPPED_BY: ContextVar[int] = ContextVar("stopped_by", default=signal.SIGINT)  # the last signal that stopped a run


def exit_code(number: int) -> int:
    """Return the exit code of a command that a signal has stopped: 130 for SIGINT, as shells report it."""
    return 128 + number


class StopRequest:
    """A context in which the first SIGINT, SIGTERM, SIGHUP or SIGXCPU sets a flag, which a call of the object returns.

    The second SIGINT or SIGTERM raises KeyboardInterrupt. SIGHUP and SIGXCPU never do: a terminal that is closed sends
    several, and a limit of CPU time one each second.
    A SIGHUP that is ignored, as under nohup, stays ignored. silent: whether somebody else says that a run was stopped.
    more: what is said of a stop, after what stops it at once.
    """

    def __init__(self, *, silent: bool = False, more: str = "") -> None:
        self.silent, self._more = silent, more.encode()
        self.requested = self._told = self._over = False
        self._former: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self.requested

    def over(self) -> None:
        """Let no further signal stop what is left to do, once everything is saved: saying so."""
        self._over = True

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other thread may set or receive them
            for number in SIGNALS:
                if number != HANGUP or signal.getsignal(number) != signal.SIG_IGN:
                    self._former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._over:
            return
        STOPPED_BY.set(number)
        repeated = number in REPEATED
        if not repeated and self._told:
            raise KeyboardInterrupt
        first, self.requested, self._told = not self.requested, True, self._told or not repeated
        if first or not repeated:
            # not print, which the signal may have interrupted and which is not reentrant
            with contextlib.suppress(OSError):  # the terminal may be gone
                os.write(
                    2, (abandoned().encode() or b"\n") + NOTICE + (b"" if repeated else ONCE_MORE) + self._more + b".\n"
                )


class StopWhenAsked(StopRequest):
    """A stop request that no signal sets, for a training that another process has ordered: it asks that one.

    asked: returns whether to stop; it is called now and then.
    """

    def __init__(self, asked: Callable[[], bool]) -> None:
        super().__init__(silent=True)
        self._asked, self._due = asked, 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self.requested and now >= self._due:
            self._due = now + ASKED_EVERY
            self.requested = self._asked()
        return self.requested

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass
