"""Runs the server: one process, or several that share a socket."""

import math
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from threadpoolctl import threadpool_limits
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.reading import DocumentSource
from graphnn.runs.trained import weights_beside
from graphnn.serving.application import Worker, application
from graphnn.serving.askers import Askers
from graphnn.serving.batching import Batching
from graphnn.serving.limits import Limits
from graphnn.serving.metrics import FOLDER, forget
from graphnn.serving.protocol import limited
from graphnn.serving.reloading import Reloading
from graphnn.serving.served import Served, load_served

BACKLOG = 2048  # connections that the system holds until they are taken
KEEP_ALIVE = 30  # seconds in which a client may send its next request
START = 60  # seconds in which a worker starts that is to replace another
PAUSE = 2  # seconds until a worker that could not load the network is started again
AT_ONCE = 0.1  # seconds in which one says whether it is ready
GRACE = 1  # seconds for an answer that is ready to be sent, after the time for it
NOT_STARTED = "the server could not start, for the reason above"
SWITCH = 0.0005  # seconds for which the thread that computes may keep the one that reads requests from going on

Tell = Callable[[str], None]


@frozen_dataclass
class Settings:
    """What is served, and how.

    weights: None: those beside the document. askers: who may ask. tell: prints a line, or lines.
    """

    source: DocumentSource
    weights: Path | None
    kernels: str | None
    watch: bool
    limits: Limits
    batching: Batching
    workers: int
    access_log: bool
    askers: Askers
    tell: Tell

    def load(self) -> Served:
        """Return the network. Raises GraphError where it cannot be loaded."""
        return load_served(self.source, self.weights, most=self.batching.most, kernels=self.kernels)

    def quiet_load(self) -> Served:
        """Return the network, in a process beside the one that has printed the notes about it."""
        with redirect_stderr(StringIO()):
            return self.load()

    def application(self, served: Served) -> Any:
        """Return the application that serves a network."""
        worker = Worker(served, self.limits, self.batching)
        if not self.watch:
            return application(worker, askers=self.askers)
        weights = self.weights or weights_beside(self.source.file, "--weights")
        reloading = Reloading(worker.batcher, worker.metrics, weights, self.load, self.tell)
        return application(worker, reloading, askers=self.askers)

    def __call__(self) -> Any:
        """Return the application of one of several workers, in its process, which ends where there is no network."""
        end_with_parent()
        threadpool_limits(1, "blas")
        sys.setswitchinterval(SWITCH)
        try:
            return self.application(self.quiet_load())
        except GraphError as problem:
            self.tell(f"a worker cannot load the network, and is started again and again until it can:\n{problem}")
            time.sleep(PAUSE)
            sys.exit(GraphError.exit_code)


def serve(settings: Settings, served: Served, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer requests until SIGINT or SIGTERM, then those that are under way. ready: called once the port is open.

    served: the network, which has been loaded already. listener: a socket that is bound, but does not listen yet.
    """
    if settings.workers > 1:
        served.close()
        with tempfile.TemporaryDirectory(prefix="graphnn-serve-") as folder, environment(FOLDER, folder):
            workers = ServerProcesses(configured(settings, settings, factory=True), listener, ready)
            workers.run()
        if workers.failed:
            raise GraphError(NOT_STARTED)
        return
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        OneServer(configured(settings, settings.application(served)), ready).run([listener])
    except SystemExit as problem:  # by which uvicorn says that the application has not started
        raise GraphError(NOT_STARTED) from problem
    finally:
        sys.setswitchinterval(before)


def configured(settings: Settings, app: Any, *, factory: bool = False) -> uvicorn.Config:
    """Return the configuration of uvicorn."""
    return uvicorn.Config(
        app,
        factory=factory,
        workers=settings.workers,
        http=limited(settings.limits.reading),
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_worker_healthcheck=START,
        timeout_graceful_shutdown=math.ceil(settings.limits.answering) + GRACE,
        log_level="info" if settings.access_log else "error",
        access_log=settings.access_log,
        server_header=False,
    )


class OneServer(uvicorn.Server):
    """The server of this process, which tells when its port is open, and ends as a command that has done its work."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as the wish to end, which is fulfilled then, and is not raised once more."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()


class ServerProcesses(Multiprocess):
    """Several processes, each with a server of its own; one that ends is replaced."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, ready: Callable[[], None]) -> None:
        super().__init__(config, [listener])
        self._ready, self._told = ready, False

    @property
    def failed(self) -> bool:
        """Whether a process has ended because it could not start."""
        return any(process.exitcode == STARTUP_FAILURE for process in self.processes)

    def keep_subprocess_alive(self) -> None:
        """Replace processes that have ended, and tell when the first ones are all ready.

        One that does not answer is not taken for lost, as in the base class: it may be starting on a busy machine.
        """
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set() or process.exitcode is None:
                continue
            if process.exitcode == STARTUP_FAILURE:
                self.should_exit.set()
                return
            if process.pid is not None:
                forget(process.pid)
            self.processes[index] = Process(self.config, self.sockets)
            self.processes[index].start()
        if not self._told and all(process.is_ready(AT_ONCE) for process in self.processes):
            self._told = True
            self._ready()


def end_with_parent() -> None:
    """Let this process end, as by SIGTERM, when the one that has started it is gone, which may have been killed."""
    parent = parent_process()
    if parent is None:
        return

    def wait_and_end() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait_and_end, daemon=True).start()


@contextmanager
def environment(name: str, value: str) -> Iterator[None]:
    """A context in which a variable of the environment has a value, also for processes that are started."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def bound(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, which does not listen yet. Raises GraphError where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise GraphError(f'--host: "{host}" is no address of this machine: {problem.strerror}') from problem
    try:
        if os.name == "posix":  # elsewhere this would let two servers have the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as problem:
        listener.close()
        taken = "; choose another with --port, 0 takes a free one" if port else ""
        raise GraphError(f"cannot serve on {host} port {port}: {problem.strerror}{taken}") from problem
    listener.set_inheritable(True)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address of the page, for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches a socket."""
    host = str(listener.getsockname()[0])
    return host.startswith("127.") or host == "::1"
