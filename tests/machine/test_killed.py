"""How often the system has ended a process for lack of memory, and how a process has ended, in words."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.machine.killed import ending, out_of_memory_kills

System = Callable[..., Path]
Line = Callable[..., str]


def test_kills_are_counted_on_the_machine_and_in_every_group(system: System, v1: Line, v2: Line) -> None:
    vmstat = {"proc/vmstat": "pgfault 9\noom_kill 5\n"}
    events = {"sys/fs/cgroup/memory.events": "low 0\nmax 7\noom 3\noom_kill 2\n", **vmstat}
    assert out_of_memory_kills(system("0::/\n", v2(), events)) == 7
    control = {"sys/fs/cgroup/memory/a/memory.oom_control": "under_oom 0\noom_kill 4\n"}
    assert out_of_memory_kills(system("4:memory:/a\n", v1("memory"), control)) == 5 + 4


@pytest.mark.parametrize("text", ["", "oom_kill\n", "oom_kill x\n", "oom_kill 1 2\n"])
def test_a_system_that_does_not_count(system: System, v2: Line, text: str) -> None:
    assert out_of_memory_kills(system("0::/\n", v2(), {"sys/fs/cgroup/memory.events": text, "proc/vmstat": text})) == 0


@pytest.mark.parametrize(
    ("end", "kills", "said"),
    [
        (3, 0, "has ended with exit code 3"),
        (-signal.SIGSEGV, 1, "was ended by SIGSEGV when it had taken 2.0 MiB at most"),
        (
            -signal.SIGKILL,
            1,
            "SIGKILL when it had taken 2.0 MiB at most, because memory ran out; use fewer threads, or",
        ),
        (-signal.SIGKILL, 0, "systems do so where memory runs out: if nobody else did, use fewer threads, or smaller"),
        (-(signal.SIGRTMIN + 1), 0, "was ended by signal 35 when"),
    ],
)
def test_an_end_in_words(end: int, kills: int, said: str) -> None:
    child = os.fork()
    if child == 0:
        if end < 0:
            os.kill(os.getpid(), -end)
            time.sleep(60)
        os._exit(end)
    assert said in ending(os.wait4(child, 0)[1], 2048, kills)
