"""What is said of paths where nothing is."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from graphnn.datasets.missing_path import near


def first(beside: Sequence[Path]) -> str | None:
    return min((path.name for path in beside), default=None)


def test_what_lies_beside_or_which_folder_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a" / "b"
    assert near(path, first) == f", nor a folder {tmp_path / 'a'};"
    path.parent.mkdir()
    assert near(path, first) == ";"
    (path.parent / "c").touch()
    assert near(path, first) == '; did you mean "c"?'

    def refused(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refused)
    assert near(path, first) == ";"
