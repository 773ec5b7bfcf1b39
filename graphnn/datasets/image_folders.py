"""Which pictures a folder holds, and of which classes: one sub-folder a class, or train, val and test with these."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from graphnn.datasets.base import SettingError
from graphnn.datasets.folder_contents import Contents, all_below, contents, suffix_of
from graphnn.document.document import listed
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.opening import SUFFIXES
from graphnn.text.suggestions import closest, did_you_mean, quoted
from graphnn.types import Array

TRAIN, VALIDATION, TEST = "train", "validation", "test"
NAMES = {  # of the folders of parts, in any case
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
HERE = "data.path is the folder in which each class has a folder"


@frozen_dataclass(eq=False)
class Part:
    """The pictures of one part. folder: its name, "" where the classes lie in the folder itself.

    classes: the names of their folders, sorted. paths: relative to the folder of all parts, with slashes, in order.
    labels: N, the indices of their classes. others: files that are no pictures. strays: pictures beside the classes.
    """

    folder: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Array
    others: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


@frozen_dataclass(eq=False)
class Listing:
    """The pictures of a folder. parts: by TRAIN, VALIDATION and TEST, as there are, all of the same classes.

    notes: what a user should know of what is left out, a sentence each.
    """

    root: Path
    parts: Mapping[str, Part]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, sorted."""
        return self.parts[TRAIN].classes


def list_pictures(root: Path) -> Listing:
    """Return the pictures below a folder; none of them is opened.

    Each class is a folder of pictures, which may have sub-folders. Where a sub-folder train holds the classes, it is
    the training part, and test and val beside it are parts too; with no test, val is the test part, for what is chosen
    by it is drawn from train as always. Links are followed; hidden files, and what systems leave, are passed over.
    Raises SettingError with everything that is wrong.
    """
    top = contents(root)
    folders = part_folders(root, top)
    parts = {part: listed_part(root, name) for part, name in folders.items()} or {TRAIN: listed_part(root, "")}
    if TRAIN not in parts:
        raise SettingError("path", f"{root}: has {listed(top.folders)}, but no folder train")
    problems = [each for part in parts if part != TRAIN for each in differing_classes(root, parts[TRAIN], parts[part])]
    if problems:
        raise SettingError("path", *problems)
    check_several(root, parts[TRAIN])
    strays = [stray for part in parts.values() for stray in part.strays]
    others = [other for part in parts.values() for other in part.others]
    if folders:
        strays = [*top.pictures, *strays, *(f"{name}/" for name in top.folders if name not in folders.values())]
        others = [*top.others, *others]
    if VALIDATION in parts and TEST not in parts:
        parts[TEST] = parts.pop(VALIDATION)
    return Listing(root, parts, (*stray_notes(root, strays), *other_notes(root, others)))


def part_folders(root: Path, top: Contents) -> dict[str, str]:
    """Return the name of the folder of each part; none where the folders are classes.

    A part has folders for its classes: a folder called train that holds pictures may be a class of trains. Raises
    SettingError where two folders are the same part.
    """
    named = [name for name in top.folders if name.casefold() in NAMES]
    holding = [name for name in named if contents(root / name).folders]
    if TRAIN not in {NAMES[name.casefold()] for name in holding}:
        holding = named if len(named) == len(top.folders) else []
    parts: dict[str, str] = {}
    for name in holding:
        other = parts.setdefault(NAMES[name.casefold()], name)
        if other != name:
            raise SettingError("path", f"{root}: {other} and {name} are the same part; keep one of them")
    return {part: parts[part] for part in (TRAIN, VALIDATION, TEST) if part in parts}


