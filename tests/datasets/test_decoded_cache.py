"""Decoded pictures are kept, and decoded anew where a file has changed, was added, or is another."""

import errno
import hashlib
import json
import multiprocessing
import os
import runpy
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.datasets import decoded_cache, decoded_file, decoding
from graphnn.datasets.base import Dataset
from graphnn.datasets.digest import TEST, TRAINING, digest, digest_of
from graphnn.datasets.loading import load
from graphnn.errors import DataError
from graphnn.pictures import resizing
from graphnn.text.installing import extra_command
from graphnn.types import Array

MAKE = runpy.run_path(str(Path(__file__).with_name("picture_folders.py")))["make"]
Counter = list[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_old(MAKE(tmp_path / "animals", {"cat": 6, "dog": 9}))


def make_old(root: Path) -> Path:
    """Give the files an age, so that nothing is compared by its content because it has just been written."""
    for file in root.rglob("*.png"):
        os.utime(file, ns=(10**18, 10**18))
    return root


@pytest.fixture(autouse=True)
def no_recent_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded_cache, "TICK", -(10**18))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """The names of the files that were decoded since it was last cleared."""
    names: Counter = []
    fitted = resizing.fitted

    def recorded(path: Path, *arguments: object) -> object:
        names.append(f"{path.parent.name}/{path.name}")
        return fitted(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "fitted", recorded)
    return names


def loaded(folder: Path, **settings: object) -> Dataset:
    return load("images", path=folder, settings={"size": 4, **settings})


def cache(folder: Path) -> Path:
    """Return the folder in which the pictures are kept."""
    (found,) = (folder.parent / "data" / "decoded").glob(f"{folder.name}-*")
    return found


def files(folder: Path) -> list[str]:
    return sorted(file.suffix for file in cache(folder).iterdir())


def same(one: Dataset, other: Dataset) -> bool:
    names = ("x_train", "y_train", "x_test", "y_test")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def repaint(file: Path, colour: tuple[int, int, int]) -> None:
    Image.new("RGB", (6, 6), colour).save(file)


def test_pictures_are_decoded_once_and_mapped(folder: Path, decoded: Counter) -> None:
    first = loaded(folder)
    assert len(decoded) == 15
    assert first.notes[-1] == f"decoded 15 pictures into 720 B at {cache(folder)}"
    again = loaded(folder)
    assert len(decoded) == 15
    assert len(again.notes) == len(first.notes) - 1
    assert same(first, again)
    assert isinstance(root_of(again.x_train), np.memmap)
    assert files(folder) == [".json", ".pixels"]


def root_of(array: Array) -> object:
    """Return what holds the memory of an array, before the map itself."""
    found = array
    while isinstance(found.base, np.ndarray):
        found = found.base
    return found


def test_summaries_are_those_of_the_arrays(folder: Path) -> None:
    data = loaded(folder)
    for part, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        known = data.summaries[part]
        assert known.digest == digest(x, y) == digest_of(data, TRAINING if part == "train" else TEST)
        assert list(known.low) == x.min(axis=(0, 2, 3)).tolist()
        assert list(known.high) == x.max(axis=(0, 2, 3)).tolist()
        assert known.mean == pytest.approx(x.mean(dtype=np.float64))


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (lambda root: repaint(root / "cat" / "001.png", (1, 2, 3)), 1),
        (lambda root: repaint(root / "cat" / "new.png", (1, 2, 3)), 1),
        (lambda root: (root / "cat" / "001.png").unlink(), 0),
        (lambda root: (root / "cat" / "001.png").rename(root / "cat" / "zzz.png"), 0),
        (lambda root: (root / "cat" / "001.png").rename(root / "dog" / "zzz.png"), 0),
        (lambda root: (root / "cat").rename(root / "cow"), 0),
        (lambda root: shutil.copy(root / "cat" / "001.png", root / "cat" / "copy.png"), 0),
        (lambda root: os.utime(root / "cat" / "001.png"), 0),
        (lambda root: swapped(root / "cat" / "001.png", root / "cat" / "002.png"), 0),
        (lambda root: touched_back(root / "cat" / "001.png"), 1),
    ],
    ids=["changed", "added", "removed", "renamed", "moved", "class", "copied", "touched", "swapped", "time set back"],
)
def test_only_what_changed_is_decoded_anew(
    folder: Path, decoded: Counter, change: Callable[[Path], object], count: int, tmp_path: Path
) -> None:
    loaded(folder)
    decoded.clear()
    change(folder)
    found = loaded(folder)
    assert len(decoded) == count
    assert files(folder) == [".json", ".pixels"]
    shutil.rmtree(cache(folder))
    assert same(found, loaded(folder))
    decoded.clear()


