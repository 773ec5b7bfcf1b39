"""Tiny files in the published formats, and a server on loopback that can misbehave."""

import contextlib
import gzip
import hashlib
import http.server
import os
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets import cifar10, cifar100, cifar_files, idx_files, mnist
from graphnn.datasets.base import Location
from graphnn.datasets.remote import Remote
from graphnn.types import Array


@pytest.fixture(autouse=True)
def no_published_data(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests off the user's data folders, except those that ask for real data."""
    if "real_data" not in request.fixturenames:
        monkeypatch.setenv("GRAPHNN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def idx_bytes(array: Array) -> bytes:
    """Return an IDX file of unsigned bytes."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@dataclass(frozen=True)
class TinyMnist:
    """What `write` puts into a folder: five training and three test images."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array

    def files(self) -> dict[str, bytes]:
        """Return the four files, unpacked, by name."""
        return {
            "train-images-idx3-ubyte": idx_bytes(self.x_train),
            "train-labels-idx1-ubyte": idx_bytes(self.y_train),
            "t10k-images-idx3-ubyte": idx_bytes(self.x_test),
            "t10k-labels-idx1-ubyte": idx_bytes(self.y_test),
        }

    def write(self, folder: Path, inside: str = "mnist", *, zipped: bool = True) -> Path:
        """Write the files into folder/inside and return that."""
        place = folder / inside
        place.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            if zipped:
                (place / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (place / name).write_bytes(content)
        return place


@pytest.fixture
def tiny_mnist() -> TinyMnist:
    """Return MNIST of eight random images."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (8, 28, 28), dtype=np.uint8)
    y = np.array([5, 0, 4, 1, 9, 7, 2, 1], dtype=np.uint8)
    return TinyMnist(x[:5], y[:5], x[5:], y[5:])


@dataclass(frozen=True)
class TinyCifar:
    """CIFAR-10 of ten images a file, one of each class. records: N×3073, as the files have them."""

    records: Array

    def files(self) -> dict[str, bytes]:
        """Return the files by name."""
        names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
        batches = {name: self.records[10 * i : 10 * i + 10].tobytes() for i, name in enumerate(names)}
        names_text = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"
        return {**batches, "batches.meta.txt": names_text.encode()}

    def write(self, folder: Path, inside: str = "cifar-10-batches-bin") -> Path:
        """Write the files into folder/cifar10/inside and return that."""
        place = folder / "cifar10" / inside
        place.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (place / name).write_bytes(content)
        return place


@pytest.fixture
def tiny_cifar(monkeypatch: pytest.MonkeyPatch) -> TinyCifar:
    """Return CIFAR-10 of sixty random images, as if it were all of it."""
    monkeypatch.setattr(cifar10, "RECORDS", 10)
    rng = np.random.default_rng(2)
    records = rng.integers(0, 256, (60, 3073), dtype=np.uint8)
    records[:, 0] = np.concatenate([rng.permutation(10) for _ in range(6)])
    return TinyCifar(records)


@dataclass(frozen=True)
class TinyCifar100:
    """CIFAR-100 of two training images and one test image of each class. records: 300×3074, as the files have them."""

    records: Array

    def files(self) -> dict[str, bytes]:
        """Return the files by name."""
        names = "".join(f"{name}\n" for name in cifar100.Cifar100.facts.classes)
        batches = {"train.bin": self.records[:200].tobytes(), "test.bin": self.records[200:].tobytes()}
        return {**batches, "fine_label_names.txt": names.encode()}

    def write(self, folder: Path, inside: str = "cifar-100-binary") -> Path:
        """Write the files into folder/cifar100/inside and return that."""
        place = folder / "cifar100" / inside
        place.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (place / name).write_bytes(content)
        return place


@pytest.fixture
def tiny_cifar100(monkeypatch: pytest.MonkeyPatch) -> TinyCifar100:
    """Return CIFAR-100 of 300 random images, as if it were all of it."""
    monkeypatch.setattr(cifar100, "TRAIN", {"train.bin": 200})
    monkeypatch.setattr(cifar100, "TEST", {"test.bin": 100})
    rng = np.random.default_rng(3)
    records = rng.integers(0, 256, (300, 3074), dtype=np.uint8)
    records[:, 1] = np.concatenate([rng.permutation(200) % 100, rng.permutation(100)])
    records[:, 0] = records[:, 1] // 5
    return TinyCifar100(records)


@pytest.fixture
def real_data() -> Path:
    """Return the folder of the published data: GRAPHNN_DATA, or the user's cache."""
    return Location().root()


@pytest.fixture
def real_mnist(real_data: Path) -> Path:
    """Return the folder of real data that holds MNIST; skip where it is not complete: loading would download it."""
    if not all(idx_files.find(idx_files.place(real_data, mnist.idx_set()), name) for name in mnist.FILES):
        pytest.skip(f"no MNIST in {real_data}")
    return real_data


@pytest.fixture
def real_cifar10(real_data: Path) -> Path:
    """Return the folder of real data that holds CIFAR-10; skip where it is not complete: loading would download it."""
    if cifar_files.find(cifar10.files(), real_data, real_data / "cifar10") is None:
        pytest.skip(f"no CIFAR-10 in {real_data}")
    return real_data


@dataclass
class Server:
    """What the server has, and how it treats whom.

    ranges: whether it knows Range. cut: bytes after which it breaks off, by path, for as many requests as listed.
    asked: the path and the Range of every request.
    """

    address: str
    content: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut: dict[str, list[int]] = field(default_factory=dict)
    wrong_range: bool = False
    refuses_ranges: bool = False
    announces_length: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def remote(self, name: str, content: bytes, *paths: str) -> Remote:
        """Return the file as published under the paths of this server."""
        addresses = tuple(self.address + path for path in paths or ("/" + name,))
        return Remote(name, addresses, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))


def handler_of(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    """Return the handler of requests to this server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            server.asked.append((self.path, wanted))
            content = server.content.get(self.path)
            if content is None:
                self.send_error(404)
                return
            if wanted and server.refuses_ranges:
                self.send_error(416)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                shown = start + 1 if server.wrong_range else start
                self.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
            if server.announces_length:
                self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            cuts = server.cut.get(self.path)
            end = cuts.pop(0) if cuts else len(content)
            with contextlib.suppress(ConnectionError):  # a client that has heard enough
                self.wfile.write(content[start:end])

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server on loopback."""
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    result = Server(f"http://127.0.0.1:{running.server_port}")
    running.RequestHandlerClass = handler_of(result)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield result
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by what is written to the disk for good, and what gets its name, in order."""
    done: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def named(path: Path, target: Path) -> Path:
        done.append(f"named {target.name}")
        return replace(path, target)

    def on_disk(descriptor: int) -> None:
        done.append("folder on disk" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file on disk")
        fsync(descriptor)

    monkeypatch.setattr(Path, "replace", named)
    monkeypatch.setattr(os, "fsync", on_disk)
    return done


@pytest.fixture
def closed_address() -> str:
    """Return an address where nothing listens."""
    probe = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    probe.server_close()
    return f"http://127.0.0.1:{probe.server_port}"


WriteNpz = Callable[..., Path]


@pytest.fixture
def write_npz(tmp_path: Path) -> WriteNpz:
    """Return a function that writes a valid data file, with the arrays given instead of or besides its own."""

    def write(**changed: Array | None) -> Path:
        rng = np.random.default_rng(3)
        arrays: dict[str, Array | None] = {
            "x_train": rng.normal(size=(6, 4)),
            "y_train": np.array([0, 1, 2, 1, 0, 2]),
            "x_test": rng.normal(size=(3, 4)),
            "y_test": np.array([2, 1, 0]),
        }
        arrays.update(changed)
        path = tmp_path / "own.npz"
        np.savez(path, **{key: array for key, array in arrays.items() if array is not None})  # type: ignore[arg-type]
        return path

    return write
