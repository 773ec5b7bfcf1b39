"""RunStore: the folder NAME.runs, with a numbered folder for each training."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphnn.errors import WeightsError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.facts import FINISHED, UNFINISHED, RunFacts
from graphnn.runs.folder import RunFolder, TakenRun
from graphnn.runs.removal import MARK, remove_leftovers, remove_runs
from graphnn.storage.locks import LONGEST_TURN, InUse, turn
from graphnn.storage.regular_files import is_file
from graphnn.storage.replacing import remove_abandoned

SUFFIX = ".runs"
ABANDONED = 60  # seconds after which an empty folder is that of a process that was killed
DIGITS = 4  # at least, in the name of a run's folder


class NotWritableError(WeightsError):
    """A run, or its weights, could not be written."""


@frozen_dataclass
class RunStore:
    """All trainings of a document. folder: NAME.runs."""

    folder: Path

    def runs(self) -> list[RunFolder]:
        """Return the folders of all runs, by number."""
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        runs = [RunFolder(self.folder / name) for name in names if is_number(name)]
        return sorted((run for run in runs if run.began()), key=lambda run: run.number)

    def readable(self) -> Iterator[tuple[RunFolder, RunFacts]]:
        """Yield the runs whose facts can be read, by number."""
        for run in self.runs():
            with contextlib.suppress(WeightsError):  # whoever lists runs says which are damaged
                yield run, run.facts()

    def numbered(self, number: int) -> RunFolder:
        """Return the run with this number. Raises WeightsError, which says which there are."""
        return self.all_numbered([number])[0]

    def all_numbered(self, numbers: Sequence[int]) -> list[RunFolder]:
        """Return the runs with these numbers. Raises WeightsError for the first that there is not."""
        runs = {run.number: run for run in self.runs()}
        missing = next((number for number in numbers if number not in runs), None)
        if missing is not None:
            others = f", only {numbers_text([*runs])}" if runs else ""
            raise WeightsError(f"{self.folder}: there is no run {missing}{others}")
        return [runs[number] for number in numbers]

    def to_resume(self, number: int | None = None) -> RunFolder:
        """Return the run with a number or, for None, the latest unfinished one, or else the latest finished one.

        Raises WeightsError where there is none, or it cannot go on, or the only unfinished ones are being trained.
        """
        if number is not None:
            run = self.numbered(number)
            if run.running():
                raise TakenRun(f"{run.path}: is being trained by another process; wait for its end")
            if not is_file(run.checkpoint):
                raise WeightsError(f"{run.path}: has no {run.checkpoint.name}, and so nothing to go on from")
            return run
        known = list(self.readable())
        unfinished = [run for run, facts in known if run.resumable(facts)]
        finished = [run for run, facts in known if facts.state == FINISHED and is_file(run.checkpoint)]
        if not unfinished:
            self.refuse_running(known)
        latest = (unfinished or finished)[-1:]
        if not latest:
            raise WeightsError(f"{self.folder}: there is no run to resume{self.why_none()}; start without --resume")
        return latest[0]

    def refuse_running(self, known: Sequence[tuple[RunFolder, RunFacts]]) -> None:
        """Raise WeightsError where another process is training one of the runs."""
        for run, facts in reversed(known):
            if facts.state in UNFINISHED and run.running():
                raise WeightsError(
                    f"{run.path}: is being trained by another process; wait for its end, or name another run "
                    "by --resume RUN"
                )

    def why_none(self) -> str:
        """Return why the latest run cannot go on, in words after a sentence; nothing where there is no run."""
        latest = self.runs()[-1:]
        if not latest:
            return ""
        (run,) = latest
        try:
            state = run.state(run.facts())
        except WeightsError as error:
            return f": {error}"
        lacks = "" if is_file(run.checkpoint) else f", without {run.checkpoint.name}"
        return f" (run {run.number}: {state}{lacks})"

    def make(self) -> RunFolder:
        """Make the folder of the next run, and return it. Raises OSError."""
        self.folder.mkdir(exist_ok=True)
        while True:
            path = self.folder / f"{max(self.numbers(), default=0) + 1:0{DIGITS}}"
            with contextlib.suppress(FileExistsError):  # another process was quicker
                path.mkdir()
                return RunFolder(path)

    def remove(self, *runs: RunFolder) -> None:
        """Remove runs with all their files: all or none. Their numbers are not given again.

        Raises WeightsError where one is being trained, or cannot be removed.
        """
        with self.promoting():
            with written(self.folder):
                highest = max(self.numbers(), default=0)
            remove_runs(runs, highest=highest)

    def numbers(self) -> list[int]:
        """Return the numbers that runs have, or that have been given to runs which are removed. Raises OSError."""
        with os.scandir(self.folder) as entries:
            names = [entry.name.removesuffix(MARK) for entry in entries]
        return [int(name) for name in names if is_number(name)]

    def tidy(self) -> None:
        """Remove what killed processes left: temporary files, runs that had not begun, and rests of removed ones."""
        for folder in (self.folder.parent, self.folder):
            remove_abandoned(folder)
        remove_leftovers(self.folder)
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:
            runs = [RunFolder(Path(entry)) for entry in entries if is_number(entry.name) and entry.is_dir()]
        for run in runs:
            remove_abandoned(run.path)
            with contextlib.suppress(OSError):  # not ours to remove, or another process was quicker
                if run.is_empty() and time.time() - run.path.stat().st_mtime > ABANDONED and not run.running():
                    run.lock_file.unlink(missing_ok=True)
                    run.path.rmdir()

    @contextlib.contextmanager
    def promoting(self) -> Iterator[None]:
        """A context in which no other process changes which weights stand beside the document, or removes runs.

        Raises WeightsError.
        """
        with self.turn("putting weights beside the document, or removing runs"):
            yield

    @contextlib.contextmanager
    def turn(self, doing: str) -> Iterator[None]:
        """A context in which one process at a time is. doing: what, in words for those that have waited too long.

        Raises WeightsError.
        """
        with written(self.folder):
            self.folder.mkdir(exist_ok=True)
        with one_at_a_time(self.folder, f"{self.folder}: another process is {doing}; wait for its end"):
            yield

    def check_folder(self) -> None:
        """Raise WeightsError where something else than a folder is in its place."""
        if self.folder.is_symlink():
            raise WeightsError(f"{self.folder}: is a link, which no run follows; put a folder of this name there")
        if self.folder.exists() and not self.folder.is_dir():
            raise WeightsError(f"{self.folder}: is in the way: a folder of this name is needed for the runs")

    def check(self) -> None:
        """Raise WeightsError where no run could be made, NotWritableError last; writes nothing."""
        self.check_folder()
        parent = self.folder.parent
        if not parent.is_dir():
            raise WeightsError(f"{self.folder}: there is no folder {parent}; make it first")
        around = run_around(self.folder)
        if around is not None:
            raise WeightsError(
                f"{self.folder}: would lie in {around}, the folder of a run, into which nothing else is written; "
                "name another place with --output"
            )
        check_writable_folder(self.folder if self.folder.exists() else parent)


def store_of(weights: Path) -> RunStore:
    """Return the store of the runs whose weights are put at a path: NAME.runs beside NAME.npz."""
    return RunStore(weights.parent / f"{weights.stem}{SUFFIX}")  # for any text after --output, which is checked later


def run_around(path: Path) -> Path | None:
    """Return the folder of the run that a path is, or leads into, through links or not; None where there is none."""
    real = Path(os.path.realpath(path))
    return next((folder for folder in (real, *real.parents) if is_run(folder)), None)


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run: numbered, and with facts or in a folder of runs."""
    return is_number(folder.name) and (folder.parent.suffix == SUFFIX or is_file(RunFolder(folder).facts_file))


