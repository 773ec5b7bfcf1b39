"""Downloads published files from their mirrors, resumed and checked, and unpacks archives safely."""

import gzip
import hashlib
import http
import http.client
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from graphnn.datasets.base import ENVIRONMENT
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.storage.archives import fsync_folder

CHUNK = 1 << 16
TIMEOUT = 30.0  # seconds without data from the server
ATTEMPTS = 3  # per mirror, for connections that break off


class TransferError(Exception):
    """A download failed; the message says why. again: whether another attempt may succeed or get further."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


def fetch_missing(dataset: str, missing: Sequence[Remote], folder: Path, *, show_progress: bool) -> None:
    """Download the missing files of a data set into its folder.

    Raises DataError, which says why each address failed, and which files to put into the folder by hand.
    """
    try:
        if missing:
            folder.mkdir(parents=True, exist_ok=True)
        for position, remote in enumerate(missing):
            failures = fetch(remote, folder, show_progress=show_progress)
            if failures:
                names = ", ".join(each.name for each in missing[position:])
                holder = f"holds {dataset}/" if folder.name == dataset else "holds all of them"
                raise DataError(
                    f"{dataset}: {remote.name} is not in {folder}, and the download failed\n"
                    + "".join(f"    {failure}\n" for failure in failures)
                    + f"put {names} into {folder}, or name the folder that {holder} "
                    f"with --data-dir or {ENVIRONMENT}"
                )
    except OSError as problem:
        raise DataError(f"{dataset}: cannot write to {folder}: {problem.strerror}") from problem


def fetch(remote: Remote, folder: Path, *, show_progress: bool) -> list[str]:
    """Download one file to folder/name; return no failures, or why each address failed.

    An incomplete file is kept as name.part, and the next attempt, at any address, resumes it. Raises OSError where the
    file cannot be written.
    """
    part = folder / f"{remote.name}.part"
    failures = []
    for address in remote.addresses:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                transfer(remote, address, part, show_progress=show_progress)
            except TransferError as problem:
                if problem.again and attempt < ATTEMPTS:
                    continue
                failures.append(f"{address}: {problem}")
                break
            part.replace(folder / remote.name)
            fsync_folder(folder)
            return []
    return failures


def transfer(remote: Remote, address: str, part: Path, *, show_progress: bool) -> None:
    """Complete `part` from one address and check it. Raises TransferError."""
    start = part.stat().st_size if part.exists() else 0
    if start >= remote.size:  # complete in length, but it failed the check
        start = 0
    with request(address, start) as response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0  # the server does not support ranges and sends the whole file
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise TransferError(f"asked to go on from byte {start}, it sends {response.headers.get('Content-Range')}")
        offered = response.headers.get("Content-Length", "")
        if offered.isdecimal() and start + int(offered) != remote.size:
            raise TransferError(f"it offers {start + int(offered):,} bytes, where the file has {remote.size:,}")
        length = receive(response, part, start, remote, show_progress=show_progress)
    if length < remote.size:
        raise TransferError(f"it broke off after {length:,} of {remote.size:,} bytes", again=True)
    with part.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if length > remote.size or found != remote.md5:
        part.unlink()
        raise TransferError(f"the checksum is {found}, where the file has {remote.md5}", again=start > 0)


def request(address: str, start: int) -> http.client.HTTPResponse:
    """Request the file from byte `start` on and return the server's response. Raises TransferError."""
    asked = urllib.request.Request(address, headers={"User-Agent": "graphnn"})
    if start:
        asked.add_header("Range", f"bytes={start}-")
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(asked, timeout=TIMEOUT)
    except urllib.error.HTTPError as problem:
        problem.close()
        raise TransferError(f"HTTP {problem.code} {problem.reason}") from problem
    except urllib.error.URLError as problem:
        raise TransferError(getattr(problem.reason, "strerror", None) or str(problem.reason)) from problem
    except (OSError, http.client.HTTPException) as problem:
        raise TransferError(str(problem) or type(problem).__name__) from problem
    return response


def receive(response: http.client.HTTPResponse, part: Path, start: int, remote: Remote, *, show_progress: bool) -> int:
    """Write the response to `part` from byte `start` on, at most one chunk too much; return the length of `part`.

    Raises TransferError where the connection fails, OSError where the disk does.
    """
    with (
        part.open("r+b" if start else "wb") as file,
        tqdm(
            desc=remote.name, total=remote.size, initial=start, unit="B", unit_scale=True, disable=not show_progress
        ) as bar,
    ):
        length = file.seek(start)
        while length <= remote.size:
            try:
                chunk = response.read(CHUNK)
            except (OSError, http.client.HTTPException) as problem:
                raise TransferError(f"it broke off after {length:,} bytes: {problem}", again=True) from problem
            if not chunk:
                break
            length += file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())  # before it gets its name
    return length


def unpack(archive: Path, targets: Mapping[str, Path], *, ignored: Collection[str], limit: int) -> dict[str, str]:
    """Unpack members of a .tar.gz, each to the path in `targets`; existing files are not replaced.

    Return the SHA-256 of each of these members, by name, in the archive.

    targets: the path for each member, by its name. ignored: the names of members that are not unpacked. limit: the
    largest size of a member in bytes. No name in the archive decides where anything is written. Raises DataError,
    before any file is moved to its path, where the archive has other members, one of them twice, one that is too large,
    or links or devices.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=archive.parent) as folder:
            unpacked = copy_members(archive, targets, Path(folder), ignored=ignored, limit=limit)
            sums = {name: sha256_of(path) for name, path in unpacked.items()}
            for name, target in targets.items():
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    unpacked[name].replace(target)
            for parent in {target.parent for target in targets.values()}:
                fsync_folder(parent)
                fsync_folder(parent.parent)
            return sums
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as problem:
        raise DataError(f"{archive}: cannot be unpacked: {problem}; delete it, and it is downloaded") from problem
    except OSError as problem:
        raise DataError(f"{archive}: cannot be unpacked: {problem.strerror}") from problem


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_members(
    archive: Path, names: Collection[str], folder: Path, *, ignored: Collection[str], limit: int
) -> dict[str, Path]:
    """Copy the members with these names to numbered files in `folder`; return the files by name.

    Raises ValueError for a bad archive.
    """
    unpacked: dict[str, Path] = {}
    seen = set()
    with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        for member in tar:
            if member.name not in names and member.name not in ignored:
                raise ValueError(f"{member.name!r} does not belong in it")
            if member.name in seen:
                raise ValueError(f"{member.name!r} is in it twice")
            seen.add(member.name)
            if not (member.isreg() or (member.isdir() and member.name in ignored)):
                raise ValueError(f"{member.name!r} is not a regular file")
            if member.size > limit:
                raise ValueError(f"{member.name!r} has {member.size:,} bytes, more than the {limit:,} it may have")
            content = tar.extractfile(member) if member.name in names else None
            if content is not None:
                unpacked[member.name] = folder / str(len(unpacked))
                with content, unpacked[member.name].open("wb") as file:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())  # before it gets its name
        while stream.read(CHUNK):  # gzip compares the checksum only at the end
            pass
    missing = [name for name in names if name not in unpacked]
    if missing:
        raise ValueError(f"{', '.join(missing)} is not in it")
    return unpacked
