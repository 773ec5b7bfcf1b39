"""Batches: who waits for whom, and that one request's failure is its own."""

import asyncio
import json
import threading
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.runs.reading import DocumentSource
from graphnn.serving import batching
from graphnn.serving.batching import Batcher, Batching
from graphnn.serving.given import PLAIN, RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import RequestProblem
from graphnn.serving.samples import samples_of
from graphnn.serving.served import Served, load_served

GOOD = RequestInputs(PLAIN, values={"inputs": [3.0] * 64})


@pytest.fixture
def network(trained: Path) -> Served:
    return load_served(DocumentSource.of(trained, [], []), None, most=8)


def batches_of(
    network: Served,
    given: list[RequestInputs],
    *,
    coming: bool = False,
    wait: float = 0.2,
    limits: Limits | None = None,
) -> tuple[list[Any], list[tuple[int, int]], float]:
    """Return the answers to requests that come at once, the batches, and the seconds that it took."""
    sizes: list[tuple[int, int]] = []

    async def run() -> tuple[list[Any], float]:
        batcher = Batcher(network, limits or Limits(), Batching(8, wait), lambda *size: sizes.append(size))
        await batcher.start()
        start = perf_counter()
        if coming:
            batcher.coming["another"] = start
        found = await asyncio.gather(*map(batcher.answer, given), return_exceptions=True)
        took = perf_counter() - start
        await batcher.stop()
        return found, took

    found, took = asyncio.run(run())
    return found, sizes, took


def test_requests_at_once_are_computed_together_up_to_the_most(network: Served) -> None:
    found, sizes, _ = batches_of(network, [GOOD] * 20)
    assert [requests for _, requests in sizes] == [8, 8, 4]
    assert len({bytes(one) for one in found}) <= 2  # batches of two sizes


def test_one_waits_while_another_is_being_read_and_no_longer(network: Served) -> None:
    assert batches_of(network, [GOOD], wait=60)[2] < 30
    assert batches_of(network, [GOOD], coming=True)[2] >= 0.2


@pytest.mark.parametrize(("at", "problem"), [(0, ZeroDivisionError), (1, StopIteration), (3, ZeroDivisionError)])
def test_what_one_request_breaks_is_its_own(
    network: Served, at: int, problem: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "_inputs", lambda parts: failing_inputs(network, parts, problem))
    given = [GOOD] * 4
    given[at] = RequestInputs(PLAIN, values={"inputs": [7.0] * 64})
    found, _, _ = batches_of(network, given)
    assert [isinstance(one, Exception) for one in found] == [index == at for index in range(4)]
    assert all(json.loads(one)[0]["predictions"] for index, one in enumerate(found) if index != at)


def failing_inputs(network: Served, parts: Any, problem: type[Exception]) -> Any:
    """Return inputs as usual, but fail for a sample of sevens."""
    if any((part == 7).all() for part in parts):
        raise problem
    return Served._inputs(network, parts)


def test_bad_requests_among_good_ones(network: Served) -> None:
    bad = RequestInputs(PLAIN, values={"inputs": [1.0]})
    found, sizes, _ = batches_of(network, [GOOD, bad, GOOD])
    assert [isinstance(one, RequestProblem) for one in found] == [False, True, False]
    assert sizes == [(2, 2)]


def test_a_request_that_was_given_up_is_not_computed(network: Served) -> None:
    sizes: list[tuple[int, int]] = []
    free = threading.Event()

    async def run() -> list[Any]:
        batcher = Batcher(network, Limits(answering=0.05), Batching(8, 0), lambda *size: sizes.append(size))
        await batcher.start()
        busy = asyncio.ensure_future(batcher.in_thread(free.wait))
        found = await asyncio.gather(*(batcher.answer(GOOD) for _ in range(3)), return_exceptions=True)
        found += await asyncio.gather(*(batcher.answer(GOOD) for _ in range(3)), return_exceptions=True)
        free.set()
        await busy
        batcher.limits = Limits()
        found.append(await batcher.answer(GOOD))
        await batcher.stop()
        return found

    *given_up, last = asyncio.run(run())
    assert [one.status for one in given_up] == [504] * 6
    assert json.loads(last)[0]["predictions"]
    assert sizes == [(3, 3), (1, 1)]  # the first three were taken before they were given up


