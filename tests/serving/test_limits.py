"""The limits: what is refused, how, and that the server goes on."""

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from graphnn.serving.bodies import Held
from graphnn.serving.problems import RequestProblem

MIB = 1 << 20
HEAD = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n"
LIMITS = "--max-body 1 --max-pixels 10000 --max-files 3 --max-held 2 --read-timeout 1"


@pytest.fixture(scope="module")
def limited(trained_once: Path, tmp_path_factory: pytest.TempPathFactory, serving: Callable[..., Any]) -> Iterator[Any]:
    """A server with low limits."""
    with serving(tmp_path_factory.mktemp("limited"), trained_once / "net.json", *LIMITS.split()) as server:
        yield server


def connected(server: Any) -> socket.socket:
    """Return a connection to a server."""
    place = urlsplit(server.url)
    return socket.create_connection((place.hostname, place.port), timeout=30)


def error_of(found: httpx.Response, status: int) -> str:
    assert found.status_code == status, found.text
    assert list(found.json()) == ["error"]
    return str(found.json()["error"])


def everything(connection: socket.socket) -> str:
    """Return all that a server sends until it closes a connection."""
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts).decode()


def memory(server: Any) -> int:
    """Return the most memory that a server has had, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_a_large_body_is_refused_and_the_connection_goes_on(limited: Any, digits: list[bytes]) -> None:
    with httpx.Client() as client:
        found = client.post(f"{limited.url}/predict", files={"x": ("x.png", bytes(2 * MIB))})
        assert "the body has more than 1.0 MiB, the most that is read" in error_of(found, 413)
        assert client.post(f"{limited.url}/predict", files={"x": ("x.png", digits[0])}).status_code == 200


def test_a_large_body_that_does_not_say_its_size(limited: Any) -> None:
    found = httpx.post(
        f"{limited.url}/predict", content=(bytes(100_000) for _ in range(30)), headers={"Content-Type": "image/png"}
    )
    assert "the body has more than 1.0 MiB" in error_of(found, 413)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the memory of a process as Linux tells it")
@pytest.mark.parametrize("chunked", [False, pytest.param(True, marks=pytest.mark.long)])
def test_bodies_of_200_mb_take_no_memory(chunked: bool, limited: Any) -> None:
    before = memory(limited)
    body = bytes(MIB)
    headers = {"Content-Type": "image/png"} | ({} if chunked else {"Content-Length": str(200 * MIB)})
    found = httpx.post(f"{limited.url}/predict", content=(body for _ in range(200)), headers=headers, timeout=60)
    assert found.status_code == 413
    assert memory(limited) - before < 20 * MIB


def test_too_many_pixels_are_refused_before_they_are_decoded(limited: Any) -> None:
    from PIL import Image

    for side, words in ((9_000, "9,000×9,000 are more than 10,000 pixels"), (14_000, "has far more than 10,000")):
        bomb = io.BytesIO()
        Image.new("1", (side, side)).save(bomb, "PNG")
        assert len(bomb.getvalue()) < MIB
        found = httpx.post(f"{limited.url}/predict", files={"x": ("bomb.png", bomb.getvalue())})
        assert f"bomb.png: {words}" in error_of(found, 413)


def test_too_many_files(limited: Any, digits: list[bytes]) -> None:
    files = [("x", (f"{i}.png", digits[i])) for i in range(4)]
    assert len(httpx.post(f"{limited.url}/predict", files=files[:3]).json()) == 3
    assert "more than 3 files" in error_of(httpx.post(f"{limited.url}/predict", files=files), 413)


def test_a_slow_body_is_told_so_and_holds_up_nobody(limited: Any, digits: list[bytes]) -> None:
    with connected(limited) as slow:
        started = time.monotonic()
        slow.sendall(HEAD.format(1000).encode() + b"x")
        assert httpx.post(f"{limited.url}/predict", files={"x": ("x.png", digits[0])}).status_code == 200
        answer = everything(slow)  # until it is closed, because the rest of the body may still come
        assert answer.startswith("HTTP/1.1 408 ")
        assert answer.endswith('{"error":"the body was not here within 1 seconds"}')
        assert time.monotonic() - started < 20


@pytest.mark.parametrize("sent", [b"", pytest.param(b"POST /predict HTTP/1.1\r\nHost:", marks=pytest.mark.long)])
def test_a_slow_head_ends_the_connection(sent: bytes, limited: Any) -> None:
    started = time.monotonic()
    with connected(limited) as slow:
        slow.sendall(sent)
        assert everything(slow) == ""
    assert time.monotonic() - started > 0.5


@pytest.mark.long
def test_a_head_that_comes_byte_by_byte_ends_too(limited: Any) -> None:
    with connected(limited) as slow, contextlib.suppress(OSError):  # a broken pipe or a reset, by the moment
        for count, byte in enumerate(HEAD.encode() * 100):
            slow.sendall(bytes([byte]))
            time.sleep(0.02)
            assert count < 1000, "the connection goes on"


def test_an_endless_head_ends_the_connection(limited: Any) -> None:
    with connected(limited) as long:
        long.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)
        with contextlib.suppress(ConnectionError):  # where it has not read all, the system may forget its answer
            assert everything(long).startswith("HTTP/1.1 400 ")


def test_no_http_at_all(limited: Any) -> None:
    with connected(limited) as odd:
        odd.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert everything(odd).startswith("HTTP/1.1 400 ")


def test_more_requests_than_the_queue_holds_are_to_come_again(
    trained: Path, serve: Callable[..., Any], digits: list[bytes], until: Callable[..., None]
) -> None:
    with serve(trained, "--max-queue", "2", "--read-timeout", "300") as server:

        def ask() -> httpx.Response:
            return httpx.post(f"{server.url}/predict", files={"x": ("x.png", digits[0])})

        with connected(server) as one, connected(server) as two:
            for connection in (one, two):
                connection.sendall(HEAD.format(1000).encode() + b"x")
            until(lambda: "under_way 2.0" in httpx.get(f"{server.url}/metrics").text)
            found = ask()
            assert error_of(found, 429) == "2 requests are under way, the most that are taken; try again later"
            assert found.headers["retry-after"] == "1"
            assert httpx.get(f"{server.url}/health").status_code == 200
        until(lambda: "under_way 0.0" in httpx.get(f"{server.url}/metrics").text)
        assert ask().status_code == 200


def test_bodies_under_way_have_room_in_all() -> None:
    held = Held(100)
    with held.one() as add:
        add(80)
        with held.one() as add_other:
            add_other(20)
            with pytest.raises(RequestProblem, match="fill the memory") as caught:
                add_other(1)
            assert (caught.value.status, held.now) == (429, 100)
            assert dict(caught.value.headers) == {"Retry-After": "1"}
        assert held.now == 80
    assert held.now == 0


@pytest.mark.long
def test_an_answer_that_takes_too_long(trained: Path, serve: Callable[..., Any], digits: list[bytes]) -> None:
    with serve(trained, "--timeout", "0.00001") as server:
        found = httpx.post(f"{server.url}/predict", files={"x": ("x.png", digits[0])})
        assert error_of(found, 504) == "the answer was not ready in 1e-05 seconds"
        assert httpx.get(f"{server.url}/health").json()["ready"]


def test_a_client_that_leaves_disturbs_nobody(limited: Any, digits: list[bytes], until: Callable[..., None]) -> None:
    for _ in range(20):
        with connected(limited) as gone:
            gone.sendall(HEAD.format(len(digits[0])).encode() + digits[0][: np.random.default_rng(0).integers(9)])
    until(lambda: "under_way 0.0" in httpx.get(f"{limited.url}/metrics").text)
    assert httpx.post(f"{limited.url}/predict", files={"x": ("x.png", digits[0])}).status_code == 200
    assert limited.said() == ""


def test_a_client_that_ends_what_it_sends_is_answered(limited: Any, digits: list[bytes]) -> None:
    whole = HEAD.format(len(digits[0])).encode() + digits[0]
    for sent, answers in ((whole, 1), (whole * 3, 3), (whole[:-1], 0)):
        with connected(limited) as ending:
            ending.sendall(sent)
            ending.shutdown(socket.SHUT_WR)
            assert everything(ending).count("HTTP/1.1 200 OK") == answers
