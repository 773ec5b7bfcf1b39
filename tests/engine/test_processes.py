"""Processes in step: what they hand to one another, who decides, and what is left when one is lost."""

import errno
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from graphnn.engine import processes as processes_module
from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.folding import shares
from graphnn.engine.processes import Processes, can_fork
from graphnn.engine.waiting import Lost
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.layers.base import LAYERS, Layer
from graphnn.layers.batch_normalization import BatchNormalization
from graphnn.losses.mean_squared_error import MeanSquaredError
from graphnn.shared_memory import shared_zeros

HANGS = 600  # seconds
pytestmark = pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")

CONV, HEAD, BN = ("Conv2D", {"filters": 2}), ("Dense", {"units": 4}), "BatchNormalization"


def team(program, size=3):
    """Return a team whose other processes run the program once; the caller is to run it, too."""
    made = Processes(size)
    made.fork(lambda: program(made))
    return made


def test_all_get_what_each_gives():
    """Over many turns, of messages of all sizes; each process writes down whether it saw what it should."""
    seen = shared_zeros(3, np.int64)

    def program(made):
        for turn in range(200):
            got = made.exchange(None if (turn + made.rank) % 3 == 0 else (made.rank, turn, "x" * (turn * made.rank)))
            wanted = [None if (turn + rank) % 3 == 0 else (rank, turn, "x" * (turn * rank)) for rank in range(3)]
            seen[made.rank] += got == wanted

    made = team(program)
    program(made)
    wait_until(lambda: seen.tolist() == [200] * 3)
    made.close()


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_every_process_sees_what_all_have_left_in_shared_memory(count):
    """Once `run` returns, also where others were slow. Each process has its share of the tasks."""
    results, ranks, seen = shared_zeros(7, np.int64), shared_zeros(7, np.int64), shared_zeros((3, 7), np.int64)

    def program(made):
        def task(number):
            time.sleep(0.01 * made.rank)
            results[number], ranks[number] = 10 + number, made.rank

        made.run(task, count)
        seen[made.rank] = results
        made.exchange(None)

    made = team(program)
    program(made)
    assert (seen[:, :count] == np.arange(10, 10 + count)).all()
    assert not seen[:, count:].any()
    for rank, share in enumerate(shares(range(count), 3)):
        assert all(ranks[number] == rank for number in share)
    made.close()


def test_the_lowest_error_counts_in_all():
    seen = shared_zeros(3, np.int64)

    def program(made):
        def task(number):
            if number in (2, 4, 5):
                raise ValueError(number)

        try:
            made.run(task, 8)
        except ValueError as error:
            seen[made.rank] = error.args[0]
        made.exchange(None)

    made = team(program)
    program(made)
    assert seen.tolist() == [2, 2, 2]
    made.close()


def test_a_message_that_is_too_large(monkeypatch):
    monkeypatch.setattr(processes_module, "MAILBOX_BYTES", 1000)
    made = Processes(1)
    assert made.exchange(b"x" * 900) == [b"x" * 900]
    with pytest.raises(ValueError, match="too many to hand to another process"):
        made.exchange(b"x" * 1000)


@pytest.mark.parametrize("way", ["gives up", "is killed"])
def test_a_lost_process_is_noticed(way, capfd):
    def program(made):
        if made.rank:
            if way == "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ZeroDivisionError("as told")
        made.exchange(None)

    made = team(program, 2)
    with pytest.raises(Lost):
        program(made)
    made.close()
    made.close()
    assert ("ZeroDivisionError: as told" in capfd.readouterr().err) == (way == "gives up")


def test_a_process_that_the_system_killed_for_lack_of_memory(monkeypatch):
    kills = iter([3, 4])
    monkeypatch.setattr(processes_module, "out_of_memory_kills", lambda: next(kills))

    def program(made):
        if made.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        made.exchange(None)

    made = team(program, 3)
    with pytest.raises(Lost, match=r"process 2 of the team was ended by SIGKILL .* because memory ran out; use fewer"):
        program(made)
    made.close()