def swapped(one: Path, other: Path) -> None:
    one.rename(one.with_suffix(".tmp"))
    other.rename(one)
    one.with_suffix(".tmp").rename(other)


def touched_back(file: Path) -> None:
    """Change a file, but neither its size nor the time of its last change."""
    content, status = bytearray(file.read_bytes()), file.stat()
    Image.new("RGB", (6, 6), (9, 9, 9)).save(file)
    painted = file.read_bytes()
    file.write_bytes(painted + bytes(len(content) - len(painted)))
    os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_files_that_changed_just_before_are_compared_by_content(
    folder: Path, decoded: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change within the tick of a file system's clock leaves no other trace."""
    monkeypatch.setattr(decoded_cache, "TICK", 2 * 10**9)
    states = 100, time.time_ns(), 0
    monkeypatch.setattr(decoded_cache, "state", lambda path: states)
    loaded(folder)
    decoded.clear()
    loaded(folder)
    assert decoded == []
    repaint(folder / "dog" / "003.png", (4, 5, 6))
    loaded(folder)
    assert decoded == ["dog/003.png"]


def test_settings_each_have_a_file_and_another_split_copies(folder: Path, decoded: Counter) -> None:
    loaded(folder)
    loaded(folder, resize="crop")
    assert len(decoded) == 30
    assert files(folder) == [".json", ".json", ".pixels", ".pixels"]
    decoded.clear()
    other = loaded(folder, seed=3)
    assert decoded == []
    assert files(folder) == [".json", ".json", ".pixels", ".pixels"]
    assert not same(other, loaded(folder))


def test_other_parts_of_the_same_files_are_summed_up_anew(folder: Path, decoded: Counter) -> None:
    paths, labels = [f"cat/00{number}.png" for number in range(6)], np.zeros(6, np.int64)
    known = []
    for test in (2, 3):
        parts = {"train": 6 - test, "validation": 0, "test": test}
        wanted = decoded_cache.Wanted(folder, paths, labels, parts, (3, 4, 4), "fit")
        known.append(decoded_cache.decoded_pictures(wanted, folder.parent / "data")[0].summaries["test"])
    assert known[0] != known[1]
    assert len(decoded) == 6


def test_what_was_decoded_from_other_files_is_removed(folder: Path) -> None:
    loaded(folder)
    loaded(folder, color="grey")
    repaint(folder / "cat" / "001.png", (1, 2, 3))
    loaded(folder)
    assert sorted(file.name for file in cache(folder).glob("*.json")) == ["4x4-rgb-fit.json"]
    assert files(folder) == [".json", ".pixels"]


def spoilt(pixels: Path) -> None:
    with pixels.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff\x00")


@pytest.mark.parametrize(
    "damage",
    [
        lambda place: next(place.glob("*.json")).write_text("{"),
        lambda place: next(place.glob("*.json")).write_text("[]"),
        lambda place: next(place.glob("*.json")).write_text('{"version": 0}'),
        lambda place: next(place.glob("*.json")).unlink(),
        lambda place: next(place.glob("*.pixels")).unlink(),
        lambda place: next(place.glob("*.pixels")).write_bytes(b""),
        lambda place: os.truncate(next(place.glob("*.pixels")), 700),
        lambda place: spoilt(next(place.glob("*.pixels"))),
    ],
)
def test_what_is_damaged_is_made_anew(folder: Path, decoded: Counter, damage: Callable[[Path], object]) -> None:
    first = loaded(folder)
    kept = [np.array(x) for x in (first.x_train, first.x_test)]
    del first
    decoded.clear()
    damage(cache(folder))
    again = loaded(folder)
    assert len(decoded) == 15
    assert [x.tolist() for x in (again.x_train, again.x_test)] == [x.tolist() for x in kept]
    assert files(folder) == [".json", ".pixels"]


def test_a_description_with_any_value_changed_is_never_an_error(folder: Path) -> None:
    loaded(folder)
    (file,) = cache(folder).glob("*.json")
    values, content = json.loads(file.read_text()), file.read_bytes()
    for key in values:
        for wrong in (None, 7, "x", [], {}, [1], {"a": "b"}):
            file.write_text(json.dumps({**values, key: wrong}))
            found = decoded_file.DecodedFile.read(file)
            assert found is None or found.pixels.shape == (15, 4, 4, 3), (key, wrong)
        file.write_text(json.dumps({other: value for other, value in values.items() if other != key}))
        assert decoded_file.DecodedFile.read(file) is None, key
    file.write_bytes(content)
    assert decoded_file.DecodedFile.read(file) is not None


def test_a_full_disk_is_one_error_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(decoded_cache.DecodedFile, "write", full)
    with pytest.raises(DataError) as caught:
        loaded(folder)
    assert str(caught.value) == (
        f"{folder}: its decoded pictures, 720 B, cannot be written to {cache(folder)}: No space left on device; name "
        "another folder with --data-dir or GRAPHNN_DATA"
    )
    monkeypatch.undo()
    monkeypatch.setenv("GRAPHNN_DATA", str(folder.parent / "data"))
    loaded(folder)
    assert files(folder) == [".json", ".pixels"]


def test_too_little_room_is_told_before_anything_is_decoded(
    folder: Path, decoded: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 700}))
    with pytest.raises(DataError, match=r"its decoded pictures take 720 B, but .* has 700 B free; name another folder"):
        loaded(folder)
    assert decoded == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="who may write everywhere is not refused")
