"""Trainings on the workers of a Dask cluster: one whose worker is killed goes on, and what is refused."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import GraphError
from graphnn.runs import comparison_dask_cluster, comparison_dask_worker
from graphnn.runs.comparison import ComparisonRequest
from graphnn.runs.comparison_dask import Dask
from graphnn.runs.comparison_dask_worker import seen
from graphnn.runs.comparison_report import comparison_report
from graphnn.runs.comparison_training import FINISHED, STOPPED
from graphnn.runs.executors import INTERRUPTED, Ended
from graphnn.runs.facts import INTERRUPTED as SAVED
from graphnn.runs.store import RunStore
from graphnn.text.installing import extra_command
from graphnn.version import __version__

MODULE = comparison_dask_worker.__name__
CarryOut = Callable[..., list[Ended]]
InWorker = Callable[[str, str], str]
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two worker processes on this machine."""
    addresses = {"scheduler_port": 0, "dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, **addresses) as running:
        yield running


@pytest.fixture
def in_a_worker(cluster: Any) -> Iterator[InWorker]:
    """Run code in a worker process, and other code when the test is over; return the address of the worker."""
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        (first, *_others) = client.nthreads()
        undo = list[str]()

        def run(code: str, undoing: str) -> str:
            undo.append(undoing)
            client.run(exec, code, {}, workers=[first])
            return str(first)

        yield run
        for code in undo:
            client.run(exec, code, {}, workers=[first])


def test_a_training_whose_worker_is_killed_goes_on(
    comparison: ComparisonRequest,
    carry_out: CarryOut,
    cluster: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def kill(executor: Dask, position: int) -> None:
        (place,) = [order.place for order in executor.running if order.task.position == position]
        (pid,) = [each.pid for each in cluster.workers.values() if each.worker_address.endswith(str(place))]
        os.kill(pid, signal.SIGKILL)

    ended = carry_out(comparison, {(0, 3): kill}, scheduler=cluster.scheduler_address)
    shown = capsys.readouterr()
    lost = r"1 of 2: as it is, seed 1: its worker 127.0.0.1:\d+ was lost; another one goes on from its run\n"
    assert re.fullmatch(lost, shown.err)
    assert "1 of 2: as it is, seed 1 goes on at 127.0.0.1:" in shown.out
    assert [each.how for each in ended] == [FINISHED, FINISHED]
    assert len(comparison.store.runs()) == 2  # nothing was begun twice
    logs = [each.training.known.run.log.read_text() for each in ended if each.training.known]
    assert ["Resumed at epoch " in log for log in logs] == [True, False]
    assert "Resumed at epoch 1," not in logs[0]
    alone = carry_out(replace(comparison, store=RunStore(tmp_path / "alone")), {})
    tables = [comparison_report([each.training for each in some]).data for some in (ended, alone)]
    for table in tables:
        assert [row.pop("seconds") > 0 for row in table] == [True]
    assert tables[0] == tables[1]


def test_trainings_are_stopped_and_saved(
    comparison: ComparisonRequest, carry_out: CarryOut, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose epoch is refused, then all by Ctrl-C."""
    refused = carry_out(
        replace(comparison, seeds=(1,)), {(0, 2): lambda *_: False}, scheduler=cluster.scheduler_address
    )
    assert [each.how for each in refused] == [STOPPED]
    stopped = {(1, 2): lambda *_: signal.raise_signal(signal.SIGINT)}
    ended = carry_out(comparison, stopped, scheduler=cluster.scheduler_address)
    assert ended[1].how == INTERRUPTED
    states = {INTERRUPTED: SAVED, FINISHED: FINISHED}
    assert [run.facts().state for run in comparison.store.runs()] == [states[each.how] for each in ended]
    shown = capsys.readouterr()
    assert "1 of 2: as it is, seed 1 goes on from run 1 at 127.0.0.1:" in shown.out
    assert shown.err.endswith("To continue, with the same result as without the interruption:\n  again\n")


def test_a_training_that_nobody_waits_for_is_saved(
    comparison: ComparisonRequest, carry_out: CarryOut, cluster: Any
) -> None:
    class Gone(Exception):
        """The command has ended, in whatever way."""

    def leave(executor: Dask, position: int) -> None:
        raise Gone

    with pytest.raises(Gone):
        carry_out(replace(comparison, seeds=(1,)), {(0, 2): leave}, scheduler=cluster.scheduler_address)
    (run,) = comparison.store.runs()
    end = time.monotonic() + 60
    while run.running():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert run.facts().state == SAVED


def test_a_worker_that_is_training_for_another_command_is_left_alone(
    comparison: ComparisonRequest,
    carry_out: CarryOut,
    cluster: Any,
    in_a_worker: InWorker,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = f"from {MODULE} import TRAINING; TRAINING.{{}}()"
    busy = in_a_worker(code.format("acquire"), code.format("release")).removeprefix("tcp://")
    ended = carry_out(replace(comparison, seeds=(1,)), {}, scheduler=cluster.scheduler_address)
    assert [each.how for each in ended] == [FINISHED]
    shown = capsys.readouterr()
    assert re.match(rf"1 of 1: as it is, seed 1 begins at (?!{busy})127.0.0.1:\d+\n", shown.out)
    assert shown.err == ""


def refusal(carry_out: CarryOut, comparison: ComparisonRequest, scheduler: str) -> str:
    """Return the message with which a scheduler is refused, after which no run was begun."""
    with pytest.raises(GraphError) as raised:
        carry_out(comparison, {}, scheduler=scheduler)
    assert not comparison.store.runs()
    return str(raised.value)


def test_a_worker_of_another_version_is_refused(
    comparison: ComparisonRequest, carry_out: CarryOut, cluster: Any, in_a_worker: InWorker
) -> None:
    code = f"import {MODULE} as module; module.__version__ = '{{}}'"
    in_a_worker(code.format("0.0.9"), code.format(__version__))
    text = refusal(carry_out, comparison, cluster.scheduler_address)
    assert re.fullmatch(
        rf"the worker tcp://127.0.0.1:\d+ has graphnn 0.0.9; install {__version__} there, as here", text
    )


def test_a_worker_that_cannot_run_this_is_refused(
    comparison: ComparisonRequest, carry_out: CarryOut, cluster: Any, in_a_worker: InWorker
) -> None:
    in_a_worker(f"import sys; sys.modules['{MODULE}'] = None", f"import sys; del sys.modules['{MODULE}']")
    text = refusal(carry_out, comparison, cluster.scheduler_address)
    assert f" cannot run graphnn: ModuleNotFoundError('import of {MODULE} halted" in text
    assert text.endswith(f"; install {__version__} there, as here")


def test_a_worker_that_does_not_see_the_folder_is_refused(
    comparison: ComparisonRequest, carry_out: CarryOut, cluster: Any, in_a_worker: InWorker
) -> None:
    code = f"import {MODULE} as module; module.is_there = {{}}; module.SEEN_WITHIN = 0.1"
    in_a_worker(code.format("lambda file: False"), code.format("lambda file: file.exists()"))
    text = refusal(carry_out, comparison, cluster.scheduler_address)
    assert f" does not see {comparison.store.folder}; a file system of all machines is needed" in text
    assert [*comparison.store.folder.iterdir()] == []


def test_what_a_worker_sees_of_a_folder(
    tmp_path: Path, held: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison_dask_worker, "SEEN_WITHIN", 0.1)
    assert seen(tmp_path / "missing" / "file", locked=True) == f"does not see {tmp_path / 'missing'}"
    file = tmp_path / "file"
    file.touch()
    assert seen(file, locked=True) == ""  # locks do not reach this process
    assert seen(file, locked=False) is None
    held(file)
    assert seen(file, locked=True) is None


@pytest.mark.parametrize(
    ("scheduler", "said"),
    [
        ("tcp://127.0.0.1:1", "no scheduler answers there; dask scheduler starts one, and prints its address"),
        ("localhost", "is no address of a scheduler; write tcp://HOST:8786, or the file of dask scheduler "),
        ("foo://localhost:1", "is no address of a scheduler; write tcp://HOST:8786, or the file of dask scheduler "),
        ("tls://localhost:1", "tls needs certificates, and Dask's configuration names none; write them under "),
        ("nowhere.json", "no such file; dask scheduler --scheduler-file writes it"),
    ],
)
def test_an_address_of_nobody_is_refused(
    scheduler: str, said: str, comparison: ComparisonRequest, carry_out: CarryOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison_dask_cluster, "CONNECTED_WITHIN", 0.5)
    if "answers" not in said:  # a client that is refused its address ends with a traceback, when nobody looks
        monkeypatch.setattr(distributed, "Client", None)
    assert refusal(carry_out, comparison, scheduler).startswith(f"--scheduler {scheduler}: {said}")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": 5}', '{"address": "localhost"}'])
def test_a_file_without_an_address_is_refused(
    text: str, comparison: ComparisonRequest, carry_out: CarryOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "Client", None)
    file = tmp_path / "scheduler.json"
    file.write_text(text)
    assert refusal(carry_out, comparison, str(file)).startswith(f"--scheduler {file}: is no address of a scheduler")


def test_the_extra_is_named_where_dask_is_missing(
    comparison: ComparisonRequest, carry_out: CarryOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    text = refusal(carry_out, comparison, "tcp://127.0.0.1:8786")
    assert text == f"--scheduler needs Dask's package distributed: {extra_command('dask')}"
