"""Forked processes that wait for one another: no time of a core while they sleep, no call missed, no end overlooked."""

import os
import platform
import random
import resource
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from graphnn.engine import waiting
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.processes import Processes, can_fork
from graphnn.engine.waiting import Arrivals, Lost
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.shared_memory import shared_zeros

HANGS = 600  # seconds
SOON = 2.0  # seconds within which the end of a process is told
pytestmark = pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")


@contextmanager
def team(size, serve):
    """Give counters whose other processes, forked, run serve(counters) and then end; and the ids of those."""
    arrivals, children = Arrivals(size), []
    arrivals.open()
    try:
        for rank in range(1, size):
            child = os.fork()
            if child == 0:
                with suppress(Lost):
                    arrivals.join(rank)
                    serve(arrivals)
                os._exit(0)
            arrivals.forked(rank)
            children.append(child)
        yield arrivals, children
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        arrivals.close()


def nothing():
    """Find no process that has ended."""


def wait_until(condition):
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def state(pid):
    """R: runs; S: sleeps; Z: has ended, and waits to be asked for; X: is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def asleep(arrivals, ranks):
    """Whether these processes have said that they sleep."""
    return all(arrivals._awaited[rank] for rank in ranks)


def spent(pid):
    """Return the time that a process has taken, in ticks of 10 ms, and how often it has stopped and gone on."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(fields[11]) + int(fields[12]), sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def test_who_waits_takes_no_time():
    """Also the first process; each may have been stopped by other programs before it slept for good."""
    with team(3, lambda arrivals: arrivals.wait(0, 1, nothing)) as (arrivals, children):
        wait_until(lambda: asleep(arrivals, [1, 2]))
        time.sleep(0.1)
        before = [spent(child) for child in children]
        time.sleep(1)
        after = [spent(child) for child in children]
    for (ticks, stops), (later_ticks, later_stops) in zip(before, after, strict=True):
        assert later_ticks - ticks <= 1
        assert later_stops - stops <= 2


def test_an_engine_between_two_steps_takes_no_time(plain):
    graph = plain.network((4,), ("Dense", {"units": 4}), "Softmax")
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=3) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        children = list(engine._formation.team._children)
        wait_until(lambda: asleep(engine._formation.team._arrivals, [1, 2]))
        time.sleep(0.1)
        before = [spent(child) for child in children]
        time.sleep(0.7)
        after = [spent(child) for child in children]
        engine.train_step(ArrayBatch(x, y), epoch=0, step=1)
    assert all(then[0] - now[0] <= 1 and then[1] - now[1] <= 2 for now, then in zip(before, after, strict=True))


@pytest.mark.parametrize("looks", [0, 3, 200])
@pytest.mark.parametrize("turns", [1000, pytest.param(20_000, marks=pytest.mark.long)])
def test_no_call_is_missed(monkeypatch, looks, turns):
    """Four processes of which each is late at random, about as late as another one is to fall asleep.

    Each looks that the others have written what they should. The first sleep would end by itself; on a processor where
    a lock orders all accesses, it is never needed.
    """
    monkeypatch.setattr(waiting, "LOOKS", looks)
    monkeypatch.setattr(waiting, "YIELDING", looks * 1e-6)
    if platform.machine() == "x86_64":
        monkeypatch.setattr(waiting, "FIRST_SLEEP", 1000 * HANGS)
    written, wrong = shared_zeros((4, 64), np.int64), shared_zeros(4, np.int64)

    def program(arrivals):
        draw = random.Random(arrivals.rank)
        for turn in range(1, 2 * turns, 2):
            until = time.perf_counter() + draw.choice([0, 0, 1e-5, 3e-5, 1e-4]) * draw.random()
            while time.perf_counter() < until:
                pass
            written[arrivals.rank, 0] = turn
            for now in (turn, turn + 1):  # nobody may write again before all have read
                arrivals.arrive(now)
                arrivals.wait_for_all(now, nothing)
                wrong[arrivals.rank] += (written[:, 0] != turn).sum() if now == turn else 0

    with deadline(60 if turns < 1000 else HANGS), team(4, program) as (arrivals, _):
        program(arrivals)
    assert wrong.tolist() == [0] * 4


