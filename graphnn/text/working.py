"""What takes long says so: a moving line in a terminal, a plain line now and then elsewhere.

    with working("reading animals", total=len(files), unit="files") as task:
        for file in files:
            …
            task.advance()

Nothing is shown unless a command has opened a Display, so that the library itself stays silent.
"""

import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO, TypeVar

from graphnn.text.colour import Meaning, Painted, has_colour, is_terminal, painted
from graphnn.text.numbers import bytes_text, clock
from graphnn.text.tables import cut
from graphnn.text.terminal import ROOM, showable, terminal_width

DRAWN_EVERY = 0.1  # seconds from one picture of moving lines to the next
SHOWN_AFTER = 0.3  # seconds, so that what is done at once does not flicker
SPOKEN_AT = (2, 5, 10, 20, 30)  # seconds after which a plain line is printed; from then on once a minute
MINUTE = 60
BYTES = "bytes"  # the unit of what is shown in KiB and MiB
ERASED = "\x1b[2K"  # a line, ECMA-48, section 8.3.41
UP = "\x1b[1A"
MARGIN = 3  # columns: the "^C" that a terminal prints must not begin another line, which would be erased instead
NARROW = 80  # columns, where a terminal does not tell its width


class Work:
    """Something that takes a while. what: in words. total: of units, where it is known. done: units so far."""

    shown_after = SHOWN_AFTER
    spoken_at: Sequence[float] = SPOKEN_AT

    def __init__(self, what: str, total: int | None = None, unit: str = "", *, done: int = 0) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, done
        self.began, self._first = time.monotonic(), done
        self._display: Display | None = None
        self._due: float = self.spoken_at[0]  # seconds after which the next plain line is printed

    def advance(self, count: int = 1) -> None:
        """Count units that are done."""
        self.done += count
        if self._display is not None:
            self._display.keep_moving()

    def turn_to(self, what: str) -> None:
        """Go on to another part of the work, whose time is counted anew. what: in words."""
        self.what, self.began, self._due = what, time.monotonic(), self.spoken_at[0]
        self.advance(0)

    def left(self, seconds: float) -> str:
        """Return how long the rest will take, in words; "" where that is not known. seconds: since the beginning."""
        new = self.done - self._first
        if self.total is None or new <= 0 or self.done > self.total or seconds < 1:
            return ""
        return f"{clock(seconds * (self.total - self.done) / new)} left"

    def amount(self) -> str:
        """Return how much is done, in words."""
        if self.total:
            size = f"  {bytes_text(self.done)} of {bytes_text(self.total)}" if self.unit == BYTES else ""
            return f"{min(1, self.done / self.total):4.0%}{size}"
        return f"{self.done:,} {self.unit}".rstrip() if self.done else ""

    def lines(self, width: int, seconds: float, stream: TextIO) -> list[Painted]:
        """Return the lines of a terminal of this width. seconds: since the beginning."""
        from graphnn.text.bars import LEAST, READABLE, spinner  # here and below: for what takes long alone

        head = f"{spinner(seconds, stream)} {self.what}"
        tail = "  ".join(filter(None, [self.amount(), self.left(seconds) or clock(seconds)]))
        if not self.total:
            return [painted(showable(cut(f"{head}  {tail}", width), stream), None)]
        head = cut(head, width - max(LEAST, min(READABLE, width // 3)) - len(tail) - 4)
        return [row(head, self.done / self.total, f"  {tail}", width, stream)]

    def sentence(self, seconds: float) -> str:
        """Return the plain line."""
        return f"{self.what}: {', '.join(filter(None, [self.amount().strip(), self.left(seconds) or clock(seconds)]))}"

    def is_due(self, seconds: float) -> bool:
        """Whether a plain line is due; it counts as printed."""
        if seconds < self._due:
            return False
        later = (each for each in self.spoken_at if each > seconds)
        last = self.spoken_at[-1]
        self._due = next(later, last + MINUTE * (1 + (seconds - last) // MINUTE))
        return True


def row(head: str, share: float, tail: str, width: int, stream: TextIO) -> Painted:
    """Return a line with a bar between two texts, coloured where the stream has colours."""
    from graphnn.text.bars import bar, bar_width

    head, tail = showable(f"{head}  ", stream), showable(tail, stream)
    full, rest = bar(share, bar_width(width, head, tail), stream)
    text = showable(cut(f"{head}{full}{rest}{tail}", width), stream)
    if not has_colour(stream):
        return painted(text, None)
    parts, begin = list[Painted](), 0
    for part, style in ((head, None), (full, Meaning.BAR), (rest, Meaning.FAINT), (tail, None)):
        parts.append(painted(text[begin : begin + len(part)], style))
        begin += len(part)
    return Painted("".join(parts))


Shown = TypeVar("Shown", bound=Work)


class Display:
    """Where progress is shown, on a stream. live: by lines that move; else by plain lines, or not at all if `mute`.

    A thread keeps the lines moving while nothing advances. It ends before the process is forked, and begins again at
    the next sign of life.
    """

    def __init__(self, stream: TextIO, *, live: bool, mute: bool = False) -> None:
        self.stream, self.live, self.mute = stream, live, mute
        self._tasks: list[Work] = []
        self._drawn = 0  # lines on the screen
        self._last = 0.0
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        OPENED.add(self)

    @contextmanager
    def showing(self, task: Shown) -> Iterator[Shown]:
        """A context in which a task is shown, in place of the one around it."""
        task._display = self
        with self._lock:
            self._tasks.append(task)
        self.keep_moving()
        try:
            yield task
        finally:
            with self._lock:
                self._tasks.remove(task)
                self._erase()
            if not self._tasks:
                self.rest()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A context without moving lines, for something else to be printed."""
        with self._lock:
            self._erase()
            yield

    def keep_moving(self) -> None:
        """Draw the lines if it is time to, and see to it that they move on by themselves."""
        if self._thread is None and self._tasks and not (self.mute and not self.live):
            self._stop.clear()
            self._thread = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._thread.start()
        self.refresh()

    def rest(self) -> None:
        """End the thread; the lines stand still until the next sign of life."""
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            self._stop.set()
            thread.join()

    def refresh(self) -> None:
        """Draw the lines, or print a plain one, where it is time to."""
        now = time.monotonic()
        if now - self._last < DRAWN_EVERY or not self._tasks:
            return
        with self._lock:
            if not self._tasks:
                return
            self._last = now
            task = self._tasks[-1]
            seconds = now - task.began
            if self.live and seconds >= task.shown_after:
                self._draw(task.lines((terminal_width(self.stream) or NARROW) - MARGIN, seconds, self.stream))
            elif not (self.live or self.mute) and task.is_due(seconds):
                self._write(showable(task.sentence(seconds), self.stream) + "\n")

    def _tick(self) -> None:
        while not self._stop.wait(DRAWN_EVERY):
            self.refresh()

    def _draw(self, lines: Sequence[Painted]) -> None:
        up = UP * max(0, self._drawn - 1)
        self._write(f"\r{up}" + "\n".join(f"{ERASED}{line}" for line in lines))
        self._drawn = len(lines)

    def _erase(self) -> None:
        codes = self.abandon()
        if codes:
            self._write(codes)

    def abandon(self) -> str:
        """Return what erases the lines on the screen, and leave that to the caller, who prints at once."""
        drawn, self._drawn, self._last = self._drawn, 0, 0.0
        return erasing(drawn)

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # nobody is there to see it
            self.live, self.mute = False, True

    def forget(self) -> None:
        """Show nothing any more: this is a forked process, whose first one shows what there is to see."""
        self._lock, self._thread, self._tasks = threading.RLock(), None, []
        self.live, self.mute = False, True


def moving_lines(stream: TextIO) -> bool:
    """Whether lines can move on a stream: it is a terminal that knows more than to print."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def erasing(lines: int) -> str:
    """Return what erases the last lines of a terminal, the cursor being in the last one; "" for none."""
    return f"\r{ERASED}" + (UP + ERASED) * (lines - 1) if lines else ""


def go_on() -> None:
    """Keep lines moving again after a process was forked, before which their thread has ended."""
    display = current_display()
    if display is not None:
        display.keep_moving()


def abandoned() -> str:
    """Return what erases the moving lines on the screen, for a handler of signals to write, which may not print."""
    display = current_display()
    return "" if display is None else display.abandon()


OPENED: "weakref.WeakSet[Display]" = weakref.WeakSet()
OPEN: list[Display] = []  # those of the commands that run, the innermost last; a list, because threads share it


@contextmanager
def displayed(display: Display) -> Iterator[Display]:
    """A context in which `working` shows tasks on a display."""
    OPEN.append(display)
    room = ROOM.set(display.aside)
    try:
        yield display
    finally:
        ROOM.reset(room)
        OPEN.remove(display)
        display.rest()


def current_display() -> Display | None:
    """Return the display of the command that runs; None where there is none."""
    return OPEN[-1] if OPEN else None


def working(what: str, total: int | None = None, unit: str = "", *, done: int = 0) -> AbstractContextManager[Work]:
    """Return a context in which something takes a while; what is given to it counts what is done: `advance(n)`.

    what: in words, as "reading animals". total: how many units there are, where it is known. unit: their name in the
    plural, shown where there is no total; BYTES. done: units that need not be done again.
    """
    return shown(Work(what, total, unit, done=done))


def shown(task: Shown) -> AbstractContextManager[Shown]:
    """Return a context in which a task is shown, if a command has opened a display."""
    display = current_display()
    return nullcontext(task) if display is None else display.showing(task)


def _before_fork() -> None:
    for display in OPENED:
        display.rest()


def _after_fork_in_child() -> None:
    for display in OPENED:
        display.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
