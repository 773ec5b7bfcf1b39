"""A fixed set of threads that share out numbered tasks."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from graphnn.types import Array

T = TypeVar("T")

MOST_PARTS = 8  # of one product
PART_MULTIPLY_ADDS = 3 * 2**22  # some 200 µs: sharing out takes 130 µs, so that two parts of it gain 15 %


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Runs task(0), task(1), … on `threads` threads, the caller's own among them.

    Numbers that overflow give no warning there: a loss or gradient that is not finite is found and reported by itself.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads - 1, "graphnn") if threads > 1 else None

    def run(self, task: Callable[[int], T], count: int) -> list[T]:
        """Return the results in order. Where tasks fail, raises the error of the lowest number that failed."""
        helpers = min(self.threads, count) - 1
        if self._executor is None or helpers < 1:
            with np.errstate(all="ignore"):
                return [task(index) for index in range(count)]
        results: list[Any] = [None] * count
        errors: dict[int, BaseException] = {}
        numbers = iter(range(count))
        lock = threading.Lock()

        def work() -> None:
            with np.errstate(all="ignore"):
                while not errors:
                    with lock:
                        index = next(numbers, None)
                    if index is None:
                        return
                    try:
                        results[index] = task(index)
                    except BaseException as error:
                        errors[index] = error

        futures: list[Future[None]] = [self._executor.submit(work) for _ in range(helpers)]
        work()
        for future in futures:
            future.result()
        if errors:
            raise errors[min(errors)]
        return results

    def close(self) -> None:
        """End the threads."""
        if self._executor is not None:
            self._executor.shutdown()

    def matmul(self, a: Array, b: Array, out: Array) -> Array:
        """Write a·b into `out`, cut along its longer axis into parts that depend on the shapes alone."""
        rows, columns = out.shape
        parts = product_parts(rows, a.shape[1], columns)
        if parts == 1:
            return np.matmul(a, b, out=out)
        longer = max(rows, columns)
        edges = [longer * part // parts for part in range(parts + 1)]

        def multiply(part: int) -> None:
            own = slice(edges[part], edges[part + 1])
            if rows >= columns:
                np.matmul(a[own], b, out=out[own])
            else:
                np.matmul(a, b[:, own], out=out[:, own])

        self.run(multiply, parts)
        return out


def product_parts(rows: int, inner: int, columns: int) -> int:
    """Return into how many parts to cut a product of rows×inner by inner×columns."""
    parts = 1
    while parts < MOST_PARTS and rows * inner * columns >= 2 * parts * PART_MULTIPLY_ADDS:
        parts *= 2
    return parts
