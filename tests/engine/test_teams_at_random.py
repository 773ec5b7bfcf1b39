"""Teams of threads and of processes under random tasks: errors, delays, and members that are stopped or killed."""

import os
import random
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from graphnn.engine.batch import ArrayBatch
from graphnn.engine.engine import Engine
from graphnn.engine.folding import shares
from graphnn.engine.processes import Processes, can_fork
from graphnn.engine.waiting import Lost
from graphnn.engine.workers import Workers
from graphnn.errors import GraphError
from graphnn.graph.initialisation import initialise
from graphnn.shared_memory import shared_zeros

MOST = 30  # tasks in a run
SOON = 2.0  # seconds within which the loss of a process is told
forking = pytest.mark.skipif(not can_fork(), reason="needs processes that are forked")
seeds = [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 60))]


class Plan:
    """Runs that every member draws alike: how many tasks, which of them fail, and how long each takes."""

    def __init__(self, seed, runs):
        draw = random.Random(seed)
        self.members = draw.choice([2, 2, 3, 4, 6])
        self.runs = []
        for _ in range(runs):
            count = draw.choice([0, 1, 2, draw.randint(3, MOST)])
            failing = {number for number in range(count) if draw.random() < draw.choice([0, 0, 0.05, 0.3])}
            self.runs.append((count, failing, [draw.choice([0, 0, 0, 5e-5, 5e-4]) for _ in range(count)]))

    def carry_out(self, team, begun, wrong):
        """Carry out all runs as a member; begun, runs×MOST: how often each task was begun; wrong: runs that went so."""
        for row, (count, failing, seconds) in enumerate(self.runs):

            def task(number, row=row, failing=failing, seconds=seconds):
                begun[row, number] += 1
                time.sleep(seconds[number])
                if number in failing:
                    raise ValueError(number)

            said = None
            try:
                team.run(task, count)
            except ValueError as error:
                said = error.args[0]
            wrong[row] += said != min(failing, default=None)

    def check(self, begun):
        """See that each member began its tasks up to its first that fails, and none twice."""
        for row, (count, failing, _) in zip(begun.tolist(), self.runs, strict=True):
            assert max(row) <= 1
            lowest = min(failing, default=count)
            for share in shares(range(count), self.members):
                must = [number for number in share if not failing & set(range(share.start, number))]
                assert all(row[number] for number in must if number <= lowest)
                assert not any(row[number] for number in share if number not in must)
            assert not any(row[count:])


def forked(plan, runs):
    """Return a team of processes that carry out a plan, how the first one does, the tasks begun, and wrong errors."""
    begun, wrong = shared_zeros((runs, MOST), np.int64), shared_zeros((plan.members, runs), np.int64)
    team = Processes(plan.members)

    def serve():
        plan.carry_out(team, begun, wrong[team.rank])
        team.exchange(None)

    team.fork(serve)
    return team, serve, begun, wrong


@pytest.mark.parametrize("seed", seeds)
def test_random_runs_of_threads(seed):
    plan = Plan(seed, 60)
    begun, wrong = np.zeros((60, MOST), int), np.zeros(60, int)
    team = Workers(plan.members)
    plan.carry_out(team, begun, wrong)
    team.close()
    plan.check(begun)
    assert not wrong.any()


@forking
@pytest.mark.parametrize("seed", seeds)
def test_random_runs_of_processes(seed):
    """All members see the same error, and go on with the next run."""
    plan = Plan(seed, 60)
    team, serve, begun, wrong = forked(plan, 60)
    serve()
    team.close()
    plan.check(begun)
    assert not wrong.any()


@forking
@pytest.mark.parametrize("seed", seeds)
def test_members_that_are_stopped_for_a_while(seed):
    """As by a busy machine: the others wait, asleep or not, and nothing else changes."""
    plan, draw = Plan(seed, 30), random.Random(seed)
    team, serve, begun, wrong = forked(plan, 30)
    children, stopper = list(team._children), os.fork()
    if stopper == 0:
        with suppress(ProcessLookupError):
            for _ in range(12):
                child = draw.choice(children)
                os.kill(child, signal.SIGSTOP)
                time.sleep(draw.choice([1e-4, 5e-3]))
                os.kill(child, signal.SIGCONT)
                time.sleep(draw.random() * 2e-3)
        os._exit(0)
    serve()
    os.waitpid(stopper, 0)
    team.close()
    plan.check(begun)
    assert not wrong.any()


@forking
@pytest.mark.parametrize("seed", seeds)
def test_a_member_killed_at_any_time(seed):
    """The first hears of it soon, whatever it does; no process and no file of the team is left."""
    draw, before = random.Random(seed), open_files()
    team, killed = Processes(draw.choice([2, 3, 5])), shared_zeros(1, np.float64)

    def serve():
        while True:
            team.run(lambda number: time.sleep(1e-4 * (number % 3)), 7)

    team.fork(serve)
    children = list(team._children)
    victims = draw.sample(children, draw.randint(1, len(children)))
    with killing(victims, draw.choice([0, draw.random() * 0.05]), killed), pytest.raises(Lost, match="SIGKILL") as told:
        serve()
    assert time.monotonic() - killed[0] < SOON
    assert any(f"process {children.index(victim) + 2} of the team" in str(told.value) for victim in victims)
    team.close()
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert open_files() == before


@forking
@pytest.mark.parametrize("seed", seeds[:1] + seeds[4:14])
def test_an_engine_whose_processes_are_killed_again_and_again(seed, plain):
    """A step either fails as a whole or has the bits that it always has."""
    graph = plain.network(
        (2, 6, 6), ("Conv2D", {"filters": 3}), "BatchNormalization", "Flatten", ("Dense", {"units": 4})
    )
    draw, killed = random.Random(seed), shared_zeros(1, np.float64)
    x, y = plain.samples(graph, 12)

    def gradient(engine, step):
        engine.train_step(ArrayBatch(x, y), epoch=0, step=step)
        return engine.parameters.gradient.tobytes()

    def go_on(engine):
        while True:
            step = draw.randrange(3)
            assert gradient(engine, step) == wanted[step]

    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=12, threads=1) as engine:
        wanted = [gradient(engine, step) for step in range(3)]
    with plain.cut([2]), Engine(graph, initialise(graph, 0, np.float64), batch_size=12, threads=3) as engine:
        for _ in range(8):
            assert gradient(engine, 0) == wanted[0]
            victim = draw.choice(engine._formation.team._children)
            with (
                killing([victim], draw.random() * 0.01, killed),
                pytest.raises(GraphError, match="process of the engine was lost"),
            ):
                go_on(engine)
            assert time.monotonic() - killed[0] < SOON


@contextmanager
def killing(victims, seconds, when):
    """Let another process kill these after a while; when: receives the time."""
    killer = os.fork()
    if killer == 0:
        time.sleep(seconds)
        when[0] = time.monotonic()
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        os._exit(0)
    yield
    os.waitpid(killer, 0)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))