def test_types_of_numbers_are_not_mixed(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    types: list[str] = []
    apply = Normalisation.apply

    def watched(self: Normalisation, x: Any, *arguments: Any) -> Any:
        types.append(x.dtype.name)
        return apply(self, x, *arguments)

    monkeypatch.setattr(Normalisation, "apply", watched)
    halves = RequestInputs(PLAIN, values={"inputs": [[0.5] * 64, [3.0] * 64]})
    (first, second), _, _ = batches_of(network, [halves, GOOD])
    one, other = json.loads(first)[1], json.loads(second)[0]
    assert one["predictions"] == other["predictions"]
    assert [each["input"] for each in json.loads(first)] == ["inputs[0]", "inputs[1]"]
    assert types == ["float64", "uint8"]


def answered(network: Served, during: Any) -> Any:
    """Return what `during`, a function of a batcher that answers, returns."""

    async def run() -> Any:
        batcher = Batcher(network, Limits(), Batching(8, 0))
        await batcher.start()
        found = await during(batcher)
        await batcher.stop()
        return found

    return asyncio.run(run())


def test_a_large_file_is_read_beside_the_batches(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    read, others = threading.Event(), list[str]()

    def slow(given: RequestInputs, *arguments: Any) -> Any:
        if given.files:
            others.append(threading.current_thread().name)
            assert read.wait(30)
        return samples_of(GOOD, *arguments)

    async def ask(batcher: Batcher) -> list[bytes]:
        large = asyncio.create_task(batcher.answer(RequestInputs(PLAIN, (("x", b""),), size=batching.LARGE + 1)))
        found = [await batcher.answer(GOOD) for _ in range(3)]
        assert not large.done()
        read.set()
        return [*found, await large]

    monkeypatch.setattr(batching, "samples_of", slow)
    assert len(set(answered(network, ask))) == 1
    assert [name.partition("_")[0] for name in others] == ["read"]


def test_what_was_read_for_a_network_that_is_replaced_is_read_again(
    network: Served, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = load_served(DocumentSource.of(trained, [], []), None, most=8)
    read = list[Any]()

    def watched(given: RequestInputs, network: Any, limits: Limits) -> Any:
        read.append(network)
        return samples_of(GOOD, network, limits)

    async def ask(batcher: Batcher) -> bytes:
        replaced = asyncio.create_task(batcher.replace(following))
        found = await batcher.answer(RequestInputs(PLAIN, (("x", b""),), size=batching.LARGE + 1))
        await replaced
        return found

    monkeypatch.setattr(batching, "samples_of", watched)
    monkeypatch.setattr(Batcher, "_gather", lambda batcher: until_replaced(batcher, following))
    answered(network, ask)
    assert read == [network.trained, following.trained]


async def until_replaced(batcher: Batcher, following: Served) -> None:
    while batcher.served is not following:
        await asyncio.sleep(0.01)


def test_short_batches_are_computed_at_once_and_long_ones_in_a_thread(
    network: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = list[str]()
    answers = Served.answers

    def watched(self: Served, *arguments: Any) -> Any:
        threads.append(threading.current_thread().name.partition("_")[0])
        return answers(self, *arguments)

    async def ask(batcher: Batcher) -> None:
        for size in (0, 0, batching.SMALL + 1):
            await batcher.answer(RequestInputs(PLAIN, values={"inputs": [3.0] * 64}, size=size))
        batcher._each = 1.0
        await batcher.answer(GOOD)

    monkeypatch.setattr(Served, "answers", watched)
    monkeypatch.setattr(batching, "SHORT", 0.5)
    answered(network, ask)
    assert threads == ["compute", "MainThread", "compute", "compute"]


def test_nobody_waits_for_one_that_comes_slowly(network: Served) -> None:
    async def ask(batcher: Batcher) -> float:
        batcher.batching = Batching(8, 0.5)
        batcher.coming["slow"] = perf_counter() - 1
        start = perf_counter()
        for _ in range(10):
            await batcher.answer(GOOD)
        return perf_counter() - start

    assert answered(network, ask) < 4


def test_it_goes_on_after_a_batch_that_fails_as_a_whole(network: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(batcher: Batcher) -> bytes:
        with monkeypatch.context() as broken:
            broken.setattr(batching, "answers_of", lambda *_: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                await batcher.answer(GOOD)
        return await batcher.answer(GOOD)

    assert json.loads(answered(network, ask))[0]["predictions"]
