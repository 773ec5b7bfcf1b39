"""Answers of servers that are broken, slow, endless or lead elsewhere: each is refused, or tried again and resumed."""

import contextlib
import email.message
import email.utils
import gzip
import io
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from graphnn.datasets import download, transfer
from graphnn.datasets.download import ATTEMPTS, fetch
from graphnn.datasets.transfer import Redirects, TransferError, seconds_until

CONTENT = bytes(range(256)) * 100
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

Answer = bytes | Callable[[socket.socket], None]
Scripted = Callable[..., str]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """Start servers that send these bytes, one answer a connection, the last one again and again; return an address."""
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(server: socket.socket, answers: list[Answer]) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

    def begin(*answers: Answer) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threads.append(threading.Thread(target=serve, args=(server, list(answers))))
        threads[-1].start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/file"

    yield begin
    for server in listening:
        server.shutdown(socket.SHUT_RDWR)  # which ends the accept of its thread
        server.close()
    for thread in threads:
        thread.join()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows by the pauses between attempts, none of which is made."""
    made: list[float] = []
    monkeypatch.setattr(download.time, "sleep", made.append)
    return made


@pytest.fixture
def attempt(server, tmp_path):
    """Return a function that downloads CONTENT from addresses, and returns why that failed."""

    def run(*addresses: str, content: bytes = CONTENT) -> list[str]:
        remote = download.Remote("file", addresses, server.remote("file", content).md5, len(content))
        failures = fetch(remote, tmp_path / "file.part", show_progress=False)
        if not failures:
            assert (tmp_path / "file.part").read_bytes() == content
        return [failure.partition(": ")[2] for failure in failures]

    return run


def endless(start: bytes, more: bytes) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(more)

    return send


def dripping(start: bytes) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        while not threading.Event().wait(0.01):
            connection.sendall(b"x")

    return send


def reset(start: bytes) -> Answer:
    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close sends RST

    return send


BROKEN: dict[str, tuple[Answer, str]] = {
    "nothing": (b"", "it closed the connection"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not an answer by HTTP: SSH-2.0-OpenSSH_9.6"),
    "escapes": (b"HTTP/1.1 404 \x1b[2J\x1b]0;gone\x07\r\n\r\n", "HTTP 404 ?[2J?]0;gone?"),
    "long reason": (b"HTTP/1.1 404 " + b"long " * 200 + b"\r\n\r\n", "…"),
    "no status": (b"HTTP/1.1\r\n\r\n", "not an answer by HTTP"),
    "bad status": (b"HTTP/1.1 9999 OK\r\n\r\n", "not an answer by HTTP"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204 No Content, where the file was expected"),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", "it offers 0 bytes, where the file has 25,600"),
    "empty without length": (OK + b"\r\n", "it broke off after 0 of 25,600 bytes"),
    "another length": (OK + b"Content-Length: 7\r\n\r\n1234567", "it offers 7 bytes, where the file has 25,600"),
    "length that is none": (OK + b"Content-Length: many\r\n\r\nabc", "it broke off after 3 of 25,600 bytes"),
    "negative length": (OK + b"Content-Length: -1\r\n\r\nabc", "it broke off after 3 of 25,600 bytes"),
    "endless length": (OK + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\nabc", "it broke off after 3 of"),
    "too short": (WHOLE[:-100], "it broke off after 25,500 of 25,600 bytes"),
    "changed": (WHOLE[:-1] + b"x", "the checksum is "),
    "endless": (endless(OK + b"\r\n", b"x" * 1000), "the checksum is "),
    "endless headers": (endless(OK, b"a: b\r\n" * 1000), "got more than 100 headers"),
    "endless line": (endless(OK + b"a: ", b"b" * 1000), "got more than 65536 bytes when reading header line"),
    "endless announcements": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "its headers do not end"),
    "chunks cut": (CHUNKED + b"5\r\nabc", "it broke off after 3 bytes"),
    "chunks of no number": (CHUNKED + b"xyz\r\nabc\r\n", "it broke off after 0 bytes"),
    "chunks of less than nothing": (CHUNKED + b"-5\r\nabc\r\n", "it broke off after"),
    "chunks that end early": (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", "it broke off after 3 of 25,600 bytes"),
    "compressed": (
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(CONTENT),
        "it sends the file compressed (gzip), which was not asked for",
    ),
    "reset at once": (reset(b""), "Connection reset by peer"),
    "reset in the headers": (reset(OK), "Connection reset by peer"),
    "reset in the middle": (reset(WHOLE[:5000]), "it broke off after "),
    "redirect to nowhere": (b"HTTP/1.1 302 Found\r\n\r\n", "HTTP 302 Found"),
    "redirect to a file": (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "file:///etc/passwd"),
    "redirect to ftp": (
        b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/file\r\n\r\n",
        "/file redirects to ftp://127.0.0.1/file, which is neither http nor https",
    ),
    "redirect to no address": (b"HTTP/1.1 302 Found\r\nLocation: http://[bad/file\r\n\r\n", "Invalid IPv6 URL"),
    "redirect to a port that is none": (
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:port/\r\n\r\n",
        "nonnumeric port: 'port'",
    ),
    "redirect to itself": (b"HTTP/1.1 302 Found\r\nLocation: /file\r\n\r\n", "HTTP 302 redirects again and again"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answer_is_one_failure_and_the_next_mirror_is_asked(name, scripted, attempt):
    answer, message = BROKEN[name]
    address = scripted(answer)
    (failure,) = attempt(address)
    assert message in failure
    assert "\n" not in failure
    assert attempt(address, scripted(WHOLE)) == []


GOOD: dict[str, Answer] = {
    "whole": WHOLE,
    "without length": OK + b"\r\n" + CONTENT,
    "in chunks": CHUNKED
    + b"".join(b"200\r\n" + CONTENT[i : i + 512] + b"\r\n" for i in range(0, 25600, 512))
    + b"0\r\n\r\n",
    "that does not end": endless(OK + b"\r\n" + CONTENT, b"more"),
    "after an announcement": b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    "labelled as compressed, as some servers do with .gz": WHOLE.replace(OK, OK + b"Content-Encoding: x-gzip\r\n"),
}


@pytest.mark.parametrize("name", GOOD)
def test_odd_answer_with_the_right_bytes_is_used(name, scripted, attempt):
    assert attempt(scripted(GOOD[name])) == []


@pytest.mark.parametrize("first", ["nothing", "no status", "reset at once", "too short", "reset in the middle"])
def test_passing_fault_is_tried_again_at_the_same_address(first, scripted, attempt):
    assert attempt(scripted(BROKEN[first][0], WHOLE)) == []


def test_attempts_that_get_far_do_not_count(scripted, attempt, monkeypatch):
    monkeypatch.setattr(download, "PROGRESS", 2000)
    cuts = [WHOLE[: -len(CONTENT) + 3000]]
    for start in range(3000, 24001, 3000):
        part = CONTENT[start : start + 3000]
        head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-25599/25600\r\n\r\n" % start
        cuts.append(head + part)
    assert len(cuts) > 2 * ATTEMPTS
    assert attempt(scripted(*cuts)) == []


DRIPS = {
    "at once": b"",
    "in the headers": OK,
    "at the start": OK + b"\r\n",
    "in a chunk": CHUNKED + b"fff",
    "after a good start": OK + b"\r\n" + CONTENT[:5000],
    "in a redirect": b"HTTP/1.1 302 Found\r\nLocation: /",
}


@pytest.mark.parametrize("start", DRIPS.values(), ids=DRIPS)
def test_server_that_drips_for_ever_is_left(start, scripted, attempt, monkeypatch):
    monkeypatch.setattr(transfer, "PERIOD", 0.1)
    monkeypatch.setattr(transfer, "LEAST", 1000)
    (failure,) = attempt(scripted(dripping(start)))
    assert " bytes came in 0 seconds" in failure


def test_fast_enough_is_not_too_slow(scripted, attempt, monkeypatch):
    monkeypatch.setattr(transfer, "PERIOD", 0.3)
    monkeypatch.setattr(transfer, "LEAST", 50)

    def slowly(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        for start in range(0, len(CONTENT), 640):
            threading.Event().wait(0.015)
            connection.sendall(CONTENT[start : start + 640])

    assert attempt(scripted(slowly)) == []


def test_redirect_is_followed_whatever_text_comes_with_it(scripted, attempt):
    there = scripted(WHOLE)
    text = f"HTTP/1.1 302 Found\r\nLocation: {there}\r\n\r\n".encode()
    assert attempt(scripted(endless(text, b"moved " * 1000))) == []


@pytest.mark.parametrize("answer", ["", "Retry-After: 3\r\n", "Retry-After: soon\r\n", "Retry-After: -5\r\n"])
def test_busy_server_is_asked_again_after_a_pause(answer, scripted, attempt, pauses):
    busy = f"HTTP/1.1 503 Service Unavailable\r\n{answer}\r\n".encode()
    assert attempt(scripted(busy, WHOLE)) == []
    assert pauses == [3.0 if "3" in answer else download.PAUSE]


def test_server_that_is_busy_for_long_is_left_at_once(scripted, attempt, pauses):
    busy = scripted(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\n\r\n")
    assert attempt(busy) == ["HTTP 503 Service Unavailable, for another 3,600 seconds"]
    assert attempt(busy, scripted(WHOLE)) == []
    assert pauses == []


def test_server_that_stays_busy_is_left(scripted, attempt, pauses):
    assert attempt(scripted(b"HTTP/1.1 500 Broken\r\n\r\n")) == ["HTTP 500 Broken"]
    assert len(pauses) == ATTEMPTS - 1


def test_date_to_wait_for():
    assert 50 < seconds_until(email.utils.formatdate(time.time() + 60, usegmt=True)) <= 60
    assert seconds_until(email.utils.formatdate(time.time() - 60)) == 0
    assert seconds_until("Mon, 99 Xxx 99999999 99:99:99 GMT") == 0
    assert seconds_until("9" * 5000) == 0


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("https://a.org/x", "https://b.org/x", True),
        ("http://a.org/x", "https://a.org/x", True),
        ("http://a.org/x", "http://b.org/x", True),
        ("https://a.org/x", "http://a.org/x", False),
        ("https://a.org/x", "HTTP://a.org/x", False),
        ("https://a.org/x", "ftp://a.org/x", False),
        ("https://a.org/x", "file:///x", False),
        ("https://a.org/x", "data:,x", False),
    ],
)
def test_redirects_keep_the_encryption(old, new, allowed):
    asked = urllib.request.Request(old, headers={"Range": "bytes=5-"})
    body = io.BytesIO(b"moved")
    arguments = (asked, body, 302, "Found", email.message.Message(), new)
    if allowed:
        again = Redirects().redirect_request(*arguments)
        assert again is not None
        assert (again.full_url, again.get_header("Range")) == (new, "bytes=5-")
    else:
        with pytest.raises(TransferError) as caught:
            Redirects().redirect_request(*arguments)
        assert str(caught.value).startswith(f"{old} redirects to {new}, which is n")
    assert body.closed
