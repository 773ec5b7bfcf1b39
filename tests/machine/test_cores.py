"""The number of cores is that of the machine, or less where the process or its container may use less."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.machine.cores import available_cores

System = Callable[..., Path]
Line = Callable[..., str]


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def test_cores_of_the_machine(monkeypatch: pytest.MonkeyPatch, system: System) -> None:
    assert available_cores() >= 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5}, raising=False)
    assert available_cores(system()) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert available_cores(system()) == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores(system()) == 1


@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("150000 100000", 2),
        ("100000 100000", 1),
        ("1000 100000", 1),
        ("100001 100000", 2),
        ("1600000 100000", 8),
        ("max 100000", 8),
        ("", 8),
        ("max", 8),
        ("100000 0", 8),
        ("-1 100000", 8),
        ("² 100000", 8),
        ("1 2 3", 8),
    ],
)
def test_quota_of_a_container(system: System, v2: Line, quota: str, cores: int) -> None:
    assert available_cores(system("0::/\n", v2(), {"sys/fs/cgroup/cpu.max": f"{quota}\n"})) == cores


@pytest.mark.usefixtures("eight")
def test_the_least_quota_of_all_groups_above(system: System, v2: Line) -> None:
    files = {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "250000 100000\n"}
    assert available_cores(system("0::/a/b\n", v2(), files)) == 3


@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize(("quota", "cores"), [("-1", 8), ("300000", 3), ("0", 1), ("x", 8)])
def test_quota_of_version_1(system: System, v1: Line, quota: str, cores: int) -> None:
    folder = "sys/fs/cgroup/cpu,cpuacct/box"
    files = {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": "100000"}
    assert available_cores(system("4:cpu,cpuacct:/box\n", v1("cpu,cpuacct"), files)) == cores
