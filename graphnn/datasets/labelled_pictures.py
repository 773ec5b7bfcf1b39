"""The parts of a folder of pictures, decoded and labelled: as its folders say, or with a test part that is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.datasets.base import Dataset, Location, SettingError, channels_last
from graphnn.datasets.batches import draw_test_part
from graphnn.datasets.decoded_cache import Wanted, decoded_pictures
from graphnn.datasets.decoded_file import Sources
from graphnn.datasets.image_folders import TEST, TRAIN, VALIDATION, Listing, list_pictures
from graphnn.document.document import listed
from graphnn.errors import DataError
from graphnn.pictures.resizing import RESIZES
from graphnn.text.suggestions import unknown_name
from graphnn.types import Array

TEST_SPLIT = 0.2  # where it is left out
VALIDATION_SPLIT = 0.1  # as in the schema; where a folder is the validation part, nothing else may be written
ORDER = (TRAIN, VALIDATION, TEST)  # of the decoded pictures
MOST_DAMAGED = 100  # one in so many is left out
SHOWN = 3  # damaged files that are named


def read_pictures(location: Location, root: Path, shape: tuple[int, int, int]) -> Dataset:
    """Return the pictures in a folder. shape: C×H×W.

    Raises SettingError with everything that is wrong with the folder, or with settings that it makes meaningless, and
    DataError where the pictures cannot be kept.
    """
    settings = location.settings
    resize = settings.get("resize", RESIZES[0])
    if resize not in RESIZES:
        raise DataError(unknown_name("resize", resize, RESIZES))
    listing = list_pictures(root)
    wanted = Wanted(root, *in_parts(listing, settings, location.seed), shape, resize)
    decoded, decoding = decoded_pictures(wanted, location.root())
    sources = decoded.sources
    check_damaged(root, sources, skip=settings.get("damaged") == "skip")
    good = sources.good()
    ends = np.searchsorted(good, np.cumsum([wanted.parts[part] for part in ORDER]))
    x, y = channels_last(decoded.pixels), wanted.labels[good]
    paths = [sources.paths[index] for index in good]
    check_left(listing, y[: ends[0]], y[ends[1] :])
    counts = dict(zip(ORDER, np.diff(ends, prepend=0).tolist(), strict=True))
    notes = [parts_note(listing, counts, location.seed), *listing.notes, *damaged_notes(root, sources)]
    notes += [*single_notes(listing, y[: ends[0]]), *repeated_notes(root, sources, wanted)]
    return Dataset(
        name=root.name,
        x_train=x[: ends[1]],
        y_train=y[: ends[1]],
        x_test=x[ends[1] :],
        y_test=y[ends[1] :],
        classes=listing.classes,
        notes=tuple(filter(None, [*notes, decoding])),
        stratified=True,
        own_validation=counts[VALIDATION],
        summaries=decoded.summaries,
        test_drawn=TEST not in listing.parts,
        origins={"train": paths[: ends[1]], "test": paths[ends[1] :]},
    )


def in_parts(listing: Listing, settings: Mapping[str, Any], seed: int) -> tuple[Sequence[str], Array, dict[str, int]]:
    """Return the paths and labels of the training part, then the validation part and the test part, and their numbers.

    Raises SettingError where a fraction is written for a part that the folder has.
    """
    parts = dict(listing.parts)
    for part, key, usual in ((TEST, "test_split", None), (VALIDATION, "validation_split", VALIDATION_SPLIT)):
        if part in parts and settings.get(key, usual) != usual:
            text = (
                f"{listing.root / parts[part].folder} is the {part} part already; leave {key} out, or rename the folder"
            )
            raise SettingError(key, text)
    if TEST not in parts:
        whole = parts[TRAIN]
        try:
            drawn = draw_test_part(whole.labels, settings.get("test_split", TEST_SPLIT), seed)
        except DataError as problem:
            raise SettingError("test_split", *problem.problems) from problem
        for part, indices in zip((TRAIN, TEST), drawn, strict=True):
            paths = tuple(whole.paths[index] for index in indices)
            parts[part] = replace(whole, paths=paths, labels=whole.labels[indices])
    chosen = {part: parts[part] for part in ORDER if part in parts}
    paths = tuple(path for each in chosen.values() for path in each.paths)
    labels = np.concatenate([each.labels for each in chosen.values()])
    return paths, labels, {part: len(parts[part].paths) if part in parts else 0 for part in ORDER}


def check_damaged(root: Path, sources: Sources, *, skip: bool) -> None:
    """Raise SettingError where more pictures cannot be read than may be left out. skip: whether all but a few may."""
    count, total = len(sources.problems), len(sources.paths)
    if count == total:
        raise SettingError("path", f"{root}: none of the {total:,} pictures can be read: {damaged_text(sources)}")
    if count * MOST_DAMAGED > total and not skip:
        raise SettingError(
            "path",
            f"{root}: {count:,} of {total:,} pictures cannot be read, more than 1 %: {damaged_text(sources)}; repair "
            'or remove them, or set data.damaged to "skip", which leaves them out',
        )


def damaged_notes(root: Path, sources: Sources) -> list[str]:
    """Return a note about the pictures that are left out, if there are any."""
    count = len(sources.problems)
    if not count:
        return []
    what = "picture cannot be read and is" if count == 1 else "pictures cannot be read and are"
    return [f"{root}: {count:,} of {len(sources.paths):,} {what} left out: {damaged_text(sources)}"]


def damaged_text(sources: Sources) -> str:
    """Return the first files that cannot be read, each with the reason."""
    found = sorted((sources.paths[index], text) for index, text in sources.problems.items())
    shown = [f"{path} {text}" for path, text in found[:SHOWN]]
    more = len(found) - len(shown)
    return "; ".join(shown) + (f"; and {more:,} more" if more else "")


def check_left(listing: Listing, training: Array, test: Array) -> None:
    """Raise SettingError where no picture is left of a class or of a part. training, test: the labels that are."""
    counts = np.bincount(training, minlength=len(listing.classes))
    for name, count in zip(listing.classes, counts, strict=True):
        if not count:
            raise SettingError("path", f"{listing.root}: none of the pictures of {name} to train on can be read")
    if not len(test):
        raise SettingError("path", f"{listing.root}: none of the pictures of the test part can be read")


def parts_note(listing: Listing, counts: Mapping[str, int], seed: int) -> str:
    """Return the sentence on what there is: "animals: 600 pictures of 3 classes: cat, dog, horse; 120 held out …"."""
    text = f"{listing.root}: {sum(counts.values()):,} pictures of {len(listing.classes):,} classes: "
    text += listed(listing.classes)
    for part in (VALIDATION, TEST):
        if part in listing.parts:
            text += f"; {counts[part]:,} in {listing.parts[part].folder} are the {part} part"
    return text if TEST in listing.parts else f"{text}; {counts[TEST]:,} held out as the test part by data.seed {seed}"


def repeated_notes(root: Path, sources: Sources, wanted: Wanted) -> Iterator[str]:
    """Yield a note about files of the other parts that are in the training part too, and about those of two classes."""
    bounds = np.cumsum([wanted.parts[part] for part in ORDER])
    first: dict[bytes, int] = {}  # the first file of each content
    held_out, mislabelled = list[tuple[int, int]](), list[tuple[int, int]]()
    for index in sources.good().tolist():
        before = first.setdefault(sources.digests[index].tobytes(), index)
        if before < bounds[0] <= index:
            held_out.append((index, before))
        if wanted.labels[before] != wanted.labels[index]:
            mislabelled.append((index, before))
    for pairs, what in ((held_out, "held out, but also trained on"), (mislabelled, "also in another class")):
        if pairs:
            one, other = (sources.paths[index] for index in pairs[0])
            are = "picture is" if len(pairs) == 1 else "pictures are"
            yield f"{root}: {len(pairs):,} {are} {what}; the first is {one}, the same as {other}"


def single_notes(listing: Listing, training: Array) -> list[str]:
    """Return a note about classes with a single picture to train on, of which none is left for validation."""
    names = [listing.classes[label] for label in np.flatnonzero(np.bincount(training) == 1)]
    if not names:
        return []
    what = "class" if len(names) == 1 else "classes"
    return [
        f"{listing.root}: there is a single picture to train on of the {what} {listed(names)}, too few to learn from"
    ]
