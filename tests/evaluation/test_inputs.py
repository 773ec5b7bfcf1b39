"""Pictures and arrays are read in the shape and values of the data set."""

import io
import struct
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnn.datasets.provenance import Provenance
from graphnn.errors import DataError
from graphnn.evaluation import inputs
from graphnn.evaluation.inputs import Reader
from graphnn.pictures import opening as pictures
from graphnn.types import Array, Shape

GREY = Reader((1, 4, 4), (16,))
COLOUR = Reader((3, 2, 2), (3, 2, 2))


def saved(folder: Path, pixels: Array, name: str = "a.png", mode: str | None = None) -> Path:
    picture = Image.fromarray(pixels)
    (picture if mode is None else picture.convert(mode)).save(folder / name)
    return folder / name


def array_file(folder: Path, array: Array) -> Path:
    np.save(folder / "a.npy", array)
    return folder / "a.npy"


def test_a_grey_picture_as_it_is(tmp_path: Path) -> None:
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    found = GREY.read(saved(tmp_path, pixels))
    assert found.single
    assert found.notes == ()
    assert found.x.dtype == np.uint8
    np.testing.assert_array_equal(found.x, pixels[None, None])


def test_colours_come_channels_first(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 1] = (255, 128, 1)
    x = COLOUR.read(saved(tmp_path, pixels)).x
    assert x.shape == (1, 3, 2, 2)
    assert x[0, :, 0, 1].tolist() == [255, 128, 1]


def test_grey_becomes_colour_and_colour_grey(tmp_path: Path) -> None:
    x = COLOUR.read(saved(tmp_path, np.full((2, 2), 77, np.uint8))).x
    assert (x == 77).all()
    x = GREY.read(saved(tmp_path, np.full((4, 4, 3), (255, 0, 0), np.uint8))).x
    assert (x == 76).all()  # 0.299·255, ITU-R 601


def test_transparency_is_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0, 0] = (0, 0, 0, 255)
    x = GREY.read(saved(tmp_path, pixels)).x[0, 0]
    assert x[0, 0] == 0
    assert (x.ravel()[1:] == 255).all()


def test_a_palette_with_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([10, 10, 10, 200, 200, 200])
    picture.putpixel((2, 0), 0)
    picture.save(tmp_path / "p.png", transparency=0)
    x = GREY.read(tmp_path / "p.png").x[0, 0]
    assert (x[0, 2], x[0, 0]) == (255, 200)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    pixels = np.full((4, 4), 0x80FF, np.uint16)
    assert (GREY.read(saved(tmp_path, pixels)).x == 0x80).all()


def test_jpeg_is_turned_upright(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4), np.uint8)
    pixels[:, 2:] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(pixels).save(tmp_path / "a.JPG", "JPEG", quality=100, exif=exif)
    x = GREY.read(tmp_path / "a.JPG").x[0, 0]
    assert x[:, 0].min() > 200
    assert x[:, 3].max() < 50


def test_another_size_is_noted(tmp_path: Path) -> None:
    found = GREY.read(saved(tmp_path, np.full((8, 6), 50, np.uint8)))
    assert found.x.shape == (1, 1, 4, 4)
    assert (found.x == 50).all()
    assert found.notes == (("resized to 4×4", "from 6×8"),)


def test_shrinking_takes_every_pixel_into_account(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64), np.uint8)
    pixels[::2] = 200
    x = GREY.read(saved(tmp_path, pixels)).x
    assert abs(x.astype(int) - 100).max() < 10


def test_invert_and_the_hint_at_it(tmp_path: Path) -> None:
    drawing = np.full((4, 4), 250, np.uint8)
    drawing[1:3, 1:3] = 5
    file = saved(tmp_path, drawing)
    assert Reader((1, 4, 4), (1, 4, 4), light_on_dark=True).read(file).notes == (
        ("looks dark on light, but the data set is light on dark; try --invert", ""),
    )
    inverted = Reader((1, 4, 4), (1, 4, 4), light_on_dark=True, invert=True).read(file)
    assert inverted.notes == ()
    np.testing.assert_array_equal(inverted.x[0, 0], 255 - drawing)
    assert Reader((1, 4, 4), (1, 4, 4), light_on_dark=True).read(saved(tmp_path, 255 - drawing)).notes == ()
    assert GREY.read(file).notes == ()


