"""pyproject.toml lists every package and file of the wheel, and MANIFEST.in what else is in the source distribution."""

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS: dict[str, Any] = PROJECT["tool"]["setuptools"]


def tracked() -> list[str]:
    """Return the files that git tracks, or would if they were added; skip where there is no checkout."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no checkout of git")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def package_of(name: str) -> str:
    """Return the package whose folder a file is in: graphnn.schemas for schemas/network.schema.json."""
    folder = str(Path(name).parent)
    places = {place: package for package, place in SETUPTOOLS["package-dir"].items()}
    return places.get(folder, folder.replace("/", "."))


def test_every_folder_is_a_package_that_is_listed() -> None:
    folders = {package_of(name) for name in tracked() if name.startswith(("graphnn/", "schemas/"))}
    assert SETUPTOOLS["packages"] == sorted(folders)


def test_every_file_of_the_packages_is_in_the_wheel() -> None:
    data = SETUPTOOLS["package-data"]
    files = [name for name in tracked() if name.startswith(("graphnn/", "schemas/")) and not name.endswith(".py")]
    assert {"graphnn/py.typed", "graphnn/__init__.pyi", "schemas/network.schema.json"} <= set(files)
    for name in files:
        patterns = [*data.get(package_of(name), []), *data["*"]]
        assert any(fnmatch(Path(name).name, pattern) for pattern in patterns), f"{name}: add it to package-data"


def test_every_listed_pattern_has_files() -> None:
    names = tracked()
    for package, patterns in SETUPTOOLS["package-data"].items():
        for pattern in patterns:
            assert any(package in ("*", package_of(name)) and fnmatch(Path(name).name, pattern) for name in names)


def test_every_top_folder_is_in_the_manifest() -> None:
    lines = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    grafted = {line.split()[1] for line in lines if line.startswith("graft ")}
    included = {name for line in lines if line.startswith("include ") for name in line.split()[1:]}
    by_itself = {"LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"}
    names = tracked()
    assert {name.partition("/")[0] for name in names if "/" in name} == grafted
    assert {name for name in names if "/" not in name} == by_itself | {name for name in included if "/" not in name}
    weights = {name for name in names if fnmatch(name, "models/*.npz")}
    assert weights == {name for name in included if name.startswith("models/")}
