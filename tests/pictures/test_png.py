"""Every form of PNG gives the pixels that it describes: each colour type and bit depth, with and without transparency.

The files are written here byte by byte, so that no library that also reads them decides what they mean.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnn.evaluation.inputs import Reader
from graphnn.types import Array

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
FORMS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # Adam7
HEIGHT, WIDTH = 5, 9


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def scanlines(samples: Array, depth: int) -> bytes:
    """Return samples H×W×C as scanlines, each after filter type 0."""
    height = len(samples)
    if depth == 16:
        rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    else:
        bits = np.unpackbits(samples.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def png(path: Path, samples: Array, colour: int, depth: int, *, interlaced: bool = False, **chunks: bytes) -> Path:
    """Write samples H×W×C, each of `depth` bits, as a PNG; chunks: further ones, before the pixels."""
    height, width, _ = samples.shape
    parts = [samples]
    if interlaced:
        parts = [samples[top::down, left::right] for left, top, right, down in PASSES]
    pixels = b"".join(scanlines(part, depth) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    body = [chunk(b"IHDR", header), *(chunk(name.encode(), content) for name, content in chunks.items())]
    body += [chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(body))
    return path


def drawn(colour: int, depth: int) -> Array:
    """Return random samples H×W×C that use all of `depth` bits."""
    rng = np.random.default_rng([colour, depth])
    return rng.integers(0, 2**depth, (HEIGHT, WIDTH, CHANNELS[colour]))


def colours(depth: int) -> Array:
    """Return a palette, 2^depth×3."""
    return np.random.default_rng(depth).integers(0, 256, (2**depth, 3))


def in_eight_bits(samples: Array, depth: int) -> Array:
    """Return samples in 0…255; of 16 bits the upper ones."""
    return samples >> 8 if depth == 16 else samples * 255 // (2**depth - 1)


def on_white(samples: Array, colour: int, depth: int, transparent: Any = None) -> Array:
    """Return what a picture shows on white, H×W×3 in 0…255; transparent: a colour, or the opacities of a palette."""
    opacity = np.full((HEIGHT, WIDTH, 1), 255)
    if colour == PALETTE:
        shown = colours(depth)[samples[..., 0]]
        if transparent is not None:
            opacity = np.concatenate([transparent, np.full(2**depth, 255)])[samples]
    elif colour in (GREY_ALPHA, RGB_ALPHA):
        shown, opacity = (in_eight_bits(part, depth) for part in (samples[..., :-1], samples[..., -1:]))
    else:
        shown = in_eight_bits(samples, depth)
        if transparent is not None:
            opacity = np.where((samples == transparent).all(axis=-1, keepdims=True), 0, 255)
    return np.broadcast_to(255 + (shown - 255.0) * opacity / 255, (HEIGHT, WIDTH, 3))


def read(path: Path) -> Array:
    """Return a picture's pixels, H×W×3."""
    found = Reader((3, HEIGHT, WIDTH), (3, HEIGHT, WIDTH)).read(path)
    assert found.notes == ()
    assert found.x.dtype == np.uint8
    return found.x[0].transpose(1, 2, 0).astype(int)


def read_grey(path: Path) -> Array:
    """Return a picture's pixels in grey, H×W."""
    return Reader((1, HEIGHT, WIDTH), (1, HEIGHT, WIDTH)).read(path).x[0, 0].astype(int)


def check(path: Path, expected: Array) -> None:
    """Compare a picture with what it shows; a blend may be rounded either way, and a pixel that is none is exact."""
    whole = expected == expected.astype(int)
    found = read(path)
    np.testing.assert_array_equal(found[whole], expected[whole])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1)
    np.testing.assert_allclose(read_grey(path), expected @ [0.299, 0.587, 0.114], rtol=0, atol=2)


