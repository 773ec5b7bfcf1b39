"""Batches: who waits for whom, and that one request's failure is its own."""

import asyncio
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from graphnn.datasets.preparation import Normalisation
from graphnn.runs.reading import DocumentSource
from graphnn.serving.batching import Batcher, Batching
from graphnn.serving.given import PLAIN, RequestInputs
from graphnn.serving.limits import Limits
from graphnn.serving.problems import RequestProblem
from graphnn.serving.served import Served, load_served

GOOD = RequestInputs(PLAIN, values={"inputs": [3.0] * 64})


@pytest.fixture
def network(trained: Path) -> Served:
    return load_served(DocumentSource.of(trained, [], []), None, most=8)


def batches_of(
    network: Served,
    given: list[RequestInputs],
    *,
    under_way: int | None = None,
    wait: float = 0.2,
    limits: Limits | None = None,
) -> tuple[list[Any], list[tuple[int, int]], float]:
    """Return the answers to requests that come at once, the batches, and the seconds that it took."""
    sizes: list[tuple[int, int]] = []

    async def run() -> tuple[list[Any], float]:
        batcher = Batcher(network, limits or Limits(), Batching(8, wait), lambda *size: sizes.append(size))
        await batcher.start()
        batcher.under_way = len(given) if under_way is None else under_way
        start = perf_counter()
        found = await asyncio.gather(*map(batcher.answer, given), return_exceptions=True)
        took = perf_counter() - start
        await batcher.stop()
        return found, took

    found, took = asyncio.run(run())
    return found, sizes, took


def test_requests_at_once_are_computed_together_up_to_the_most(network: Served) -> None:
    found, sizes, _ = batches_of(network, [GOOD] * 20, under_way=0)
    assert [requests for _, requests in sizes] == [8, 8, 4]
    assert len({bytes(one) for one in found}) <= 2  # batches of two sizes


def test_one_waits_while_another_is_being_read_and_no_longer(network: Served) -> None:
    assert batches_of(network, [GOOD], under_way=1, wait=60)[2] < 30
    assert batches_of(network, [GOOD], under_way=2)[2] >= 0.2


@pytest.mark.parametrize("at", [0, 1, 3])
def test_what_one_request_breaks_is_its_own(network: Served, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_inputs", lambda parts: failing_inputs(network, parts))
    given = [GOOD] * 4
    given[at] = RequestInputs(PLAIN, values={"inputs": [7.0] * 64})
    found, _, _ = batches_of(network, given)
    assert [isinstance(one, ZeroDivisionError) for one in found] == [index == at for index in range(4)]
    assert all(json.loads(one)[0]["predictions"] for index, one in enumerate(found) if index != at)


def failing_inputs(network: Served, parts: Any) -> Any:
    """Return inputs as usual, but fail for a sample of sevens."""
    if any((part == 7).all() for part in parts):
        raise ZeroDivisionError
    return Served._inputs(network, parts)


def test_bad_requests_among_good_ones(network: Served) -> None:
    bad = RequestInputs(PLAIN, values={"inputs": [1.0]})
    found, sizes, _ = batches_of(network, [GOOD, bad, GOOD])
    assert [isinstance(one, RequestProblem) for one in found] == [False, True, False]
    assert sizes == [(2, 2)]


def test_nobody_waits_for_a_request_that_was_given_up(network: Served) -> None:
    found, sizes, _ = batches_of(network, [GOOD] * 3, limits=Limits(answering=1e-6))
    assert [one.status for one in found] == [504] * 3
    assert sizes == []


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
