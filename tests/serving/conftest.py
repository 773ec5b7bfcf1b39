"""Servers as a user starts them: a process of its own, found by the address that it prints."""

import importlib.util
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.commands.serve import NEEDED

ROOT = Path(__file__).resolve().parents[2]
HANGS = 60  # seconds in which a server starts, or ends
MISSING = [name for name in (*NEEDED, "httpx") if importlib.util.find_spec(name) is None]


class Skipped(pytest.Module):
    """A module of tests that cannot be imported here."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Skip the module, and say why."""
        pytest.skip(f"no {', '.join(MISSING)}", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Return what skips a module where a package is missing; None: it is collected as usual."""
    return Skipped.from_parent(parent, path=module_path) if MISSING else None


@dataclass
class Server:
    """A server that runs. url: its address. process: of its command."""

    url: str
    process: "subprocess.Popen[str]"
    errors: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(HANGS)

    def said(self) -> str:
        """Return what the server has printed on stderr so far."""
        return self.errors.read_text(encoding="utf-8")


@contextmanager
def running(folder: Path, *arguments: str | Path) -> Iterator[Server]:
    """A context in which `graphnn serve ARGUMENTS…` runs, at a free port unless they name one."""
    port = [] if "--port" in arguments else ["--port", "0"]
    command = [sys.executable, "-m", "graphnn", "serve", *map(str, arguments), *port]
    errors = folder / "stderr.txt"
    with errors.open("w") as stream:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            encoding="utf-8",
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"is served at (\S+) by", line)
        assert found is not None, f"{line}{errors.read_text(encoding='utf-8')}"
        yield Server(found[1], process, errors)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(HANGS)
        assert process.stdout is not None
        process.stdout.close()


Running = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def serving() -> Running:
    """Start a server that several tests share: `with serving(folder, document, "--watch") as server`."""
    return running


@pytest.fixture
def serve(tmp_path: Path) -> Running:
    """Start a server: `with serve(document, "--watch") as server`."""

    def start(*arguments: str | Path) -> AbstractContextManager[Server]:
        return running(tmp_path, *arguments)

    return start


@pytest.fixture(scope="session")
def served(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the small network with the usual limits, which tests share and leave as it is."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("net.json", "net.npz"):
        shutil.copy(trained_once / name, folder)
    with running(folder, folder / "net.json") as server:
        yield server


@pytest.fixture(scope="session")
def digits() -> list[bytes]:
    """A hundred pictures of digits, 8×8, as PNG files."""
    from graphnn.datasets.loading import load

    return [png(image[0] * 16.0 % 256) for image in load("digits").x_test[:100]]


def png(pixels: Any) -> bytes:
    """Return H×W or H×W×3 as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.asarray(pixels).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds: `until(lambda: …)`."""

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + HANGS
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def browsing() -> Callable[..., AbstractContextManager[Any]]:
    """Start a browser: `with browsing(folder) as page`; without Chromium the test is skipped."""
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if module.CHROMIUM is None:
        pytest.skip("no Chromium to show the page in")
    start: Callable[..., AbstractContextManager[Any]] = module.browser
    return start
