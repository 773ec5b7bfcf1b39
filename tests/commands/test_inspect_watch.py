"""inspect --watch: in a terminal, in a pipe, and whatever happens to the files meanwhile."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import inspect
from graphnn.graph.build import build_graph
from graphnn.graph.initialisation import initialise
from graphnn.specification.spec import read_spec
from graphnn.storage.file_changes import FileChanges
from graphnn.storage.weights import save_weights

HANGS = 600
Run = Callable[..., Any]
PLUGIN = """
from dataclasses import dataclass
from graphnn.layers.base import Layer, register

@register
@dataclass(frozen=True)
class Doubled(Layer):
    schema = {"properties": {}}

    def output_shape(self, input_shape):
        return (FACTOR * input_shape[0],)

    def forward(self, params, x, ctx):
        raise NotImplementedError
"""


class Watching:
    """A call of `inspect --watch` whose output, or terminal, is read bit by bit."""

    def __init__(self, end: int, process: "subprocess.Popen[bytes]") -> None:
        self.end, self.process, self.shown = end, process, b""

    def until(self, *words: str) -> str:
        """Return what is shown from here on until all these words are there, and nothing follows."""
        until = time.monotonic() + HANGS
        while not all(word in self.shown.decode(errors="replace") for word in words):
            assert time.monotonic() < until, self.shown
            if select.select([self.end], [], [], 1)[0]:
                new = os.read(self.end, 65536)
                assert new, self.shown
                self.shown += new
        while select.select([self.end], [], [], 0.2)[0]:
            self.shown += os.read(self.end, 65536)
        text, self.shown = self.shown.decode(), b""
        assert "Traceback" not in text
        return text


@pytest.fixture
def begin() -> Iterator[Callable[..., Watching]]:
    """Start `inspect --watch`, in a terminal of 80 by 24 or in a pipe."""
    ends: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str | Path, terminal: bool = False, term: str = "xterm") -> Watching:
        if terminal:
            import fcntl
            import struct
            import termios

            end, other = os.openpty()
            fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        else:
            end, other = os.pipe()
        command = [sys.executable, "-m", "graphnn", "inspect", "--watch", *map(str, arguments)]
        env = {**os.environ, "TERM": term}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=other, stderr=other, env=env)
        os.close(other)
        ends.append(end)
        processes.append(process)
        return Watching(end, process)

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
    for end in ends:
        os.close(end)


def replaced(file: Path, text: str) -> None:
    """Save a file as many editors do: write another one, and rename it."""
    other = file.with_name(f".{file.name}.swp")
    other.write_text(text, encoding="utf-8")
    other.replace(file)


pty = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")


@pty
def test_a_terminal_shows_each_save_in_the_same_place(document: Path, small: dict[str, Any], begin: Run) -> None:
    watched = begin(document, terminal=True)
    first = watched.until("training memory", "\x1b[J")
    assert first.replace("\r", "").startswith("\n" * 23 + "\x1b[H\x1b[J")
    small["layers"][0]["units"] = 32
    began = time.monotonic()
    replaced(document, json.dumps(small))
    second = watched.until("training memory", "\x1b[J")
    assert time.monotonic() - began < 5  # half a second, on a machine that has nothing else to do
    assert second.startswith("\x1b[H")
    assert "parameters 1,274 → 2,538" in second
    assert "\x1b[2J" not in first + second
    assert second.count("\n") < 24
    document.write_text("{")
    assert "net.json:1:1: " in watched.until(" problem", "never closed", "\x1b[J")
    document.write_text(json.dumps(small))
    assert "as before" in watched.until("training memory", "\x1b[J")
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(HANGS) == 0


@pty
def test_a_larger_window_shows_more(document: Path, small: dict[str, Any], begin: Run) -> None:
    import fcntl
    import struct
    import termios

    small["layers"][1:1] = [{"type": "ReLU"}] * 40  # each with a note
    document.write_text(json.dumps(small))
    watched = begin(document, terminal=True)
    text = watched.until("more lines; a taller window shows them", "training memory", "\x1b[J")
    assert text.partition("\x1b[H\x1b[J")[2].count("\n") < 24
    assert text.count("note: ") in (1, 2)
    fcntl.ioctl(watched.end, termios.TIOCSWINSZ, struct.pack("HHHH", 300, 80, 0, 0))
    assert "more lines" not in watched.until("relu_20", "training memory", "\x1b[J")


@pty
def test_a_terminal_that_only_prints_gets_one_report_after_the_other(document: Path, begin: Run) -> None:
    watched = begin(document, terminal=True, term="dumb")
    assert "\x1b" not in watched.until("training memory")


def test_a_pipe_gets_one_report_after_the_other(document: Path, small: dict[str, Any], begin: Run) -> None:
    watched = begin(document, "--set", "training.epochs=1")
    title = watched.until("training memory").splitlines()[0]
    assert re.fullmatch(r"── \d\d:\d\d:\d\d  net\.json  shown again at each save; Ctrl-C ends ─+", title)
    small["layers"][0]["activation"] = "relu"
    replaced(document, json.dumps(small))
    assert 'unknown key "activation"' in watched.until("1 problem", "^")
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(HANGS) == 0
    assert os.read(watched.end, 4096) == b""


def test_whatever_happens_to_the_file_is_told(document: Path, small: dict[str, Any], begin: Run) -> None:
    watched = begin(document)
    watched.until("training memory")
    document.unlink()
    assert "there is no such file" in watched.until("1 problem", "file")
    document.mkdir()
    assert "this is a folder" in watched.until("1 problem", "folder")
    document.rmdir()
    watched.until("there is no such file")
    document.write_bytes(b" " * 5_000_001)
    assert "larger than 5 MB" in watched.until("1 problem", "MB")
    document.write_bytes(b"\xff\xfe\x00")
    assert "UTF-16" in watched.until("1 problem", "UTF-16")
    document.write_text("[" * 100_000)
    assert "nested more than" in watched.until("1 problem", "nested")
    if os.geteuid():
        document.chmod(0)
        watched.until("cannot be read")
        document.chmod(0o644)
    replaced(document, json.dumps(small))
    watched.until("as before", "training memory")
    assert watched.process.poll() is None


def test_a_save_in_pieces_shows_no_error(document: Path, small: dict[str, Any], begin: Run) -> None:
    watched = begin(document)
    watched.until("training memory")
    text = json.dumps(small, indent=1)
    for _ in range(3):
        with document.open("w") as file:
            for at in range(0, len(text), 100):
                file.write(text[at : at + 100])
                file.flush()
                time.sleep(0.005)
    document.rename(document.with_suffix(".bak"))
    time.sleep(0.2)
    document.write_text(json.dumps(small | {"training": {"epochs": 9, "batch_size": 64}}))
    assert "problem" not in watched.until("training.epochs 3 → 9", "training memory")


def test_the_weights_are_read_again(document: Path, begin: Run) -> None:
    weights = document.with_suffix(".npz")
    watched = begin(document, "--weights", weights)
    watched.until("1 problem", "net.npz")
    arrays = initialise(build_graph(read_spec(document)), 0).named()
    save_weights(weights, arrays, {})
    assert "hidden/weights" in watched.until("training memory", "output/biases")
    arrays["output/biases"] = arrays["output/biases"][:3]
    save_weights(weights, arrays, {})
    assert '"output/biases" is 10 in the network, 3 in the file' in watched.until("does not fit", "in the file")


def test_a_plugin_is_run_again(document: Path, tmp_path: Path, small: dict[str, Any], begin: Run) -> None:
    plugin = tmp_path / "doubled.py"
    plugin.write_text(PLUGIN.replace("FACTOR", "2"))
    small["layers"].insert(0, {"type": "Doubled"})
    document.write_text(json.dumps(small))
    watched = begin(document, "--plugin", plugin)
    watched.until("2,266", "training memory")  # trainable parameters
    plugin.write_text(PLUGIN.replace("FACTOR", "3"))  # of the same size, perhaps in the same second
    watched.until("parameters 2,298 → 3,322", "training memory")
    plugin.write_text(PLUGIN.replace("FACTOR", "factor"))
    wrong = watched.until("1 problem", "doubled.py")
    assert f"{plugin}:11: the plugin failed: NameError: name 'factor' is not defined" in wrong
    plugin.write_text("def")
    watched.until("1 problem", "the plugin failed: SyntaxError")
    plugin.write_text(PLUGIN.replace("FACTOR", "3"))
    watched.until("as before", "training memory")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "json"], "--watch shows a table; leave --format json out"),
        (["--format", "csv"], "--watch shows a table; leave --format csv out"),
        (["--expand"], "--expand prints the document once; --watch shows a table"),
        (["--plan", "--format", "markdown"], "--watch shows a table; leave --format markdown out"),
    ],
)
def test_other_formats_are_refused(arguments: list[str], message: str, document: Path, graphnn: Run) -> None:
    done = graphnn("inspect", document, "--watch", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(message)


def test_what_cannot_be_watched_is_refused(document: Path, tmp_path: Path, graphnn: Run) -> None:
    missing = graphnn("inspect", document.with_name("nte.json"), "--watch")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "did you mean" in missing.stderr
    assert "name a document" in graphnn("inspect", "--watch").stderr
    schema = graphnn("inspect", "--watch", "--write-schema", tmp_path / "s.json")
    assert schema.returncode == 2
    assert "--watch is for a document" in schema.stderr
    with document.open() as file:
        done = graphnn("inspect", f"/dev/fd/{file.fileno()}", "--watch")
    assert done.returncode == 2
    assert "--watch needs a file that can be saved again" in done.stderr


def test_the_plan_and_notes_are_shown_and_little_memory_is_no_end(
    document: Path, small: dict[str, Any], graphnn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    small["data"]["augment"] = [{"type": "RandomFlip"}]
    document.write_text(json.dumps(small))
    saves: list[float] = []

    def too_large(*_: Any) -> Any:
        raise MemoryError("12 GiB")

    def saved(changes: FileChanges, now: float) -> bool:
        saves.append(now)
        if len(saves) == 2:
            raise KeyboardInterrupt
        monkeypatch.setattr(inspect, "describe", too_large)
        return True

    monkeypatch.setattr(FileChanges, "saved", saved)
    done = graphnn("inspect", document, "--plan", "--watch")
    assert (done.returncode, done.stderr) == (0, "")
    assert "what a piece passes without waiting" in done.stdout
    assert "note: " in done.stdout
    assert "RandomFlip mirrors images" in done.stdout
    assert done.stdout.endswith("not enough memory: 12 GiB\n")
