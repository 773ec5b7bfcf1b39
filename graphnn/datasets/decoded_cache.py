"""Pictures decoded once and kept: only what has changed since is decoded anew, by one process at a time."""

import hashlib
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from graphnn.datasets.base import ENVIRONMENT, Summary, channels_last
from graphnn.datasets.decoded_file import DecodedFile, Sources, mapped, new_pixels, state, tidy
from graphnn.datasets.decoding import DIGEST, DecodedPicture, content_digest, decode
from graphnn.datasets.digest import digest
from graphnn.datasets.folder_lock import ABANDONED, FolderLock
from graphnn.datasets.mapped_pages import let_go
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.pictures.opening import without_warnings
from graphnn.storage.replacing import remove_abandoned, replacing
from graphnn.text.installing import extra_command
from graphnn.text.numbers import bytes_text
from graphnn.text.terminal import note
from graphnn.text.visible import without_bytes
from graphnn.text.working import working
from graphnn.types import Array

FOLDER = "decoded"  # in the folder of the published data sets
TICK = 2 * 10**9  # nanoseconds; on some disks, what changes twice in that time may have the same time
BLOCK = 1 << 22  # bytes of pixels that are summed up at a time
ELSEWHERE = f"name another folder with --data-dir or {ENVIRONMENT}"


@frozen_dataclass(eq=False)
class Wanted:
    """Which pictures are wanted, and in which form. paths: relative to root, in order. labels: N.

    parts: the number of pictures of "train", "validation" and "test", in this order. shape: C×H×W. resize: as
    `pictures.resizing.resized`.
    """

    root: Path
    paths: Sequence[str]
    labels: Array
    parts: Mapping[str, int]
    shape: tuple[int, int, int]
    resize: str

    @property
    def bytes(self) -> int:
        """The bytes that they take decoded."""
        return len(self.paths) * int(np.prod(self.shape))

    def file(self, folder: Path) -> Path:
        """Return the path of their JSON below the folder of the published data sets."""
        place = os.path.realpath(self.root)
        key = hashlib.sha256(os.fsencode(place)).hexdigest()[:12]
        channels, height, width = self.shape
        name = f"{without_bytes(self.root.name)[:40]}-{key}"
        return folder / FOLDER / name / f"{height}x{width}-{'grey' if channels == 1 else 'rgb'}-{self.resize}.json"


def decoded_pictures(wanted: Wanted, folder: Path) -> tuple[DecodedFile, str | None]:
    """Return the pictures, decoded; and a sentence where some had to be.

    folder: of the published data sets, in which they are kept. Raises DataError where it cannot be written, or has too
    little room, and where Pillow is missing.
    """
    file, begun = wanted.file(folder), time.time_ns()
    states = np.array([state(wanted.root / path) for path in wanted.paths], np.int64).reshape(-1, 3)
    known = DecodedFile.read(file)
    if known is not None and is_current(known, wanted, states):
        return known, None
    check_pillow(wanted.root)
    try:
        with FolderLock(file.parent, lambda: note(f"{wanted.root}: another process decodes it; waiting")) as lock:
            known = DecodedFile.read(file)
            if known is not None and is_current(known, wanted, states):
                return known, None
            remove_abandoned(file.parent)
            result, count = decoded_anew(wanted, known, states, begun, file)
            tidy(file.parent, result, age=0.0 if lock.held else ABANDONED)
    except OSError as problem:
        raise DataError(
            f"{wanted.root}: its decoded pictures, {bytes_text(wanted.bytes)}, cannot be written to {file.parent}: "
            f"{problem.strerror}; {ELSEWHERE}"
        ) from problem
    if not count:
        return result, None
    of = "" if count == len(wanted.paths) else f" of {len(wanted.paths):,}"
    return result, f"decoded {count:,}{of} pictures into {bytes_text(result.pixels.nbytes)} at {file.parent}"


def is_current(known: DecodedFile, wanted: Wanted, states: Array) -> bool:
    """Return whether decoded pictures are those that are wanted, from files that have not changed since.

    Files that had changed shortly before they were read, or could not be, are compared by their content.
    """
    sources = known.sources
    if known.parts != wanted.parts or list(sources.paths) != list(wanted.paths):
        return False
    if not np.array_equal(sources.states, states):
        return False
    return all(
        content_digest(wanted.root / wanted.paths[index]) == sources.digests[index].tobytes()
        for index in np.flatnonzero(doubtful(known)).tolist()
    )


def doubtful(known: DecodedFile) -> Array:
    """Return of which files the state does not tell whether they give the same as before.

    They had changed so shortly before they were read that a further change may have the same time; or their bytes could
    not be read, as from a disk that was away.
    """
    recent = known.sources.states[:, 1:].max(axis=1, initial=-1) >= known.begun - TICK
    return np.asarray(recent | ~known.sources.digests.any(axis=1))


