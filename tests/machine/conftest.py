"""A folder with the files of /proc and /sys/fs/cgroup that a system would have."""

from collections.abc import Callable
from pathlib import Path

import pytest

System = Callable[..., Path]
V2 = "30 23 0:26 {root} {folder} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "33 26 0:29 {root} {folder} rw,nosuid - cgroup cgroup rw,{controllers}\n"


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Make a system: of the groups in /proc/self/cgroup, its mounts, and files by their path."""

    def make(groups: str | None = None, mounts: str = "", files: dict[str, str] | None = None) -> Path:
        written = {"proc/self/mountinfo": mounts, **(files or {})}
        for name, text in {**written, **({} if groups is None else {"proc/self/cgroup": groups})}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
        return tmp_path

    return make


@pytest.fixture
def v2() -> Callable[..., str]:
    """Return the line of a mount of control groups of version 2."""
    return lambda root="/", folder="/sys/fs/cgroup": V2.format(root=root, folder=folder)


@pytest.fixture
def v1() -> Callable[..., str]:
    """Return the line of a mount of control groups of version 1."""
    return lambda controllers, root="/", folder=None: V1.format(
        root=root, folder=folder or f"/sys/fs/cgroup/{controllers}", controllers=controllers
    )
