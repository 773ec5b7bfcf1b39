"""What a folder of the user holds: sub-folders, pictures and other files, without what systems leave there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphnn.datasets.base import SettingError
from graphnn.datasets.missing_path import near
from graphnn.pictures.opening import SUFFIXES
from graphnn.storage.regular_files import reading_problem
from graphnn.text.suggestions import closest

RUNS = ".runs"  # ends the name of a folder of trainings, which lies here where a document does
RUBBISH = ("thumbs.db", "desktop.ini", "__macosx")  # passed over without a word; so are hidden files
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
RELATIVE = "data.path is relative to the document"


@dataclass
class Contents:
    """Names in a folder, or paths below it with slashes; sorted. pictures: by their suffixes."""

    folders: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def contents(folder: Path) -> Contents:
    """Return what a folder holds; links are followed. Raises SettingError where it cannot be read, or is none."""
    found = Contents()
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.startswith(".") or entry.name.casefold() in RUBBISH:
                    continue
                if entry.is_dir() and entry.name.endswith(RUNS):
                    continue
                if entry.is_dir():
                    check_loop(entry)
                    found.folders.append(entry.name)
                else:
                    kind = found.pictures if suffix_of(entry.name) in SUFFIXES else found.others
                    kind.append(entry.name)
    except FileNotFoundError:
        raise SettingError("path", f"{folder}: no such folder{near_folder(folder)}") from None
    except NotADirectoryError:
        advice = "; unpack it" if suffix_of(folder.name) in ARCHIVES else ""
        raise SettingError("path", f"{folder}: is a file, not a folder with a folder for each class{advice}") from None
    except OSError as problem:
        raise SettingError("path", f"{problem.filename or folder}: {reading_problem(problem)}") from problem
    return found


def all_below(root: Path, start: str) -> Contents:
    """Return the pictures and other files in a folder, relative to root, and in all folders below it."""
    found, left = Contents(), [start]
    while left:
        folder = left.pop()
        here = contents(root / folder)
        found.pictures += [f"{folder}/{name}" for name in here.pictures]
        found.others += [f"{folder}/{name}" for name in here.others]
        left += [f"{folder}/{name}" for name in reversed(here.folders)]
    return found


def suffix_of(name: str) -> str:
    """Return the end of a file's name from its last dot on, in lower case; "" for none."""
    return Path(name).suffix.lower()


def check_loop(entry: "os.DirEntry[str]") -> None:
    """Raise SettingError for a link to a folder that it lies in, which would never end."""
    if entry.is_symlink() and Path(entry.path).parent.resolve().is_relative_to(Path(entry.path).resolve()):
        raise SettingError("path", f"{entry.path}: is a link to a folder that it lies in; remove it")


def near_folder(folder: Path) -> str:
    """Return the words that name the folder that may be meant, or the one that is missing."""

    def meant(beside: Sequence[Path]) -> str | None:
        return closest(folder.name, [each.name for each in beside if each.is_dir() and not each.name.startswith(".")])

    said = near(folder, meant)
    return f"{said} {RELATIVE}" if said.endswith(";") else said