def is_number(name: str) -> bool:
    """Whether a name is that of a run's folder: 0007, 12345, but not 00007."""
    return name.isascii() and name.isdecimal() and name == f"{int(name):0{DIGITS}}"


def numbers_text(numbers: list[int]) -> str:
    """Return ascending numbers in words: run 3; runs 1…4, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return f"{'run' if len(numbers) == 1 else 'runs'} {', '.join('…'.join(map(str, part)) for part in parts)}"


def check_writable_folder(folder: Path) -> None:
    """Raise NotWritableError unless a file can be written in the folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NotWritableError(f"{folder}: nothing can be written there: {error.strerror}") from error


@contextlib.contextmanager
def one_at_a_time(folder: Path, refusal: str) -> Iterator[None]:
    """A context in which one process at a time is. Raises WeightsError, with `refusal` after waiting too long."""
    with contextlib.ExitStack() as stack:
        try:
            with written(folder):
                stack.enter_context(turn(folder, LONGEST_TURN))
        except InUse as error:
            raise WeightsError(refusal) from error
        yield


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """A context in which an OSError is raised as WeightsError, with the name of its file or else `path`."""
    try:
        yield
    except OSError as error:
        raise WeightsError(f"{error.filename or path}: cannot be written: {error.strerror}") from error
