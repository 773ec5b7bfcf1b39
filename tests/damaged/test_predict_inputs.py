"""Damaged pictures and arrays are read as they are, or refused in one line that names the file."""

import io
import runpy
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.evaluation.inputs import Reader
from graphnn.pictures import opening as pictures

FOLDER = Path(__file__).parent
MUTATIONS, OUTCOMES = (runpy.run_path(str(FOLDER / f"{name}.py")) for name in ("mutations", "outcomes"))
READER = Reader((3, 8, 8), (3, 8, 8))
MOST_PIXELS = 100_000  # here, because decoding large ones takes time
MEMORY = 8_000_000


def saved(kind: str, mode: str = "RGB", **settings: Any) -> bytes:
    """Return a picture of noise."""
    file = io.BytesIO()
    pixels = np.random.default_rng(9).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, kind, **settings)
    return file.getvalue()


def deep() -> bytes:
    """Return a PNG with 16 bits a sample."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(9).integers(0, 2**16, (16, 16), dtype=np.uint16)).save(file, "PNG")
    return file.getvalue()


def turned() -> Image.Exif:
    """Return metadata that say that a picture is to be turned."""
    metadata = Image.Exif()
    metadata[0x0112] = 6
    return metadata


def array() -> bytes:
    """Return a .npy file of two samples."""
    file = io.BytesIO()
    np.save(file, np.random.default_rng(9).integers(0, 256, (2, 3, 8, 8), dtype=np.uint8))
    return file.getvalue()


FILES = {
    "colours.png": saved("PNG"),
    "palette.png": saved("PNG", "P", transparency=3),
    "deep.png": deep(),
    "frames.png": saved("PNG", save_all=True, append_images=[Image.new("RGB", (16, 16))]),
    "turned.png": saved("PNG", exif=turned()),
    "plain.jpg": saved("JPEG"),
    "progressive.jpg": saved("JPEG", progressive=True),
    "turned.jpg": saved("JPEG", exif=turned()),
    "inks.jpg": saved("JPEG", "CMYK"),
    "array.npy": array(),
}


def damaged_chunks(content: bytes, seed: int) -> bytes:
    """Return a PNG file with damage; half of the time, its chunks have right checksums all the same."""
    changed: bytes = MUTATIONS["damaged"](content, seed)
    if seed % 2:
        return changed
    repaired, place = changed[:8], 8
    while place + 12 <= len(changed):
        end = place + 8 + int.from_bytes(changed[place : place + 4])
        if end + 4 > len(changed):
            break
        repaired += changed[place:end] + struct.pack(">I", zlib.crc32(changed[place + 4 : end]))
        place = end + 4
    return repaired + changed[place:]


def try_all(name: str, seeds: range, folder: Path) -> Counter[str]:
    """Try damaged files of one kind."""
    path = folder / name

    def fault() -> str | None:
        found = READER.read(path)
        right = found.x.shape[1:] == (3, 8, 8) and (name.endswith(".npy") or found.x.shape[0] == 1)
        return None if right else f"the samples are {found.x.shape}"

    path.write_bytes(FILES[name])
    assert fault() is None
    damage = damaged_chunks if name.endswith(".png") else MUTATIONS["damaged"]
    found: Counter[str] = OUTCOMES["outcomes"](FILES[name], damage, seeds, path, fault, MEMORY)
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", MOST_PIXELS)


@pytest.mark.parametrize("name", FILES)
def test_thirty_damaged_inputs(name: str, tmp_path: Path) -> None:
    found = try_all(name, range(30), tmp_path)
    assert found["refused"] >= 5


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
def test_a_thousand_damaged_inputs(name: str, tmp_path: Path) -> None:
    found = try_all(name, range(1000, 2000), tmp_path)
    assert found["refused"] >= 250
    assert found["loaded"] >= 10
