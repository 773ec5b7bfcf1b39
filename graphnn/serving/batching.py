"""Puts requests together into batches, which one thread prepares and computes."""

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
from graphnn.serving.given import RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import RequestProblem
from graphnn.serving.samples import RequestSamples, samples_of
from graphnn.serving.served import Served

Answer = bytes | RequestProblem | BaseException


@frozen_dataclass
class Batching:
    """How requests are put together. most: samples computed at a time. wait: seconds, at most, for others to join."""

    most: int = 64
    wait: float = 0.002


class Waiting:
    """A request that waits for its answer: JSON in UTF-8."""

    def __init__(self, given: RequestInputs, future: "asyncio.Future[bytes]") -> None:
        self.given, self.future = given, future
        self.left = False  # whether nobody waits for the answer any more

    def settle(self, answer: Answer) -> None:
        """Give the answer to whoever waits for it."""
        if self.future.done():
            return
        if isinstance(answer, bytes):
            self.future.set_result(answer)
        else:
            self.future.set_exception(answer)


class Batcher:
    """Answers requests with one network, which can be replaced by another at any time.

    A batch is begun when the one before is done, and waits for others only while there are requests whose bodies are
    still being read: `under_way` counts these too, and is kept by whoever reads them. measured: is given the samples
    and the requests of each batch.
    """

    def __init__(
        self, served: Served, limits: Limits, batching: Batching, measured: Callable[[int, int], None] | None = None
    ) -> None:
        self.served, self.limits, self.batching = served, limits, batching
        self.under_way = 0
        self._measured = measured
        self._queue: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "compute")
        self._task: asyncio.Task[None] | None = None

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
        await asyncio.to_thread(self._thread.shutdown)
        self.served.close()

    async def in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function in the thread that computes, between two batches, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    async def replace(self, served: Served) -> None:
        """Answer with another network from the next batch on; it is warmed up between two batches."""
        await self.in_thread(served.warm)
        before, self.served = self.served, served
        await self.in_thread(before.close)  # behind the batch that it may be computing

    async def answer(self, given: RequestInputs) -> bytes:
        """Return the answer to a request as JSON.

        Raises RequestProblem where there is none, also because it takes too long.
        """
        waiting = Waiting(given, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._arrived.set()
        try:
            async with asyncio.timeout(self.limits.answering):
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
            given = [one.given for one in batch]
            answers = await self.in_thread(answers_of, self.served, given, self.limits)
            for one, answer in zip(batch, answers.found, strict=True):
                one.settle(answer)
            if self._measured is not None and answers.samples:
                self._measured(answers.samples, answers.requests)
            await asyncio.sleep(0)  # until those who were answered are no longer under way, and nobody waits for them

    async def _gather(self) -> None:
        """Wait until the batch is full, nobody else can join it, or the time for it is over."""
        end = perf_counter() + self.batching.wait
        while len(self._queue) < min(self.under_way, self.batching.most):
            self._arrived.clear()
            left = end - perf_counter()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await self._arrived.wait()
            except TimeoutError:
                return

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


def answers_of(served: Served, given: Sequence[RequestInputs], limits: Limits) -> Answers:
    """Return the answers to the requests of a batch; what goes wrong with one is the answer to that one alone."""
    found: list[Answer | None] = [None] * len(given)
    ready: list[tuple[int, RequestSamples]] = []
    for index, one in enumerate(given):
        try:
            ready.append((index, samples_of(one, served.trained, limits)))
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
