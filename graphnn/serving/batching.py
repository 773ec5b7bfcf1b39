"""Puts requests together into batches, which one thread computes."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from time import perf_counter
from typing import Any

from graphnn.errors import GraphError
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.runs.trained import Trained
from graphnn.serving.given import RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import RequestProblem
from graphnn.serving.samples import RequestSamples, samples_of
from graphnn.serving.served import Served

Answer = bytes | RequestProblem | BaseException

SHORT = 0.002  # seconds of a batch that is computed at once, where another thread would take longer to begin
SMALL = 16 << 10  # bytes of the bodies of such a batch; what they hold may be large all the same
LARGE = 64 << 10  # bytes of files that are read beside the batches
READING = 2  # threads for these; the largest pictures take up to 1.5 GB while they are decoded


@frozen_dataclass
class Batching:
    """How requests are put together. most: samples computed at a time. wait: seconds, at most, for others to join."""

    most: int = 64
    wait: float = 0.002


class Waiting:
    """A request that waits for its answer: JSON in UTF-8. samples: what it gives, where that was read already."""

    def __init__(self, given: RequestInputs, future: "asyncio.Future[bytes]") -> None:
        self.given, self.future = given, future
        self.samples: tuple[Trained, RequestSamples] | None = None
        self.left = False  # whether nobody waits for the answer any more

    def samples_for(self, trained: Trained, limits: Limits) -> RequestSamples:
        """Return the samples for a network. Raises RequestProblem."""
        if self.samples is not None and self.samples[0] is trained:
            return self.samples[1]
        return samples_of(self.given, trained, limits)

    def settle(self, answer: Answer) -> None:
        """Give the answer to whoever waits for it."""
        if self.future.done():
            return
        if isinstance(answer, bytes):
            self.future.set_result(answer)
        elif isinstance(answer, StopIteration):  # which no future takes
            self.future.set_exception(RuntimeError(repr(answer)))
        else:
            self.future.set_exception(answer)


class Batcher:
    """Answers requests with one network, which can be replaced by another at any time.

    A batch is begun when the one before is done, and waits for others only while there are requests that began to come
    a moment ago, which `coming` knows. Large files are read in threads beside it, so that nobody waits for them. A
    batch that takes less time than to wake a thread is computed at once, and any other in its own thread, while further
    requests are read. measured: is given the samples and the requests of each batch.
    """

    def __init__(
        self, served: Served, limits: Limits, batching: Batching, measured: Callable[[int, int], None] | None = None
    ) -> None:
        self.served, self.limits, self.batching = served, limits, batching
        self.under_way = 0
        self.coming: dict[object, float] = {}  # of requests that are being read, when they began
        self._measured = measured
        self._queue: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "compute")
        self._readers = ThreadPoolExecutor(READING, "read")
        self._task: asyncio.Task[None] | None = None
        self._each: float | None = None  # seconds for a request, lately
        self._replacing = False

    def __len__(self) -> int:
        """Return how many requests wait to be computed."""
        return len(self._queue)

    async def start(self) -> None:
        """Warm the network up and begin to answer."""
        await self.in_thread(self.served.warm)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End, once nothing waits any more."""
        if self._task is not None:
            self._task.cancel()
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._thread.shutdown)
        self.served.close()

    async def in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function in the thread that computes, between two batches, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    async def replace(self, served: Served) -> None:
        """Answer with another network from the next batch on; it is warmed up between two batches."""
        self._replacing = True
        try:
            await self.in_thread(served.warm)
            before, self.served, self._each = self.served, served, None
            await self.in_thread(before.close)  # behind the batch that it may be computing
        finally:
            self._replacing = False

    async def answer(self, given: RequestInputs) -> bytes:
        """Return the answer to a request as JSON.

        Raises RequestProblem where there is none, also because it takes too long.
        """
        loop = asyncio.get_running_loop()
        waiting = Waiting(given, loop.create_future())
        try:
            async with asyncio.timeout(self.limits.answering):
                if given.size > LARGE and given.files:
                    trained = self.served.trained
                    read = loop.run_in_executor(self._readers, samples_of, given, trained, self.limits)
                    waiting.samples = trained, await read
                self._queue.append(waiting)
                self._arrived.set()
                return await waiting.future
        except TimeoutError as problem:
            text = f"the answer was not ready in {self.limits.answering:g} seconds"
            raise RequestProblem(HTTPStatus.GATEWAY_TIMEOUT, text) from problem
        finally:
            waiting.left = True

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await self._gather()
            batch = self._taken()
            if not batch:
                continue
            start = perf_counter()
            try:
                if self._is_short(batch):
                    answers = answers_of(self.served, batch, self.limits)
                else:
                    answers = await self.in_thread(answers_of, self.served, batch, self.limits)
            except Exception as problem:  # of this batch, whatever it is
                answers = Answers([problem] * len(batch), 0, 0)
            each = (perf_counter() - start) / len(batch)
            self._each = each if self._each is None else (3 * self._each + each) / 4
            for one, answer in zip(batch, answers.found, strict=True):
                one.settle(answer)
            if self._measured is not None and answers.samples:
                self._measured(answers.samples, answers.requests)
            await asyncio.sleep(0)  # so that whoever was answered is, and others are read

    def _is_short(self, batch: Sequence[Waiting]) -> bool:
        """Whether a batch is to be computed at once: none while a network is replaced, so that only one computes."""
        if self._each is None or self._replacing or self._each * len(batch) > SHORT:
            return False
        return sum(one.given.size for one in batch) <= SMALL

    async def _gather(self) -> None:
        """Wait until the batch is full, nobody else can join it, or the time for it is over."""
        end = perf_counter() + self.batching.wait
        while len(self._queue) < self.batching.most and self._others_come():
            self._arrived.clear()
            left = end - perf_counter()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _others_come(self) -> bool:
        """Whether a request is being read that began to come less than the time ago for which a batch waits."""
        if not self.coming:
            return False
        since = perf_counter() - self.batching.wait
        return any(start > since for start in self.coming.values())

    def _taken(self) -> list[Waiting]:
        """Return the requests of the next batch, without those that nobody waits for."""
        batch: list[Waiting] = []
        while self._queue and len(batch) < self.batching.most:
            one = self._queue.popleft()
            if not one.left:
                batch.append(one)
        if self._queue:
            self._arrived.set()
        else:
            self._arrived.clear()
        return batch


