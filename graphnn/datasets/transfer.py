"""Requests files by HTTP: the connection may not become too slow, redirects may not lead to unsafe addresses."""

import email.utils
import http
import http.client
import io
import time
import urllib.error
import urllib.request
from email.message import Message
from typing import IO, Any
from urllib.parse import urlsplit

TIMEOUT = 30.0  # seconds without a byte from the server
LEAST, PERIOD = 60_000, 60.0  # bytes, seconds: at least so many must come in each such period, or the whole answer
MOST_HEADERS = 1 << 20  # bytes before an answer's content
REDIRECTS = 5
MOST_WAIT = 10.0  # seconds that a server may ask to wait before another attempt
PASSING = (408, 429, 500, 502, 503, 504)  # statuses that another attempt may not meet
LONGEST = 300  # characters of a message, of which the server may have written a part


class TransferError(Exception):
    """A download failed; the message says why.

    again: whether another attempt may succeed or get further. anew: whether only one from the first byte may. wait: the
    seconds to wait before it.
    """

    def __init__(self, message: str, *, again: bool = False, anew: bool = False, wait: float = 0.0) -> None:
        text = "".join(letter if letter.isprintable() else "?" for letter in message)
        super().__init__(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
        self.again, self.anew, self.wait = again or anew, anew, wait


class Paced(io.RawIOBase):
    """The bytes of a connection. Raises TimeoutError where they come too slowly, HTTPException for endless headers."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self.in_headers = True
        self._raw = raw
        self._since, self._count, self._total = time.monotonic(), 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        count = self._raw.readinto(buffer)
        self._count += count or 0
        self._total += count or 0
        if self.in_headers and self._total > MOST_HEADERS:
            raise http.client.HTTPException("its headers do not end")
        now = time.monotonic()
        if self._count < LEAST and now - self._since > PERIOD:
            raise TimeoutError(f"only {self._count:,} bytes came in {now - self._since:.0f} seconds")
        if self._count >= LEAST:
            self._since, self._count = now, 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    """A server's answer, read at a least speed."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._paced = Paced(self.fp.detach())
        self.fp = io.BufferedReader(self._paced)

    def begin(self) -> None:
        super().begin()
        self._paced.in_headers = False


class Connection(http.client.HTTPConnection):
    response_class = Response


class SecureConnection(http.client.HTTPSConnection):
    response_class = Response


class Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(Connection, req)


class Secure(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(SecureConnection, req)


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, to http or https, never from https to http. Raises TransferError for others."""

    max_redirections = REDIRECTS
    inf_msg = "redirects again and again: "

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        fp.close()  # its text, which may be endless, would be read before the redirect is followed
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https"):
            raise TransferError(f"{req.full_url} redirects to {newurl}, which is neither http nor https")
        if req.type == "https" and scheme == "http":
            raise TransferError(f"{req.full_url} redirects to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]  # as in urllib


def request(address: str, start: int) -> http.client.HTTPResponse:
    """Request the file from byte `start` on and return the server's response. Raises TransferError."""
    asked = urllib.request.Request(address, headers={"User-Agent": "graphnn"})
    if start:
        asked.add_header("Range", f"bytes={start}-")
    opener = urllib.request.build_opener(Plain, Secure, Redirects)
    try:
        response: http.client.HTTPResponse = opener.open(asked, timeout=TIMEOUT)
    except urllib.error.HTTPError as problem:
        problem.close()
        raise refusal(problem, start) from problem
    except urllib.error.URLError as problem:
        lost = isinstance(problem.reason, ConnectionResetError | BrokenPipeError)
        raise TransferError(getattr(problem.reason, "strerror", None) or str(problem.reason), again=lost) from problem
    except http.client.BadStatusLine as problem:  # also where the server closes the connection instead of an answer
        closed = isinstance(problem, ConnectionError)
        what = "it closed the connection" if closed else f"not an answer by HTTP: {problem}"
        raise TransferError(what, again=True) from problem
    except (OSError, http.client.HTTPException, ValueError) as problem:
        again = isinstance(problem, ConnectionError)
        raise TransferError(str(problem) or type(problem).__name__, again=again) from problem
    return response


def refusal(problem: urllib.error.HTTPError, start: int) -> TransferError:
    """Return the error about an answer without the file."""
    message = f"HTTP {problem.code} {problem.reason}"
    if problem.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
        return TransferError(message, anew=True)
    if problem.code not in PASSING:
        return TransferError(message)
    wait = seconds_until(problem.headers.get("Retry-After", ""))
    if wait > MOST_WAIT:
        return TransferError(f"{message}, for another {wait:,.0f} seconds")
    return TransferError(message, again=True, wait=wait)


def seconds_until(retry_after: str) -> float:
    """Return the seconds to wait that a Retry-After header asks for, as a number or a date; 0 for none or others."""
    if retry_after.isdecimal() and len(retry_after) < 10:
        return float(retry_after)
    date = email.utils.parsedate_tz(retry_after)
    try:
        return 0.0 if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError):
        return 0.0
