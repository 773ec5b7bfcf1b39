"""WorkerProcess: a process that measures, started here, stopped while others run, and ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import graphnn
from graphnn.benchmark.task import Task
from graphnn.errors import GraphError

POSIX = os.name == "posix"
ROOT = str(Path(graphnn.__file__).parents[1])


class WorkerProcess:
    """A process that measures one task. Use it as a context manager.

    started: seconds from the start of the process to the end of its first training step.
    """

    def __init__(self, task: Task, environment: Mapping[str, str] | None = None) -> None:
        self.task = task
        begun = time.perf_counter()
        paths = [ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
        group: dict[str, Any] = {"process_group": 0} if POSIX else {}  # to be stopped and ended with all that it forks
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "graphnn.benchmark.worker"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            **group,
        )
        try:
            self.send(task.values())
            self.first = self.receive()
        except BaseException:
            self.close()
            raise
        self.started = time.perf_counter() - begun

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Mapping[str, Any]) -> None:
        """Send a request."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` reports that the process has ended
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Return the answer. Raises GraphError where the process has failed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"the process ended: {self._process.wait()}"}
        if "error" in answer:
            raise GraphError(f"{self.task.side}: {answer['error']}")
        return answer

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request."""
        self.send(request)
        return self.receive()

    def stop(self) -> None:
        """Stop the process and all that it forked, so that no waiting thread takes time from other processes."""
        self._signal("SIGSTOP")

    def go(self) -> None:
        """Let the process continue."""
        self._signal("SIGCONT")

    def _signal(self, name: str) -> None:
        if POSIX:
            os.killpg(self._process.pid, getattr(signal, name))

    def close(self) -> None:
        """End the process at once; it has nothing to save."""
        if POSIX:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
