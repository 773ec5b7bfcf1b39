"""The files of CIFAR-10's binary version: where they lie, how they are unpacked, what the published ones hold."""

import contextlib
from pathlib import Path

from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.storage.regular_files import open_regular

ARCHIVE = Remote(
    "cifar-10-binary.tar.gz",
    (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
    "c32a1d4ab5d03f1284b67883e8d87530",
    170_052_171,
)
INSIDE = "cifar-10-batches-bin"  # the archive's only folder
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)
NAMES = "batches.meta.txt"
SUMS = "SHA256SUMS"  # of the batches as in the published archive, in the format of sha256sum
LONGEST_SUMS = 2000  # bytes; ours have 496
PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1")  # the Python version
MEMBER_LIMIT = 32_000_000  # bytes; the published batches have 30,730,000


def obtained(root: Path, home: Path, *, show_progress: bool) -> Path:
    """Return the folder with all the batches: where they lie, or unpacked, or downloaded and unpacked.

    root: the folder of the data sets, home: the one in it of this data set; the files may lie in either.

    Where the published archive lies beside them, what it holds is recorded in the folder, for `published_sums`. Raises
    DataError.
    """
    from graphnn.datasets.download import unfinished  # here, because most commands load no data

    folder, archive = find(root, home), find_archive(root, home)
    place = home if archive is None else archive.parent
    if folder is None:
        if archive is None:
            refuse_pickled(root, home)
        return completed(root, home, place, show_progress=show_progress)
    if unfinished(place, [ARCHIVE]) or (archive is not None and not (folder / SUMS).exists()):
        with contextlib.suppress(DataError):  # where nothing can be written; then they count as not compared
            completed(root, home, place, show_progress=show_progress)
    return folder


def completed(root: Path, home: Path, place: Path, *, show_progress: bool) -> Path:
    """Return the folder with all the batches, after what was missing has been unpacked, or downloaded and unpacked.

    place: the folder of the archive. Only one process at a time works there; it finds what those before it did. Raises
    DataError.
    """
    from graphnn.datasets.download import complete, sole_download, whole

    with sole_download(home.name, place) as lock:
        folder, archive = find(root, home), find_archive(root, home)
        target = folder or place / INSIDE
        lock.tidy(target)
        if archive is not None and (folder is None or not (target / SUMS).exists()):
            unpack_into(target, archive, published_only=folder is not None)
        with lock.part(ARCHIVE.name) as part:
            if folder is None and archive is None:
                complete(home.name, part, [ARCHIVE], home, show_progress=show_progress)
            if archive is None and (folder is None or whole(ARCHIVE, part)):
                unpack_into(target, part)
            part.unlink(missing_ok=True)
    return target


def find(root: Path, home: Path) -> Path | None:
    """Return the folder with all the batches, or None."""
    folders = (home / INSIDE, home, root / INSIDE, root)
    return next((folder for folder in folders if all((folder / name).exists() for name in (*TRAIN, *TEST))), None)


def find_archive(root: Path, home: Path) -> Path | None:
    """Return the archive of the batches, or None."""
    return next((path for path in (home / ARCHIVE.name, root / ARCHIVE.name) if path.is_file()), None)


def refuse_pickled(root: Path, home: Path) -> None:
    """Raise DataError where the Python version of the data set lies in place of the binary version."""
    for path in (folder / name for folder in (home, root) for name in PICKLED):
        if path.exists():
            raise DataError(
                f"{home.name}: {path} is of the Python version, which is not read, because it is pickled, and "
                f"unpickling runs code; put the binary version, {ARCHIVE.name} from {ARCHIVE.addresses[0]}, into {home}"
            )


def unpack_into(folder: Path, archive: Path, *, published_only: bool = False) -> None:
    """Unpack the batches that `folder` lacks, and record the checksums of all, if the archive is that published.

    published_only: whether to leave any other archive alone. Raises DataError.
    """
    from graphnn.datasets.download import md5_of
    from graphnn.datasets.unpack import put, unpack

    published = archive.stat().st_size == ARCHIVE.size and md5_of(archive) == ARCHIVE.md5
    if published_only and not published:
        return
    targets = {f"{INSIDE}/{name}": folder / name for name in (*TRAIN, *TEST, NAMES)}
    sums = unpack(archive, targets, ignored={INSIDE, f"{INSIDE}/readme.html"}, limit=MEMBER_LIMIT)
    if published:
        lines = "".join(f"{sums[f'{INSIDE}/{name}']}  {name}\n" for name in (*TRAIN, *TEST))
        try:
            put(folder / SUMS, lines.encode())
        except OSError as problem:
            raise DataError(f"{folder / SUMS}: cannot be written: {problem.strerror}") from problem


def published_sums(folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each batch in the published archive, by name; None where it has not been unpacked here."""
    try:
        with open_regular(folder / SUMS) as file:
            lines = file.read(LONGEST_SUMS).decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    sums = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    return sums if sums.keys() == {*TRAIN, *TEST} else None
