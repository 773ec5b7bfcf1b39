"""Many requests at once: none is lost or mixed up, also while the server ends, and with several workers."""

import asyncio
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

CLOSE = 2e-6  # of a probability, by the batch that a sample is computed in
AT_ONCE = 200
CONNECTIONS = 10  # of a client
Answers = list[Any]


def probabilities(answers: Answers) -> dict[str, float]:
    """Return the probability of each class of the one sample that was asked about."""
    (answer,) = answers
    return {one["class"]: one["probability"] for one in answer["predictions"]}


def alone(url: str, pictures: Sequence[bytes]) -> list[dict[str, float]]:
    """Return the answer to each picture, asked one after the other."""
    with httpx.Client(timeout=60) as client:
        return [probabilities(client.post(f"{url}/predict?top=10", **body(one)).json()) for one in pictures]


def body(picture: bytes) -> dict[str, Any]:
    return {"content": picture, "headers": {"Content-Type": "image/png"}}


async def together(
    url: str, pictures: Sequence[bytes], count: int, *, again: bool = False, at_once: int = AT_ONCE
) -> list[dict[str, float]]:
    """Ask `count` times, so many at once, about the pictures in turn. again: whether to repeat what got no answer."""
    share = httpx.Limits(max_connections=CONNECTIONS)

    async with AsyncExitStack() as stack:  # several clients, because one looks through all its connections each time
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(limits=share, timeout=120, verify=False))
            for _ in range(at_once // CONNECTIONS)
        ]
        turns = asyncio.Semaphore(at_once)

        async def ask(number: int) -> dict[str, float]:
            client = clients[number % len(clients)]
            async with turns:
                while True:
                    try:
                        found = await client.post(f"{url}/predict?top=10", **body(pictures[number % len(pictures)]))
                    except httpx.TransportError:
                        if not again:
                            raise
                        await asyncio.sleep(0.05)
                        continue
                    assert found.status_code == 200, found.text
                    return probabilities(found.json())

        return await asyncio.gather(*map(ask, range(count)))


def worst(found: Sequence[dict[str, float]], expected: Sequence[dict[str, float]]) -> float:
    """Return the largest difference of a probability, each picture having been asked about in turn."""
    return max(
        abs(share - expected[number % len(expected)][name])
        for number, one in enumerate(found)
        for name, share in one.items()
    )


def workers_of(server: int) -> set[int]:
    """Return the processes that answer for a server."""
    children = map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())
    return {pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def answers(server: Any) -> bool:
    """Whether a server answers."""
    try:
        return bool(httpx.get(f"{server.url}/health", timeout=5).json()["ready"])
    except httpx.TransportError:
        return False


def test_a_thousand_requests_200_at_once(served: Any, digits: list[bytes]) -> None:
    expected = alone(served.url, digits)
    assert len({tuple(one.items()) for one in expected}) > 90  # so that an answer to another picture is noticed
    found = asyncio.run(together(served.url, digits, 1000))
    assert len(found) == 1000
    assert worst(found, expected) <= CLOSE
    counts = re.findall(
        r"graphnn_batch_(samples|requests)_(?:sum|count) (\d+)", httpx.get(f"{served.url}/metrics").text
    )
    assert max(int(count) for _, count in counts) >= 1100


@pytest.mark.long
def test_with_batches_of_one_the_bits_are_those_of_one_alone(
    trained: Path, serve: Callable[..., Any], digits: list[bytes]
) -> None:
    with serve(trained, "--max-batch", "1") as server:
        expected = alone(server.url, digits[:40])
        assert worst(asyncio.run(together(server.url, digits[:40], 120)), expected) == 0


def test_requests_under_way_are_answered_when_it_ends(
    trained: Path, serve: Callable[..., Any], digits: list[bytes], until: Callable[..., None]
) -> None:
    with serve(trained) as server:
        place = urlsplit(server.url)

        def refused() -> bool:
            try:
                socket.create_connection((place.hostname, place.port), timeout=30).close()
            except ConnectionRefusedError:
                return True
            return False

        connections = [socket.create_connection((place.hostname, place.port), timeout=30) for _ in range(20)]
        for connection in connections:
            head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
            connection.sendall(f"{head}Content-Length: {len(digits[0])}\r\n\r\n".encode() + digits[0][:10])
        until(lambda: "under_way 20.0" in httpx.get(f"{server.url}/metrics").text)
        server.process.send_signal(signal.SIGTERM)
        until(refused)
        for connection in connections:
            connection.sendall(digits[0][10:])
        for connection in connections:
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
            connection.close()
        assert server.process.wait(60) == 0
        assert server.said() == ""


def whole_answer(connection: socket.socket) -> bytes:
    """Return an answer with its body, which may come in pieces."""
    answer = b""
    while (found := re.search(rb"content-length: (\d+)\r\n(?s:.*?)\r\n\r\n(?s:(.*))", answer)) is None or len(
        found[2]
    ) < int(found[1]):
        part = connection.recv(1 << 16)
        assert part, answer
        answer += part
    return answer


def test_a_request_that_is_on_its_way_when_it_ends_is_answered(
    trained: Path, serve: Callable[..., Any], digits: list[bytes]
) -> None:
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(digits[0])}\r\n\r\n"
    with serve(trained) as server:
        place = urlsplit(server.url)
        address = (place.hostname, place.port)
        connections = [socket.create_connection(address, timeout=30) for _ in range(2)]
        connections[0].sendall(head.encode() + digits[0])
        assert b"connection: close" not in whole_answer(connections[0])
        server.process.send_signal(signal.SIGTERM)
        with suppress(ConnectionError):
            while True:
                socket.create_connection(address, timeout=30).close()
        for connection in connections:
            connection.sendall(head.encode() + digits[0])
            answer = whole_answer(connection)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"connection: close" in answer
            connection.close()
        assert server.process.wait(60) == 0
        assert server.said() == ""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="a port is not free at once there")
