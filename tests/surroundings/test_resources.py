"""Few cores, files, processes or bytes are allowed: a command works as usual, or says in one line what is missing."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

long = partial(pytest.param, marks=pytest.mark.long)
Shell = Callable[..., Any]
TRAIN = "graphnn train wide.json --quiet --threads 2"


@pytest.fixture
def usual(shell: Shell, folder: Path) -> tuple[str, bytes]:
    """What a training prints, and the weights that it writes, without any limit."""
    shown = shell(TRAIN)
    assert (shown.returncode, shown.stderr) == (0, "")
    weights = (folder / "wide.npz").read_bytes()
    shutil.rmtree(folder / "wide.runs")
    (folder / "wide.npz").unlink()
    return shown.stdout, weights


def mounting() -> bool:
    """Whether this user may mount folders of his own, as root may."""
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.parametrize("before", ["ulimit -n 10", long("ulimit -n 20"), long("taskset -pc 0 $BASHPID")])
def test_the_same_weights_with_few_files_or_cores(
    usual: tuple[str, bytes], shell: Shell, folder: Path, before: str
) -> None:
    shown = shell(TRAIN, before=f"{before} > /dev/null")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, usual[0], "")
    assert (folder / "wide.npz").read_bytes() == usual[1]


@pytest.mark.long
@pytest.mark.skipif(not mounting(), reason="needs the right to mount")
def test_shared_memory_is_not_a_folder(usual: tuple[str, bytes], shell: Shell, folder: Path) -> None:
    """Processes share memory that has no name, so that /dev/shm may be full, read-only or missing."""
    mounted = "mount -t tmpfs -o ro,size=4k none /dev/shm"
    shown = shell(f"unshare -m bash -c '{mounted} && exec \"$@\"' - {sys.executable} -m {TRAIN}")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, usual[0], "")
    assert (folder / "wide.npz").read_bytes() == usual[1]


def test_no_further_process_may_be_started(folder: Path, python: Callable[..., Any]) -> None:
    """As under ulimit -u, which does not hold for root; one thread needs no other process."""
    code = (
        "import errno, os, sys\n"
        "def fork(): raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "os.fork = fork\n"
        "from graphnn.commands.main import main\n"
        "sys.exit(main(['train', 'wide.json', '--quiet', '--threads', sys.argv[1]]))"
    )
    shown = python("-c", code, "2", cwd=folder)
    assert shown.returncode == 2
    said = (
        "the engine cannot use 2 threads: process 2 of the team cannot be started: Resource temporarily unavailable; "
    )
    assert said + "1 of 2 are running, so use 1 or fewer (--threads)" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert python("-c", code, "1", cwd=folder).returncode == 0


@pytest.mark.parametrize("name", ["wide", long("images")])
def test_little_memory_for_processes(shell: Shell, name: str) -> None:
    shown = shell(f"graphnn train {name}.json --quiet --threads 2", before="ulimit -v 205000")
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr
    [line] = shown.stderr.splitlines()
    if "numba" not in line:  # which says itself that a library of it cannot be loaded
        assert "not enough memory: 16.0 MiB that processes share cannot be had: this process has " in line
        assert line.endswith("(ulimit -v)")


def test_too_little_memory_for_the_network(shell: Shell, folder: Path) -> None:
    shown = shell(TRAIN + " --set layers[0].units=200000", before="ulimit -v 700000")
    assert shown.returncode == 2
    assert "wide.json: training this network at a batch size of 128 takes " in shown.stderr
    assert "but this process has " in shown.stderr
    assert " free of 683.6 MiB (ulimit -v)" in shown.stderr
    assert not (folder / "wide.runs").exists()
