"""What was read of mapped files does not stay counted as memory of the process."""

import mmap
from pathlib import Path

import numpy as np
import pytest

from graphnn.datasets import mapped_pages
from graphnn.datasets.base import channels_last
from graphnn.datasets.digest import digest
from graphnn.datasets.mapped import MappedInputs
from graphnn.datasets.mapped_pages import let_go, mapping_of
from graphnn.datasets.provenance import range_of
from graphnn.training.samples import Samples
from graphnn.types import Array

SIZE = 64 << 20  # bytes
SHAPE = (SIZE // (32 * 32 * 4), 32, 32, 4)

if not hasattr(mmap, "MADV_DONTNEED"):
    pytest.skip("this system cannot let go of pages", allow_module_level=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pixels"
    np.arange(SIZE, dtype=np.uint8).tofile(path)
    return path


def resident(path: Path) -> int:
    """Return how many bytes of a mapped file count as memory of this process, as Linux says."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) << 10
    return found


def pixels(path: Path) -> Array:
    """Return the file as images, as decoded pictures are mapped."""
    return channels_last(np.asarray(np.memmap(path, np.uint8, "r", shape=SHAPE)))


def mapped(path: Path) -> Array:
    """Return the file as images, as arrays too large for memory are mapped."""
    return MappedInputs(np.memmap(path, np.uint8, "r", shape=(SHAPE[0], 4, 32, 32))).as_array()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux says what counts")
@pytest.mark.parametrize("opened", [pixels, mapped])
def test_reading_all_of_a_file_holds_a_part_of_it(opened, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, order = opened(file), np.random.default_rng(0).permutation(SHAPE[0])
    plain = np.array(x[:10])
    samples = Samples(x, np.zeros(SHAPE[0], int))
    out = np.empty((64, 32, 32, 4), np.float32).transpose(0, 3, 1, 2)

    def reads() -> None:
        range_of(x)
        digest(x)
        for start in range(0, SHAPE[0], 64):
            samples.inputs(order[start : start + 64], out, 0)

    monkeypatch.setattr(mapped_pages, "READ_AT_MOST", 1 << 40)
    reads()
    assert resident(file) > SIZE / 2
    monkeypatch.setattr(mapped_pages, "READ_AT_MOST", 1 << 20)
    reads()
    assert resident(file) < SIZE / 4
    np.testing.assert_array_equal(x[:10], plain)


def test_arrays_in_memory_are_left_alone() -> None:
    x = np.zeros((4, 3))
    assert mapping_of(x) is None
    assert mapping_of(x[1:].T) is None
    let_go(x, 1 << 40)
    assert (x == 0).all()
