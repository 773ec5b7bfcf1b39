"""What tests of several parts share: golden texts, both kinds of kernels, a small network, and the commands."""

import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import train as train_command
from graphnn.commands.main import main
from graphnn.engine import inference, plan
from graphnn.engine.cut import Cut
from graphnn.kernels.kernels import NUMPY, Kernels
from graphnn.kernels.numba_kernels import NUMBA

ROOT = Path(__file__).resolve().parents[1]
HANGS = 600  # seconds; what takes so long waits for something that will not come, however busy the machine is
SMALL: Mapping[str, Any] = {
    "input": {"shape": [64]},
    "layers": [
        {"type": "Dense", "name": "hidden", "units": 16},
        {"type": "BatchNormalization", "name": "norm"},
        {"type": "ReLU"},
        {"type": "Dropout", "rate": 0.1},
        {"type": "Dense", "name": "output", "units": 10},
        {"type": "Softmax"},
    ],
    "loss": {"type": "CrossEntropy"},
    "optimizer": {"type": "SGDMomentum", "learning_rate": 0.05},
    "data": {"dataset": "digits", "seed": 1},
    "training": {"epochs": 3, "batch_size": 64, "seed": 1},
}


@dataclass(frozen=True)
class Golden:
    """Compares texts with those of files; where it is to update, it writes them instead and keeps the differences."""

    update: bool
    differences: list[str]

    def __call__(self, file: Path, text: str) -> None:
        known = file.read_text(encoding="utf-8") if file.exists() else ""
        if not self.update:
            assert text == known, f"{file} differs; python -m pytest --update-golden writes what is right now"
        elif text != known:
            lines = known.splitlines(), text.splitlines()
            self.differences.extend(difflib.unified_diff(*lines, str(file), str(file), lineterm=""))
            file.write_text(text, encoding="utf-8")


DIFFERENCES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden texts anew and show how they differ")


@pytest.hookimpl(tryfirst=True)  # before the processes for the tests are started
def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.getoption("--update-golden"):
        config.option.numprocesses = 0  # what differs is shown by the process that wrote it


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DIFFERENCES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[DIFFERENCES]:
        terminalreporter.section("golden texts that were written")
        terminalreporter.write_line("\n".join(config.stash[DIFFERENCES]))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with that of a file: golden(file, text)."""
    return Golden(request.config.getoption("--update-golden"), request.config.stash[DIFFERENCES])


@pytest.fixture(scope="session", autouse=True)
def surroundings() -> Iterator[None]:
    """An environment that does not say how wide or colourful the terminal is, nor that processes keep no bytecode.

    Output would depend on the first; with the last, a short command does little but compile the package anew.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C as it was after each test: a command that ends a process leaves it ignored."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def small() -> dict[str, Any]:
    """The values of a small network on digits, to change."""
    copy: dict[str, Any] = json.loads(json.dumps(SMALL))
    return copy


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document of the small network, in a folder of its own."""
    file = tmp_path / "net.json"
    file.write_text(json.dumps(SMALL), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document of the small network, its weights and its run, to copy."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "net.json").write_text(json.dumps(SMALL), encoding="utf-8")
    assert train_command.main([str(folder / "net.json"), "--quiet"]) == 0
    return folder


@pytest.fixture
def trained(trained_once: Path, document: Path) -> Path:
    """The document of the small network, as after `train net.json`."""
    shutil.copytree(trained_once, document.parent, dirs_exist_ok=True)
    return document


Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment() -> dict[str, str]:
    """Return an environment in which this checkout's package is found without being installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def start() -> Start:
    """Start `python ARGUMENTS…` and return the process, whose output goes into pipes or to a file descriptor."""

    def begin(
        *arguments: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None, to: int = subprocess.PIPE
    ) -> Any:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env={**environment(), **(env or {})},
            stdout=to,
            stderr=to,
            text=True,
            encoding="utf-8",
        )

    return begin


@pytest.fixture
def python(start: Start) -> Run:
    """Run `python ARGUMENTS…` to its end."""

    def run(*arguments: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Any:
        process = start(*arguments, cwd=cwd, env=env)
        out, err = process.communicate(timeout=HANGS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@pytest.fixture
def graphnn(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `graphnn COMMAND ARGUMENTS…` in this process: as a user does, but for the start of a process."""

    def run(*arguments: str | Path) -> Any:
        code = main([str(each) for each in arguments])
        shown = capsys.readouterr()
        return subprocess.CompletedProcess(["graphnn", *arguments], code, shown.out, shown.err)

    return run


@pytest.fixture
def train(document: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `train net.json ARGUMENTS…` in this process and return its exit code, output and errors."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = train_command.main([str(document), *map(str, arguments)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture(scope="module", params=[NUMPY, NUMBA], ids=lambda kernels: kernels.name)
def operations(request: pytest.FixtureRequest) -> Kernels:
    """The kernels by numpy, then those by numba where it is installed."""
    kernels: Kernels = request.param
    if kernels is NUMBA:
        pytest.importorskip("numba")
    return kernels


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut batches into 4 lanes and pieces of at most 3 samples, so that a small one keeps several threads busy."""
    monkeypatch.setattr(plan, "cut_of", lambda stages, batch_size: Cut(batch_size, min(4, batch_size)))
    for module, name in ((inference, "inference_piece"), (plan, "training_piece")):
        monkeypatch.setattr(module, name, lambda nodes, most: min(3, most))