def test_a_process_that_has_ended_is_not_killed(monkeypatch):
    """Its number may have been given to another process meanwhile."""
    made, killed, kill = Processes(3), [], os.kill
    made.fork(lambda: time.sleep(HANGS))
    lost, other = made._children
    kill(lost, signal.SIGKILL)
    with pytest.raises(Lost, match="process 2 of the team was ended by SIGKILL"):
        made.exchange(None)
    monkeypatch.setattr(os, "kill", lambda pid, number: (killed.append(pid), kill(pid, number)))
    made.close()
    assert killed == [other]


@pytest.mark.parametrize("allowed", [0, 1])
def test_too_few_processes_allowed(allowed, plain, monkeypatch):
    """Those that were started end; with fewer threads the same engine would work."""
    graph = plain.network((2, 4, 4), CONV, "Flatten", HEAD, "Softmax")
    x, y = plain.samples(graph, 6)
    fork, started = os.fork, []

    def refuse():
        if len(started) == allowed:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        child = fork()
        started.append(child)
        return child

    monkeypatch.setattr(os, "fork", refuse)
    said = f"cannot use 3 threads: process {allowed + 2} of the team cannot be started: Resource .*use {allowed + 1} or"
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=3) as engine:
        with pytest.raises(GraphError, match=said):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        assert not any(alive(pid) for pid in started)
        monkeypatch.setattr(os, "fork", fork)
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)


def test_others_end_when_the_first_process_is_gone():
    """A process in between, killed, leaves its own child behind, which must notice."""
    pids = shared_zeros(2, np.int64)
    middle = os.fork()
    if middle == 0:
        made = Processes(2)

        def serve():
            pids[0] = os.getpid()
            made.exchange(None)

        made.fork(serve)
        time.sleep(HANGS)
        os._exit(0)
    wait_until(lambda: pids[0])
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    wait_until(lambda: not alive(int(pids[0])))


