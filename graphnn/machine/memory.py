"""How much memory this process can still take: on the machine, in its container, and by the limits of the shell."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.machine.control_groups import ROOT, ControlGroup, control_groups, is_count, text_of
from graphnn.text.numbers import bytes_text


@frozen_dataclass
class Memory:
    """Memory that this process can still take. bytes: so much. limit: what the owner has in all, in bytes.

    owner: what has it: "this machine". setting: what sets the limit: "ulimit -v"; "" for the machine.
    """

    bytes: int
    limit: int
    owner: str
    setting: str = ""

    @property
    def text(self) -> str:
        """The memory in words: "this container has 300.0 MiB free of 1.2 GiB (its memory.max)"."""
        setting = f" ({self.setting})" if self.setting else ""
        if self.bytes >= self.limit:
            return f"{self.owner} has {bytes_text(self.limit)}{setting}"
        return f"{self.owner} has {bytes_text(self.bytes)} free of {bytes_text(self.limit)}{setting}"


def shortage(needed: int) -> str | None:
    """Return in words what memory there is, if it is less than `needed` bytes; else None.

    For messages: "x.npy takes 3.0 GiB, but " and "this machine has 1.2 GiB free of 2.0 GiB".
    """
    available = available_memory()
    return None if available is None or needed <= available.bytes else available.text


def available_memory(root: Path = ROOT) -> Memory | None:
    """Return the memory that this process can still take: the least that any limit leaves.

    None where the system reports nothing. root: the folder with proc and sys.
    """
    found = [*machine_memory(root), *group_memory(root), *memory_of_process(root)]
    return min(found, key=lambda memory: memory.bytes, default=None)


def machine_memory(root: Path) -> Iterator[Memory]:
    """Yield the memory of the machine; on Linux with its swap, to which other programs can give way."""
    if sys.platform == "win32":
        total = windows_memory()
        yield Memory(total, total, "this machine")
        return
    lines = (line.split() for line in text_of(root / "proc/meminfo").splitlines())
    kib = {line[0]: int(line[1]) for line in lines if len(line) > 1 and is_count(line[1])}
    if "MemTotal:" in kib and "MemAvailable:" in kib:
        swap, free_swap = kib.get("SwapTotal:", 0), kib.get("SwapFree:", 0)
        free, total = 1024 * (kib["MemAvailable:"] + free_swap), 1024 * (kib["MemTotal:"] + swap)
        yield Memory(free, total, "this machine", "memory and swap" if swap else "")
        return
    try:
        pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # a name that this system does not know
        return
    if pages > 0 and page > 0:
        yield Memory(pages * page, pages * page, "this machine")


def windows_memory() -> int:
    """Return ullTotalPhys of GlobalMemoryStatusEx."""
    import ctypes  # elsewhere nothing needs it

    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "c", "d", "e", "f", "g")),
        )

    status = MemoryStatus()
    status.length = ctypes.sizeof(status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.total)


LIMITS = {1: ("memory.limit_in_bytes",), 2: ("memory.max", "memory.high")}  # above memory.high, a process crawls
USED = {1: "memory.usage_in_bytes", 2: "memory.current"}
GIVEN_BACK = {  # entries of memory.stat for memory that the kernel takes back when it is needed: copies of files
    1: ("total_active_file", "total_inactive_file"),
    2: ("active_file", "inactive_file", "slab_reclaimable"),
}


def group_memory(root: Path) -> Iterator[Memory]:
    """Yield what each control group of this process, and each one above it, leaves of its limits.

    Version 1 has a number near 2^63 for no limit.
    """
    for group in control_groups("memory", root):
        for name in LIMITS[group.version]:
            limit = group.number(name)
            if limit is not None:
                yield Memory(max(0, limit - used(group)), limit, "this container", f"its {name}")


def used(group: ControlGroup) -> int:
    """Return the bytes that the processes of a group hold, without what the kernel would take back."""
    counts = group.counts("memory.stat")
    back = sum(counts.get(name, 0) for name in GIVEN_BACK[group.version])
    return max(0, (group.number(USED[group.version]) or 0) - back)


def memory_of_process(root: Path) -> Iterator[Memory]:
    """Yield what the limits of the shell leave this process, on Linux, where the system reports what it has taken."""
    if sys.platform == "win32":
        return
    import resource

    pages = text_of(root / "proc/self/statm").split()
    if len(pages) < 6:
        return
    taken = {"ulimit -v": (resource.RLIMIT_AS, pages[0]), "ulimit -d": (resource.RLIMIT_DATA, pages[5])}
    for setting, (kind, count) in taken.items():
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY and is_count(count):
            yield Memory(max(0, limit - int(count) * resource.getpagesize()), limit, "this process", setting)