def test_a_folder_that_may_not_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(
        DataError, match=r"cannot be written to .*: Permission denied; name another folder with --data-dir"
    ):
        load("images", path=folder, data_dir=tmp_path / "closed", settings={"size": 4})


def test_a_folder_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        DataError, match=r"cannot be written to .*: Not a directory; name another folder with --data-dir"
    ):
        load("images", path=folder, data_dir=tmp_path / "file", settings={"size": 4})


def test_pillow_is_named_where_it_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(DataError) as caught:
        loaded(folder)
    assert str(caught.value) == f"{folder}: reading pictures needs Pillow: {extra_command('images')}"


def train_side(folder: Path, results: "multiprocessing.Queue[str]") -> None:
    data = loaded(folder)
    results.put(hashlib.sha256(np.ascontiguousarray(data.x_train).tobytes()).hexdigest())


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked")
def test_processes_at_once_do_not_collide(tmp_path: Path) -> None:
    folder = MAKE(tmp_path / "animals", {"cat": 60, "dog": 60})
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=train_side, args=(folder, results)) for _ in range(3)]
    for each in processes:
        each.start()
    assert len({results.get(timeout=60) for _ in processes}) == 1
    for each in processes:
        each.join()
    assert files(folder) == [".json", ".pixels"]


def test_what_pillow_warns_of_is_passed_over_and_no_thread_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # Pillow warns of more, and refuses twice as many
    threads, filters = threading.active_count(), list(warnings.filters)
    assert len(loaded(folder).x_train) == 12
    assert not recwarn.list
    assert (threading.active_count(), warnings.filters) == (threads, filters)


