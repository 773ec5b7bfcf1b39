"""inspect --watch: shows a network again whenever its document, or a file that it is shown with, is saved."""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from graphnn.commands.guarding import error_text
from graphnn.describe.changes import changes_text
from graphnn.describe.describe import Description
from graphnn.errors import GraphError
from graphnn.reports.formats import TABLE, render
from graphnn.reports.report import Report
from graphnn.storage.file_changes import POLL, FileChanges
from graphnn.text.colour import Meaning, Painted, has_colour, painted
from graphnn.text.redrawing import are_new, cleared, drawn, fitted, shortened, taken, window_size
from graphnn.text.tables import cut
from graphnn.text.terminal import say, show, terminal_width
from graphnn.text.visible import single_line
from graphnn.text.working import current_display, moving_lines

RULED = 80  # columns of the line above each report where there is no terminal
LONG = 1.0  # seconds between two looks, after which the terminal may show something else, as after Ctrl-Z and `fg`


class Shown(NamedTuple):
    """What inspect shows of a network.

    resolved: its document. notes: about it, each with the word before it. misfit: how weights do not fit, or "".
    """

    resolved: Mapping[str, Any]
    description: Description
    report: Report
    notes: Sequence[str]
    misfit: str


class Snapshot(NamedTuple):
    """One state of the files. summary: in one line. shown: None where they are wrong; then `error` says how."""

    summary: str
    shown: Shown | None = None
    error: str = ""

    def notes(self) -> list[str]:
        """Return the lines of the notes, and an empty one."""
        lines = [line for note in (self.shown.notes if self.shown else ()) for line in plain_lines(note)]
        return [*lines, ""] if lines else []

    def body(self, width: int | None, *, colour: bool) -> list[str]:
        """Return the lines below the title and the notes."""
        if self.shown is None:
            return plain_lines(self.error)
        table = render(self.shown.report, TABLE, width, colour=colour).splitlines()
        return [*map(Painted, table), *plain_lines(self.shown.misfit)]


def plain_lines(text: str) -> list[str]:
    """Return the lines of a message, safe to show."""
    return [painted(line, None) for line in text.split("\n") if text]


def watch(name: str, files: Sequence[Path], look: Callable[[], Shown]) -> int:
    """Show what `look` returns, and again when a file was saved, until Ctrl-C; return the exit code.

    name: of the document, for the title. files: what `look` reads. Its errors are shown like its reports.
    """
    gc.enable()  # the script in tools/ switches it off, because other calls are short
    display = current_display()
    if display is not None:
        display.live, display.mute = False, True
    output = RedrawnScreen(name) if moving_lines(sys.stdout) else Log(name)
    try:
        changes = FileChanges(files)
        good: Shown | None = None
        due = True
        while True:
            if due:
                picture = picture_of(look, good)
                if not changes.torn():
                    output.show(picture)
                    good = picture.shown or good
            time.sleep(POLL)
            output.keep()
            due = changes.saved(time.monotonic())
    except KeyboardInterrupt:
        output.leave()
        return 0


def picture_of(look: Callable[[], Shown], good: Shown | None) -> Snapshot:
    """Return the picture of the files as they are. good: what was shown last of a network without faults."""
    try:
        shown = look()
    except GraphError as error:
        count = len(error.problems)
        return Snapshot("1 problem" if count == 1 else f"{count} problems", error=str(error))
    except OSError as error:
        return Snapshot("1 problem", error=error_text(error))
    except MemoryError as error:
        return Snapshot("1 problem", error=f"not enough memory: {error}")
    if good is None:
        return Snapshot("shown again at each save; Ctrl-C ends", shown)
    before, after = (good.resolved, good.description), (shown.resolved, shown.description)
    return Snapshot(changes_text(before, after) or "as before", shown)


@contextmanager
def plugins_run_again(files: Sequence[Path]) -> Iterator[None]:
    """A context in which plugins are run anew when they are loaded, and their faults are errors as of a document."""
    if not files:
        yield
        return
    from graphnn.layers.plugins import forget_plugins, location  # few documents have plugins

    forget_plugins(files)
    try:
        yield
    except GraphError:
        raise
    except Exception as error:  # of the plugins' code, or of their classes
        places = [location(file, file.resolve(), error) for file in files]
        place = next((place for place, file in zip(places, files, strict=True) if place != str(file)), places[0])
        raise GraphError(f"{place}: the plugin failed: {type(error).__name__}: {error}") from error


class Log:
    """Shows one picture below the other, where there is no terminal."""

    def __init__(self, name: str) -> None:
        self.name = name

    def show(self, picture: Snapshot) -> None:
        """Show a picture below a line with the time."""
        title = f"── {time.strftime('%H:%M:%S')}  {single_line(self.name)}  {single_line(picture.summary)} "
        say(title + "─" * max(2, RULED - len(title)))
        say("\n".join([*picture.notes(), *picture.body(terminal_width(), colour=False)]))

    def keep(self) -> None:
        """Leave everything as it is."""

    def leave(self) -> None:
        """End."""


class RedrawnScreen:
    """Shows one picture in the place of the other, in a terminal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.colour = has_colour(sys.stdout)
        self.size = window_size()
        self.seen = time.monotonic()
        self.before: list[str] = []  # the lines of the last network without faults
        self.picture: Snapshot | None = None
        self.time = ""
        show(Painted(cleared(self.size[1])))

    def show(self, picture: Snapshot) -> None:
        """Show a picture, in which lines that are new are bold where there are colours."""
        if self.picture is not None and self.picture.shown is not None:
            self.before = self.picture.body(self.size[0], colour=False)
        self.picture, self.time = picture, time.strftime("%H:%M:%S")
        self.draw()

    def draw(self) -> None:
        """Draw the picture in the window as large as it is."""
        assert self.picture is not None
        self.size = width, height = window_size()
        lines = self.picture.body(width, colour=self.colour)
        if self.picture.shown is not None and self.colour:
            new = are_new(lines, self.before)
            lines = [painted(line, Meaning.TITLE if one else None) for line, one in zip(lines, new, strict=True)]
        notes = self.picture.notes()
        if taken([*notes, *lines], width) > height - 2:
            notes = shortened(notes, width, height // 4)  # the table is what is watched
        show(drawn(fitted([self.title(width), *notes, *lines], width, height, self.before)))
        sys.stdout.flush()
        self.seen = time.monotonic()

    def title(self, width: int) -> str:
        """Return the line above the picture."""
        assert self.picture is not None
        text = cut(single_line(f"{self.time}  {self.name}  {self.picture.summary}"), width)
        style = Meaning.ERROR if self.picture.shown is None else Meaning.TITLE
        return painted(text, style if self.colour else None)

    def keep(self) -> None:
        """Draw the picture again where the window has another size, or may show something else."""
        now = time.monotonic()
        if self.picture is not None and (window_size() != self.size or now - self.seen > LONG):
            self.draw()
        self.seen = now

    def leave(self) -> None:
        """Leave the picture, and begin a new line below it."""
        say("")
