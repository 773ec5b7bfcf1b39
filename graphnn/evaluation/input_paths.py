"""The files that the inputs of predict stand for: files, all in folders, and what matches patterns."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphnn.datasets.folder_contents import RUBBISH, RUNS, suffix_of
from graphnn.errors import DataError
from graphnn.storage.regular_files import reading_problem

NUMBER = re.compile(r"([0-9]+)")
Order = tuple[tuple[str | int, ...], str]


@dataclass
class InputPaths:
    """Finds files. suffixes: of those that are taken from folders and by patterns; others are counted in `skipped`.

    fail: is told of folders and patterns that give no file, and of folders that cannot be read.
    """

    suffixes: Sequence[str]
    fail: Callable[[str], None]
    skipped: int = 0
    first_skipped: Path | None = None

    def all(self, inputs: Iterable[Path]) -> Iterator[Path]:
        """Yield the files of each input: itself, or those of a folder or a pattern, in natural order."""
        for one in inputs:
            if one.is_dir():
                yield from self.or_failure(self.below(one), f"{one}: holds no {self.wanted}, and no folder in it does")
            elif is_pattern(one):
                yield from self.or_failure(self.matching(one), f"{one}: no {self.wanted} matches this pattern")
            else:
                yield one

    @property
    def wanted(self) -> str:
        """What is taken, in words."""
        return ".npy array" if list(self.suffixes) == [".npy"] else "picture"

    def or_failure(self, files: Iterable[Path], message: str) -> Iterator[Path]:
        """Yield the files, or tell that there is none."""
        empty = True
        for file in files:
            empty = False
            yield file
        if empty:
            self.fail(message)

    def below(self, folder: Path, around: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
        """Yield what is wanted of a folder and the folders in it, names in natural order; links are followed.

        Hidden files, what systems leave in folders, and folders of trainings are passed over without a word. around:
        the folders that it lies in, so that a link to one of them is no endless loop.
        """
        try:
            status = folder.stat()
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: natural_order(entry.name))
        except OSError as problem:
            self.fail(f"{folder}: {reading_problem(problem)}")
            return
        here = around | {(status.st_dev, status.st_ino)}
        if here == around:
            return
        for entry in found:
            if entry.name.startswith(".") or entry.name.casefold() in RUBBISH:
                continue
            if not entry.is_dir():
                yield from self.if_wanted(folder / entry.name)
            elif not entry.name.endswith(RUNS):
                yield from self.below(folder / entry.name, here)

    def matching(self, pattern: Path) -> Iterator[Path]:
        """Yield what is wanted of the files that match a pattern, and, unless it has a `**`, of the folders that do."""
        deep = "**" in pattern.parts
        found = glob.iglob(str(pattern), recursive=True)  # noqa: PTH207 (a pattern of Path.glob cannot be absolute)
        for name in sorted(found, key=natural_order):
            path = Path(name)
            if not path.is_dir():
                yield from self.if_wanted(path)
            elif not deep:
                yield from self.below(path)

    def if_wanted(self, file: Path) -> Iterator[Path]:
        """Yield a file if it is taken, or count it among those that are not."""
        if suffix_of(file.name) in self.suffixes:
            yield file
        else:
            self.skipped += 1
            self.first_skipped = self.first_skipped or file

    def messages(self) -> list[str]:
        """Return a sentence about the files that were skipped."""
        if not self.skipped:
            return []
        if self.skipped == 1:
            return [f"{self.first_skipped}: is no {self.wanted} by its suffix, and was skipped"]
        return [
            f"{self.skipped:,} files are no {self.wanted} by their suffixes, and were skipped, the first is "
            f"{self.first_skipped}"
        ]


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern with `*`, `?` or `[…]`, rather than a file of this very name."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def natural_order(name: str) -> Order:
    """Return the key by which names are sorted as people count: 2.png before 10.png."""
    return tuple(int(part) if at % 2 else part for at, part in enumerate(NUMBER.split(name))), name


def listed_paths(content: bytes, source: Path) -> list[Path]:
    """Return the paths in a list: one a line, or ended by null bytes as `find -print0` writes them.

    Raises DataError where there are none.
    """
    names = content.split(b"\0") if b"\0" in content else content.splitlines()
    paths = [Path(os.fsdecode(name)) for name in names if name.strip()]
    if not paths:
        raise DataError(f"{source}: lists no files")
    return paths