def change_at_random(root: Path, rng: np.random.Generator) -> None:
    """Change something in a folder of pictures: a file, its name, its place, its times, or its class."""
    names = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.png"))
    one, other = (root / names[int(rng.integers(len(names)))] for _ in range(2))
    classes = sorted(folder for folder in root.iterdir())
    place = classes[int(rng.integers(len(classes)))] / f"{rng.integers(20):03}.png"
    few = len(list(one.parent.iterdir())) < 4
    match int(rng.integers(9)):
        case 0:
            repaint(one, tuple(rng.integers(0, 256, 3).tolist()))
        case 1:
            repaint(place, tuple(rng.integers(0, 256, 3).tolist()))
        case 2 if not few:
            one.unlink()
        case 3 if not few:
            one.rename(place)
        case 4:
            shutil.copy2(one, place) if one != place else os.utime(one)
        case 5 if one != other:
            swapped(one, other)
        case 6:
            one.write_bytes(one.read_bytes()[:-20])
        case 7:
            one.parent.rename(root / f"{one.parent.name[:3]}{rng.integers(9)}")
        case _:
            os.utime(one, ns=(int(rng.integers(10**18)),) * 2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_any_changes_give_what_a_fresh_start_gives(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded_cache, "TICK", 2 * 10**9)
    rng = np.random.default_rng(seed)
    root = MAKE(tmp_path / "animals", {"cat": 8, "dog": 8, "cow": 8})
    for step in range(40):
        for _ in range(int(rng.integers(0, 3))):
            change_at_random(root, rng)
        settings = {"damaged": "skip", "seed": int(rng.integers(2)), "resize": ("fit", "crop")[int(rng.integers(2))]}
        kept = loaded(root, **settings)
        fresh = load("images", path=root, data_dir=tmp_path / f"fresh{step}", settings={"size": 4, **settings})
        assert same(kept, fresh), step
        assert kept.summaries == fresh.summaries
        assert kept.notes[: len(fresh.notes) - 1] == fresh.notes[:-1]


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    loaded(folder)
    (cache(folder) / ".graphnn-0123456789abcdef.tmp").write_bytes(b"half")
    (cache(folder) / "4x4-rgb-fit-00000000.pixels").write_bytes(b"whole, but not described")
    repaint(folder / "cat" / "001.png", (1, 2, 3))
    loaded(folder)
    assert files(folder) == [".json", ".pixels"]


@pytest.mark.parametrize("after", [1, 7, 14])
def test_what_was_decoded_before_ctrl_c_is_kept(
    folder: Path, decoded: Counter, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    real = decoded_cache.decode

    def interrupted(*arguments: object, **more: object) -> object:
        for number, each in enumerate(real(*arguments, **more)):  # type: ignore[arg-type]
            if number == after:
                raise KeyboardInterrupt
            yield each

    (folder / "dog" / "002.png").write_bytes(b"no picture")
    monkeypatch.setattr(decoded_cache, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loaded(folder, damaged="skip")
    monkeypatch.setattr(decoded_cache, "decode", real)
    decoded.clear()
    found = loaded(folder, damaged="skip")
    assert len(decoded) == 15 - after
    assert files(folder) == [".json", ".pixels"]
    shutil.rmtree(cache(folder))
    assert same(found, loaded(folder, damaged="skip"))


def test_ctrl_c_leaves_what_was_decoded_before(folder: Path, monkeypatch: pytest.MonkeyPatch, decoded: Counter) -> None:
    def interrupted(*arguments: object, **more: object) -> object:
        raise KeyboardInterrupt
        yield  # a generator

    loaded(folder)
    repaint(folder / "cat" / "001.png", (1, 2, 3))
    with monkeypatch.context() as patch:
        patch.setattr(decoded_cache, "decode", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loaded(folder)
    decoded.clear()
    loaded(folder)
    assert decoded == ["cat/001.png"]
    assert files(folder) == [".json", ".pixels"]


def test_ctrl_c_while_they_are_summed_up_keeps_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, decoded: Counter
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decoded_cache, "summaries", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loaded(folder)
    assert len(decoded) == 15
    loaded(folder)
    assert len(decoded) == 15
    assert files(folder) == [".json", ".pixels"]


def test_a_file_that_could_not_be_read_for_a_while_is_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, decoded: Counter
) -> None:
    real = decoding.picture_bytes

    def away(path: Path) -> bytes:
        if path.name == "001.png":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "picture_bytes", away)
        for _ in range(2):
            data = loaded(folder, damaged="skip")
            assert any("2 of 15 pictures cannot be read" in note for note in data.notes)
            assert len(decoded) == 13
    assert len(loaded(folder).x_train) + len(loaded(folder).x_test) == 15
    assert sorted(decoded[13:]) == ["cat/001.png", "dog/001.png"]
