"""Reloading: takes up weights that are replaced on the disk, without losing a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from traceback import format_exception

from graphnn.errors import GraphError
from graphnn.serving.batching import Batcher
from graphnn.serving.metrics import Metrics
from graphnn.serving.served import Served, Stamp, stamp_of

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
