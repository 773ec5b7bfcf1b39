"""The colours of the page: text can be read on every ground, in light and in dark."""

import re

import pytest

from graphnn.page.rendering import style_sheet

LEAST = 4.5  # of WCAG 2, level AA
TEXTS = ("ink", "soft", "accent", "key", "string", "number", "word")
MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
VARIABLE = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")
TINTS = {"right": 0.42, "wrong": 0.52}  # of cells of the confusion matrix, at their strongest


def colours(*, dark: bool) -> dict[str, str]:
    """Return the variables of the style sheet."""
    sheet = style_sheet()
    night = "".join(block for block in MEDIA.findall(sheet) if block.startswith("@media screen and (prefers-color"))
    return dict(VARIABLE.findall(MEDIA.sub("", sheet) + (night if dark else "")))


def channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def mixed(one: str, other: str, share: float) -> list[float]:
    return [share * a + (1 - share) * b for a, b in zip(channels(one), channels(other), strict=True)]


def luminance(rgb: list[float]) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_every_ground(dark: bool) -> None:
    found = colours(dark=dark)
    pairs = [(text, ground) for text in TEXTS for ground in ("paper", "ground")] + [("ink", "mark")]
    low = {pair: contrast(channels(found[pair[0]]), channels(found[pair[1]])) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < LEAST} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tint", TINTS)
def test_numbers_stand_out_from_their_cells(tint: str, dark: bool) -> None:
    found = colours(dark=dark)
    assert contrast(channels(found["ink"]), mixed(found[tint], found["paper"], TINTS[tint])) >= LEAST


def test_dark_colours_are_others() -> None:
    light, dark = colours(dark=False), colours(dark=True)
    assert light.keys() == dark.keys()
    assert luminance(channels(light["paper"])) > 0.9
    assert luminance(channels(dark["paper"])) < 0.02
    assert light["series-1"] != dark["series-1"]


def test_every_variable_that_is_used_is_there() -> None:
    used = set(re.findall(r"var\(--([\w-]+)", style_sheet())) - {"share", "colour", "hue"}
    assert used <= colours(dark=False).keys()
