"""StopRequest: the first Ctrl-C stops a run after the step, the second at once."""

import contextlib
import os
import signal
import threading
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import Any, Self

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)  # of a terminal that is closed; not on Windows
SIGNALS = (signal.SIGINT, signal.SIGTERM, *([] if HANGUP is None else [HANGUP]))
NOTICE = b"\nStopping after this step and saving"
ONCE_MORE = b"; once more stops at once"
STOPPED_BY: ContextVar[int] = ContextVar("stopped_by", default=signal.SIGINT)  # the last signal that stopped a run


def exit_code(number: int) -> int:
    """Return the exit code of a command that a signal has stopped: 130 for SIGINT, as shells report it."""
    return 128 + number


class StopRequest:
    """A context in which the first SIGINT, SIGTERM or SIGHUP sets a flag, which a call of the object returns.

    The second SIGINT or SIGTERM raises KeyboardInterrupt. SIGHUP never does: a terminal that is closed sends several.
    A SIGHUP that is ignored, as under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.requested = self._told = False
        self._former: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self.requested

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
        STOPPED_BY.set(number)
        if number != HANGUP and self._told:
            raise KeyboardInterrupt
        first, self.requested, self._told = not self.requested, True, self._told or number != HANGUP
        if first or number != HANGUP:
            # not print, which the signal may have interrupted and which is not reentrant
            with contextlib.suppress(OSError):  # the terminal may be gone
                os.write(2, NOTICE + (b"" if number == HANGUP else ONCE_MORE) + b".\n")