def test_a_restart_under_load_mixes_nothing_up(
    trained: Path, serve: Callable[..., Any], digits: list[bytes], tmp_path: Path
) -> None:
    with serve(trained) as server:
        expected = alone(server.url, digits)
        port = str(urlsplit(server.url).port)

        async def restart() -> Any:
            await asyncio.sleep(0.3)
            assert await asyncio.to_thread(server.stop) == 0
            following = serve(trained, "--port", port)
            await asyncio.to_thread(following.__enter__)
            return following

        async def both() -> tuple[list[dict[str, float]], Any]:
            return await asyncio.gather(together(server.url, digits, 1500, again=True, at_once=50), restart())

        found, following = asyncio.run(both())
        following.__exit__(None, None, None)
        assert worst(found, expected) <= CLOSE


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc").exists(), reason="children are looked for in /proc")
def test_workers_share_the_load_and_one_that_is_lost_is_replaced(
    trained: Path, serve: Callable[..., Any], digits: list[bytes]
) -> None:
    with serve(trained, "--workers", "2") as server:
        expected = alone(server.url, digits[:20])
        assert worst(asyncio.run(together(server.url, digits[:20], 200)), expected) <= CLOSE
        text = httpx.get(f"{server.url}/metrics").text
        assert re.search(r'graphnn_requests_total{path="/predict",status="200"} 220\.0', text)
        before = workers_of(server.process.pid)
        assert len(before) == 2
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 60
        while before & workers_of(server.process.pid):
            assert worst(asyncio.run(together(server.url, digits[:20], 20, again=True, at_once=10)), expected) <= CLOSE
            assert time.monotonic() < end
        os.kill(min(workers_of(server.process.pid)), signal.SIGKILL)
        time.sleep(1)
        assert worst(asyncio.run(together(server.url, digits[:20], 40, again=True, at_once=10)), expected) <= CLOSE
        assert server.stop() == 0


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc").exists(), reason="children are looked for in /proc")
def test_a_worker_that_cannot_load_the_network_is_started_until_it_can(
    trained: Path, serve: Callable[..., Any], until: Callable[..., None]
) -> None:
    weights, away = trained.with_suffix(".npz"), trained.with_suffix(".away")
    with serve(trained, "--workers", "2") as server:
        before = workers_of(server.process.pid)
        weights.rename(away)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: "a worker cannot load the network" in server.said())
        assert httpx.get(f"{server.url}/health").json()["ready"]
        assert "Traceback" not in server.said()
        away.rename(weights)
        survivor = max(before)
        os.kill(survivor, signal.SIGKILL)  # so that only new ones answer
        until(lambda: answers(server))
        assert survivor not in workers_of(server.process.pid)
        assert server.stop() == 0


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc").exists(), reason="children are looked for in /proc")
def test_workers_end_when_the_process_that_replaces_them_is_killed(trained: Path, serve: Callable[..., Any]) -> None:
    with serve(trained, "--workers", "2") as server:
        place = urlsplit(server.url)
        assert len(workers_of(server.process.pid)) == 2
        server.stop(signal.SIGKILL)
        end = time.monotonic() + 30
        while time.monotonic() < end and not refused(place.hostname, place.port):
            time.sleep(0.1)
        assert refused(place.hostname, place.port)


def refused(host: str | None, port: int | None) -> bool:
    """Whether nobody listens at an address."""
    try:
        socket.create_connection((host, port), timeout=30).close()
    except OSError:
        return True
    return False
