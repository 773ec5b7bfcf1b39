"""Reloading: takes up weights that are replaced on the disk, without losing a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from traceback import format_exception

from graphnn.errors import GraphError
from graphnn.serving.batching import Batcher
from graphnn.serving.facts import class_labels
from graphnn.serving.metrics import Metrics
from graphnn.serving.served import Served, Stamp, stamp_of
from graphnn.text.suggestions import quoted
from graphnn.types import shape_text

EVERY = 0.5  # seconds between two looks at the file


class Reloading:
    """Looks at a weights file, and loads it beside the network that answers when it has been replaced.

    The new network is warmed up, and answers from the next batch on; where it cannot be loaded, that is told, and the
    old one stays. A file counts as replaced once two looks in a row find it the same, because it may be written slowly.
    """

    def __init__(
        self,
        batcher: Batcher,
        metrics: Metrics,
        weights: Path,
        load: Callable[[], Served],
        tell: Callable[[str], None],
    ) -> None:
        self._batcher, self._metrics, self._weights, self._load, self._tell = batcher, metrics, weights, load, tell

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A context in which the file is watched."""
        task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        known: Stamp | None = self._batcher.served.stamp
        before = known
        while True:
            await asyncio.sleep(EVERY)
            now = stamp_of(self._weights)
            if now is not None and now != known and now == before:
                known = now
                await self._take_up()
                known = self._batcher.served.stamp if self._batcher.served.stamp == stamp_of(self._weights) else known
            before = now

    async def _take_up(self) -> None:
        name = self._batcher.served.trained.spec.name
        try:
            served = await asyncio.to_thread(self._load)
            try:
                check_alike(self._batcher.served, served)
                await self._batcher.replace(served)
            except Exception:
                served.close()
                raise
        except Exception as problem:  # the next file may be better, whatever is wrong with this one
            self._metrics.reload(taken=False)
            told = isinstance(problem, GraphError | OSError | MemoryError)
            reason = str(problem) if told else "".join(format_exception(problem)).rstrip()
            self._tell(f"{name}: the new weights are not taken up, and the old ones stay:\n{reason}")
        else:
            self._metrics.reload(taken=True)
            self._tell(f"{name}: new weights taken up, sha256 {served.digest[:12]}…")


def check_alike(before: Served, after: Served) -> None:
    """Raise GraphError where a network takes other inputs, or gives other answers, than clients expect."""
    for what in (sample, answers):
        was, is_now = what(before), what(after)
        if was != is_now:
            raise GraphError(f"the document changed, so that {is_now}, where {was}; start the server again to serve it")


def sample(served: Served) -> str:
    """Return what a network takes, in words."""
    table = served.trained.table
    if table is not None:
        return f"the network takes rows with {', '.join(quoted(column.name) for column in table.columns)}"
    return f"the network takes {shape_text(served.trained.normalisation.shape)}"


def answers(served: Served) -> str:
    """Return what a network says, in words."""
    if not served.has_classes:
        return f"it gives {shape_text(served.trained.graph.output_shape)} numbers"
    return f"it knows the classes {', '.join(map(quoted, class_labels(served)))}"
