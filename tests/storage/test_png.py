"""Pictures are written as PNG files, and replace nothing."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.errors import DataError
from graphnn.storage import png
from graphnn.storage.png import write_png


@pytest.mark.parametrize("shape", [(28, 28), (5, 7, 3), (1, 1)])
def test_the_very_pixels(shape: tuple[int, ...], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    write_png(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)
    before = (tmp_path / "a.png").stat()
    write_png(tmp_path / "a.png", pixels)
    after = (tmp_path / "a.png").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a photograph")
    (tmp_path / "b.png").symlink_to("nowhere")
    (tmp_path / "c.png").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        with pytest.raises(DataError, match=f"{name}: is there already and holds something else; name another place"):
            write_png(tmp_path / name, np.zeros((2, 2), np.uint8))
    assert (tmp_path / "a.png").read_bytes() == b"a photograph"
    assert (tmp_path / "b.png").is_symlink()


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        png.write_png(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    assert list(tmp_path.iterdir()) == []
