"""The files of CIFAR-10 and CIFAR-100: where they lie, how they are unpacked, what the published ones hold."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.storage.regular_files import open_regular

SUMS = "SHA256SUMS"  # of the batches as in the published archive, in the format of sha256sum
LONGEST_SUMS = 2000  # bytes; ours have 496
ROOM = 5_000_000  # bytes that a file may have besides its records: in the Python version there are names of files


@frozen_dataclass
class PythonVersion:
    """The pickled files that some libraries download. archive, inside: its name, and that of the only folder in it.

    checksums: the MD5 of each file as published, by name, those of the training part first. others: files in the
    archive that are not used. label: the key of the labels in a file.
    """

    archive: str
    inside: str
    others: tuple[str, ...]
    label: str
    checksums: Mapping[str, str]


@frozen_dataclass
class CifarFiles:
    """The files of one data set. name: in documents; title: as people call it.

    archive: of the binary version; inside: the only folder in it. train, test: the number of records in each file.
    names: of the file of class names. others: files in the archive that are not used. label_bytes: those before each
    image, of which the last is the label. python: the other version.
    """

    name: str
    title: str
    archive: Remote
    inside: str
    train: Mapping[str, int]
    test: Mapping[str, int]
    names: str
    others: tuple[str, ...]
    label_bytes: int
    python: PythonVersion

    @property
    def batches(self) -> dict[str, int]:
        """The number of records in each file, those of the training part first."""
        return {**self.train, **self.test}

    @property
    def limit(self) -> int:
        """The most bytes that a file of either version may have."""
        return max(self.batches.values()) * (3072 + self.label_bytes) + ROOM


def obtained(files: CifarFiles, root: Path, home: Path, *, show_progress: bool) -> Path:
    """Return the folder with all the batches: where they lie, or unpacked, or downloaded and unpacked.

    root: the folder of the data sets, home: the one in it of this data set; the files may lie in either. Files of the
    Python version, where there are no others, are taken as they are.

    Where the published archive lies beside them, what it holds is recorded in the folder, for `published_sums`. Raises
    DataError.
    """
    from graphnn.datasets.download import unfinished  # here, because most commands load no data

    folder, archive = find(files, root, home), find_archive(files, root, home)
    place = home if archive is None else archive.parent
    if folder is None:
        pickled = find_python(files, root, home) if archive is None else None
        return pickled or completed(files, root, home, place, show_progress=show_progress)
    if unfinished(place, [files.archive]) or (archive is not None and not (folder / SUMS).exists()):
        with contextlib.suppress(DataError):  # where nothing can be written; then they count as not compared
            completed(files, root, home, place, show_progress=show_progress)
    return folder


def completed(files: CifarFiles, root: Path, home: Path, place: Path, *, show_progress: bool) -> Path:
    """Return the folder with all the batches, after what was missing has been unpacked, or downloaded and unpacked.

    place: the folder of the archive. Only one process at a time works there; it finds what those before it did. Raises
    DataError.
    """
    from graphnn.datasets.download import complete, sole_download, whole

    with sole_download(home.name, place) as lock:
        folder, archive = find(files, root, home), find_archive(files, root, home)
        target = folder or place / files.inside
        lock.tidy(target)
        if archive is not None and (folder is None or not (target / SUMS).exists()):
            unpack_into(files, target, archive, published_only=folder is not None)
        with lock.part(files.archive.name) as part:
            if folder is None and archive is None:
                complete(home.name, part, [files.archive], home, show_progress=show_progress)
            if archive is None and (folder is None or whole(files.archive, part)):
                unpack_into(files, target, part)
            part.unlink(missing_ok=True)
    return target


def find(files: CifarFiles, root: Path, home: Path) -> Path | None:
    """Return the folder with all the batches of the binary version, or None."""
    folders = (home / files.inside, home, root / files.inside, root)
    return next((folder for folder in folders if all((folder / name).exists() for name in files.batches)), None)


def find_archive(files: CifarFiles, root: Path, home: Path) -> Path | None:
    """Return the archive of the binary version, or None."""
    return next((path for path in (home / files.archive.name, root / files.archive.name) if path.is_file()), None)


def find_python(files: CifarFiles, root: Path, home: Path) -> Path | None:
    """Return the folder with all the files of the Python version, which are unpacked from its archive; or None.

    Raises DataError where only some of them are there.
    """
    version = files.python
    folders = (home / version.inside, root / version.inside, home, root)
    there = {folder: [name for name in version.checksums if (folder / name).is_file()] for folder in folders}
    for folder, names in there.items():
        if len(names) == len(version.checksums):
            return folder
    for place in (home, root):
        if (place / version.archive).is_file():
            return unpack_python(files, place)
    for folder, names in there.items():
        if folder.name == version.inside and folder.is_dir():
            missing = ", ".join(name for name in version.checksums if name not in names)
            raise DataError(
                f"{files.name}: {folder} holds the Python version without {missing}; put the whole of it there, or the "
                f"binary version, {files.archive.name} from {files.archive.addresses[0]}, into {home}"
            )
    return None


def unpack_python(files: CifarFiles, place: Path) -> Path:
    """Unpack the files of the Python version that are not there from its archive; return their folder."""
    from graphnn.datasets.download import sole_download
    from graphnn.datasets.unpack import unpack

    version = files.python
    folder = place / version.inside
    with sole_download(files.name, place) as lock:
        lock.tidy(folder)
        targets = {f"{version.inside}/{name}": folder / name for name in version.checksums}
        ignored = {version.inside, *(f"{version.inside}/{name}" for name in version.others)}
        unpack(place / version.archive, targets, ignored=ignored, limit=files.limit)
    return folder


def unpack_into(files: CifarFiles, folder: Path, archive: Path, *, published_only: bool = False) -> None:
    """Unpack the batches that `folder` lacks, and record the checksums of all, if the archive is that published.

    published_only: whether to leave any other archive alone. Raises DataError.
    """
    from graphnn.datasets.download import md5_of
    from graphnn.datasets.unpack import put, unpack

    published = archive.stat().st_size == files.archive.size and md5_of(archive) == files.archive.md5
    if published_only and not published:
        return
    targets = {f"{files.inside}/{name}": folder / name for name in (*files.batches, files.names)}
    ignored = {files.inside, *(f"{files.inside}/{name}" for name in files.others)}
    sums = unpack(archive, targets, ignored=ignored, limit=files.limit)
    if published:
        lines = "".join(f"{sums[f'{files.inside}/{name}']}  {name}\n" for name in files.batches)
        try:
            put(folder / SUMS, lines.encode())
        except OSError as problem:
            raise DataError(f"{folder / SUMS}: cannot be written: {problem.strerror}") from problem


def published_sums(files: CifarFiles, folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each batch in the published archive, by name; None where it has not been unpacked here."""
    try:
        with open_regular(folder / SUMS) as file:
            lines = file.read(LONGEST_SUMS).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    sums = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    return sums if sums.keys() == set(files.batches) else None
