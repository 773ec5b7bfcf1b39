"""pytest --update-golden: what it writes and shows, and that it leaves alone what is right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TESTS = """
import pathlib
import pytest

@pytest.mark.parametrize("name", ["old", "new", "right"])
def test_text(name, golden):
    golden(pathlib.Path(__file__).with_name(name), f"first\\nthis is {name}\\n")
"""


@pytest.fixture
def run(tmp_path: Path, root: Path, python: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run tests that compare three texts, of which one is right, one not, and one not yet there."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # what this run was started with
    (tmp_path / "conftest.py").write_text((root / "tests" / "conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "test_texts.py").write_text(TESTS)
    (tmp_path / "old").write_text("first\nsomething else\n")
    (tmp_path / "right").write_text("first\nthis is right\n")
    command = ("-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, "test_texts.py")
    return lambda *options: python(*command, *options, cwd=tmp_path)


def test_what_differs_is_written_and_shown(run: Callable[..., Any], tmp_path: Path) -> None:
    before = (tmp_path / "right").stat().st_mtime_ns
    done = run("--update-golden")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    _, _, shown = done.stdout.partition(" golden texts that were written ")
    lines = [line for line in shown.splitlines() if line][1:-1]
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    assert lines == [
        *(f"--- {old}", f"+++ {old}", "@@ -1,2 +1,2 @@", " first", "-something else", "+this is old"),
        *(f"--- {new}", f"+++ {new}", "@@ -0,0 +1,2 @@", "+first", "+this is new"),
    ]
    assert [(tmp_path / name).read_text() for name in ("old", "new")] == [
        "first\nthis is old\n",
        "first\nthis is new\n",
    ]
    assert (tmp_path / "right").stat().st_mtime_ns == before


def test_without_it_nothing_is_written_and_the_difference_fails(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run()
    assert done.returncode == 1
    assert "2 failed, 1 passed" in done.stdout
    assert "python -m pytest --update-golden writes what is right now" in done.stdout
    assert (tmp_path / "old").read_text() == "first\nsomething else\n"
    assert not (tmp_path / "new").exists()
