"""Why the system may have ended a process, and how often it has ended one because memory ran out."""

import os
import signal
from pathlib import Path

from graphnn.machine.control_groups import ROOT, control_groups, is_count, text_of
from graphnn.text.numbers import bytes_text

COUNTERS = {1: "memory.oom_control", 2: "memory.events"}  # both have a line "oom_kill N"


def out_of_memory_kills(root: Path = ROOT) -> int:
    """Return how often the system has ended a process for lack of memory: in a container of this one, or anywhere.

    0 where the system does not count it. root: the folder with proc and sys.
    """
    lines = (line.split() for line in text_of(root / "proc/vmstat").splitlines())
    counts = [int(line[1]) for line in lines if len(line) == 2 and line[0] == "oom_kill" and is_count(line[1])]
    for group in control_groups("memory", root):
        counts.append(group.counts(COUNTERS[group.version]).get("oom_kill", 0))
    return sum(counts)


def signal_name(number: int) -> str:
    """Return what a signal is called: SIGKILL; "signal 40" for one of the many without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def ending(status: int, most_kib: int, kills: int) -> str:
    """Return in words how a process has ended.

    status: as os.wait4 gives it. most_kib: the most memory it had, in KiB. kills: for lack of memory, since it began.
    """
    if not os.WIFSIGNALED(status):
        return f"has ended with exit code {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    text = f"was ended by {signal_name(number)} when it had taken {bytes_text(1024 * most_kib)} at most"
    if number != signal.SIGKILL:
        return text
    if kills:
        return f"{text}, because memory ran out; use fewer threads, or smaller batches"
    return f"{text}; systems do so where memory runs out: if nobody else did, use fewer threads, or smaller batches"
