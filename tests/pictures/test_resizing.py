"""Pictures of every kind come to a network's size: compared with plain numpy, from pixels that are known."""

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graphnn.pictures import opening, resizing
from graphnn.pictures.resizing import RESIZES, fitted, inner_size
from graphnn.types import Array

FORMATS = {  # the modes that each can store without loss
    "PNG": ("1", "L", "LA", "P", "P transparent", "P opacities", "RGB", "RGBA", "I;16", "L key", "RGB key"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("P", "P transparent"),
    "WEBP": ("RGB", "RGBA"),
    "PPM": ("1", "L", "RGB"),
}
KINDS = [(format_, mode) for format_, modes in FORMATS.items() for mode in modes]


def picture(mode: str, height: int, width: int, rng: np.random.Generator) -> tuple[Image.Image, Array, dict[str, Any]]:
    """Return a random picture, the colours in 0…255 that it shows on white, H×W×3, and what saving it needs."""

    def samples(count: int) -> Array:
        return rng.integers(0, 256, (height, width, count), np.uint8)

    if mode == "1":
        bits = rng.integers(0, 2, (height, width)).astype(bool)
        return Image.fromarray(bits), colours(bits[..., None] * 255), {}
    if mode == "I;16":
        deep = rng.integers(0, 65536, (height, width)).astype(np.uint16)
        return Image.fromarray(deep), colours(deep[..., None] >> 8), {}
    if mode.startswith("P"):
        palette, indices = rng.integers(0, 256, (8, 3), np.uint8), rng.integers(0, 8, (height, width), np.uint8)
        result = Image.fromarray(indices, "P")
        result.putpalette(palette.tobytes())
        opacity = np.full(8, 255)
        options: dict[str, Any] = {}
        if mode == "P transparent":
            opacity[3], options = 0, {"transparency": 3}
        elif mode == "P opacities":
            opacity = rng.integers(0, 256, 8)
            options = {"transparency": bytes(opacity.astype(np.uint8))}
        return result, on_white(palette[indices], opacity[indices]), options
    if mode == "CMYK":
        ink = samples(4)
        left = 255 - ink.astype(int)
        return Image.fromarray(ink, "CMYK"), np.rint(left[..., :3] * left[..., 3:] / 255), {}
    if mode.endswith(" key"):
        count = len(mode.partition(" ")[0])
        shown = samples(count)
        key = shown[0, 0]
        opacity = np.where((shown == key).all(axis=-1), 0, 255)
        found = Image.fromarray(shown[..., 0] if count == 1 else shown)
        return (
            found,
            on_white(colours(shown), opacity),
            {"transparency": int(key[0]) if count == 1 else tuple(map(int, key))},
        )
    shown = samples(len(mode))
    found = Image.fromarray(shown[..., 0] if mode == "L" else shown, mode)
    if mode in ("LA", "RGBA"):
        return found, on_white(colours(shown[..., :-1]), shown[..., -1]), {}
    return found, colours(shown), {}


def colours(samples: Array) -> Array:
    """Return H×W×1 or H×W×3 as H×W×3 floats."""
    return np.repeat(samples, 3 // samples.shape[-1], axis=-1).astype(float)


def on_white(samples: Array, opacity: Array) -> Array:
    """Return colours blended with white, by their opacity in 0…255."""
    share = opacity[..., None] / 255
    return np.rint(samples * share + 255 * (1 - share))


def grey(samples: Array) -> Array:
    """Return the brightness, H×W×1, by the weights of ITU-R 601."""
    return np.rint(samples @ np.array([0.299, 0.587, 0.114]))[..., None]


def weighted(values: Array, size: int, start: float, end: float) -> Array:
    """Return `size` means over the rows from start to end, each weighted by a triangle over all that it covers."""
    step = (end - start) / size
    reach = max(step, 1.0)
    rows = np.arange(len(values)) + 0.5
    centres = start + (np.arange(size) + 0.5) * step
    weights = np.maximum(0, 1 - np.abs(rows - centres[:, None]) / reach)
    return np.rint(np.einsum("ij,j...->i...", weights / weights.sum(axis=1, keepdims=True), values))


def plain(values: Array, height: int, width: int, resize: str) -> Array:
    """Return the picture H×W×C in the size, worked out step by step."""
    rows, columns, channels = values.shape
    if resize == "stretch":
        return scaled(values, (height, width), (0, 0, rows, columns))
    if resize == "crop":
        scale = max(height / rows, width / columns)
        high, wide = height / scale, width / scale
        return scaled(values, (height, width), ((rows - high) / 2, (columns - wide) / 2, high, wide))
    scale = min(height / rows, width / columns)
    inner = max(1, round(rows * scale)), max(1, round(columns * scale))
    result = np.full((height, width, channels), 128.0)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    result[top : top + inner[0], left : left + inner[1]] = scaled(values, inner, (0, 0, rows, columns))
    return result


def scaled(values: Array, size: tuple[int, int], box: tuple[float, float, float, float]) -> Array:
    """Return the part of a picture in a box (top, left, height, width) in the size."""
    top, left, high, wide = box
    across = weighted(values.swapaxes(0, 1), size[1], left, left + wide).swapaxes(0, 1)
    return weighted(across, size[0], top, top + high)


def sizes(rng: np.random.Generator, count: int) -> Iterator[tuple[int, int]]:
    """Yield random heights and widths, some of one pixel, some far from square."""
    yield from ((1, 1), (1, 9), (12, 1))
    for _ in range(count):
        yield int(rng.integers(1, 24)), int(rng.integers(1, 24))


def check_kind(format_: str, mode: str, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    for height, width in sizes(rng, count):
        file, shown, options = picture(mode, height, width, rng)
        turn = int(rng.integers(1, 9)) if format_ in ("PNG", "TIFF", "WEBP") else 1
        content = saved(file, format_, turn, options)
        upright = turned(shown, turn)
        down, across = int(rng.integers(1, 16)), int(rng.integers(1, 16))
        for resize in RESIZES:
            for channels, expected in ((3, upright), (1, grey(upright))):
                found = fitted(Path("a"), content, (channels, down, across), resize)
                assert found.pixels.dtype == np.uint8
                assert found.size == (upright.shape[1], upright.shape[0])
                off = np.abs(found.pixels - plain(expected, down, across, resize)).max()
                assert off <= 2, (height, width, down, across, resize, channels, turn)  # rounded after each step


def saved(file: Image.Image, format_: str, turn: int, options: dict[str, Any]) -> bytes:
    """Return a file of the picture that says how it is to be turned."""
    stream = io.BytesIO()
    more: dict[str, Any] = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    if turn > 1 and format_ == "TIFF":
        more["tiffinfo"] = {274: turn}
    elif turn > 1:
        exif = Image.Exif()
        exif[274] = turn
        more["exif"] = exif.tobytes()
    file.save(stream, format_, **options, **more)
    return stream.getvalue()


def turned(values: Array, turn: int) -> Array:
    """Return an upright picture of one stored with this orientation of EXIF."""
    steps = {2: "m", 3: "rr", 4: "rrm", 5: "rm", 6: "r", 7: "rrrm", 8: "rrr"}.get(turn, "")
    for step in steps:
        values = np.rot90(values, -1) if step == "r" else values[:, ::-1]
    return values


@pytest.mark.parametrize(("format_", "mode"), KINDS)
def test_every_kind_is_what_plain_arithmetic_makes_of_it(format_: str, mode: str) -> None:
    check_kind(format_, mode, seed=1, count=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("format_", "mode"), KINDS)
def test_many_of_every_kind(format_: str, mode: str, seed: int) -> None:
    check_kind(format_, mode, seed=100 + seed, count=30)


def smooth(height: int, width: int) -> Array:
    """Return a picture without fine detail, which JPEG stores almost as it is."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    return np.stack([127 + 100 * np.sin(6 * x + 2 * y), 255 * x, 255 * y], axis=-1).clip(0, 255).astype(np.uint8)


def jpeg(pixels: Array, mode: str = "RGB", turn: int = 1) -> bytes:
    return saved(Image.fromarray(pixels).convert(mode), "JPEG", turn, {"quality": 95, "subsampling": 0})


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("turn", [1, 6])
def test_a_large_jpeg_is_decoded_smaller_without_a_visible_difference(mode: str, resize: str, turn: int) -> None:
    pixels = smooth(300, 450)
    content = jpeg(pixels, mode, turn)
    expected = turned(grey(pixels.astype(float)).repeat(3, -1) if mode == "L" else pixels.astype(float), turn)
    found = fitted(Path("a"), content, (3, 20, 30), resize)
    assert found.size == ((450, 300) if turn == 1 else (300, 450))
    off = np.abs(found.pixels - plain(expected, 20, 30, resize))
    assert off.mean() < 1.5
    assert off.max() <= 12


def test_a_jpeg_is_decoded_to_no_less_than_twice_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    resized = resizing.resized

    def recorded(picture: Image.Image, size: tuple[int, int], resize: str) -> Image.Image:
        seen.append(picture.size)
        return resized(picture, size, resize)

    monkeypatch.setattr(resizing, "resized", recorded)
    content = jpeg(smooth(400, 800))
    for size, least in ((400, 800), (202, 800), (200, 400), (102, 400), (100, 200), (50, 100), (10, 100)):
        fitted(Path("a"), content, (3, size // 2, size), "fit")
        assert seen.pop() == (least, least // 2), size


def test_bars_are_middle_grey_and_in_equal_parts() -> None:
    content = saved(Image.new("RGB", (20, 10), "black"), "PNG", 1, {})
    found = fitted(Path("a"), content, (3, 20, 20), "fit").pixels
    assert found[:5].tolist() == found[15:].tolist() == np.full((5, 20, 3), 128).tolist()
    assert not found[5:15].any()
    assert fitted(Path("a"), content, (1, 20, 20), "fit").pixels[:5].tolist() == np.full((5, 20, 1), 128).tolist()


@pytest.mark.parametrize("resize", RESIZES)
def test_a_picture_of_the_size_stays_as_it_is(resize: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (7, 9, 3), np.uint8)
    content = saved(Image.fromarray(pixels), "PNG", 1, {})
    assert fitted(Path("a"), content, (3, 7, 9), resize).pixels.tolist() == pixels.tolist()


def test_a_very_long_picture_keeps_a_pixel_of_its_short_side() -> None:
    content = saved(Image.new("L", (1000, 1)), "PNG", 1, {})
    found = fitted(Path("a"), content, (1, 8, 8), "fit").pixels[..., 0]
    assert (found == 0).sum(axis=0).tolist() == [1] * 8


def test_sizes_inside_keep_the_aspect() -> None:
    assert inner_size((400, 200), (100, 100), "fit") == (100, 50)
    assert inner_size((400, 200), (100, 100), "crop") == (200, 100)
    assert inner_size((400, 200), (100, 100), "stretch") == (100, 100)
    width, height = inner_size((3, 7), (64, 64), "fit")
    assert math.isclose(width / height, 3 / 7)


def read_fitted(file: Path, shape: tuple[int, int, int]) -> Array:
    """Return the pixels of the picture in a file, brought to C×H×W."""
    with opening.without_warnings():
        return fitted(file, file.read_bytes(), shape, "fit").pixels


def test_the_first_picture_of_a_moving_one_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime")]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        frames[0].save(
            tmp_path / name, save_all=True, append_images=frames[1:], **({"lossless": True} if "webp" in name else {})
        )
        assert read_fitted(tmp_path / name, (3, 1, 1)).tolist() == [[[255, 0, 0]]], name


@pytest.mark.parametrize("mode", ["I", "F"])
def test_samples_of_32_bits_are_refused(mode: str, tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 70_000, np.int32)).convert(mode).save(tmp_path / "a.tif")
    with pytest.raises(
        opening.DataError, match=r"a\.tif: cannot be read as a picture: its samples have 32 bits; save it"
    ):
        read_fitted(tmp_path / "a.tif", (1, 4, 4))


def check_damaged(file: Path) -> None:
    """Check that a file is read, or refused in one line that names it."""
    told = ""
    try:
        assert read_fitted(file, (3, 6, 6)).shape == (6, 6, 3)
    except opening.DataError as error:
        told = str(error)
    assert told == "" or (told.startswith(f"{file}: ") and "\n" not in told)


@pytest.mark.parametrize("format_", [*FORMATS, "JPEG"])
def test_a_damaged_file_is_refused_in_one_line_or_read(format_: str, tmp_path: Path) -> None:
    rng, file = np.random.default_rng(4), tmp_path / "a.bin"
    content = saved(Image.fromarray(smooth(24, 30)).convert("P" if format_ == "GIF" else "RGB"), format_, 1, {})
    for _ in range(25):
        damaged = bytearray(content[: rng.integers(1, len(content) + 1)])
        for position in rng.integers(0, len(damaged), rng.integers(1, 9)):
            damaged[position] = rng.integers(0, 256)
        file.write_bytes(damaged)
        check_damaged(file)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("format_", [*FORMATS, "JPEG"])
def test_many_damaged_files(format_: str, seed: int, tmp_path: Path) -> None:
    rng, file = np.random.default_rng(1000 + seed), tmp_path / "a.bin"
    modes = FORMATS.get(format_, ("RGB", "L", "CMYK"))
    for mode in modes:
        shown, _, options = picture(mode, 13, 17, rng)
        content = saved(shown, format_, 1, options)
        for _ in range(50):
            damaged = bytearray(content)
            for position in rng.integers(0, min(len(damaged), 300), rng.integers(1, 6)):
                damaged[position] = rng.integers(0, 256)
            file.write_bytes(damaged)
            check_damaged(file)
