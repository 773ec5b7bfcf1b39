"""The pictures of the page: what they are computed from, and that they take the page's colours."""

import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from graphnn.plots.curve_panels import curve_panels
from graphnn.plots.curves import Curve
from graphnn.plots.inline import PAGE, inline_svg
from graphnn.plots.predicted_and_true import POINTS, draw_predicted, draw_residuals, drawn_points
from graphnn.plots.reliability import draw_reliability, reliability
from graphnn.plots.two_classes import draw_probabilities, draw_roc, roc
from graphnn.training.history import Record

SHARES = np.array([0.1, 0.4, 0.4, 0.8])
TRUTH = np.array([False, True, False, True])
RECORDS = [Record(at, {"loss": 1 / at, "accuracy": 0.5}, {"loss": 2.0, "accuracy": 0.4}, 0.1, 1, 1) for at in (1, 2)]
FIGURES: dict[str, Callable[[], Figure]] = {
    "curves": lambda: curve_panels([Curve(name="a <b>", records=RECORDS, best=1)], PAGE)["loss"],
    "reliability": lambda: draw_reliability(reliability(SHARES, TRUTH), PAGE),
    "probabilities": lambda: draw_probabilities(SHARES, TRUTH, PAGE),
    "roc": lambda: draw_roc(*roc(SHARES, TRUTH)[:2], PAGE),
    "predicted": lambda: draw_predicted(SHARES, SHARES + 0.1, "a & b <c>", PAGE),
    "residuals": lambda: draw_residuals(SHARES, SHARES, "$x$ & $\\frac", PAGE),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_has_the_colours_of_the_page_alone(name: str) -> None:
    text = inline_svg(FIGURES[name](), "one")
    assert text == inline_svg(FIGURES[name](), "one")
    ET.fromstring(text)
    assert re.findall(r"#[0-9a-f]{6}\b|font-family", text) == []
    assert {"var(--ink)", "var(--line)", "var(--series-1)"} <= set(re.findall(r"var\([^)]*\)", text))
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert all(each.startswith("one-") for each in ids)
    assert {each[1:] for each in re.findall(r'href="([^"]*)"', text)} <= set(ids)
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(ids)
    assert "<style" not in text
    assert "<metadata" not in text


def test_text_of_a_title_is_no_mathematics_and_no_markup() -> None:
    text = inline_svg(FIGURES["residuals"](), "one")
    assert "$x$ &amp; $\\frac" in text


def test_a_long_title_leaves_room_to_the_picture() -> None:
    values = np.arange(5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = inline_svg(draw_predicted(values, values, f"predicted, by true, {'price ' * 50}", PAGE), "x")
    assert "predicted, by true, price price price p…" in text


def test_there_is_a_panel_for_each_metric_and_the_rate() -> None:
    assert [*curve_panels([Curve(name="", records=RECORDS)], PAGE)] == ["loss", "accuracy", "learning rate"]
    assert curve_panels([Curve(name="", records=[])], PAGE) == {}


def test_the_roc_curve_takes_equal_probabilities_at_once() -> None:
    false, hits, area = roc(SHARES, TRUTH)
    assert false.tolist() == [0, 0, 0.5, 1]
    assert hits.tolist() == [0, 0.5, 1, 1]
    assert area == 0.875


def test_the_area_below_the_curve_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    shares, truth = rng.integers(0, 20, 200) / 20, rng.random(200) < 0.4
    differences = shares[truth][:, None] - shares[~truth]
    assert roc(shares, truth)[2] == pytest.approx(float((differences > 0).mean() + 0.5 * (differences == 0).mean()))


def test_reliability_compares_probabilities_with_what_is_right() -> None:
    found = reliability(np.array([0.95, 1.0, 0.55, 0.5]), np.array([True, False, True, True]))
    assert found.counts.tolist() == [0] * 5 + [2] + [0] * 3 + [2]
    assert found.sure[[5, 9]].tolist() == pytest.approx([0.525, 0.975])
    assert found.right[[5, 9]].tolist() == [1, 0.5]
    assert found.error == pytest.approx((0.475 + 0.475) / 2)


def test_many_samples_are_drawn_by_some() -> None:
    assert drawn_points(5).tolist() == [0, 1, 2, 3, 4]
    assert len(drawn_points(100_000)) == POINTS
    assert drawn_points(100_000)[[0, -1]].tolist() == [0, 99_999]
