"""Processes that download at once, from a server with faults, some of them killed: no wrong file, nothing left."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graphnn.datasets import cifar10, mnist

LOADS = Path(__file__).with_name("loads.py")
FAULTS = (
    "cut",
    "corrupt",
    "stall",
    "status",
    "no ranges",
    "bad range",
    "refused range",
    "redirect",
    "close",
    "garbage",
    "chunks",
    "no length",
    "wrong length",
)


@dataclass
class Faulty:
    """A server that treats each request in a random way. share: of the requests with a fault."""

    rng: random.Random
    share: float = 0.0
    content: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0


def handler_of(server: Faulty) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.answer()

        def answer(self) -> None:
            server.asked += 1
            rng = server.rng
            fault = rng.choice(FAULTS) if rng.random() < server.share else ""
            content = server.content[self.path.partition("?")[0]]
            wanted = self.headers.get("Range", "bytes=0-")
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if fault == "close":
                return
            if fault == "garbage":
                self.wfile.write(rng.randbytes(rng.randrange(1, 300)))
                return
            if fault == "status":
                self.send_response(rng.choice((204, 403, 404, 429, 500, 503)))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if fault == "redirect":
                self.send_response(302)
                self.send_header("Location", self.path + "?")
                self.end_headers()
                return
            if fault == "no ranges":
                start = 0
            if start >= len(content) or (start and fault == "refused range"):
                self.send_error(416)
                return
            body = content[start:]
            self.send_response(206 if start else 200)
            if start:
                first = start + rng.choice((-1, 1)) if fault == "bad range" else start
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            if fault == "chunks":
                self.send_header("Transfer-Encoding", "chunked")
                body = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces(body, 3000)) + b"0\r\n\r\n"
            elif fault != "no length":
                self.send_header("Content-Length", str(len(body) + (fault == "wrong length")))
            self.end_headers()
            position = rng.randrange(len(body))
            if fault == "corrupt":
                body = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
            elif fault == "cut":
                body = body[:position]
            self.wfile.write(body[:position])
            time.sleep(0.3 if fault == "stall" else 0.005)
            self.wfile.write(body[position:])

    return Handler


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.fixture
def faulty() -> Iterator[tuple[Faulty, str]]:
    """Run a server that can be made faulty; return it and its address."""
    server = Faulty(random.Random(1))
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
    running.daemon_threads = True
    running.block_on_close = False
    running.handle_error = lambda request, address: None  # type: ignore[method-assign]  # clients that were killed
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server, f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def loads(root) -> Iterator[Callable[[dict[str, Any]], list[str]]]:
    """Return a function that runs the loads of a case at once and returns their results."""
    process = subprocess.Popen(
        [sys.executable, LOADS],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def run(case: dict[str, Any]) -> list[str]:
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        results: list[str] = json.loads(process.stdout.readline())
        return results

    yield run
    process.communicate()


@pytest.fixture
def published(tiny_mnist, tiny_cifar) -> dict[str, dict[str, bytes]]:
    """Return the files of each data set that can be downloaded, by name, from some 10 to some 180 kB."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        folder = tarfile.TarInfo(cifar10.INSIDE)
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in tiny_cifar.files().items():
            info = tarfile.TarInfo(f"{cifar10.INSIDE}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    zipped = {f"{name}.gz": gzip.compress(content) for name, content in tiny_mnist.files().items()}
    assert zipped.keys() == {f"{name}.gz" for name in mnist.FILES}
    return {"cifar10": {cifar10.ARCHIVE.name: buffer.getvalue()}, "mnist": zipped}


def case_of(dataset: str, folder: Path, files: dict[str, bytes], address: str) -> dict[str, Any]:
    """Return what `loads` needs to load a data set into a folder; each file has two addresses."""
    remotes = [
        (name, [f"{address}/{name}"] * 2, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))
        for name, content in files.items()
    ]
    return {"dataset": dataset, "folder": str(folder), "remotes": remotes, "timeout": 0.2}


def right_files(dataset: str, files: dict[str, bytes], tiny_cifar) -> dict[str, bytes]:
    return tiny_cifar.files() if dataset == "cifar10" else files


def left_in(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder and those within it, by name, but not the record of checksums."""
    found = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    found.pop("SHA256SUMS", None)
    return found


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_first_starts_at_once_download_each_file_once(dataset, faulty, loads, published, tiny_cifar, tmp_path):
    server, address = faulty
    files = published[dataset]
    server.content = {f"/{name}": content for name, content in files.items()}
    results = loads({**case_of(dataset, tmp_path, files, address), "kills": [None] * 5, "timeout": 60.0})
    assert len(set(results)) == 1
    assert len(results[0]) == 64, results[0]
    assert server.asked == len(files)
    assert left_in(tmp_path) == right_files(dataset, files, tiny_cifar)


def try_one(seed: int, faulty, loads, published, tiny_cifar, folder: Path, digests: dict[str, str]) -> None:
    """Load a data set in several processes at once, a few times, with faults and kills; then once without."""
    server, address = faulty
    rng = random.Random(seed)
    server.rng = random.Random(seed)
    dataset = rng.choice(sorted(published))
    files = published[dataset]
    server.content = {f"/{name}": content for name, content in files.items()}
    case = case_of(dataset, folder, files, address)
    right = right_files(dataset, files, tiny_cifar)
    server.share = rng.choice((0.2, 0.5, 0.8))
    for _ in range(rng.randrange(1, 4)):
        kills = [rng.choice((None, rng.uniform(0, 0.15))) for _ in range(rng.randrange(1, 4))]
        for result in loads({**case, "kills": kills}):
            if len(result) == 64:
                assert result == digests.setdefault(dataset, result), seed
            elif result != "killed":
                assert result.startswith(f"error: {dataset}: "), (seed, result)
                assert "the download failed" in result, (seed, result)
        named = {name: content for name, content in left_in(folder).items() if name in right}
        assert named == {name: right[name] for name in named}, seed
    server.share = 0.0
    (result,) = loads({**case, "kills": [None], "timeout": 60.0})
    assert len(result) == 64, (seed, result)
    assert result == digests.setdefault(dataset, result), seed
    assert left_in(folder) == right, seed
    assert [path.name for path in folder.rglob(".*")] == [], seed


@pytest.mark.parametrize(
    "seeds", [range(10), pytest.param(range(10, 210), marks=pytest.mark.long)], ids=["few", "many"]
)
def test_random_faults_and_kills(seeds, faulty, loads, published, tiny_cifar, tmp_path):
    digests: dict[str, str] = {}
    for seed in seeds:
        try_one(seed, faulty, loads, published, tiny_cifar, tmp_path / str(seed), digests)
