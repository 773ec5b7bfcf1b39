"""compare on a Dask cluster that is started by the command lines of the README."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.runs.folder import RunFolder
from graphnn.runs.store import store_of

Run = Callable[..., Any]
HANGS = 120  # seconds
pytest.importorskip("distributed")


def dask(*arguments: str) -> tuple[str, ...]:
    """Return the arguments of python that run a command of Dask."""
    return ("-m", "dask", *arguments)


@pytest.fixture
def cluster(tmp_path: Path, start: Run) -> Iterator[tuple[Path, list[Any]]]:
    """The file of a scheduler, and its processes: first the scheduler, then two workers."""
    file, none = tmp_path / "cluster.json", "--no-dashboard"
    common = ("--scheduler-file", str(file), none)
    processes = [start(*dask("scheduler", "--port", "0", *common), cwd=tmp_path)]
    end = time.monotonic() + HANGS
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    processes += [start(*dask("worker", "--nthreads", "1", *common), cwd=tmp_path) for _ in range(2)]
    yield file, processes
    for process in reversed(processes):
        process.terminate()
        process.communicate(timeout=HANGS)


@pytest.mark.long
def test_the_commands_of_the_readme(
    cluster: tuple[Path, list[Any]], document: Path, graphnn: Run, start: Run, root: Path
) -> None:
    """A worker leaves in the middle, as where its machine is shut down."""
    file, processes = cluster
    text = " ".join((root / "tools" / "README.md").read_text().split())
    assert "`dask worker --scheduler-file cluster.json` and `compare --scheduler cluster.json`" in text
    options = ("--seeds", "1,2,3", "--format", "csv", "--limit", "500", "--set", "training.epochs=12")
    options = (*options, "--set", "training.batch_size=8")
    alone = graphnn("compare", document, *options, "--output", document.with_name("alone"))
    with start("-m", "graphnn", "compare", document, *options, "--scheduler", file, cwd=document.parent) as compare:
        end = time.monotonic() + HANGS
        while not any(len(run.history.read_text().splitlines()) > 3 for run in started(document)):
            assert time.monotonic() < end
            time.sleep(0.05)
        processes[1].send_signal(signal.SIGTERM)
        out, err = compare.communicate(timeout=HANGS)
    assert compare.returncode == 0, err
    assert re.search(r"^\d of 3: as it is, seed \d: its worker \S+ was lost; another one goes on", err, re.M)
    without_times = [re.sub(r",[^,\n]*$", "", each, flags=re.MULTILINE) for each in (out, alone.stdout)]
    assert without_times[0] == without_times[1]
    assert len(started(document)) == 3


def started(document: Path) -> list[RunFolder]:
    """Return the runs beside a document that have begun to train."""
    return [run for run in store_of(document).runs() if run.history.is_file()]


@pytest.mark.long
def test_a_search_on_a_cluster_comes_to_the_same_trials(
    cluster: tuple[Path, list[Any]], document: Path, graphnn: Run, start: Run
) -> None:
    """A worker is killed on the way; as it answers no more, its training goes on from its run."""
    file, processes = cluster
    search = document.with_name("search.json")
    search.write_text('{"search": {"optimizer.learning_rate": {"low": 1e-6, "high": 0.1, "log": true}}}')
    options = ("--variants", search, "--search", "optuna", "--trials", "12", "--format", "csv", "--limit", "500")
    options = (*options, "--set", "training.epochs=8", "--set", "training.batch_size=8")
    alone = graphnn("compare", document, *options, "--output", document.with_name("alone"))
    assert "pruned" in alone.stdout
    with start("-m", "graphnn", "compare", document, *options, "--scheduler", file, cwd=document.parent) as compare:
        end = time.monotonic() + HANGS
        while len(started(document)) < 3:
            assert time.monotonic() < end
            time.sleep(0.05)
        processes[1].send_signal(signal.SIGKILL)
        out, err = compare.communicate(timeout=HANGS)
    assert compare.returncode == 0, err
    without_times_and_runs = [
        re.sub(r",[^,\n]*,[^,\n]*$", "", each, flags=re.MULTILINE) for each in (out, alone.stdout)
    ]
    assert without_times_and_runs[0] == without_times_and_runs[1]
    assert len([run for run in started(document) if run.checkpoint.exists()]) == 12  # else no epoch was finished
