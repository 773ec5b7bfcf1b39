"""Documents from standard input and other pipes: read once, and nothing is written beside them."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Piped = Callable[..., Any]


@pytest.fixture
def piped(document: Path, graphnn: Any) -> Piped:
    """Run `cat net.json | graphnn COMMAND /dev/fd/N ARGUMENTS…`."""

    def run(command: str, *arguments: str | Path) -> Any:
        with pipe(document.read_bytes()) as end:
            return graphnn(command, f"/dev/fd/{end}", *arguments)

    return run


@contextmanager
def pipe(content: bytes) -> Iterator[int]:
    """Yield the end of a pipe that `content` comes out of."""
    end, start = os.pipe()
    with os.fdopen(end, "rb"):
        with os.fdopen(start, "wb") as file:
            file.write(content)
        yield end


def test_a_command_that_writes_nothing(piped: Piped) -> None:
    done = piped("inspect")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Dense" in done.stdout


def test_training_and_measuring(piped: Piped, tmp_path: Path) -> None:
    weights = tmp_path / "own.npz"
    assert piped("train", "--quiet", "--output", weights).returncode == 0
    assert weights.exists()
    done = piped("evaluate", "--weights", weights)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_comparison_reads_its_document_once(piped: Piped, tmp_path: Path) -> None:
    done = piped("compare", "--seeds", "0,1", "--set", "training.epochs=1", "--output", tmp_path / "compared")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_weights_are_named_where_none_can_lie_beside_the_document(command: str, piped: Piped, tmp_path: Path) -> None:
    done = piped(command, *([tmp_path / "a.png"] if command == "predict" else []))
    assert done.returncode == 2
    assert done.stderr.endswith(
        ": the weights lie beside the document, but this is no file on a disk; name theirs with --weights\n"
    )


def test_a_named_pipe(document: Path, graphnn: Any, tmp_path: Path) -> None:
    path = tmp_path / "fifo.json"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[document.read_bytes()], daemon=True)
    writer.start()
    done = graphnn("inspect", path)
    writer.join()
    assert (done.returncode, done.stderr) == (0, "")


def test_what_comes_from_a_pipe_is_checked(graphnn: Any) -> None:
    with pipe(b'{"layers": [}') as end:
        done = graphnn("train", f"/dev/fd/{end}", "--output", "a.npz")
    assert done.returncode == 2
    assert done.stderr.startswith(f"/dev/fd/{end}:1:13: ")
