"""The memory that is left: of the machine, of a container by both versions of control groups, of the shell's limits."""

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.machine import memory
from graphnn.machine.memory import Memory, available_memory, group_memory, machine_memory, shortage

System = Callable[..., Path]
Line = Callable[..., str]
MACHINE = "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    600 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"


def container(limit: int, left: int, name: str) -> Memory:
    return Memory(left, limit, "this container", f"its {name}")


def test_this_system() -> None:
    found = available_memory()
    assert found is not None
    assert 2**20 < found.bytes <= found.limit < 2**63


def test_what_is_left_of_the_machine(system: System) -> None:
    root = system(files={"proc/meminfo": MACHINE})
    found = available_memory(root)
    assert found == Memory(600 * 1024, 1000 * 1024, "this machine")
    assert found.text == "this machine has 600.0 KiB free of 1,000.0 KiB"


def test_other_programs_give_way_to_swap(system: System) -> None:
    swap = MACHINE.replace("SwapTotal: 0", "SwapTotal: 500").replace("SwapFree: 0", "SwapFree: 400")
    found = available_memory(system(files={"proc/meminfo": swap}))
    assert found is not None
    assert found.text == "this machine has 1,000.0 KiB free of 1.5 MiB (memory and swap)"


@pytest.mark.parametrize("text", ["", "MemTotal: lots\n", "MemTotal: 12 kB\n", "MemAvailable: ² kB\nMemTotal: 1 kB\n"])
def test_a_system_that_does_not_tell(system: System, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def unknown(name: str) -> int:
        raise ValueError("unrecognized configuration name")

    root = system(files={"proc/meminfo": text})
    monkeypatch.setattr(os, "sysconf", unknown)
    assert available_memory(root) is None
    monkeypatch.setattr(os, "sysconf", lambda name: -1)
    assert available_memory(root) is None
    monkeypatch.setattr(os, "sysconf", lambda name: 2**20)
    assert available_memory(root) == Memory(2**40, 2**40, "this machine")


def test_windows_reports_its_memory(monkeypatch: pytest.MonkeyPatch, system: System) -> None:
    class Kernel:
        @staticmethod
        def GlobalMemoryStatusEx(status: Any) -> int:
            status._obj.total = 16 * 2**30
            assert status._obj.length == 64
            return 1

    class Dll:
        kernel32 = Kernel

    monkeypatch.setattr(memory.sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "c_ulong", ctypes.c_uint32)  # as wide as Windows has it
    monkeypatch.setattr(ctypes, "windll", Dll, raising=False)
    assert list(machine_memory(system())) == [Memory(16 * 2**30, 16 * 2**30, "this machine")]


def test_a_container_of_version_2(system: System, v2: Line) -> None:
    """In use counts without the copies of files, which the kernel drops."""
    files = {
        "sys/fs/cgroup/memory.max": "5000\n",
        "sys/fs/cgroup/memory.high": "max\n",
        "sys/fs/cgroup/memory.current": "4000\n",
        "sys/fs/cgroup/memory.stat": "anon 1000\nfile 2500\nactive_file 500\ninactive_file 1500\nslab_reclaimable 9\n",
        "proc/meminfo": MACHINE,
    }
    found = available_memory(system("0::/\n", v2(), files))
    assert found == container(5000, 5000 - (4000 - 2009), "memory.max")
    assert found.text == "this container has 2.9 KiB free of 4.9 KiB (its memory.max)"


def test_every_group_above_counts(system: System, v2: Line) -> None:
    files = {
        "sys/fs/cgroup/a/b c/memory.max": "max\n",
        "sys/fs/cgroup/a/b c/memory.high": "9000\n",
        "sys/fs/cgroup/a/memory.max": "7000\n",
        "sys/fs/cgroup/a/memory.current": "6500\n",
        "sys/fs/cgroup/other/memory.max": "1\n",
    }
    root = system("0::/a/b c\n", v2(), files)
    assert list(group_memory(root)) == [container(9000, 9000, "memory.high"), container(7000, 500, "memory.max")]
    assert available_memory(root) == container(7000, 500, "memory.max")


def test_a_container_of_version_1(system: System, v1: Line) -> None:
    """Docker without namespaces of groups: the path in /proc is the host's, and so is the root of the mount."""
    files = {
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "8000\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "5000\n",
        "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 2000\ntotal_active_file 1000\n",
    }
    groups = "5:cpu,cpuacct:/x\n4:hugetlb,memory:/docker/1\n1:name=systemd:/docker/1\n"
    mounts = v1("cpu,cpuacct") + v1("memory", root="/docker/1")
    assert list(group_memory(system(groups, mounts, files))) == [container(8000, 6000, "memory.limit_in_bytes")]


def test_groups_of_version_1_below_one_another(system: System, v1: Line) -> None:
    files = {
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**63 - 4096}\n",
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "900\n",
        "sys/fs/cgroup/memory/job/step/memory.limit_in_bytes": "800\n",
    }
    found = group_memory(system("4:memory:/job/step\n0::/\n", v1("memory"), files))
    assert [each.limit for each in found] == [800, 900, 2**63 - 4096]


