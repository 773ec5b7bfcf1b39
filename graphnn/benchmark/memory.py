"""The most memory that a process and those forked from it have held."""

import os
import re
import sys
from pathlib import Path

KIB = 1024


def peak_bytes(root: Path = Path("/proc")) -> int | None:
    """Return the most memory that this process and those forked from it have held; None where the system does not tell.

    On Linux it is the sum of the processes' high-water marks (VmHWM), which miss no peak, less the memory that this
    sum counts more than once, because processes share it. How much they share is read at the time of the call: of
    anonymous and of shared memory, the resident size less the proportional one (Rss − Pss); of files, such as
    libraries, all but the largest. For one process alone it is its VmHWM.
    """
    if not (root / "self" / "smaps_rollup").exists():
        return process_peak_bytes()
    group = os.getpgrp()
    marks = [marks_of(folder) for folder in root.iterdir() if folder.name.isdigit() and in_group(folder, group)]
    found = [mark for mark in marks if mark is not None]
    high = sum(mark["VmHWM"] for mark in found)
    twice = sum(mark["RssAnon"] - mark["Pss_Anon"] + mark["RssShmem"] - mark["Pss_Shmem"] for mark in found)
    files = [mark["RssFile"] for mark in found]
    return KIB * (high - (twice + sum(files) - max(files) if len(found) > 1 else 0))


def in_group(folder: Path, group: int) -> bool:
    """Whether the process of a folder in /proc belongs to a process group."""
    try:
        after_name = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return False
    return int(after_name[2]) == group


def marks_of(folder: Path) -> dict[str, int] | None:
    """Return the sizes of a process's memory by name, in KiB; None where the process has ended."""
    try:
        text = (folder / "status").read_text() + (folder / "smaps_rollup").read_text()
    except OSError:
        return None
    return {name: int(size) for name, size in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def process_peak_bytes() -> int | None:
    """Return the most memory that this process has held, for systems without /proc, where the engine uses threads."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else KIB * peak
