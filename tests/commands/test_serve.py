"""serve: its options, and what it says where it cannot serve."""

import importlib.util
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands import serve as serve_command
from graphnn.commands.guarding import UsageError
from graphnn.commands.serve import NEEDED
from graphnn.serving.limits import Limits

needs_packages = pytest.mark.skipif(not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extra serve")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], '"70000" is no port; they go up to 65535'),
        (["--port", "http"], '"http" is not an integer of at least 0'),
        (["--workers", "0"], '"0" is not an integer of at least 1'),
        (["--timeout", "0"], '"0" is no time above 0'),
        (["--read-timeout", "nan"], '"nan" is no time of 0 or more'),
        (["--batch-wait-ms", "-1"], '"-1" is no time of 0 or more'),
        (["--max-bdy", "3"], 'did you mean "--max-body"?'),
    ],
)
def test_wrong_options_have_clear_messages(arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        serve_command.parser().parse(["net.json", *arguments])
    assert words in str(caught.value)


def test_without_options_the_limits_are_those_of_the_library() -> None:
    assert serve_command.limits_of(serve_command.parser().parse(["net.json"])) == Limits()


def test_every_limit_has_an_option() -> None:
    given = "--max-body 1 --max-pixels 2 --max-files 3 --max-queue 4 --max-held 5 --read-timeout 6 --timeout 7"
    found = serve_command.limits_of(serve_command.parser().parse(["net.json", *given.split()]))
    assert found == Limits(body=1 << 20, pixels=2, files=3, queue=4, held=5 << 20, reading=6, answering=7)


def test_a_missing_package_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, graphnn: Callable[..., Any], document: Path
) -> None:
    monkeypatch.setattr(serve_command.importlib.util, "find_spec", lambda name: None)
    done = graphnn("serve", document)
    assert done.returncode == 2
    assert "serve needs fastapi, which is not installed: " in done.stderr
    assert "pip install 'graphnn[serve]'" in done.stderr


@needs_packages
@pytest.mark.parametrize("text", ["example.org", "https://", "https://example.org/page", "null"])
def test_an_origin_that_is_none(text: str, graphnn: Callable[..., Any], trained: Path) -> None:
    done = graphnn("serve", trained, "--allow-origin", text)
    assert done.returncode == 2
    assert done.stderr == f'--allow-origin: "{text}" is no origin such as https://example.org, nor *\n'


@needs_packages
@pytest.mark.parametrize("text", ["https://example.org", "example.org:8000", ""])
def test_a_host_that_is_no_name(text: str, graphnn: Callable[..., Any], trained: Path) -> None:
    done = graphnn("serve", trained, "--allow-host", text)
    assert done.returncode == 2
    assert done.stderr == (f'--allow-host: "{text}" is no name such as example.org; leave out http:// and the port\n')


@needs_packages
def test_without_weights_it_says_how_to_get_them(graphnn: Callable[..., Any], document: Path) -> None:
    done = graphnn("serve", document, "--port", "0")
    assert done.returncode == 2
    assert done.stderr == f"{document.with_suffix('.npz')}: no such file; train it first: graphnn train {document}\n"


@needs_packages
def test_a_port_that_is_taken(graphnn: Callable[..., Any], trained: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = graphnn("serve", trained, "--port", port)
    assert done.returncode == 2
    assert f"cannot serve on 127.0.0.1 port {port}: Address already in use; choose another with --port" in done.stderr


@needs_packages
def test_a_network_that_cannot_be_warmed_up_is_no_success(python: Callable[..., Any], trained: Path) -> None:
    code = (
        "import sys\nfrom graphnn.commands import serve\nfrom graphnn.serving.served import Served\n"
        "def warm(self): raise MemoryError('of the test')\n"
        "Served.warm = warm\nsys.exit(serve.main(sys.argv[1:]))"
    )
    done = python("-c", code, trained, "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "MemoryError: of the test" in done.stderr
    assert done.stderr.endswith("the server could not start, for the reason above\n")


@needs_packages
def test_a_host_that_is_none(graphnn: Callable[..., Any], trained: Path) -> None:
    done = graphnn("serve", trained, "--host", "no.such.host.invalid", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert '--host: "no.such.host.invalid" is no address of this machine' in done.stderr


@needs_packages
@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)], ids=lambda number: str(number)
)
def test_a_signal_ends_it_as_a_command_that_has_done_its_work(
    number: signal.Signals, start: Callable[..., Any], trained: Path
) -> None:
    with start("-m", "graphnn", "serve", trained, "--port", "0", "--host", "0.0.0.0") as process:
        line = process.stdout.readline()
        assert line.startswith("net is served at http://127.0.0.1:")
        assert line.endswith(" by numpy; Ctrl-C stops it.\n")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert err.splitlines() == [
        "note: everyone who reaches this machine over the network can use the server; it asks for no password"
    ]