@pytest.mark.parametrize(
    ("groups", "mounts"),
    [
        ("0::/host/path\n", "/"),  # a container that sees its own group at the top, and reads the host's path
        ("0::/../../x\n", "/"),  # a group outside this namespace
        ("0::/a\n", "/b"),  # mounted from elsewhere
        ("\n:\n0\n0::/\nx:y:z:memory\n", "/"),
    ],
)
def test_only_the_topmost_group_is_seen(system: System, v2: Line, groups: str, mounts: str) -> None:
    root = system(groups, v2(mounts), {"sys/fs/cgroup/memory.max": "7000\n"})
    assert list(group_memory(root)) == [container(7000, 7000, "memory.max")]


def test_another_mount_point(system: System, v2: Line) -> None:
    root = system("0::/\n", v2(folder=r"/my\040groups"), {"my groups/memory.max": "7000\n"})
    assert list(group_memory(root)) == [container(7000, 7000, "memory.max")]


@pytest.mark.parametrize("text", ["max\n", "", "\n", "-1\n", "²\n", "1e9\n", "ü\udcff", "0x10\n", "9" * 5000])
def test_what_is_no_number_is_no_limit(system: System, v2: Line, text: str) -> None:
    files = {"sys/fs/cgroup/memory.max": text, "sys/fs/cgroup/memory.stat": "inactive_file\nx y\n"}
    assert list(group_memory(system("0::/\n", v2(), files))) == []


@pytest.mark.parametrize("mounts", ["", "garbage\n", " - \n", "1 2 3 4 5 6 - cgroup2\n", "\udcff - cgroup2 a b\n"])
def test_without_mounts_there_are_no_groups(system: System, mounts: str) -> None:
    assert list(group_memory(system("0::/\n4:memory:/\n", mounts, {"sys/fs/cgroup/memory.max": "1\n"}))) == []


def test_more_in_use_than_allowed(system: System, v2: Line) -> None:
    files = {"sys/fs/cgroup/memory.max": "100\n", "sys/fs/cgroup/memory.current": "300\n"}
    assert [each.bytes for each in group_memory(system("0::/\n", v2(), files))] == [0]


@pytest.mark.parametrize(("kind", "setting", "left"), [("AS", "ulimit -v", 2), ("DATA", "ulimit -d", 7)])
def test_limits_of_the_shell(
    system: System, monkeypatch: pytest.MonkeyPatch, kind: str, setting: str, left: int
) -> None:
    page = resource.getpagesize()
    limits = {getattr(resource, f"RLIMIT_{kind}"): (10 * page, 10 * page)}
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits.get(which, (resource.RLIM_INFINITY,) * 2))
    root = system(files={"proc/self/statm": "8 6 5 5 0 3 0\n"})
    assert list(memory.memory_of_process(root)) == [Memory(left * page, 10 * page, "this process", setting)]


def test_shortage_says_whose_limit_it_is() -> None:
    """As a user meets it: a shell with ulimit -v."""
    code = "from graphnn.machine.memory import shortage; print(shortage(2**20)); print(shortage(2**31))"
    shown = subprocess.run(
        ["bash", "-c", 'ulimit -v 1000000; exec "$0" -c "$1"', sys.executable, code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    none, text = shown.stdout.splitlines()
    assert none == "None"
    assert text.startswith("this process has ")
    assert text.endswith(" free of 976.6 MiB (ulimit -v)")


def test_no_shortage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert shortage(2**80) is None
    monkeypatch.setattr(memory, "available_memory", lambda: Memory(1000, 1000, "this machine"))
    assert shortage(1000) is None
    assert shortage(1001) == "this machine has 1000 B"
