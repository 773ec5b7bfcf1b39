"""The Linux control groups that this process is in: folders with the limits of a container, a job or a service.

Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst; proc(5) for the files in /proc/self.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from graphnn.frozen_dataclass import frozen_dataclass

ROOT = Path("/")


@frozen_dataclass
class ControlGroup:
    """A group that this process is in, by the folder of its files. version: of control groups, 1 or 2."""

    folder: Path
    version: int

    def words(self, name: str) -> list[str]:
        """Return the words in one of its files; none where the file cannot be read."""
        return text_of(self.folder / name).split()

    def number(self, name: str) -> int | None:
        """Return the number in one of its files; None where there is none, as in "max", which is no limit."""
        words = self.words(name)
        return int(words[0]) if words and is_count(words[0]) else None

    def counts(self, name: str) -> dict[str, int]:
        """Return the numbers of a file with a name and a number in each line."""
        lines = (line.split() for line in text_of(self.folder / name).splitlines())
        return {line[0]: int(line[1]) for line in lines if len(line) == 2 and is_count(line[1])}


def control_groups(controller: str, root: Path = ROOT) -> Iterator[ControlGroup]:
    """Yield the groups of this process that limit what a controller counts, and those above them, the nearest first.

    controller: "memory" or "cpu". root: the folder with proc and sys. Yields nothing where the system has no groups.
    """
    for line in text_of(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version = 1 if controllers else 2
        if path and (version == 2 or controller in controllers.split(",")):
            for mounted, folder in mounts(controller, version, root):
                for group in visible(PurePosixPath(path), mounted):
                    yield ControlGroup(folder / group, version)


def mounts(controller: str, version: int, root: Path) -> Iterator[tuple[PurePosixPath, Path]]:
    """Yield the path of a group and the folder where it is mounted, for each mount of that version."""
    for line in text_of(root / "proc/self/mountinfo").splitlines():
        mount, _, system = (part.split() for part in line.partition(" - "))
        if len(mount) < 5 or len(system) < 3:
            continue
        if system[0] == "cgroup2" if version == 2 else system[0] == "cgroup" and controller in system[2].split(","):
            yield PurePosixPath(plain(mount[3])), root / plain(mount[4]).lstrip("/")


def visible(path: PurePosixPath, mounted: PurePosixPath) -> list[PurePosixPath]:
    """Return a group and those above it, relative to where the group `mounted` is mounted.

    Inside a container, the path in /proc is often the host's; then only the topmost group can be seen.
    """
    inside = path.relative_to(mounted) if path.is_relative_to(mounted) and ".." not in path.parts else PurePosixPath()
    return [inside, *inside.parents]


def plain(path: str) -> str:
    r"""Return a path of /proc/self/mountinfo, where a space is \040, as it is."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), path)


def is_count(word: str) -> bool:
    """Whether a word is a number of digits 0…9, of at most 20."""
    return re.fullmatch("[0-9]{1,20}", word) is not None


def text_of(file: Path) -> str:
    """Return the text of a file, "" where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
