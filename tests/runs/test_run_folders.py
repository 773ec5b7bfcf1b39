"""Nothing but a run writes into its folder: neither through links, nor what is made of its files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphnn.errors import WeightsError
from graphnn.runs.facts import RunFacts
from graphnn.runs.folder import RunFolder
from graphnn.runs.management import remove
from graphnn.runs.promotion import Destination
from graphnn.runs.store import RunStore, run_around

Add = Callable[..., RunFolder]
Run = Callable[..., Any]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_where_a_path_leads(store: RunStore, add: Add, facts: RunFacts, tmp_path: Path) -> None:
    run = add(facts, 1.0)
    (tmp_path / "link.npz").symlink_to("net.runs/0001/weights.npz")
    (tmp_path / "folder").symlink_to("net.runs/0001")
    for path in (run.path, run.weights, run.path / "a.runs" / "b", tmp_path / "link.npz", tmp_path / "folder" / "a"):
        assert run_around(path) == run.path
    (tmp_path / "2024").mkdir()
    for path in (store.folder, store.folder / "notes", tmp_path / "2024" / "net.npz", tmp_path / "net.npz"):
        assert run_around(path) is None
    store.folder.rename(tmp_path / "elsewhere")
    assert run_around(tmp_path / "elsewhere" / "0001" / "weights.npz") == tmp_path / "elsewhere" / "0001"


def test_a_link_to_the_weights_of_a_run_is_not_written_through(
    graphnn: Run, store: RunStore, add: Add, facts: RunFacts, tmp_path: Path
) -> None:
    first, second = add(facts, 1.0), add(replace(facts, seconds=1.0), 2.0)
    place = tmp_path / "net.npz"
    place.symlink_to("net.runs/0001/weights.npz")
    before = contents(tmp_path)
    message = f"net.npz: is a link into {first.path}, the folder of a run, whose files no other run replaces; remove"
    with pytest.raises(WeightsError, match=message):
        Destination(place).check()
    with pytest.raises(WeightsError, match=message):  # as where the link was made while the run was trained
        Destination(place).receive(second, facts, {}, store)
    assert graphnn("runs", tmp_path / "net.json", "--promote", "2").returncode == 2
    with pytest.raises(WeightsError, match=r"leads to a file of .*0001, which would be lost; .* Nothing was removed"):
        remove(store, place, [2, 1])
    assert contents(tmp_path) == before
    assert "Run 2 removed" in remove(store, place, [2])


def test_a_link_to_itself_is_refused(tmp_path: Path, store: RunStore) -> None:
    (tmp_path / "net.npz").symlink_to("net.npz")
    Destination(tmp_path / "net.npz").check(data=tmp_path / "data.npz")
    with pytest.raises(WeightsError, match=r"net.npz: is a link to net.npz, which does not exist; it is not replaced"):
        Destination(tmp_path / "net.npz").receive(RunFolder(tmp_path), RunFacts, {}, store)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [
        ("train", "net.runs/0001/resolved.json"),
        ("train", "net.json", "--output", "net.runs/0001/weights.npz"),
        ("train", "net.json", "--output", "net.runs/0001/last.npz"),
        ("compare", "net.json", "--output", "net.runs/0001"),
        ("compare", "net.json", "--output", "net.runs/0001/more"),
        ("compare", "net.runs/0001/resolved.json"),
    ],
)
def test_commands_write_nothing_into_the_folder_of_a_run(
    graphnn: Run, trained: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(trained.parent)
    before = contents(trained.parent)
    done = graphnn(*command)
    assert done.returncode == 2
    assert "the folder of a run" in done.stderr
    assert contents(trained.parent) == before


def test_a_resolved_document_can_be_trained_elsewhere(graphnn: Run, trained: Path, tmp_path: Path) -> None:
    done = graphnn("train", tmp_path / "net.runs/0001/resolved.json", "--output", tmp_path / "again.npz", "--quiet")
    assert done.returncode == 0
    assert [path.name for path in (tmp_path / "again.runs").iterdir()] == ["0001"]
