"""How many cores this process may use: of the machine, and by the quota of its container."""

import os
from collections.abc import Iterator
from pathlib import Path

from graphnn.machine.control_groups import ROOT, ControlGroup, control_groups, is_count


def available_cores(root: Path = ROOT) -> int:
    """Return the number of cores that this process may use.

    A container's quota of processor time is rounded up: of two processes that are given 1.5 cores together, each
    waits for a quarter of the time, and one alone would leave half a core unused. root: the folder with proc and sys.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([cores, *quotas(root)])


def quotas(root: Path) -> Iterator[int]:
    """Yield the quota of each control group that has one, in whole cores, at least 1."""
    for group in control_groups("cpu", root):
        quota, period = of_period(group)
        if quota is not None and period:
            yield max(1, -(-quota // period))


def of_period(group: ControlGroup) -> tuple[int | None, int | None]:
    """Return the microseconds that a group may use in each period, and those of the period; None where unlimited."""
    if group.version == 1:
        return group.number("cpu.cfs_quota_us"), group.number("cpu.cfs_period_us")  # a quota of −1 is none
    words = group.words("cpu.max")  # "150000 100000", "max 100000"
    quota, period = (int(word) if is_count(word) else None for word in words) if len(words) == 2 else (None, None)
    return quota, period