def test_pictures_for_data_of_unknown_scale_are_noted(tmp_path: Path) -> None:
    reader = Reader((1, 4, 4), (1, 4, 4), bytes_in_data=False)
    notes = reader.read(saved(tmp_path, np.zeros((4, 4), np.uint8))).notes
    assert notes == (("pixels are read as 0…255; the data set should have such values too", ""),)
    assert reader.read(array_file(tmp_path, np.ones((1, 4, 4)))).notes == ()
    trained = Provenance("npz", seed=0, validation_split=0, dtype="float32", range=(-2, 3))
    reader = Reader((1, 4, 4), (1, 4, 4), bytes_in_data=False, provenance=trained)
    notes = reader.read(saved(tmp_path, np.zeros((4, 4), np.uint8))).notes
    assert notes == (("pixels are read as 0…255; those of the training inputs lie in -2…3", ""),)


@pytest.mark.parametrize(
    ("shape", "count", "single"),
    [
        ((1, 4, 4), 1, True),
        ((4, 4), 1, True),
        ((16,), 1, True),
        ((3, 1, 4, 4), 3, False),
        ((1, 1, 4, 4), 1, False),
        ((3, 4, 4), 3, False),
        ((3, 16), 3, False),
        ((0, 16), 0, False),
    ],
)
def test_shapes_of_arrays(shape: Shape, count: int, single: bool, tmp_path: Path) -> None:
    array = np.arange(np.prod(shape)).reshape(shape) * 20
    found = GREY.read(array_file(tmp_path, array))
    assert found.single is single
    assert found.x.shape == (count, 1, 4, 4)
    np.testing.assert_array_equal(found.x.ravel(), array.ravel())


@pytest.mark.parametrize(("largest", "range_"), [(1.0, "0…1"), (16, "0…16"), (17, None), (0, None)])
def test_values_of_another_scale_are_noted(largest: float, range_: str | None, tmp_path: Path) -> None:
    found = GREY.read(array_file(tmp_path, np.linspace(0, largest, 16)))
    expected = [] if range_ is None else [f"values lie in {range_}, those of the data set in 0…255; scale them so"]
    assert [kind for kind, _ in found.notes] == expected
    assert GREY.read(array_file(tmp_path, np.linspace(-1, 1, 16))).notes == ()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2)), "the array is 2×2; one sample is 3×2×2, a batch N×3×2×2"),
        (np.zeros(()), "the array is a single number; one sample is 3×2×2, a batch N×3×2×2"),
        (np.zeros((2, 2, 3)), "it is channels last: use array.transpose(2, 0, 1)"),
        (np.zeros((5, 2, 2, 3)), "it is channels last: use array.transpose(0, 3, 1, 2)"),
        (np.full((3, 2, 2), np.nan), "holds numbers that are not finite"),
        (np.full((3, 2, 2), 1e300), "holds numbers that are not finite"),
        (np.full((3, 2, 2), "x"), "holds <U1, not numbers"),
        (np.full((3, 2, 2), None), "is not a readable .npy array: it holds pickled Python objects"),
    ],
)
def test_unfit_arrays(array: Array, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        COLOUR.read(array_file(tmp_path, array))
    assert str(caught.value).startswith(f"{tmp_path / 'a.npy'}: ")
    assert message in str(caught.value)


def test_a_vector_that_fits_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the array is 5; one sample is 4, a batch N×4"):
        Reader((4,), (4,)).read(array_file(tmp_path, np.zeros(5)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"\x93NUMPY\x01\x00", "is not a readable .npy array"),
        ("a.png", b"", "is empty"),
        ("a.png", b"not a picture", "is not a picture of a kind that is read: PNG, JPEG, WebP, "),
        ("a.gif", b"GIF89a", "is not a picture of a kind that is read: PNG, JPEG, WebP, "),
        ("a.heic", b"", '".heic" is not a file type that is read here; known: .png, .jpg, .jpeg, .jfif, .webp, '),
        ("a", b"", '"" is not a file type'),
    ],
)
def test_other_files(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        GREY.read(file)
    assert message in str(caught.value)


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder; name the files in it, for example .*\*\.png"):
        GREY.read(tmp_path)


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_a_missing_file_is_the_systems_own_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        GREY.read(tmp_path / name)


def test_a_truncated_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 64), np.uint8)).save(stream, "JPEG")
    (tmp_path / "a.jpeg").write_bytes(stream.getvalue()[:-900])
    with pytest.raises(DataError, match="is damaged: image file is truncated"):
        GREY.read(tmp_path / "a.jpeg")


