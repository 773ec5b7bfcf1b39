"""The protocol of uvicorn with limits on the heads of requests, which it lacks."""

import asyncio
from asyncio import TimerHandle
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 64 << 10  # bytes of a request's first line and headers
PARTING = 0.5  # seconds in which a request that is on its way is still taken when the server ends


class LimitedProtocol(HttpToolsProtocol):
    """A connection that is closed where the head of a request takes too long, or too many bytes.

    The time also ends what a client still sends of a request that has been refused. reading: seconds. When the server
    ends, a connection without a request stays open for a moment: its client may have sent the next one, which is
    answered with the word that the connection closes, and would be lost otherwise.
    """

    def __init__(self, *arguments: Any, reading: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._reading = reading
        self._timer: TimerHandle | None = None
        self._head, self._in_head = 0, True
        self._last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer, where all of a request is here, and close then: its client may only have ended what it sends."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head > MOST_HEAD:
            self.send_400_response("The head of the request is too long.")
        elif self.cycle is not None and not self.cycle.response_complete:
            self._stop_timer()
        elif self._timer is None:
            self._start_timer()

    def on_headers_complete(self) -> None:
        self._head, self._in_head = 0, False
        super().on_headers_complete()
        if self._last and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def shutdown(self) -> None:
        self._last = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(PARTING, super().shutdown)
        else:
            super().shutdown()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._reading, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def limited(reading: float) -> Any:
    """Return what makes a connection's protocol. reading: seconds for the head of a request."""
    return partial(LimitedProtocol, reading=reading)
