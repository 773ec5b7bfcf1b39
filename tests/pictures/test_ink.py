"""The ink of a digit is found on its ground, and what else is in the picture is not taken for it."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from graphnn.pictures.ink import Blank, Ink, NoInk, find_ink
from graphnn.types import Array

Size = tuple[int, int]


def sheet(size: Size = (200, 300), paper: int = 235) -> tuple[Image.Image, "ImageDraw.ImageDraw"]:
    picture = Image.new("L", size, paper)
    return picture, ImageDraw.Draw(picture)


def seven(draw: "ImageDraw.ImageDraw", left: int, upper: int, width: int, height: int, ink: int, pen: int) -> None:
    """Draw two bars that fill a box."""
    draw.rectangle([left, upper, left + width - 1, upper + pen - 1], fill=ink)
    draw.rectangle([left + width - pen, upper, left + width - 1, upper + height - 1], fill=ink)


def place(ink: Ink) -> tuple[int, int, int, int]:
    return ink.left, ink.upper, ink.width, ink.height


@pytest.mark.parametrize("box", [(60, 20, 81, 164), (5, 7, 20, 30), (150, 240, 30, 50), (2, 2, 196, 296)])
@pytest.mark.parametrize(("paper", "ink"), [(235, 30), (30, 235), (190, 150), (60, 90), (255, 0)])
def test_the_box_and_the_colour_of_ink(box: tuple[int, int, int, int], paper: int, ink: int) -> None:
    picture, draw = sheet(paper=paper)
    seven(draw, *box, ink, max(2, box[2] // 8))
    found = find_ink(picture)
    assert place(found) == box
    assert (found.dark, found.others, found.cut) == (ink < paper, 0, False)
    assert found.strength.shape == (box[3], box[2])
    assert set(np.unique(found.strength)) == {0, 1}


def test_a_large_picture_is_reduced_and_the_box_is_that_of_the_picture() -> None:
    picture, draw = sheet((3000, 4000))
    seven(draw, 1000, 700, 700, 1400, 30, 90)
    found = find_ink(picture)
    np.testing.assert_allclose(place(found), (1000, 700, 700, 1400), atol=7)
    assert max(found.strength.shape) < 300


def test_specks_and_noise_are_left_out() -> None:
    picture, draw = sheet()
    seven(draw, 60, 60, 60, 120, 30, 8)
    for x, y in ((10, 10), (190, 20), (180, 280), (20, 290)):
        draw.rectangle([x, y, x + 2, y + 2], fill=20)
    noisy = np.asarray(picture) + np.random.default_rng(0).normal(0, 8, (300, 200))
    found = find_ink(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    np.testing.assert_allclose(place(found), (60, 60, 60, 120), atol=1)
    assert found.others == 0


def test_a_stroke_beside_another_belongs_to_the_digit() -> None:
    picture, draw = sheet()
    draw.rectangle([60, 70, 70, 180], fill=30)
    draw.rectangle([78, 60, 120, 68], fill=30)  # the bar of a 5
    found = find_ink(picture)
    assert place(found) == (60, 60, 61, 121)
    assert found.others == 0


def test_the_largest_of_several_digits() -> None:
    picture, draw = sheet((400, 200))
    seven(draw, 30, 50, 50, 90, 30, 8)
    seven(draw, 170, 40, 60, 110, 30, 9)
    seven(draw, 320, 50, 50, 90, 30, 8)
    found = find_ink(picture)
    assert place(found) == (170, 40, 60, 110)
    assert found.others == 2


def test_the_digit_in_a_frame() -> None:
    picture, draw = sheet()
    draw.rectangle([20, 20, 180, 280], outline=30, width=5)
    seven(draw, 70, 80, 60, 120, 30, 8)
    found = find_ink(picture)
    assert place(found) == (70, 80, 60, 120)
    assert found.others == 0


def test_ink_at_the_edge_of_the_picture() -> None:
    picture, draw = sheet()
    seven(draw, 100, 0, 60, 150, 30, 8)
    found = find_ink(picture)
    assert place(found) == (100, 0, 60, 150)
    assert found.cut


@pytest.mark.parametrize("table", [40, 110, 250])
def test_a_sheet_on_a_table(table: int) -> None:
    picture = Image.new("L", (400, 300), table)
    draw = ImageDraw.Draw(picture)
    draw.polygon([(30, 20), (385, 35), (375, 290), (20, 275)], fill=205)
    seven(draw, 150, 90, 60, 120, 45, 8)
    found = find_ink(picture.filter(ImageFilter.GaussianBlur(1)))
    np.testing.assert_allclose(place(found), (150, 90, 60, 120), atol=1)
    assert found.dark
    assert not found.cut


def shadow(x: Array, y: Array) -> Array:
    return 1 - 0.4 / (1 + np.exp(-(x + 0.2 * y - 0.55) * 20))


def gradient(x: Array, y: Array) -> Array:
    return 1 - 0.7 * (0.6 * x + 0.4 * y)


@pytest.mark.parametrize("light", [shadow, gradient])
@pytest.mark.parametrize(("paper", "ink"), [(240, 60), (90, 225)])
def test_uneven_light(light: Callable[[Array, Array], Array], paper: int, ink: int) -> None:
    picture, draw = sheet((400, 300), paper)
    seven(draw, 180, 80, 80, 150, ink, 11)
    y, x = np.mgrid[:300, :400] / 400
    found = find_ink(Image.fromarray((np.asarray(picture) * light(x, y)).astype(np.uint8)))
    assert place(found) == (180, 80, 80, 150)
    assert found.dark is (ink < paper)


def test_the_colour_of_ink_can_be_said() -> None:
    picture, draw = sheet()
    draw.ellipse([50, 60, 150, 240], outline=30, width=12)
    assert find_ink(picture, dark=True).dark
    inside = find_ink(picture, dark=False)
    assert not inside.dark


@pytest.mark.parametrize("paper", [0, 128, 255])
@pytest.mark.parametrize("noise", [0, 10])
@pytest.mark.parametrize("size", [(200, 300), (1, 1), (2, 3), (28, 28)])
def test_a_blank_sheet(paper: int, noise: int, size: Size) -> None:
    pixels = paper + np.random.default_rng(0).normal(0, noise, size)
    with pytest.raises(Blank, match="is blank: no ink stands out from the ground"):
        find_ink(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))


def test_a_picture_that_is_no_drawing() -> None:
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (30, 40), np.uint8)
    for picture in (
        Image.fromarray(texture).resize((400, 300)),
        Image.fromarray(np.kron(texture, np.ones((9, 9), np.uint8))),
    ):
        with pytest.raises(NoInk, match="shows no drawing on plain ground"):
            find_ink(picture)


def test_faint_lines_of_the_paper_end_near_the_digit() -> None:
    picture, draw = sheet()
    for y in range(12, 300, 25):
        draw.line([(0, y), (199, y)], fill=170, width=2)
    seven(draw, 60, 60, 60, 120, 30, 8)
    found = find_ink(picture)
    assert place(found) == (60, 60, 60, 120)
    assert found.strength[15:, :45].max() == 0


def test_a_digit_between_the_edges_of_its_sheet() -> None:
    """The paper between the strokes and the table is wide and light; the strokes are longer for their width."""
    picture = Image.new("L", (160, 120), 40)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([8, 6, 151, 113], fill=210)
    for line in ([(40, 28), (40, 50), (66, 50)], [(61, 28), (61, 74)]):
        draw.line(line, fill=40, width=3)
    found = find_ink(picture)
    assert found.dark
    assert place(found)[3] == 47
