"""Starts trainings by several ranks with mpirun: as many as a test asks for, however few cores there are."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAININGS = Path(__file__).with_name("trainings.py")
WAITS = 120  # seconds; what takes so long waits for a message that will not come
OPEN_MPI = {  # of version 4, then of version 5: more ranks than cores, on any cores, as any user
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}
Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Jobs = Callable[..., list[list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def mpirun() -> str:
    """The path of mpirun, of Open MPI or MPICH."""
    pytest.importorskip("mpi4py", reason="needs mpi4py, of the extra mpi")
    found = shutil.which("mpirun")
    if found is None:
        pytest.skip("needs mpirun, for example of Debian's package openmpi-bin")
    return found


@pytest.fixture(scope="session")
def surroundings_of_ranks(mpirun: str) -> Mapping[str, str]:
    """The environment of ranks."""
    said = subprocess.run([mpirun, "--version"], capture_output=True, text=True, check=False).stdout
    of_mpi = OPEN_MPI if "Open MPI" in said or "Open-MPI" in said else {}
    return {**os.environ, "PYTHONPATH": str(ROOT), **of_mpi}


@pytest.fixture
def start_ranks(mpirun: str, surroundings_of_ranks: Mapping[str, str]) -> Iterator[Start]:
    """Start `python ARGUMENTS…` as several ranks: start_ranks(2, "a.py"), or differing ones, start_ranks(["a"], ["b"]).

    0 ranks: without mpirun. What is left at the end of the test is ended.
    """
    started: list[subprocess.Popen[str]] = []

    def begin(ranks: int | list[str | Path], *arguments: Any, env: Mapping[str, str] | None = None) -> Any:
        if isinstance(ranks, int):
            line = [mpirun, "-n", str(ranks)] if ranks else []
            line += [sys.executable, *map(str, arguments)]
        else:
            line = [mpirun]
            for each in (ranks, *arguments):
                line += [":"] if len(line) > 1 else []
                line += ["-n", "1", sys.executable, *map(str, each)]
        process = subprocess.Popen(
            line,
            cwd=ROOT,
            env={**surroundings_of_ranks, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


@pytest.fixture
def ranks(start_ranks: Start) -> Run:
    """Run `python ARGUMENTS…` as several ranks to their end; see `start_ranks`."""

    def run(*arguments: Any, env: Mapping[str, str] | None = None) -> Any:
        process = start_ranks(*arguments, env=env)
        out, err = process.communicate(timeout=WAITS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@pytest.fixture
def trainings(ranks: Run, tmp_path: Path) -> Jobs:
    """Carry out jobs, as trainings.py describes them, one after the other by 2 ranks: trainings(2, jobs).

    Returns what became of each in rank 0, and in rank 1 where there is one.
    """

    def carry_out(count: int, jobs: list[dict[str, Any]], *, lanes: int = 0) -> Any:
        file = tmp_path / "jobs.json"
        file.write_text(json.dumps({"lanes": lanes, "jobs": jobs}), encoding="utf-8")
        done = ranks(count, TRAININGS, file)
        assert done.returncode == 0, done.stderr
        found = [file.with_suffix(f".{rank}.json") for rank in range(min(2, count or 1))]
        return [json.loads(each.read_text(encoding="utf-8")) for each in found]

    return carry_out
