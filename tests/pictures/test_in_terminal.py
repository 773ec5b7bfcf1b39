"""Pictures in terminals of many colours, of 256, and of none."""

import io
import re
from pathlib import Path

import numpy as np
import pytest

from graphnn.pictures.in_terminal import RAMP, Colours, colours_of, in_bytes, picture_lines
from graphnn.text.colour import Painted
from graphnn.types import Array

SET = re.compile(r"\x1b\[0;38;([\d;]+?)(?:;48;([\d;]+))?m(▀+)")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def read_back(lines: list[Painted]) -> list[list[str]]:
    """Return the codes of the colours of each row of pixels."""
    rows: list[list[str]] = []
    for line in lines:
        assert line.endswith("\x1b[0m")
        upper, lower = [], []
        for above, below, run in SET.findall(line):
            upper += [above] * len(run)
            lower += [below] * len(run)
        assert SET.sub("", line) == "\x1b[0m"
        rows += [upper, lower] if any(lower) else [upper]
    return rows


def test_the_very_pixels_in_all_colours() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 7, 5), np.uint8)
    found = read_back(picture_lines(image, Colours.ALL))
    assert found == [[f"2;{image[0, y, x]};{image[1, y, x]};{image[2, y, x]}" for x in range(5)] for y in range(7)]
    grey = read_back(picture_lines(image[:1], Colours.ALL))
    assert grey == [[";".join(["2", *[str(image[0, y, x])] * 3]) for x in range(5)] for y in range(7)]


def colour_of_256(number: int) -> Array:
    if number >= 232:
        return np.full(3, 8 + 10 * (number - 232))
    levels = np.array([0, 95, 135, 175, 215, 255])
    return levels[[(number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6]]


def test_the_nearest_of_256_colours() -> None:
    greys = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    dark = np.random.default_rng(1).integers(0, 90, (3, 16, 16), np.uint8)
    known = np.array([colour_of_256(number) for number in range(16, 256)])
    for image in (greys, dark, np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8)):
        for y, row in enumerate(read_back(picture_lines(image, Colours.OF_256))):
            for x, found in enumerate(row):
                wanted = np.broadcast_to(image[:, y, x], 3).astype(int)
                least = ((known - wanted) ** 2).sum(axis=1).min()
                assert ((colour_of_256(int(found.removeprefix("5;"))) - wanted) ** 2).sum() == least


def test_without_colours_two_characters_a_pixel_in_a_frame() -> None:
    image = np.array([[[0, 255], [128, 30]]], np.uint8)
    assert picture_lines(image, Colours.NONE) == ["+----+", "|  @@|", "|++..|", "+----+"]
    assert len(RAMP) == 10


@pytest.mark.parametrize("colours", Colours)
@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 32), (1, 200), (3, 75), (2, 28), (7, 12), (1, 1)])
def test_no_line_is_wider_than_the_terminal(channels: int, side: int, colours: Colours) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, side, side), np.uint8)
    for width in (None, 40, 80, 200):
        lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in picture_lines(image, colours, width)]
        assert 0 < max(map(len, lines)) <= (width or 80)
        assert {len(line) for line in lines} <= {len(lines[0]), len(lines[-1])}


def test_channels_lie_side_by_side_then_below() -> None:
    image = np.zeros((4, 2, 20), np.uint8)
    image[1] = 255
    lines = picture_lines(image, Colours.NONE, 90)
    assert len(lines) == 2 * 4
    assert lines[1] == f"|{' ' * 40}|  |{'@' * 40}|"


def test_a_large_image_is_drawn_by_means() -> None:
    image = np.zeros((1, 4, 6), np.uint8)
    image[0, :2, :2] = [[255, 0], [0, 255]]
    image[0, 2:, 4:] = 255
    assert picture_lines(image, Colours.NONE, 8) == ["+------+", "|==    |", "|    @@|", "+------+"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colours.ALL),
        ({"TERM": "xterm-direct"}, Colours.ALL),
        ({"TERM": "screen-256color"}, Colours.OF_256),
        ({"TERM": "xterm"}, Colours.NONE),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, Colours.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Colours.NONE),
    ],
)
def test_the_colours_of_a_terminal(
    environment: dict[str, str], expected: Colours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert colours_of(Terminal()) is expected
    with (tmp_path / "a.txt").open("w", encoding="utf-8") as file:
        assert colours_of(file) is Colours.NONE
    latin = Terminal()
    latin.encoding = "latin-1"
    assert colours_of(latin) is Colours.NONE


def test_any_numbers_as_bytes() -> None:
    assert in_bytes(np.array([-1.0, 0.0, 1.0]), (-1, 1)).tolist() == [0, 128, 255]
    assert in_bytes(np.array([2.0, 4.0, 3.0]), None).tolist() == [0, 255, 128]
    assert in_bytes(np.array([7.0, 7.0]), None).tolist() == [0, 0]
    assert in_bytes(np.array([3, 9], np.uint8), (0, 1)).tolist() == [3, 9]
    assert in_bytes(np.array([-9.0, 300.0]), (0, 255)).tolist() == [0, 255]
