"""A document has a place where files can lie beside it, unless it comes from a pipe or an open file."""

import os
from pathlib import Path

import pytest

from graphnn.runs.reading import has_place


def test_files_folders_and_what_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.json").touch()
    (tmp_path / "link.json").symlink_to("net.json")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "net.json").touch()
    for name in ("net.json", "link.json", "missing.json", "proc", "proc/net.json", "\0"):
        assert has_place(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert has_place(Path("net.json"))


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/{0}", "/proc/self/fd/{0}", "fd/{0}"])
def test_an_open_file_has_none_though_it_lies_on_a_disk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fd").symlink_to("/dev/fd")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "net.json").open("w") as file:
        assert not has_place(Path(name.format(file.fileno())))


def test_pipes_and_devices_have_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert not has_place(tmp_path / "fifo")
    assert not has_place(tmp_path / "zero")
    assert not has_place(Path("/dev/zero"))
