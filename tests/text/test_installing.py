"""The command that installs a package, for the Python that runs."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from graphnn.text.installing import extra_command, install_command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH, the only one, that holds a Python."""
    for place in ("my env", "other"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "python").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "my env"))
    return tmp_path


def test_python_is_named_so_where_the_shell_finds_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(folder / "my env" / "python3"))
    assert install_command("pillow") == "python -m pip install pillow"
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", "my env")
    assert install_command("pillow") == "python -m pip install pillow"


def test_another_python_is_named_by_its_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder / "other"))
    monkeypatch.setattr(sys, "executable", str(folder / "my env" / "python"))
    assert install_command("a", "b>=2") == f"'{folder}/my env/python' -m pip install a 'b>=2'"
    monkeypatch.setenv("PATH", str(folder))  # where there is none
    assert install_command("a") == f"'{folder}/my env/python' -m pip install a"
    monkeypatch.setattr(sys, "executable", "")  # as in a program that holds an interpreter
    assert install_command("a") == "python -m pip install a"


def test_an_extra_is_named_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(folder / "my env" / "python"))
    assert extra_command("images") == "python -m pip install 'graphnn[images]'"
    assert extra_command("report", "images", "report") == "python -m pip install 'graphnn[report,images]'"

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert extra_command("images") == f"python -m pip install -e '{Path(__file__).parents[2]}[images]'"


def test_every_extra_that_is_named_is_one(root: Path) -> None:
    known = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    calls = re.compile(r"(?:extra_command\(|import_remedy\(problem, )([\"'][^)]*)\)")
    texts = [file.read_text(encoding="utf-8") for file in (root / "graphnn").rglob("*.py")]
    named = {name for text in texts for call in calls.findall(text) for name in re.findall(r"\w+", call)}
    assert len(named) >= 8
    assert named <= known.keys()
