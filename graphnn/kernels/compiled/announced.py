"""Says that functions are being compiled, once, before the first one is."""

from contextlib import ExitStack
from typing import Any

from numba.core import event

from graphnn.text.working import Work, shown


class CompilingTask(Work):
    """The compiling of functions; its first plain line comes at once. once: whether they are kept for later."""

    shown_after = 0.0
    spoken_at = (0, 20, 40)

    def __init__(self, *, once: bool) -> None:
        super().__init__(f"compiling functions with numba{', once for this machine' if once else ''}", unit="functions")

    def sentence(self, seconds: float) -> str:
        """Return the plain line."""
        if self.done == 0:
            return f"{self.what}: 5 to 20 s"
        return super().sentence(seconds)


class Announcer(event.Listener):
    """Shows the task while the outermost of the functions under way is compiled. once: as of the task."""

    def __init__(self, *, once: bool) -> None:
        self._once, self._depth = once, 0
        self._task: CompilingTask | None = None
        self._shown = ExitStack()

    def on_start(self, _: Any) -> None:
        """Show the task before a function is compiled, which may have others compiled."""
        self._depth += 1
        if self._depth == 1:
            self._task = self._task or CompilingTask(once=self._once)
            self._shown.enter_context(shown(self._task))

    def on_end(self, _: Any) -> None:
        """Count the function, and show the task no more."""
        self._depth -= 1
        if self._depth == 0:
            assert self._task is not None
            self._task.advance()
            self._shown.close()
