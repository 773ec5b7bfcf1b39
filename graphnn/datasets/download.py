"""Downloads published files from their mirrors, resumed and checked, by one process at a time."""

import contextlib
import hashlib
import http
import http.client
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphnn.datasets.base import ENVIRONMENT
from graphnn.datasets.folder_lock import LOCK, FolderLock, part_of
from graphnn.datasets.remote import Remote
from graphnn.datasets.transfer import TransferError, request
from graphnn.errors import DataError
from graphnn.storage.replacing import fsync_folder
from graphnn.text.terminal import note
from graphnn.text.working import BYTES, Display, current_display, displayed, moving_lines, working

CHUNK = 1 << 16
ATTEMPTS = 3  # per mirror, for connections that break off
PROGRESS = 1 << 20  # bytes; an attempt that brought so many does not count
PAUSE = 1.0  # seconds before another attempt, where the last one brought nothing


def fetch_missing(
    dataset: str,
    remotes: Sequence[Remote],
    folder: Path,
    *,
    there: Callable[[Remote], bool] | None = None,
    show_progress: bool,
) -> None:
    """Download the missing files of a data set into its folder, or wait until another process has done so.

    there: whether a file is there, in whatever form; by default, whether it has its name. Raises DataError, which says
    why each address failed, and which files to put into the folder by hand.
    """
    there = there or (lambda remote: (folder / remote.name).is_file())
    if all(map(there, remotes)):
        if unfinished(folder, remotes):
            with contextlib.suppress(DataError), sole_download(dataset, folder):
                remove_parts(folder, remotes)
        return
    with sole_download(dataset, folder) as lock:
        missing = [remote for remote in remotes if not there(remote)]  # another process may have downloaded some
        for position, remote in enumerate(missing):
            with lock.part(remote.name) as part:
                complete(dataset, part, missing[position:], folder, show_progress=show_progress)
                part.replace(folder / remote.name)
            fsync_folder(folder)
        remove_parts(folder, remotes)


@contextlib.contextmanager
def sole_download(dataset: str, folder: Path) -> Iterator[FolderLock]:
    """A context in which no other process downloads or unpacks in `folder`, which is made.

    It says where it waits for one. Raises DataError where the folder cannot be written, in the block, too.
    """
    try:
        with FolderLock(
            folder, lambda: note(f"{dataset}: another process downloads or unpacks it in {folder}; waiting")
        ) as lock:
            yield lock
    except OSError as problem:
        raise DataError(f"{dataset}: cannot write to {problem.filename or folder}: {problem.strerror}") from problem


def unfinished(folder: Path, remotes: Sequence[Remote]) -> bool:
    """Return whether a download into `folder` goes on, or was broken off."""
    return any(path.exists() for path in (folder / LOCK, *(part_of(folder, remote.name) for remote in remotes)))


def remove_parts(folder: Path, remotes: Sequence[Remote]) -> None:
    """Remove what was downloaded of files that are there by now."""
    for remote in remotes:
        part_of(folder, remote.name).unlink(missing_ok=True)


def complete(dataset: str, part: Path, missing: Sequence[Remote], folder: Path, *, show_progress: bool) -> None:
    """Make `part` the first of the missing files. Raises DataError, OSError where it cannot be written."""
    remote = missing[0]
    failures = fetch(remote, part, show_progress=show_progress)
    if failures:
        names = ", ".join(each.name for each in missing)
        holder = f"holds {dataset}/" if folder.name == dataset else "holds all of them"
        raise DataError(
            f"{dataset}: {remote.name} is not in {folder}, and the download failed\n"
            + "".join(f"    {failure}\n" for failure in failures)
            + f"put {names} into {folder}, or name the folder that {holder} "
            f"with --data-dir or {ENVIRONMENT}"
        )


def fetch(remote: Remote, part: Path, *, show_progress: bool) -> list[str]:
    """Make `part` the whole file, checked; return no failures, or why each address failed.

    An incomplete file is kept, and the next attempt, at any address, resumes it. Raises DataError where it is no
    regular file or the disk is full, OSError where it cannot be written otherwise.
    """
    failures: list[str] = []
    if whole(remote, part):
        return failures
    for address in remote.addresses:
        left = ATTEMPTS
        while True:
            before = length_of(part)
            try:
                transfer(remote, address, part, show_progress=show_progress)
                return []
            except TransferError as problem:
                if problem.anew:
                    part.unlink(missing_ok=True)
                gained = length_of(part) - before
                left -= gained < PROGRESS
                if not (problem.again and left):
                    failures.append(f"{address}: {problem}")
                    break
                if not gained:
                    time.sleep(problem.wait or PAUSE)
    return failures


