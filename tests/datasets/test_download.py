"""Downloads from a server on loopback: whole, resumed, cut off, wrong, missing."""

import http.client
import os
import queue
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from graphnn.datasets import download, transfer
from graphnn.datasets.download import ATTEMPTS, fetch, fetch_missing
from graphnn.datasets.folder_lock import FolderLock
from graphnn.datasets.remote import Remote
from graphnn.errors import DataError
from graphnn.text.working import Work

CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: four chunks


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make another attempt at once."""
    monkeypatch.setattr(download, "PAUSE", 0.0)


def get(remote: Remote, folder: Path) -> list[str]:
    """Download a file to folder/name, as fetch_missing does, and return the failures."""
    part = folder / f"{remote.name}.part"
    failures = fetch(remote, part, show_progress=False)
    if not failures:
        part.replace(folder / remote.name)
    return failures


def test_file_is_downloaded_whole(server, tmp_path):
    server.content["/file"] = CONTENT
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_progress_is_shown_on_request(server, tmp_path, capsys, monkeypatch):
    server.content["/file"] = CONTENT
    monkeypatch.setattr(Work, "spoken_at", (0,))
    fetch(server.remote("file", CONTENT), tmp_path / "file.part", show_progress=True)
    shown = capsys.readouterr()
    assert re.search(r"downloading file: \d+%  [\d.]+ (KiB|B) of 250.0 KiB, 0:00\n", shown.err), shown.err
    assert shown.out == ""
    (tmp_path / "file.part").unlink()
    get(server.remote("file", CONTENT), tmp_path)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("ranges", [True, False])
def test_partial_file_is_resumed_where_the_server_can(server, tmp_path, ranges):
    server.content["/file"] = CONTENT
    server.ranges = ranges
    (tmp_path / "file.part").write_bytes(CONTENT[:100_000])
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=100000-")]


def test_bad_partial_file_is_given_up_and_the_same_mirror_asked_again(server, tmp_path):
    server.content["/file"] = CONTENT
    (tmp_path / "file.part").write_bytes(b"x" * 100_000)
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=100000-"), ("/file", None)]


@pytest.mark.parametrize("length", [len(CONTENT), len(CONTENT) + 1])
def test_partial_file_as_long_as_the_file_is_given_up(server, tmp_path, length):
    server.content["/file"] = CONTENT
    (tmp_path / "file.part").write_bytes(b"x" * length)
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", None)]


def test_complete_partial_file_is_used_without_a_question(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == []


def test_refused_range_begins_anew(server, tmp_path):
    server.content["/file"] = CONTENT
    server.refuses_ranges = True
    (tmp_path / "file.part").write_bytes(b"x" * 100_000)
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=100000-"), ("/file", None)]


def test_range_of_a_file_of_another_length_is_not_used(server, tmp_path):
    server.content["/file"] = CONTENT + b"more"
    server.announces_length = False
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    assert get(server.remote("file", CONTENT), tmp_path) == []  # its start is right, as the checksum says
    assert server.asked == [("/file", "bytes=1000-"), ("/file", None)]


@pytest.mark.parametrize("obstacle", ["link", "folder", "pipe"])
def test_partial_file_that_is_no_file_is_left_alone(server, tmp_path, obstacle):
    server.content["/file"] = CONTENT
    part = tmp_path / "file.part"
    (tmp_path / "victim").write_bytes(b"mine")
    if obstacle == "link":
        part.symlink_to(tmp_path / "victim")
    elif obstacle == "folder":
        part.mkdir()
    else:
        os.mkfifo(part)
    with pytest.raises(DataError, match=r"file\.part: not a regular file, as which it is to be downloaded; delete it"):
        get(server.remote("file", CONTENT), tmp_path)
    assert (tmp_path / "victim").read_bytes() == b"mine"


def test_full_disk_is_one_error_and_the_next_start_goes_on(server, tmp_path, python):
    server.content["/file"] = CONTENT
    code = (
        "import resource, sys; from graphnn.datasets.download import fetch_missing, Remote; from pathlib import Path;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "name, address, md5, size, folder = sys.argv[1:]; remote = Remote(name, (address,), md5, int(size));"
        "fetch_missing('mnist', [remote], Path(folder), show_progress=False)"
    )
    remote = server.remote("file", CONTENT)
    done = python("-c", code, remote.name, remote.addresses[0], remote.md5, str(remote.size), tmp_path)
    assert done.stderr.splitlines()[-1] == (
        f"graphnn.errors.DataError: {tmp_path}/file.part: cannot be written: File too large; its 100,000 bytes stay, "
        "and the next start goes on from there"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["file.part"]
    fetch_missing("mnist", [remote], tmp_path, show_progress=False)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked[-1] == ("/file", "bytes=100000-")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_partial_files_of_what_is_there_are_removed(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    (tmp_path / "file.part").write_bytes(CONTENT[:10])
    (tmp_path / "other.part").write_bytes(b"mine")
    fetch_missing("mnist", [server.remote("file", CONTENT)], tmp_path, show_progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other.part"]


def test_download_by_another_is_told_and_waited_for(server, tmp_path, monkeypatch):
    told: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(download, "note", told.put)
    server.content["/file"] = CONTENT
    remote = server.remote("file", CONTENT)
    arguments = {"args": ("mnist", [remote], tmp_path), "kwargs": {"show_progress": False}}
    with FolderLock(tmp_path, lambda: None):
        second = threading.Thread(target=fetch_missing, **arguments)
        second.start()
        assert told.get(timeout=60) == f"mnist: another process downloads or unpacks it in {tmp_path}; waiting"
        (tmp_path / "file").write_bytes(CONTENT)
    second.join()
    assert server.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_bad_checksum_leads_to_the_next_mirror(server, tmp_path):
    server.content["/bad"] = CONTENT[::-1]
    server.content["/good"] = CONTENT
    assert get(server.remote("file", CONTENT, "/bad", "/good"), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/bad", "/good"]


def test_bad_checksum_everywhere_leaves_nothing_behind(server, tmp_path):
    server.content["/file"] = CONTENT[::-1]
    (failure,) = get(server.remote("file", CONTENT), tmp_path)
    assert failure.startswith(f"{server.address}/file: the checksum is ")
    assert list(tmp_path.iterdir()) == []


def test_broken_transfer_goes_on_where_it_broke_off(server, tmp_path):
    server.content["/file"] = CONTENT
    server.cut["/file"] = [70_000, 140_000]
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", None), ("/file", "bytes=70000-"), ("/file", "bytes=140000-")]


def test_transfer_that_keeps_breaking_off_goes_on_at_the_next_mirror(server, tmp_path):
    server.content["/weak"] = server.content["/good"] = CONTENT
    server.cut["/weak"] = [1000, 2000, 3000, 4000]
    assert get(server.remote("file", CONTENT, "/weak", "/good"), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/weak"] * ATTEMPTS + ["/good"]
    assert server.asked[-1] == ("/good", "bytes=3000-")


def test_broken_transfer_keeps_what_came_for_the_next_run(server, tmp_path):
    server.content["/file"] = CONTENT
    server.cut["/file"] = [1000, 2000, 3000]
    (failure,) = get(server.remote("file", CONTENT), tmp_path)
    assert failure == f"{server.address}/file: it broke off after 3,000 of 256,000 bytes"
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:3000]
    assert not (tmp_path / "file").exists()


def test_answer_of_another_length_is_not_even_begun(server, tmp_path):
    server.content["/file"] = b"<html>please log in</html>"
    (failure,) = get(server.remote("file", CONTENT), tmp_path)
    assert failure == f"{server.address}/file: it offers 26 bytes, where the file has 256,000"
    assert list(tmp_path.iterdir()) == []


def test_endless_answer_is_cut_off(server, tmp_path):
    server.content["/file"] = CONTENT[::-1] * 20
    server.announces_length = False
    (failure,) = get(server.remote("file", CONTENT), tmp_path)
    assert "checksum" in failure
    assert list(tmp_path.iterdir()) == []


def test_answer_from_another_byte_is_not_used(server, tmp_path):
    server.content["/file"] = CONTENT
    server.wrong_range = True
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    assert get(server.remote("file", CONTENT), tmp_path) == []
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=1000-"), ("/file", None)]


def test_missing_file_leads_to_the_next_mirror(server, tmp_path):
    server.content["/good"] = CONTENT
    assert get(server.remote("file", CONTENT, "/absent", "/good"), tmp_path) == []
    assert [path for path, _ in server.asked] == ["/absent", "/good"]


def test_every_address_is_named_with_its_failure(server, closed_address, tmp_path):
    remote = server.remote("file", CONTENT, "/absent")
    remote = Remote("file", (*remote.addresses, f"{closed_address}/file"), remote.md5, remote.size)
    first, second = get(remote, tmp_path)
    assert first == f"{server.address}/absent: HTTP 404 Not Found"
    assert second.startswith(f"{closed_address}/file: ")
    assert "refused" in second


def test_server_that_says_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        (failure,) = get(Remote("file", (address,), "0" * 32, 10), tmp_path)
    assert failure == f"{address}: timed out"


def test_connection_lost_in_the_middle_is_told(tmp_path, monkeypatch, server):
    server.content["/file"] = CONTENT

    def lost(self: object, size: int) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr("http.client.HTTPResponse.read1", lost)
    (failure,) = get(server.remote("file", CONTENT), tmp_path)
    assert "it broke off after 0 bytes: [Errno 104] Connection reset by peer" in failure


@pytest.mark.parametrize(("folder", "holder"), [("mnist", "holds mnist/"), ("mine", "holds all of them")])
def test_no_network_is_one_clear_error(folder, holder, closed_address, tmp_path):
    names = ["first.gz", "second.gz"]
    missing = [Remote(name, (f"{closed_address}/{name}",), "0" * 32, 10) for name in names]
    folder = tmp_path / folder
    with pytest.raises(DataError) as caught:
        fetch_missing("mnist", missing, folder, show_progress=False)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"mnist: first.gz is not in {folder}, and the download failed"
    assert lines[1] == f"    {closed_address}/first.gz: Connection refused"
    assert lines[2] == (
        f"put first.gz, second.gz into {folder}, or name the folder that {holder} with --data-dir or GRAPHNN_DATA"
    )
    assert len(caught.value.problems) == 1


def test_nothing_missing_needs_no_folder(tmp_path):
    fetch_missing("mnist", [], tmp_path / "mnist", show_progress=False)
    assert not (tmp_path / "mnist").exists()


@pytest.mark.parametrize("obstacle", [Path.touch, lambda path: path.write_text("")])
def test_folder_that_cannot_be_made_is_told(tmp_path, obstacle: Callable[[Path], object]):
    obstacle(tmp_path / "data")
    with pytest.raises(DataError, match=r"mnist: cannot write to .*data/mnist: Not a directory"):
        fetch_missing("mnist", [Remote("a", (), "", 1)], tmp_path / "data" / "mnist", show_progress=False)


def test_interrupted_download_keeps_its_part(server, tmp_path, monkeypatch):
    server.content["/file"] = CONTENT
    read = http.client.HTTPResponse.read1
    calls = []

    def interrupted(self, size):
        calls.append(size)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read(self, size)

    monkeypatch.setattr("http.client.HTTPResponse.read1", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(server.remote("file", CONTENT), tmp_path)
    kept = (tmp_path / "file.part").read_bytes()
    assert 0 < len(kept) < len(CONTENT)
    assert kept == CONTENT[: len(kept)]


def test_file_is_on_the_disk_before_it_gets_its_name(server, tmp_path, disk):
    server.content["/file"] = CONTENT
    fetch_missing("mnist", [server.remote("file", CONTENT)], tmp_path, show_progress=False)
    assert disk == ["file on disk", "named file", "folder on disk"]