@contextmanager
def deadline(seconds):
    """Fail after so many seconds."""

    def late(*_):
        raise TimeoutError(f"a process still waits after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def killed(team, rank):
    """Raise Lost if the process of this rank has ended."""
    if os.waitpid(team[rank - 1], os.WNOHANG)[0]:
        raise Lost(f"{rank}")


@pytest.mark.parametrize("size", [2, 4])
def test_a_process_killed_while_the_first_sleeps(size, monkeypatch):
    """The last one kills the last but one, or itself; the first hears of it while it waits for any of them."""
    monkeypatch.setattr(waiting, "SLEEP", 1000 * HANGS)
    when = shared_zeros(1, np.float64)

    def serve(arrivals):
        if arrivals.rank == size - 1:
            time.sleep(0.2)  # the first is asleep by now
            when[0] = time.monotonic()
            os.kill(os.getpid(), signal.SIGKILL)
        arrivals.wait(0, 1, nothing)

    with deadline(60), team(size, serve) as (arrivals, children):
        with pytest.raises(Lost, match=str(size - 1)):
            arrivals.wait(1, 1, lambda: killed(children, size - 1))
        assert time.monotonic() - when[0] < SOON


@pytest.mark.parametrize("size", [2, 4])
def test_the_others_end_with_the_first(size, monkeypatch):
    monkeypatch.setattr(waiting, "SLEEP", 1000 * HANGS)
    pids = shared_zeros(size, np.int64)
    middle = os.fork()
    if middle == 0:

        def serve(arrivals):
            pids[arrivals.rank] = os.getpid()
            arrivals.wait(0, 1, nothing)

        with team(size, serve) as (arrivals, _):
            wait_until(lambda: asleep(arrivals, range(1, size)))
            pids[0] = os.getpid()
            time.sleep(HANGS)
        os._exit(0)
    wait_until(lambda: pids.all())
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    until = time.monotonic() + SOON
    while (left := [pid for pid in pids.tolist() if state(pid) not in "ZX"]) and time.monotonic() < until:
        time.sleep(0.01)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def test_an_end_that_no_socket_tells(monkeypatch):
    """A program that the lost process had started lives on and keeps its sockets; so whoever sleeps looks by itself."""
    monkeypatch.setattr(waiting, "SLEEP", 50)
    started = shared_zeros(1, np.int64)

    def serve(arrivals):
        further = os.fork()
        if further == 0:
            time.sleep(HANGS)
            os._exit(0)
        started[0] = further
        os.kill(os.getpid(), signal.SIGKILL)

    try:
        with deadline(60), team(2, serve) as (arrivals, children), pytest.raises(Lost):
            arrivals.wait(1, 1, lambda: killed(children, 1))
    finally:
        os.kill(int(started[0]), signal.SIGKILL)


def test_who_was_killed_asleep_is_not_called():
    """Its socket is closed, which is no error, and no signal, even where SIGPIPE ends a program."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        with team(3, lambda arrivals: arrivals.wait(0, 1, nothing)) as (arrivals, children):
            wait_until(lambda: asleep(arrivals, [1, 2]))
            os.kill(children[0], signal.SIGKILL)
            wait_until(lambda: state(children[0]) == "Z")
            arrivals.arrive(1)
            wait_until(lambda: state(children[1]) == "Z")
    finally:
        signal.signal(signal.SIGPIPE, before)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("teams", [10, pytest.param(200, marks=pytest.mark.long)])
def test_no_file_is_left_open(teams):
    before = open_files()
    for number in range(teams):
        made = Processes(2 + number % 3)
        made.fork(lambda made=made: made.exchange(None))
        assert open_files() <= before + made.size + 1
        made.exchange(None)
        made.close()
    assert open_files() == before


def test_programs_that_are_started_get_no_socket():
    with team(3, lambda arrivals: arrivals.wait(0, 1, nothing)):
        listed = ["ls", "-l", "/proc/self/fd"]
        shown = subprocess.run(listed, capture_output=True, text=True, check=True, close_fds=False).stdout
    assert "pipe:" in shown
    assert "socket:" not in shown


@pytest.mark.parametrize("left", [0, 1, 5])
def test_too_few_files_allowed(left, plain):
    """The engine says so, opens none, and works as soon as there are enough."""
    graph = plain.network((4,), ("Dense", {"units": 4}), "Softmax")
    x, y = plain.samples(graph, 6)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=3) as engine:
        before = open_files()
        lowest = max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, most[1]))
            taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(lowest - open_files() + 1 - left)]
            with pytest.raises(
                GraphError, match=r"sockets between 3 processes cannot be opened: Too many open files; "
            ):
                engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)
        for descriptor in taken:
            os.close(descriptor)
        assert open_files() == before
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