@frozen_dataclass
class Answers:
    """What was found for each request of a batch, and how many samples of how many requests were computed."""

    found: Sequence[Answer]
    samples: int
    requests: int


def answers_of(served: Served, batch: Sequence[Waiting], limits: Limits) -> Answers:
    """Return the answers to the requests of a batch; what goes wrong with one is the answer to that one alone."""
    found: list[Answer | None] = [None] * len(batch)
    ready: list[tuple[int, RequestSamples]] = []
    for index, one in enumerate(batch):
        try:
            ready.append((index, one.samples_for(served.trained, limits)))
        except Exception as problem:  # of this request, whatever it is
            found[index] = problem
    if ready:
        answers = computed(served, [samples for _, samples in ready])
        for (index, _), answer in zip(ready, answers, strict=True):
            found[index] = answer
    return Answers([one for one in found if one is not None], sum(len(samples) for _, samples in ready), len(ready))


def computed(served: Served, requests: Sequence[RequestSamples]) -> list[Answer]:
    """Return the answers to requests, together, or one by one where one of them makes the others fail."""
    try:
        answers = served.answers(requests)
        return [one if isinstance(one, RequestProblem) else as_json(one) for one in answers]
    except Exception as problem:
        if len(requests) > 1:
            return [answer for one in requests for answer in computed(served, [one])]
        told = isinstance(problem, GraphError | MemoryError)
        return [RequestProblem(HTTPStatus.INTERNAL_SERVER_ERROR, str(problem)) if told else problem]


def as_json(value: Any) -> bytes:
    """Return JSON in UTF-8, without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
