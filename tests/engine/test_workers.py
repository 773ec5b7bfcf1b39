"""Threads that share out numbered tasks: neighbouring ones each, the lowest error, no task left running."""

import threading
import time

import numpy as np
import pytest

from graphnn.engine.folding import shares
from graphnn.engine.workers import Workers

HANGS = 600  # seconds


@pytest.fixture(params=[1, 2, 5])
def workers(request):
    made = Workers(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_every_task_is_run_once_and_those_of_a_share_in_order(workers, count):
    """By one thread, and in each run by the same, whose private memory backward reads again."""

    def task(number):
        time.sleep(0.001 if number % 7 == 0 else 0)
        run.append((number, threading.get_ident()))

    runs = []
    for _ in range(3):
        run = []
        workers.run(task, count)
        runs.append(dict(run))
        assert sorted(number for number, _ in run) == list(range(count))
        for share in shares(range(count), workers.size):
            assert [number for number, _ in run if number in share] == list(share)
            assert len({thread for number, thread in run if number in share}) <= 1
    assert runs[0] == runs[1] == runs[2]


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
    done = []
    workers.run(done.append, 3)
    assert sorted(done) == [0, 1, 2]


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


@pytest.mark.parametrize("size", [2, 3])
def test_the_callers_thread_takes_part_and_all_threads_are_used(size):
    workers, names, barrier = Workers(size), set(), threading.Barrier(size, timeout=HANGS)

    def task(_):
        barrier.wait()
        names.add(threading.current_thread().name)

    workers.run(task, size)
    workers.close()
    assert threading.current_thread().name in names
    assert len(names) == size


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
    found = np.full((6, 10), 3e38, np.float32)

    def double(number):
        found[number] *= 2

    workers.run(double, 6)
    assert np.isinf(found).all()


def test_close_ends_the_threads():
    before = threading.active_count()
    workers = Workers(4)
    workers.run(lambda _: time.sleep(0.005), 8)
    assert threading.active_count() > before
    workers.close()
    assert threading.active_count() == before
    workers.close()
