"""What the network sees, as PNG files: one for one sample, or a folder of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from graphnn.errors import DataError
from graphnn.evaluation.files import Labelled
from graphnn.pictures.opening import SUFFIXES
from graphnn.storage.png import write_png
from graphnn.storage.regular_files import reading_problem
from graphnn.types import Array

PNG = ".png"
OF_BATCH = re.compile(r"(.*)\.npy\[(\d+)\]", re.DOTALL)  # the label of a sample in a batch
DIGITS = 4  # of its number in the name of its file


@dataclass
class SavedInputs:
    """Saves samples as they pass. place: a file NAME.png for one sample, else a folder, which is made.

    saved: the files so far. problems: in words, of what could not be saved.
    """

    place: Path
    saved: list[Path] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)  # the names of these files
    problems: list[str] = field(default_factory=list)
    waiting: Array | None = None  # the first sample, for a file: written when it is known to be the only one

    def __post_init__(self) -> None:
        """Raise DataError where the place is the name of another kind of picture."""
        if self.place.suffix.lower() in SUFFIXES and not self.in_file and not self.place.is_dir():
            raise DataError(f"{self.place}: inputs are saved as PNG; name a file {self.place.stem}{PNG}, or a folder")

    @property
    def in_file(self) -> bool:
        """Whether there is one file for one sample."""
        return self.place.suffix.lower() == PNG and not self.place.is_dir()

    def watch(self, parts: Iterator[Labelled]) -> Iterator[Labelled]:
        """Yield the parts, N×C×H×W each, and save their samples."""
        for labels, x in parts:
            for label, image in zip(labels, x, strict=True):
                if not self.in_file:
                    self.save(self.place / self.name(label), image)
                elif self.waiting is None:
                    self.waiting = image
                else:
                    raise DataError(f"{self.place}: is one file for more than one input; name a folder")
            yield labels, x
        if self.waiting is not None:
            self.save(self.place, self.waiting)

    def messages(self) -> list[str]:
        """Return what was saved, in one sentence."""
        if not self.saved:
            return []
        what = str(self.saved[0]) if len(self.saved) == 1 else f"{len(self.saved):,} files in {self.place}"
        return [f"saved what the network sees: {what}"]

    def name(self, label: str) -> str:
        """Return the name of a sample's file, which no other has: that of its own file, with its number in a batch."""
        batch = OF_BATCH.fullmatch(label)
        stem = f"{Path(batch[1]).name}-{int(batch[2]):0{DIGITS}}" if batch else Path(label).stem
        name, number = f"{stem}{PNG}", 1
        while name in self.taken:
            number += 1
            name = f"{stem}-{number}{PNG}"
        return name

    def save(self, file: Path, image: Array) -> None:
        """Save one sample C×H×W, or note the problem."""
        try:
            pixels = very_pixels(file, image)
            if not self.in_file:
                self.place.mkdir(exist_ok=True)
            write_png(file, pixels)
        except DataError as problem:
            self.problems.append(str(problem))
        except OSError as problem:
            self.problems.append(
                f"{file}: cannot be written: {reading_problem(problem).removeprefix('cannot be read: ')}"
            )
        else:
            self.saved.append(file)
            self.taken.add(file.name)


def very_pixels(file: Path, image: Array) -> Array:
    """Return an image C×H×W as H×W or H×W×3 of uint8. Raises DataError where its values are not those of a PNG file."""
    if len(image) not in (1, 3):
        raise DataError(f"{file}: the input has {len(image)} channels, where a picture has 1 or 3")
    pixels = np.asarray(image).astype(np.uint8)
    if not (pixels == image).all():
        raise DataError(f"{file}: the input holds other values than the whole numbers 0…255 of a picture")
    return pixels[0] if len(image) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
