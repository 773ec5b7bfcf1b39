"""CurvePicture: the curves of a training in a picture that is drawn anew while it goes on."""

import time
from collections.abc import Sequence
from pathlib import Path

from graphnn.plots.saving import save_picture
from graphnn.runs.curves import best_epoch, check_plot
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.training.history import Record

DRAWN_EVERY = 30.0  # seconds at least from one drawing to the next, which takes about half a second


class CurvePicture:
    """A file with the curves of one run, a SideProduct. path: a name that ends in .png or .svg."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._drawn = time.monotonic()

    def check(self) -> None:
        """Raise GraphError where the picture could not be written."""
        check_plot(self.path)

    def update(self, run: RunFolder, facts: RunFacts, history: Sequence[Record], *, last: bool) -> str | None:
        """Draw the curves if the last drawing was long ago, or at the end. Raises GraphError."""
        if not last and time.monotonic() - self._drawn < DRAWN_EVERY:
            return None
        if not history:
            return f"{self.path} was not drawn, because no epoch was finished." if last else None
        from graphnn.plots.curves import Curve, draw_curves

        epoch, metric = best_epoch(history, run.resolved() or {}) or (None, "")
        name = f"{run.path.parent.stem}, run {run.number}"
        figure = draw_curves([Curve(name=name, records=history, best=epoch, best_by=metric)], title=name)
        save_picture(figure, self.path)
        self._drawn = time.monotonic()
        return f"{self.path} shows its curves."