def palette_chunk(colour: int, depth: int) -> dict[str, bytes]:
    return {"PLTE": bytes(colours(depth).ravel().tolist())} if colour == PALETTE else {}


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), FORMS)
def test_pixels_of_each_form(colour: int, depth: int, interlaced: bool, tmp_path: Path) -> None:
    samples = drawn(colour, depth)
    chunks = palette_chunk(colour, depth)
    check(
        png(tmp_path / "a.png", samples, colour, depth, interlaced=interlaced, **chunks),
        on_white(samples, colour, depth),
    )


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), [(GREY, depth) for depth in DEPTHS[GREY]] + [(RGB, 8), (RGB, 16)])
def test_a_transparent_colour_is_white(colour: int, depth: int, interlaced: bool, tmp_path: Path) -> None:
    samples = drawn(colour, depth)
    for transparent in np.unique(samples.reshape(-1, CHANNELS[colour]), axis=0)[:16]:  # each grey of 4 bits or fewer
        path = png(tmp_path / "a.png", samples, colour, depth, interlaced=interlaced, tRNS=colour_chunk(transparent))
        check(path, on_white(samples, colour, depth, transparent))


def colour_chunk(colour: Array) -> bytes:
    """Return a transparent colour as a tRNS chunk has it."""
    return b"".join(struct.pack(">H", sample) for sample in colour)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", DEPTHS[PALETTE])
def test_a_palette_with_opacities(depth: int, interlaced: bool, tmp_path: Path) -> None:
    samples = drawn(PALETTE, depth)
    opacities = np.arange(2**depth)[: 2**depth - 1] * 255 // 2**depth  # the last one is left out: opaque
    chunks = {**palette_chunk(PALETTE, depth), "tRNS": bytes(opacities.tolist())}
    path = png(tmp_path / "a.png", samples, PALETTE, depth, interlaced=interlaced, **chunks)
    check(path, on_white(samples, PALETTE, depth, opacities))


@pytest.mark.parametrize("colour", [GREY, RGB])
def test_only_the_colour_that_is_equal_in_all_sixteen_bits_is_transparent(colour: int, tmp_path: Path) -> None:
    samples = np.full((HEIGHT, WIDTH, CHANNELS[colour]), 0x1234)
    samples[0, 0, -1] = 0x1235
    samples[0, 1, 0] = 0x1334
    expected = np.full((HEIGHT, WIDTH, 3), 255)
    expected[0, 0] = 0x12
    expected[0, 1] = [0x13, 0x12, 0x12] if colour == RGB else 0x13
    path = png(tmp_path / "a.png", samples, colour, 16, tRNS=b"\x12\x34" * CHANNELS[colour])
    np.testing.assert_array_equal(read(path), expected)


@pytest.mark.parametrize("colour", [GREY, RGB])
def test_a_transparent_colour_that_no_pixel_has(colour: int, tmp_path: Path) -> None:
    samples = np.full((HEIGHT, WIDTH, CHANNELS[colour]), 0xFFFE)
    path = png(tmp_path / "a.png", samples, colour, 16, tRNS=b"\xff\xff" * CHANNELS[colour])
    np.testing.assert_array_equal(read(path), 0xFF)
    black = png(tmp_path / "b.png", samples * 0, colour, 16, tRNS=b"\x00\x01" * CHANNELS[colour])
    np.testing.assert_array_equal(read(black), 0)


@pytest.mark.parametrize(("colour", "depth"), [(GREY, 8), (GREY, 16), (RGB, 8), (RGB, 16), (RGB_ALPHA, 16)])
def test_a_picture_with_transparency_is_turned_upright(colour: int, depth: int, tmp_path: Path) -> None:
    samples = drawn(colour, depth)
    chunks = {"eXIf": b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0"}  # orientation 3, upside down
    if colour != RGB_ALPHA:
        chunks["tRNS"] = colour_chunk(samples[2, 3])
    expected = on_white(samples, colour, depth, None if colour == RGB_ALPHA else samples[2, 3])
    check(png(tmp_path / "a.png", samples, colour, depth, **chunks), expected[::-1, ::-1])
