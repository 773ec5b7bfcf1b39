"""Compiled functions are kept on disk where that is possible, and never taken from another version of the code."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("numba")

from graphnn.kernels import compiled_cache
from graphnn.kernels.compiled import kept

ROOT = Path(__file__).parents[2]
POOL = """
import numpy as np
from graphnn.kernels.compiled import pooling
x, y = np.arange(4 * 4 * 16, dtype=np.float32), np.empty(2 * 2 * 16, np.float32)
pooling.max_pool(x, (1, 4, 4, 16), (2, 2), (2, 2), (2, 2), y)
stats = pooling.max_pool.stats
print((y == x.reshape(4, 4, 16)[1::2, 1::2].ravel()).all(), len(stats.cache_hits), len(stats.cache_misses))
"""
COMPILED_ANEW, FROM_THE_CACHE = "True 0 1\n", "True 1 0\n"


def double(x):
    return 2 * x


def run(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with its environment changed; NUMBA_CACHE_DIR is set only where it is given here."""
    inherited = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=inherited | environment,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def pooled(**environment: str) -> str:
    ran = run("-W", "error", "-c", POOL, **environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


ANNOUNCED = f"""
import sys
from graphnn.text.working import Display, displayed
with displayed(Display(sys.stderr, live=False)):
    exec({POOL!r})
"""


def test_compiling_is_announced_once_before_it_begins(tmp_path: Path) -> None:
    first = run("-c", ANNOUNCED, NUMBA_CACHE_DIR=str(tmp_path))
    assert (first.returncode, first.stdout) == (0, COMPILED_ANEW)
    assert first.stderr == "compiling functions with numba, once for this machine: 5 to 20 s\n"
    again = run("-c", ANNOUNCED, NUMBA_CACHE_DIR=str(tmp_path))
    assert (again.stdout, again.stderr) == (FROM_THE_CACHE, "")


def in_a_file(folder: Path) -> str:
    """Return the path of a folder that cannot be made, even by a user who may write everywhere."""
    file = folder / "file"
    file.touch()
    return str(file / "cache")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave no folder that can be written to, in this process."""
    blocked = Path(in_a_file(tmp_path))
    monkeypatch.setattr(compiled_cache, "user_cache_path", lambda name: blocked / name)
    monkeypatch.setattr(compiled_cache, "candidates", lambda given: iter([blocked, blocked / "other"]))
    return blocked


def test_numbas_setting_goes_first(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "numba"), "XDG_CACHE_HOME": str(tmp_path / "user")}
    assert pooled(**environment) == COMPILED_ANEW
    assert pooled(**environment) == FROM_THE_CACHE
    assert list((tmp_path / "numba").rglob("*.nbc"))
    assert not (tmp_path / "user").exists()


def test_a_setting_that_cannot_be_written_to_leaves_the_users_folder(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": in_a_file(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "user")}
    assert pooled(**environment) == COMPILED_ANEW
    assert pooled(**environment) == FROM_THE_CACHE
    assert list((tmp_path / "user").rglob("*.nbc"))


def test_without_a_folder_of_the_user_functions_are_kept_beside_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_cache, "user_cache_path", lambda name: Path(in_a_file(tmp_path)))
    monkeypatch.setattr(compiled_cache, "COMPILED", tmp_path / "compiled")
    (tmp_path / "vectors.py").touch()
    assert compiled_cache.cache_folder("") == tmp_path / "compiled" / "__pycache__" / compiled_cache.version_of_code()


def test_where_nothing_can_be_kept_a_warning_says_so(nowhere: Path) -> None:
    with pytest.warns(compiled_cache.NothingKept, match=r"^compiled functions cannot be kept: .*file/cache is not"):
        assert compiled_cache.cache_folder("") is None


def test_a_command_says_in_one_line_that_nothing_can_be_kept(tmp_path: Path) -> None:
    package = tmp_path / "graphnn"
    shutil.copytree(ROOT / "graphnn", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (package / "kernels" / "compiled" / "__pycache__").touch()  # a file, so that no folder can be made there
    pooling = [{"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dense", "units": 10}, {"type": "Softmax"}]
    values = {
        "input": {"shape": [1, 8, 8]},
        "layers": pooling,
        "loss": {"type": "CrossEntropy"},
        "optimizer": {"type": "SGD"},
        "data": {"dataset": "digits"},
        "training": {"epochs": 1, "batch_size": 32},
    }
    (tmp_path / "pooling.json").write_text(json.dumps(values), encoding="utf-8")
    command = ["-m", "graphnn", "train", "pooling.json", "--dry-run"]
    environment = {"XDG_CACHE_HOME": in_a_file(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = run(*command, "--kernels", "numba", folder=tmp_path, **environment)
    assert (ran.returncode, ran.stderr.count("\n")) == (0, 1), ran.stderr
    assert ran.stderr.startswith("note: compiled functions cannot be kept: ")
    assert "NUMBA_CACHE_DIR" in ran.stderr
    assert "--kernels numpy" in ran.stderr
    without = run(*command, "--kernels", "numpy", folder=tmp_path, **environment)
    assert (without.returncode, without.stderr) == (0, "")


def test_without_a_folder_functions_are_still_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CACHE", None)
    assert kept.compiled(double)(21) == 42


def test_a_full_disk_is_not_writable(tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk's."""
    limited = (
        "import resource, sys; from pathlib import Path; from graphnn.kernels.compiled_cache import is_writable; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1)); print(is_writable(Path(sys.argv[1])))"
    )
    for size, said in ((1000, "False\n"), (10**6, "True\n")):
        assert run("-c", limited, str(tmp_path), str(size)).stdout == said


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process not have said yet that functions cannot be kept."""
    monkeypatch.setattr(kept, "FAILURES", kept.Failures())


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.usefixtures("untold")
def test_a_folder_that_vanished_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CACHE", Path(in_a_file(tmp_path)))
    with pytest.warns(compiled_cache.NothingKept):
        assert kept.compiled(double)(21) == 42


@pytest.mark.usefixtures("untold")
def test_a_folder_that_is_full_is_no_obstacle_and_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CACHE", tmp_path)
    with warnings.catch_warnings(record=True, action="always") as said:
        for _ in range(3):
            function = kept.compiled(double)
            monkeypatch.setattr(function._cache._cache_file, "_save_data", full)
            assert function(21) == 42
    (warning,) = said
    assert warning.category is compiled_cache.NothingKept
    assert f"{tmp_path}: No space left on device; each run" in str(warning.message)


@pytest.mark.usefixtures("untold")
def test_a_forked_process_leaves_it_to_the_first_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CACHE", tmp_path)
    function = kept.compiled(double)
    monkeypatch.setattr(function._cache._cache_file, "_save_data", full)
    monkeypatch.setattr(os, "getpid", lambda: 0)
    with warnings.catch_warnings(record=True, action="always") as said:
        assert function(21) == 42
    assert said == []


def test_numbas_setting_stays_unchanged() -> None:
    before = kept.config.CACHE_DIR
    assert kept.compiled(double)(4) == 8
    assert before == kept.config.CACHE_DIR


def test_each_version_of_the_code_has_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    states = [compiled_cache.version_of_code()]
    package = tmp_path / "compiled"
    package.mkdir()
    monkeypatch.setattr(compiled_cache, "COMPILED", package)
    for file, text in (
        (tmp_path / "vectors.py", "one"),
        (package / "vectors.py", "two"),
        (tmp_path / "vectors.py", "three"),
        (package / "pooling.py", "four"),
    ):
        file.write_text(text)
        states.append(compiled_cache.version_of_code())
    assert len(set(states)) == 5
    for given in ("", str(tmp_path / "given")):
        assert {folder.name for folder in compiled_cache.candidates(given)} == {states[-1]}


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(content: bytes) -> bytes:
    return b""


def replaced(content: bytes) -> bytes:
    return b"\x80\x05]q\x00." + content[:40]


def flipped(content: bytes) -> bytes:
    """Return the content with one bit changed in the middle, which for machine code no unpickling would notice."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def removed_last(content: bytes) -> bytes:
    return content[:-1]


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", [emptied, cut, replaced, flipped, removed_last])
def test_a_damaged_file_is_thrown_away_and_compiled_again(
    suffix: str, damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "CACHE", tmp_path)
    assert kept.compiled(double)(21) == 42
    (file,) = tmp_path.rglob(f"*{suffix}")
    file.write_bytes(damage(file.read_bytes()))
    again = kept.compiled(double)
    assert again(21) == 42
    assert (len(again.stats.cache_hits), len(again.stats.cache_misses)) == (0, 1)
    healed = kept.compiled(double)
    assert healed(21) == 42
    assert (len(healed.stats.cache_hits), len(healed.stats.cache_misses)) == (1, 0)


@pytest.mark.long
def test_a_network_of_images_trains_with_every_file_of_the_cache_damaged(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    train = ["tools/train.py", "models/digits.json", "--kernels", "numba", "--quiet", "--no-test", "--limit", "64"]
    train += ["--set", "training.epochs=1", "--output"]
    first = run(*train, str(tmp_path / "first.npz"), **environment)
    assert first.returncode == 0, first.stderr
    files = sorted((tmp_path / "cache").rglob("*.nb?"))
    assert {file.suffix for file in files} == {".nbi", ".nbc"}
    for number, file in enumerate(files):
        file.write_bytes(cut(file.read_bytes()) if number % 3 else b"")
    again = run(*train, str(tmp_path / "again.npz"), **environment)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == first.stdout