def listed_part(root: Path, folder: str) -> Part:
    """Return the pictures of a part. folder: its name in root; "" for root itself.

    Raises SettingError where there are no classes, or where a class has no picture or a name that cannot be.
    """
    where, start = root / folder, f"{folder}/" if folder else ""
    top = contents(where)
    if not top.folders:
        raise SettingError("path", f"{where}: {without_classes(top)}")
    check_names(where, top.folders)
    named = sorted((unicodedata.normalize("NFC", name), name) for name in top.folders)
    found = [all_below(root, f"{start}{name}") for _, name in named]
    paths = [path for each in found for path in each.pictures]
    others = [*(f"{start}{name}" for name in top.others), *(name for each in found for name in each.others)]
    if not paths:
        raise SettingError("path", f"{where}: holds no pictures in {listed(top.folders)}{suffix_advice(others)}")
    if all(path.count("/") > start.count("/") + 1 for path in paths):
        outer, _, inner = paths[0].rpartition("/")[0].rpartition("/")
        raise SettingError(
            "path",
            f"{where}: its folders hold folders, but no pictures: {listed(top.folders)}; {HERE}, as {root / outer} has "
            f"for {inner}",
        )
    empty = [name for (_, name), each in zip(named, found, strict=True) if not each.pictures]
    if empty:
        what = "hold no pictures; put some there, or remove them"
        what = what if len(empty) > 1 else "holds no pictures; put some there, or remove it"
        raise SettingError("path", f"{where}: {listed(empty)} {what}")
    labels = np.repeat(np.arange(len(found), dtype=np.int64), [len(each.pictures) for each in found])
    strays = tuple(f"{start}{name}" for name in top.pictures)
    return Part(folder, tuple(name for name, _ in named), tuple(paths), labels, tuple(others), strays)


def without_classes(top: Contents) -> str:
    """Return what is wrong with a folder that has no folders."""
    if not top.pictures:
        return f"holds no pictures; they belong in a folder for each class{suffix_advice(top.others)}"
    count = f"{len(top.pictures):,} pictures" if len(top.pictures) > 1 else "a picture"
    return f"holds {count}, but no folders; {HERE}"


def check_names(where: Path, folders: Sequence[str]) -> None:
    """Raise SettingError for names of classes that are not UTF-8, or that differ in case or in accents' form only."""
    bad = [name for name in folders if any("\ud800" <= one <= "\udfff" for one in name)]
    if bad:
        raise SettingError("path", *(f"{where / name}: its name is not UTF-8; rename it" for name in bad))
    known: dict[str, str] = {}
    for name in folders:
        other = known.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise SettingError(
                "path",
                f"{where}: {quoted(other)} and {quoted(name)} would be two classes, but their names differ in case "
                "only, or in how accents are stored; join them, or rename one",
            )


def differing_classes(root: Path, training: Part, part: Part) -> Iterator[str]:
    """Yield what is wrong where a part has other classes than the training part."""
    missing = [name for name in training.classes if name not in part.classes]
    more = [name for name in part.classes if name not in training.classes]
    for name in more:
        meant = closest(name, missing)
        if meant is not None:
            missing.remove(meant)
        advice = did_you_mean(name, [] if meant is None else [meant])
        yield f"{root / part.folder / name}: there is no class {quoted(name)} in {training.folder}{advice}"
    for name in missing:
        yield f"{root / part.folder}: has no folder {quoted(name)}, a class in {training.folder}"


def check_several(root: Path, part: Part) -> None:
    """Raise SettingError where there are fewer than two classes."""
    if len(part.classes) < 2:
        advice = "" if part.folder else f"; {HERE}"
        found = f"{root / part.folder}: holds pictures of one class only, {quoted(part.classes[0])}"
        raise SettingError("path", f"{found}, where two or more are to be told apart{advice}")


def stray_notes(root: Path, names: Sequence[str]) -> list[str]:
    """Return a note about pictures and folders that lie beside the classes."""
    if not names:
        return []
    verb = "belong" if len(names) > 1 else "belongs"
    return [f"{root}: {listed(names, 3)} {verb} to no class, and so to no part of the data"]


def other_notes(root: Path, names: Sequence[str]) -> list[str]:
    """Return a note about files that are no pictures."""
    if not names:
        return []
    kinds = ", ".join(sorted({suffix_of(name) or "none" for name in names})[:5])
    if len(names) == 1:
        return [f"{root}: {names[0]} is left out; by its suffix it is no picture that is read"]
    return [
        f"{root}: {len(names):,} files are left out; by their suffixes ({kinds}) they are no pictures that are read"
    ]


def suffix_advice(others: Sequence[str]) -> str:
    """Return the words about files whose suffixes are not those of pictures; "" for none."""
    return f"; {others[0]} is none by its suffix; read are {', '.join(SUFFIXES)}" if others else ""
