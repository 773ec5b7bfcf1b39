"""Threads that share out numbered tasks: results in order, the lowest error, no task left running."""

import threading
import time

import numpy as np
import pytest

from graphnn.engine.workers import Workers

HANGS = 600  # seconds


@pytest.fixture(params=[1, 2, 5])
def workers(request):
    made = Workers(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_in_order(workers, count):
    def task(number):
        time.sleep(0.001 if number % 7 == 0 else 0)
        return number * number

    for _ in range(3):
        assert workers.run(task, count) == [number * number for number in range(count)]


def test_the_lowest_error_counts(workers):
    """Task 2 is slow to fail, tasks 3 and 5 are quick."""

    def task(number):
        if number == 2:
            time.sleep(0.02)
        if number in (2, 3, 5):
            raise ValueError(number)

    for _ in range(5):
        with pytest.raises(ValueError, match=r"^2$"):
            workers.run(task, 8)
    assert workers.run(lambda number: number, 3) == [0, 1, 2]


def test_nothing_runs_on_after_an_error(workers):
    """Each thread may have begun one more task, which has ended when the error comes."""
    begun, ended, failed = [], [], threading.Event()

    def task(number):
        if number == 0:
            failed.set()
            raise KeyError("first")
        failed.wait(HANGS)
        begun.append(number)
        time.sleep(0.001)
        ended.append(number)

    with pytest.raises(KeyError, match="first"):
        workers.run(task, 10_000)
    assert sorted(begun) == sorted(ended)
    assert len(begun) < 5_000  # a busy machine may let the others go on for a while


def test_the_callers_thread_takes_part_and_all_threads_are_used():
    workers, names, barrier = Workers(3), set(), threading.Barrier(3, timeout=HANGS)

    def task(_):
        barrier.wait()
        names.add(threading.current_thread().name)

    workers.run(task, 3)
    workers.close()
    assert threading.current_thread().name in names
    assert len(names) == 3


def test_an_interruption_comes_through():
    def task(number):
        if number == 1:
            raise KeyboardInterrupt

    workers = Workers(2)
    with pytest.raises(KeyboardInterrupt):
        workers.run(task, 4)
    workers.close()


def test_numbers_that_overflow_give_no_warning(workers):
    """Warnings are errors in the tests."""
    large = np.full(10, 3e38, np.float32)
    assert all(np.isinf(own).all() for own in workers.run(lambda _: large * 2, 6))


def test_close_ends_the_threads():
    before = threading.active_count()
    workers = Workers(4)
    workers.run(lambda _: time.sleep(0.005), 8)
    assert threading.active_count() > before
    workers.close()
    assert threading.active_count() == before
    workers.close()
