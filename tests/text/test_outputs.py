"""Standard output and standard error that cannot be written to."""

import io
import os
import sys
from pathlib import Path

import pytest

from graphnn.text.outputs import NAMES, go_on_unread, named_outputs

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", NAMES)
def test_the_first_failure_has_a_name_and_the_rest_is_dropped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("w") as former:
        monkeypatch.setattr(sys, name, former)
        with named_outputs():
            stream = getattr(sys, name)
            stream.write("lost")
            with pytest.raises(OSError, match="No space left on device") as caught:
                stream.flush()
            assert caught.value.filename == NAMES[name]
            print("lost, too", file=stream, flush=True)
        assert getattr(sys, name) is former
        former.flush()  # it has nothing to write


def test_a_reader_that_has_left_is_a_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with named_outputs():
            print("nobody reads this")
            with pytest.raises(BrokenPipeError):
                sys.stdout.flush()


def test_a_command_can_go_on_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with named_outputs():
            go_on_unread()
            for _ in range(2):
                print("nobody reads this", flush=True)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_what_a_closed_terminal_does_not_take_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, end = os.openpty()
    with os.fdopen(end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with named_outputs():
            assert sys.stdout.isatty()
            print("seen", flush=True)
            assert os.read(terminal, 10) == b"seen\r\n"
            os.close(terminal)
            for _ in range(2):
                print("not seen", flush=True)


def test_streams_keep_their_encoding_and_other_streams_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, memory = tmp_path / "out.txt", io.StringIO()
    with file.open("w", encoding="latin-1", errors="replace") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", memory)
        stream.write("é ")
        with named_outputs():
            assert sys.stderr is memory
            print("é 漢")
            with named_outputs():
                print("é")
    assert file.read_bytes() == "é é ?\né\n".encode("latin-1")