def announced(folder: Path, width: int, height: int) -> Path:
    """Write a PNG whose header announces this size, with a single row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    row = zlib.compress(bytes(1 + width))
    (folder / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")
    )
    return folder / "a.png"


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (12_000, 12_000, "12,000×12,000 are more than 70,000,000 pixels, the most that are read; save it in a smaller"),
        (70_001, 1_000, "70,001×1,000 are more than 70,000,000 pixels"),
        (60_000, 60_000, "has far more than 70,000,000 pixels, the most that are read; save it in a smaller size"),
    ],
)
def test_a_picture_that_is_far_too_large_is_not_decoded(
    tmp_path: Path, width: int, height: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(DataError, match=message):
        GREY.read(announced(tmp_path, width, height))


def test_a_picture_of_most_pixels_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 24)
    assert GREY.read(saved(tmp_path, np.full((4, 6), 9, np.uint8))).x.tolist() == np.full((1, 1, 4, 4), 9).tolist()
    with pytest.raises(DataError, match="5×5 are more than 24 pixels"):
        GREY.read(saved(tmp_path, np.full((5, 5), 9, np.uint8)))


def test_a_file_that_is_larger_than_any_picture_is_not_read(tmp_path: Path) -> None:
    file = saved(tmp_path, np.zeros((4, 4), np.uint8))
    with file.open("r+b") as opened:
        opened.truncate(pictures.MOST_BYTES + 1)  # a hole, which takes no room on the disk
    with pytest.raises(DataError, match=r"a\.png: has 560,000,001 bytes, where a picture has 560,000,000 at most"):
        GREY.read(file)


def test_warnings_of_pillow_are_not_shown(tmp_path: Path) -> None:
    palette = Image.fromarray(np.zeros((4, 4), np.uint8), "L").convert("P")
    palette.save(tmp_path / "a.png", transparency=b"\x00\x80")  # Pillow warns of bytes as the opacity of a palette
    assert GREY.read(tmp_path / "a.png").x.shape == (1, 1, 4, 4)
    metadata = b"Exif\0\0II*\0\x08\0\0\0\x05\0" + b"\x12\x01\x02\0\xff\0\0\0\xff\xff\0\0" * 2
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.jpg", exif=metadata)
    assert GREY.read(tmp_path / "a.jpg").x.shape == (1, 1, 4, 4)  # Pillow warns that the metadata end too early


@pytest.mark.parametrize("shape", [(16,), (2, 4, 4)])
def test_a_network_that_takes_no_pictures(shape: Shape, tmp_path: Path) -> None:
    file = saved(tmp_path, np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match=r"a picture is 1×H×W or 3×H×W, but the network takes .*; give an \.npy array"):
        Reader(shape, shape).read(file)


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, np.zeros((4, 4), np.uint8))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="reading pictures needs Pillow: "):
        GREY.read(file)


def test_an_array_that_does_not_fit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = array_file(tmp_path, np.zeros((7, 16)))
    monkeypatch.setattr(inputs, "read_array", None)
    with pytest.raises(DataError, match=r"the array is 7×16; one sample is 3×2×2"):
        COLOUR.read(file)
    monkeypatch.setattr(inputs, "shortage", lambda needed: "there are fewer" if needed == 7 * 16 * 8 else None)
    with pytest.raises(DataError, match=r"a\.npy: 7×16 of float64 takes 896 B, but there are fewer"):
        GREY.read(file)
    monkeypatch.setattr(inputs, "shortage", lambda needed: "there are fewer" if needed == 2 * 7 * 16 * 8 else None)
    with pytest.raises(DataError, match=r"a\.npy: 7×16 of float64 takes 1\.8 KiB, but there are fewer"):
        GREY.read(array_file(tmp_path, np.asfortranarray(np.zeros((7, 16)))))


def test_an_array_takes_little_more_memory_than_its_file(tmp_path: Path) -> None:
    file = array_file(tmp_path, np.zeros((250_000, 16), np.float32))
    tracemalloc.start()
    found = GREY.read(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.x.shape == (250_000, 1, 4, 4)
    assert peak < file.stat().st_size + 4_000_000
