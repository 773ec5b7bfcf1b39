"""Pictures of digits become images in the form of MNIST or digits; those that are such images stay as they are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from graphnn.datasets.digits import INK as DIGITS
from graphnn.datasets.loading import load
from graphnn.datasets.mnist import INK as MNIST
from graphnn.errors import DataError
from graphnn.pictures.framing import framed, has_form
from graphnn.pictures.handwriting import Prepared, handwriting
from graphnn.pictures.ink_form import InkForm
from graphnn.pictures.opening import without_warnings
from graphnn.types import Array


def saved(folder: Path, pixels: Array, name: str = "a.png") -> Path:
    Image.fromarray(pixels).save(folder / name)
    return folder / name


def prepared(file: Path, form: InkForm, size: int, *, invert: bool = False) -> Prepared:
    """Return the image for the digit in a file."""
    with without_warnings():
        return handwriting(file, file.read_bytes(), form, size, invert=invert)


def drawing(size: tuple[int, int] = (200, 300), mode: str = "RGB") -> Image.Image:
    picture = Image.new(mode, size, "white")
    ImageDraw.Draw(picture).line([(60, 30), (140, 30), (100, 190)], fill=(20, 20, 90), width=16)
    return picture


def image_of_mnist() -> Array:
    """Return an image of MNIST's form: a stroke from the upper right to the lower left."""
    strokes = np.zeros((120, 70), np.float32)
    for i in range(120):
        strokes[i, max(0, 55 - i // 2) : 68 - i // 2] = 1
    return framed(strokes, MNIST, 28)


def test_an_image_of_the_data_set_stays_as_it_is(tmp_path: Path) -> None:
    image = image_of_mnist()
    found = prepared(saved(tmp_path, image), MNIST, 28)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == (("is 28×28 and light on dark: read as it is", ""),)
    for image in load("digits").x_test[:20, 0]:
        np.testing.assert_array_equal(prepared(saved(tmp_path, image), DIGITS, 8).pixels, image)
        np.testing.assert_array_equal(prepared(saved(tmp_path, 255 - image), DIGITS, 8).pixels, image)


def test_an_image_of_the_data_set_that_was_inverted_is_only_inverted_back(tmp_path: Path) -> None:
    image = image_of_mnist()
    found = prepared(saved(tmp_path, 255 - image), MNIST, 28)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == (("is 28×28 and dark on light: inverted, else read as it is", ""),)
    found = prepared(saved(tmp_path, 255 - image), MNIST, 28, invert=True)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == ()


def test_a_small_drawing_elsewhere_in_28_times_28_is_centred(tmp_path: Path) -> None:
    image = np.full((28, 28), 255, np.uint8)
    image[2:12, 3] = image[2, 3:9] = 0
    found = prepared(saved(tmp_path, image), MNIST, 28)
    assert found.pixels is not None
    assert has_form(found.pixels, MNIST)
    assert found.notes[0] == ("dark ink on light: inverted, cropped and centred", "6×10 at x = 3, y = 2 of 28×28")


def test_a_drawing_is_inverted_cropped_and_centred(tmp_path: Path) -> None:
    drawing().save(tmp_path / "a.png")
    found = prepared(tmp_path / "a.png", MNIST, 28)
    assert found.pixels is not None
    assert has_form(found.pixels, MNIST)
    ((what, details),) = found.notes
    assert what == "dark ink on light: inverted, cropped and centred"
    assert details.endswith("of 200×300")


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [(suffix, mode) for suffix in (".png", ".webp", ".bmp") for mode in ("RGB", "RGBA", "L", "P")]
    + [(".jpg", mode) for mode in ("RGB", "L", "CMYK")],
)
def test_every_kind_of_picture_gives_the_same_image(suffix: str, mode: str, tmp_path: Path) -> None:
    drawing().save(tmp_path / "a.png")
    expected = prepared(tmp_path / "a.png", MNIST, 28).pixels
    assert expected is not None
    drawing().convert(mode).save(tmp_path / f"b{suffix}")
    found = prepared(tmp_path / f"b{suffix}", MNIST, 28).pixels
    assert found is not None
    assert np.abs(found.astype(int) - expected).mean() < 3


def test_a_transparent_drawing(tmp_path: Path) -> None:
    drawing().save(tmp_path / "a.png")
    expected = prepared(tmp_path / "a.png", MNIST, 28)
    picture = drawing().convert("RGBA")
    picture.putalpha(Image.eval(drawing().convert("L"), lambda value: 255 - value if value < 128 else 0))
    picture.save(tmp_path / "b.png")
    found = prepared(tmp_path / "b.png", MNIST, 28)
    assert found.notes == expected.notes
    assert found.pixels is not None
    assert expected.pixels is not None
    assert np.abs(found.pixels.astype(int) - expected.pixels).mean() < 3


def test_a_photograph_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    drawing().save(tmp_path / "a.png")
    expected = prepared(tmp_path / "a.png", MNIST, 28).pixels
    assert expected is not None
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    drawing().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "b.jpg", exif=exif, quality=95)
    found = prepared(tmp_path / "b.jpg", MNIST, 28).pixels
    assert found is not None
    assert np.abs(found.astype(int) - expected).mean() < 3


def test_the_box_of_a_large_jpeg_is_in_its_own_pixels(tmp_path: Path) -> None:
    drawing().resize((2400, 3600)).save(tmp_path / "a.jpg")
    found = prepared(tmp_path / "a.jpg", MNIST, 28)
    assert found.notes[0][1].endswith("of 2400×3600")
    left = int(found.notes[0][1].split("x = ")[1].split(",")[0])
    assert abs(left - 12 * 60) < 20


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    picture = Image.new("L", (400, 200), 240)
    draw = ImageDraw.Draw(picture)
    draw.line([(100, 0), (80, 120)], fill=30, width=3)
    draw.line([(300, 40), (280, 100)], fill=30, width=3)
    picture.save(tmp_path / "a.png")
    notes = [what for what, _ in prepared(tmp_path / "a.png", MNIST, 28).notes]
    assert notes[0].startswith("dark ink on light")
    draw.line([(200, 40), (180, 160)], fill=30, width=3)
    picture.save(tmp_path / "a.png")
    notes = [what for what, _ in prepared(tmp_path / "a.png", MNIST, 28).notes]
    assert notes[1:] == [
        "thin strokes are drawn thicker",
        "shows several pieces of ink, of which the largest is read; crop it to the one you mean",
    ]


def test_a_blank_picture_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path, np.full((200, 100), 222, np.uint8))
    with pytest.raises(
        DataError, match=r"a\.png: is blank: no ink stands out from the ground; --as-is reads it as it is"
    ):
        prepared(file, MNIST, 28)


def test_a_picture_that_is_no_drawing_is_left_to_be_read_as_a_whole(tmp_path: Path) -> None:
    texture = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    found = prepared(saved(tmp_path, np.kron(texture, np.ones((8, 8), np.uint8))), MNIST, 28)
    assert found.pixels is None
    assert found.notes == (("shows no drawing on plain ground; read as a whole", ""),)