def length_of(part: Path) -> int:
    """Return the size of a file in bytes, 0 where there is none. Raises DataError where it is a link or the like."""
    try:
        found = part.lstat()
    except FileNotFoundError:
        return 0
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{part}: not a regular file, as which it is to be downloaded; delete it")
    return found.st_size


def md5_of(path: Path) -> str:
    """Return the MD5 of a file. It takes 0.25 s for 170 MB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def whole(remote: Remote, part: Path) -> bool:
    """Return whether `part` is the whole file; one that is as long or longer, and is not, is deleted."""
    length = length_of(part)
    if length < remote.size:
        return False
    if length == remote.size and md5_of(part) == remote.md5:
        return True
    part.unlink()
    return False


def transfer(remote: Remote, address: str, part: Path, *, show_progress: bool) -> None:
    """Complete `part` from one address and check it. Raises TransferError; OSError where it cannot be written."""
    start = length_of(part)
    with request(address, start) as response:
        start = first_byte(response, start, remote)
        length = receive(response, part, start, remote, show_progress=show_progress)
    if length < remote.size:
        raise TransferError(f"it broke off after {length:,} of {remote.size:,} bytes", again=True)
    found = md5_of(part)
    if found != remote.md5:
        part.unlink()
        raise TransferError(f"the checksum is {found}, where the file has {remote.md5}", again=start > 0)


def first_byte(response: http.client.HTTPResponse, start: int, remote: Remote) -> int:
    """Return where in the file the response begins: at `start`, which was asked for, or at 0.

    Raises TransferError where it begins elsewhere, or has something other than the rest of the file.
    """
    headers = response.headers
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        offered = headers.get("Content-Range", "")
        if not offered.startswith(f"bytes {start}-") or not offered.endswith((f"/{remote.size}", "/*")):
            raise TransferError(
                f"asked to go on from byte {start} of {remote.size}, it sends {offered or 'no Content-Range'}",
                anew=True,
            )
    elif response.status == http.HTTPStatus.OK:
        start = 0  # the server does not support ranges and sends the whole file
    else:
        raise TransferError(f"HTTP {response.status} {response.reason}, where the file was expected")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and len(length) < 20 and start + int(length) != remote.size:
        raise TransferError(f"it offers {start + int(length):,} bytes, where the file has {remote.size:,}")
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity" and not length.isdecimal():  # a right length shows that the file itself is meant
        raise TransferError(f"it sends the file compressed ({encoding}), which was not asked for")
    return start


def receive(response: http.client.HTTPResponse, part: Path, start: int, remote: Remote, *, show_progress: bool) -> int:
    """Write the response to `part` from byte `start` on, up to the size of the file; return the length of `part`.

    Raises TransferError where the connection fails, DataError where the disk does.
    """
    # Where no command shows what it does, as in Python, this does it alone.
    alone = show_progress and current_display() is None
    display = displayed(Display(sys.stderr, live=moving_lines(sys.stderr))) if alone else contextlib.nullcontext()
    with (
        part.open("r+b" if start else "wb", buffering=0) as file,
        display,
        working(f"downloading {remote.name}", remote.size, BYTES, done=start) as task,
    ):
        length = file.seek(start)
        try:
            while length < remote.size:
                chunk = memoryview(received(response, length, min(CHUNK, remote.size - length)))
                if not chunk:
                    break
                task.advance(len(chunk))
                while chunk:
                    written = file.write(chunk)
                    length += written
                    chunk = chunk[written:]
            os.fsync(file.fileno())  # before it gets its name
        except OSError as problem:
            raise DataError(
                f"{part}: cannot be written: {problem.strerror}; its {length:,} bytes stay, and the next start "
                "goes on from there"
            ) from problem
    return length


def received(response: http.client.HTTPResponse, length: int, most: int) -> bytes:
    """Return the next bytes of the response, none at its end. Raises TransferError, which says that `length` came."""
    try:
        return response.read1(most)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise TransferError(f"it broke off after {length:,} bytes: {problem}", again=True) from problem
