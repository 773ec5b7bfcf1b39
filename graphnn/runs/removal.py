"""Removing runs: all that are named or none, and so that no later run gets the number of one."""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.runs.folder import RunFolder
from graphnn.storage.locks import InUse, turn

LEFTOVER = re.compile(r"\.graphnn-[0-9a-f]{16}\.removed")  # the folder of a run that is being removed
MARK = ".removed"  # 0007.removed is an empty file: no run after that one gets its number


def remove_runs(runs: Sequence[RunFolder], *, highest: int) -> None:
    """Remove runs of one store with all their files: all or, where one is being trained or cannot be removed, none.

    highest: the highest number that any run has, or had. The caller has the turn of the store's folder. Raises
    WeightsError.
    """
    moved: list[tuple[RunFolder, Path]] = []
    try:
        for run in runs:
            if run.number == highest:
                mark_number(run)
            moved.append((run, moved_away(run)))
    except WeightsError as error:
        for run, path in moved:
            path.rename(run.path)
        raise WeightsError(f"{error}. Nothing was removed.") from error
    for run, path in moved:
        try:
            shutil.rmtree(path)
        except OSError as error:
            reason = f"{error.filename or path}: {error.strerror}"
            raise WeightsError(f"{run.path}: is removed, but some of its files are left: {reason}") from error


def moved_away(run: RunFolder) -> Path:
    """Give the folder of a run a name that no run has, and return it. Raises WeightsError where it must stay."""
    path = run.path.with_name(f".graphnn-{secrets.token_hex(8)}.removed")
    try:
        if run.path.exists() and not os.access(run.path, os.W_OK | os.X_OK):
            raise WeightsError(f"{run.path}: cannot be removed: is not writable")
        run.path.rename(path)
    except OSError as error:
        raise WeightsError(f"{run.path}: cannot be removed: {error.strerror}") from error
    if RunFolder(path).running():
        path.rename(run.path)
        raise WeightsError(f"{run.path}: is being trained by another process; stop it first")
    return path


def mark_number(run: RunFolder) -> None:
    """Leave a mark of the number of a run, in place of former marks, so that it is not given again.

    Raises WeightsError where it cannot be left, and the run must stay.
    """
    mark = run.path.with_name(f"{run.path.name}{MARK}")
    try:
        with contextlib.suppress(FileExistsError):
            mark.touch(exist_ok=False)
        for former in run.path.parent.glob(f"[0-9]*{MARK}"):
            if former != mark and former.stem.isdecimal():
                former.unlink()
    except OSError as error:
        raise WeightsError(f"{run.path}: cannot be removed: {error.strerror}") from error


def remove_leftovers(folder: Path) -> None:
    """Remove the rest of runs whose removal was killed, unless another process is removing some."""
    with contextlib.suppress(OSError, InUse):  # not ours to remove, or not there any more
        leftovers = [path for path in folder.iterdir() if LEFTOVER.fullmatch(path.name) and not path.is_symlink()]
        if leftovers:
            with turn(folder, 0):
                for path in leftovers:
                    shutil.rmtree(path)
