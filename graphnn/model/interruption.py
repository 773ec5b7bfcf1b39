"""Ctrl-C during a fit, or the stop button of a notebook: the fit ends after the step, and keeps what it has done."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interruption:
    """A context in which the first SIGINT sets a flag, which a call of the object returns; the second interrupts.

    It changes nothing in other threads than the first, and where a program has a handler of its own.
    """

    def __init__(self) -> None:
        self.requested = False
        self._former: Any = None

    def __call__(self) -> bool:
        return self.requested

    def __enter__(self) -> Self:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._former = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