def decoded_anew(
    wanted: Wanted, known: DecodedFile | None, states: Array, begun: int, file: Path
) -> tuple[DecodedFile, int]:
    """Write the pictures, and return them with the number of those that were decoded; others are copied from `known`.

    What is decoded before Ctrl-C is kept for the next time. Raises KeyboardInterrupt then, DataError where the disk has
    too little room, and OSError where it cannot be written.
    """
    free = shutil.disk_usage(file.parent).free
    if free < wanted.bytes:
        raise DataError(
            f"{wanted.root}: its decoded pictures take {bytes_text(wanted.bytes)}, but {file.parent} has "
            f"{bytes_text(free)} free; {ELSEWHERE}"
        )
    pixels = new_pixels(file)
    digests, problems, count = written_pixels(pixels, wanted, known, states)
    done = len(digests)
    sources = Sources(wanted.paths[:done], states[:done], digests, problems)
    array = mapped(pixels, (done - len(problems), *wanted.shape[1:], wanted.shape[0]))
    if done == len(wanted.paths) or known is None or len(array) > len(known.pixels):
        DecodedFile(sources, begun, {}, array, {}).write(file, pixels)
    if done < len(wanted.paths):
        raise KeyboardInterrupt
    result = DecodedFile(sources, begun, wanted.parts, array, summaries(array, sources, wanted))
    result.write(file, pixels)
    return result, count


def written_pixels(
    pixels: Path, wanted: Wanted, known: DecodedFile | None, states: Array
) -> tuple[Array, dict[int, str], int]:
    """Write the pixels of the wanted pictures; return the digests and problems of the files, and how many were decoded.

    There are fewer digests than wanted pictures where Ctrl-C ended it. Raises OSError where the file cannot be written.
    """
    rows = {} if known is None else known.rows()
    kept = {} if known is None else unchanged(known, wanted, states)
    missing = [path for index, path in enumerate(wanted.paths) if index not in kept]
    digests, problems, count, done = np.zeros((len(wanted.paths), DIGEST), np.uint8), dict[int, str](), 0, 0
    with (
        replacing(pixels) as out,
        without_warnings(),
        closing(decode(wanted.root, missing, wanted.shape, wanted.resize, known=rows)) as decoded,
        working(f"decoding {wanted.root.name}", len(wanted.paths), "pictures") as task,
    ):
        try:
            for index in range(len(wanted.paths)):
                each = kept[index] if index in kept else next(decoded)
                digests[index] = np.frombuffer(each.digest, np.uint8)
                if each.problem:
                    problems[index] = each.problem
                elif each.pixels is not None:
                    out.write(np.ascontiguousarray(each.pixels).data)
                    count += 1
                elif known is not None:
                    out.write(known.pixels[rows[each.digest]].data)
                    let_go(known.pixels, int(np.prod(wanted.shape)))
                done = index + 1
                task.advance()
        except KeyboardInterrupt:
            problems = {index: text for index, text in problems.items() if index < done}
            out.flush()
            out.truncate((done - len(problems)) * int(np.prod(wanted.shape)))  # without half a picture
    return digests[:done], problems, count


def unchanged(known: DecodedFile, wanted: Wanted, states: Array) -> dict[int, DecodedPicture]:
    """Return what is known of the files that have not changed, by their index among those that are wanted."""
    sources, unsure = known.sources, doubtful(known)
    indices = {path: index for index, path in enumerate(sources.paths) if not unsure[index]}
    found = {}
    for index, path in enumerate(wanted.paths):
        before = indices.get(path)
        if before is not None and np.array_equal(sources.states[before], states[index]):
            problem = sources.problems.get(before, "")
            found[index] = DecodedPicture(sources.digests[before].tobytes(), problem=problem)
    return found


def summaries(pixels: Array, sources: Sources, wanted: Wanted) -> dict[str, Summary]:
    """Return the summaries of the training part, with a validation part of its own, and of the test part."""
    good, labels = sources.good(), wanted.labels
    first = int(np.searchsorted(good, len(labels) - wanted.parts["test"]))
    parts = {"train": slice(None, first), "test": slice(first, None)}
    return {part: summary(channels_last(pixels[rows]), labels[good[rows]]) for part, rows in parts.items()}


def summary(x: Array, y: Array) -> Summary:
    """Return the summary of the images N×C×H×W and labels of a part."""
    pixels, step = x.transpose(0, 2, 3, 1), max(1, BLOCK // max(1, x[:1].nbytes))
    low, high, total = np.full(pixels.shape[1:], 255, np.uint8), np.zeros(pixels.shape[1:], np.uint8), 0
    for start in range(0, len(x), step):  # by positions first: over three channels alone, it takes ten times as long
        some = pixels[start : start + step]
        np.minimum(low, some.min(axis=0), out=low)
        np.maximum(high, some.max(axis=0), out=high)
        total += int(some.sum(dtype=np.int64))
        let_go(x, some.nbytes)
    least, most = (tuple(map(float, limit)) for limit in (low.min(axis=(0, 1)), high.max(axis=(0, 1))))
    return Summary(digest(x, y), least, most, total / max(1, x.size))


def check_pillow(root: Path) -> None:
    """Raise DataError where Pillow is missing."""
    try:
        import PIL.Image  # noqa: F401  # whether it can be imported
    except ImportError as problem:
        raise DataError(f"{root}: reading pictures needs Pillow: {extra_command('images')}") from problem