def wait_until(condition):
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def alive(pid):
    """Whether a process runs; what has ended and only waits to be asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def children(engine):
    return list(engine._formation.team._children)


def test_close_leaves_no_process(plain):
    graph = plain.network((2, 4, 4), CONV, "Flatten", HEAD, "Softmax")
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=6, threads=3) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        others = children(engine)
        assert len(others) == 2
        assert all(alive(pid) for pid in others)
    assert not any(alive(pid) for pid in others)


@pytest.mark.parametrize(("lanes", "samples", "processes"), [(4, 6, 4), (4, 3, 2), (2, None, 2), (1, 6, 1)])
def test_no_more_processes_than_lanes(plain, lanes, samples, processes):
    """In inference more could compute, but they would wait in each step of a training."""
    graph = plain.network((4,), HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    with plain.cut([3], lanes), Engine(graph, parameters, batch_size=6, samples=samples, threads=8) as engine:
        assert engine.threads == processes
        count = 6 if samples is None else samples
        engine.train_step(ArrayBatch(*plain.samples(graph, count)), epoch=0, step=0)
        assert engine._formation.team.size == processes


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGUSR1])
def test_a_killed_process_is_an_error_and_the_next_step_goes_on(plain, how):
    graph = plain.network((2, 4, 4), CONV, BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        os.kill(children(engine)[0], how)
        with pytest.raises(GraphError, match="process of the engine was lost"):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=1)
        expected = plain.step(graph, engine.plan, parameters, x, y, step=1)
        plain.same(plain.engine_step(engine, x, y, step=1), expected, 1e-9)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU])
def test_a_signal_to_all_processes_leaves_the_others_alone(plain, number):
    """Ctrl-C, a closed terminal and a scheduler reach the whole group; the first process says what it means."""
    graph = plain.network((2, 4, 4), CONV, BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        others = children(engine)
        os.kill(others[0], number)
        expected = plain.step(graph, engine.plan, parameters, x, y, step=1)
        plain.same(plain.engine_step(engine, x, y, step=1), expected, 1e-9)
        assert children(engine) == others


@dataclass(frozen=True)
class Interrupting(Layer):
    """Is interrupted in the first process for inputs above 100, as by Ctrl-C pressed twice."""

    def forward(self, params, x, ctx):
        if x.max() > 100 and os.getpid() == FIRST:
            raise KeyboardInterrupt
        return x, lambda dy: (dy, {})


FIRST = os.getpid()


def test_an_interruption_within_a_step(plain, monkeypatch):
    monkeypatch.setitem(LAYERS, "Interrupting", Interrupting)
    graph = plain.network((2, 4, 4), "Interrupting", CONV, BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        others = children(engine)
        with pytest.raises(KeyboardInterrupt):
            engine.train_step(ArrayBatch(x + 1000, y), epoch=0, step=1)
        assert not any(alive(pid) for pid in others)
        expected = plain.step(graph, engine.plan, parameters, x, y, step=1)
        plain.same(plain.engine_step(engine, x, y, step=1), expected, 1e-9)


@dataclass(frozen=True)
class Slow(BatchNormalization):
    """Takes its time in the other processes, where that may be noticed by the first one."""

    def backward_combine(self, params, statistics, sums):
        if os.getpid() != FIRST:
            time.sleep(0.05)
        return super().backward_combine(params, statistics, sums)


def test_no_gradient_is_written_when_the_step_is_over(plain, monkeypatch):
    """An optimizer changes the gradients in place; a process that is late must not undo that."""
    monkeypatch.setitem(LAYERS, "Slow", Slow)
    graph = plain.network((2, 4, 4), "Slow", CONV, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        engine.train_step(ArrayBatch(x, y), epoch=0, step=0)
        parameters.gradient[...] = 0
        time.sleep(0.1)
        assert not parameters.gradient.any()


def test_parameters_changed_from_outside_are_seen_by_all(plain):
    """Also running statistics, of which the other processes keep copies."""
    graph = plain.network((2, 4, 4), CONV, BN, "ReLU", BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    rng = np.random.default_rng(0)
    with plain.cut([1]), Engine(graph, parameters, batch_size=6, threads=3) as engine:
        for step in range(3):
            engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
            parameters.vector += rng.normal(size=parameters.vector.size) / 10
            for array in parameters.running.values():
                array[...] = rng.uniform(0.5, 2, array.shape)
            np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-10)
            expected = plain.step(graph, engine.plan, parameters, x, y, step=step)
            plain.same(plain.engine_step(engine, x, y, step=step), expected, 1e-9)


def test_targets_may_change_their_kind(plain):
    """Labels, one-hot rows, other widths of numbers: each fits, whatever came before."""
    graph = plain.network((2, 4, 4), CONV, BN, "Flatten", HEAD, "Softmax")
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 6)
    expected = plain.step(graph, None, parameters, x, y)
    statistics = {name: array.copy() for name, array in parameters.running.items()}
    with plain.cut([2]), Engine(graph, parameters, batch_size=6, threads=2) as engine:
        for targets in (y, np.eye(4)[y], y.astype(np.uint8), np.eye(4, dtype=np.float32)[y], y):
            for name, array in statistics.items():
                parameters.running[name][...] = array
            plain.same(plain.engine_step(engine, x, targets), expected, 1e-6)
            engine.predict(x)


def test_fractions_are_not_cut_to_the_whole_numbers_that_came_before(plain):
    """MSE, one output that is always 0: the sums of squares are those of the targets, 1 + 4, then ¼ + 1/16."""
    graph = plain.network((1,), ("Dense", {"units": 1}), loss=MeanSquaredError())
    parameters = initialise(graph, 0, np.float64)
    parameters.vector[...] = 0
    x = np.ones((2, 1))
    with plain.cut([1]), Engine(graph, parameters, batch_size=2, threads=2) as engine:
        assert engine.evaluate(ArrayBatch(x, np.array([1, 2])))[0] == 5
        assert engine.evaluate(ArrayBatch(x, np.array([0.5, 0.25])))[0] == 0.3125


def test_more_samples_than_are_handed_over_at_once(plain, monkeypatch):
    graph = plain.network((2, 4, 4), CONV, BN, "Flatten", HEAD, loss=MeanSquaredError())
    parameters = initialise(graph, 0, np.float64)
    x, y = plain.samples(graph, 1300)
    with Engine(graph, parameters, batch_size=64, threads=2) as engine:
        np.testing.assert_allclose(engine.predict(x), plain.inference(graph, parameters, x), rtol=1e-9, atol=1e-12)
        exact = graph.loss.piece(y, plain.inference(graph, parameters, x), 1300, logits=False, dy=None)
        np.testing.assert_allclose(engine.evaluate(ArrayBatch(x, y)), exact, rtol=1e-9, atol=1e-9)
