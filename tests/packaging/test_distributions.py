"""The wheel and the source distribution: what is in them, and that they work on their own."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LISTS: dict[str, Any] = run_path(str(Path(__file__).with_name("test_lists.py")))
RUBBISH = ("models/digits.npz", "models/x.html", "models/net.runs/0001/weights.npz", "graphnn/layers/__pycache__/a.pyc")
RUBBISH_TOO = ("tests/editor/node_modules/a/b.js", "tests/__pycache__/a.pyc", "models/net.runs.png")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, and what trainings and tests leave among it."""
    folder = tmp_path_factory.mktemp("source")
    for name in LISTS["tracked"]():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for name in (*RUBBISH, *RUBBISH_TOO):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def build(source: Path, *options: str) -> Path:
    """Build a distribution without a network, and return it."""
    pytest.importorskip("build")
    pytest.importorskip("setuptools")
    place = source / "dist" / "".join(options)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place), *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Package would be ignored" not in done.stdout + done.stderr
    (found,) = place.iterdir()
    return found


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel."""
    return build(source, "--wheel")


@pytest.fixture(scope="module")
def sdist(source: Path) -> Path:
    """The source distribution."""
    return build(source, "--sdist")


def members(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_what_git_tracks(wheel: Path) -> None:
    found = members(wheel)
    inside = {name for name in found if ".dist-info/" not in name}
    tracked = LISTS["tracked"]()
    expected = {name for name in tracked if name.startswith("graphnn/")}
    expected |= {f"graphnn/{name}" for name in tracked if name.startswith("schemas/")}
    assert inside == expected
    assert found["graphnn/schemas/network.schema.json"] == (ROOT / "schemas/network.schema.json").read_bytes()


def test_the_source_distribution_has_what_git_tracks(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    made = {name for name in inside if name.startswith("graphnn.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    assert inside - made == set(LISTS["tracked"]())


def test_the_source_distribution_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert members(build(unpacked, "--wheel")) == members(wheel)


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and the packages that it always needs, found where they are here."""
    place = tmp_path_factory.mktemp("alone")
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for distribution in run_path(str(Path(__file__).with_name("optional.py")))["always_needed"]():
        root = Path(str(distribution.locate_file("")))
        for top in {
            Path(*file.parts[:1]) for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")
        }:
            if not (site / top).exists():
                (site / top).symlink_to(root / top)
    return python


def run(python: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m graphnn ARGUMENTS…` of another environment in a folder."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    command = [str(python), "-m", "graphnn", *arguments]
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)


def test_the_wheel_works_alone(alone: Path, source: Path, tmp_path: Path) -> None:
    (tmp_path / "digits.json").write_bytes((source / "models/digits.json").read_bytes())
    for arguments in (
        ("--version",),
        ("inspect", "digits.json"),
        ("train", "digits.json", "--quiet", "--set", "training.epochs=2"),
        ("evaluate", "digits.json"),
        ("runs", "digits.json"),
        ("compare", "digits.json", "--set", "training.epochs=1", "--limit", "100", "--output", "tries"),
        ("benchmark", "digits.json", "--quick"),
        ("run", "unittest", "relu"),
    ):
        done = run(alone, tmp_path, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout or "--quiet" in arguments
    asked = [str(alone), "-c", "import graphnn, sys; print(graphnn.__file__); print('PIL' in sys.modules)"]
    where = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(alone.parents[1]))


def test_what_is_typed_is_known_to_be(alone: Path) -> None:
    asked = [
        str(alone),
        "-c",
        "import importlib.resources as r; print(r.files('graphnn').joinpath('py.typed').is_file())",
    ]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "True\n"
