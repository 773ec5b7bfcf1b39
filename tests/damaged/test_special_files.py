"""What is no regular file is refused at once, wherever a file can be named: nothing waits, and nothing is read on."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnn.datasets import cifar10, cifar_files, mnist
from graphnn.datasets.loading import load
from graphnn.errors import DataError

KINDS = {"fifo": "a fifo", "folder": "a folder", "socket": "a socket", "endless": "a device"}
Put = Callable[[str, Path], Path]


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    """Fail what takes longer than a busy machine needs."""

    def stop(*_: object) -> None:
        raise TimeoutError("still waiting, or reading")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def put() -> Iterator[Put]:
    """Put one of KINDS at a path."""
    sockets = []

    def make(kind: str, path: Path) -> Path:
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "endless":
            path.symlink_to("/dev/zero")
        else:
            sockets.append(socket.socket(socket.AF_UNIX))
            here = Path.cwd()
            os.chdir(path.parent)  # the names of sockets are short
            sockets[-1].bind(path.name)
            os.chdir(here)
        return path

    yield make
    for one in sockets:
        one.close()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])  # which may hold .npy files
def test_data_of_ones_own(kind: str, put: Put, document: Path, graphnn: Any) -> None:
    path = put(kind, document.parent / "data.npz")
    done = graphnn("train", document, "--set", "data.dataset=npz", "--set", "data.path=data.npz")
    assert done.returncode == 2
    assert done.stderr == f"{path}: is {KINDS[kind]}, not a regular file\n"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "folder"])  # some programs unpack into folders
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_files_of_mnist(kind: str, suffix: str, put: Put, tmp_path: Path) -> None:
    names = [f"{name}{suffix}" for name in mnist.FILES]
    for name in names[1:]:
        (tmp_path / name).touch()
    path = put(kind, tmp_path / names[0])
    with pytest.raises(DataError) as refused:
        load("mnist", data_dir=tmp_path)
    assert str(refused.value) == f"{path}: is {KINDS[kind]}, not a regular file"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["batches.meta.txt", "data_batch_1.bin"])
def test_files_of_cifar10(kind: str, name: str, put: Put, tmp_path: Path) -> None:
    for other in set(cifar10.files().batches) - {name}:
        (tmp_path / other).touch()
    path = put(kind, tmp_path / name)
    with pytest.raises(DataError) as refused:
        load("cifar10", data_dir=tmp_path)
    assert str(refused.value) == f"{path}: is {KINDS[kind]}, not a regular file"


@pytest.mark.parametrize("kind", KINDS)
def test_checksums_of_cifar10(kind: str, put: Put, tmp_path: Path) -> None:
    put(kind, tmp_path / cifar_files.SUMS)
    assert cifar_files.published_sums(cifar10.files(), tmp_path) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".npy", ".png", ".jpg"])
def test_inputs_of_predict(kind: str, suffix: str, put: Put, trained: Path, graphnn: Any) -> None:
    path = put(kind, trained.parent / f"input{suffix}")
    done = graphnn("predict", trained, path)
    assert done.returncode == 2
    if kind == "folder":
        assert done.stderr == f"{path}: holds no picture, and no folder in it does\n"
    else:
        assert done.stderr == f"{path}: is {KINDS[kind]}, not a regular file\n"


@pytest.mark.parametrize("kind", KINDS)
def test_plugins(kind: str, put: Put, document: Path, graphnn: Any) -> None:
    path = put(kind, document.parent / "layer.py")
    done = graphnn("inspect", document, "--plugin", path)
    assert done.returncode == 2
    expected = "a plugin is a Python file, NAME.py" if kind == "endless" else f"is {KINDS[kind]}, not a regular file"
    assert done.stderr == f"{path}: {expected}\n"


@pytest.mark.parametrize("arguments", [["inspect", "/dev/zero"], ["compare", "net.json", "--variants", "/dev/zero"]])
def test_documents_are_read_to_a_limit(
    arguments: list[str], document: Path, graphnn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(document.parent)
    done = graphnn(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("/dev/zero: larger than 5 MB; is this a")
