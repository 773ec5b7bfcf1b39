"""A process that runs commands in forked children, and kills these at a chosen moment; run by test_kills.py.

It reads a request from each line of its standard input and answers with a line, both in JSON. A child starts in a few
milliseconds, because everything is imported before it is forked. Requests: argv of a command; output, a file for what
it prints; and at which moment to kill it: "event", the number of a call that changes files; or "seconds" after its
start; or "worker", the seconds after which one of its own children is killed; and saved_every, the seconds from one
checkpoint to the next. Answers: status, as of a shell; events, the number of such calls; alive, whether a process of it
is left.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graphnn.commands import compare, train  # noqa: F401
from graphnn.commands.main import main
from graphnn.runs import run as training_run

CALLS = ("fsync", "replace", "rename", "mkdir", "unlink", "open", "rmdir", "truncate", "ftruncate")


def counted(victim: Callable[[], None], kill_at: int | None, counter: Path) -> None:
    """Call `victim` with the calls of os that change files counted, and kill this process before or after one of them.

    Even numbers are the moments before a call, odd ones those after it.
    """
    first, moment = os.getpid(), 0

    def passed() -> None:
        nonlocal moment
        if os.getpid() != first:
            return
        if moment == kill_at:
            os.kill(first, signal.SIGKILL)
        moment += 1

    def watched(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & os.O_CREAT:
                return call(*arguments, **options)
            passed()
            try:
                return call(*arguments, **options)
            finally:
                passed()

        return run

    for name in CALLS:
        setattr(os, name, watched(getattr(os, name), name))
    try:
        victim()
    finally:
        counter.write_text(str(moment))


def in_child(request: Mapping[str, Any], counter: Path) -> None:
    """Run the command of a request in this process, and end it."""
    os.setsid()
    descriptor = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    training_run.SAVED_EVERY = request.get("saved_every", training_run.SAVED_EVERY)
    code = 70

    def victim() -> None:
        nonlocal code
        code = main(request["argv"])

    try:
        counted(victim, request.get("event"), counter)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def children(process: int) -> list[int]:
    """Return the processes that a process has forked."""
    found = Path(f"/proc/{process}/task/{process}/children")
    try:
        return [int(word) for word in found.read_text().split()]
    except FileNotFoundError:
        return []


def kill_after(request: Mapping[str, Any], child: int) -> None:
    """Kill the child, or a worker of it, when the request says so."""
    if "seconds" in request:
        time.sleep(request["seconds"])
        os.kill(child, signal.SIGKILL)
    if "worker" in request:
        time.sleep(request["worker"])
        for worker in children(child)[:1]:
            os.kill(worker, signal.SIGKILL)


def left(group: int, seconds: float = 5.0) -> bool:
    """Whether processes of a group are alive, after some time to end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.01)
    return True


def serve() -> None:
    """Answer requests until there are no more."""
    counter = Path(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        counter.write_text("0")
        child = os.fork()
        if child == 0:
            in_child(request, counter)
        kill_after(request, child)
        _, status = os.waitpid(child, 0)
        answer = {
            "status": os.waitstatus_to_exitcode(status),
            "events": int(counter.read_text() or 0),
            "alive": left(child),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
