"""How pictures look: colours that the colour-blind tell apart, on a light or a dark ground, and plain axes."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.visible import single_line

LONGEST_TITLE = 40  # characters above axes; with more, hardly any room is left to what is drawn
SALT = "graphnn"  # from which matplotlib makes the ids in an SVG, the same for the same picture


@frozen_dataclass(kw_only=True)
class Style:
    """The colours of pictures. lines: of what is compared, in their order."""

    ground: str
    text: str
    faint: str
    lines: Sequence[str] = field(default=())


# Those of Okabe and Ito, without yellow on a light ground; on a dark one without dark blue, some moved further apart.
LIGHT = Style(
    ground="#ffffff",
    text="#24292f",
    faint="#d0d7de",
    lines=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5f6670"),
)
DARK = Style(
    ground="#16181d",
    text="#e6e8eb",
    faint="#3a3f47",
    lines=("#56b4e9", "#e69f00", "#0fa37a", "#d183b0", "#e0602c", "#f0e442", "#f2f4f6"),
)


@contextmanager
def plain_settings() -> Iterator[None]:
    """A context with the settings that matplotlib is delivered with, whatever a user's matplotlibrc says.

    Pictures are drawn and written in it, so that the same data give the same picture everywhere. Settings are as before
    when it ends.
    """
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # it is drawn as a box
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = SALT
        yield


class ShownFigure(Figure):
    """A figure that shows itself in notebooks; else they show one only after `pyplot` was imported."""

    def _repr_png_(self) -> bytes:
        from graphnn.plots.saving import picture_bytes

        return picture_bytes(self, ".png")


def new_figure(style: Style, width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, which no window and no state of pyplot belongs to."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.03, hspace=0.04)
    return ShownFigure(figsize=(width, height), dpi=110, facecolor=style.ground, layout=layout)


def draw_title(figure: Figure, title: str, style: Style) -> None:
    """Write a title at the top left of a figure."""
    longest = int(7 * figure.get_figwidth())
    shown = figure.suptitle(
        drawable(title, longest), x=0.01, ha="left", color=style.text, fontsize=12, fontweight="bold"
    )
    as_written([shown])


def plain_axes(axes: Axes, style: Style, title: str) -> None:
    """Give axes the colours of the style, a title at the left, and a faint grid behind what is drawn."""
    axes.set_facecolor(style.ground)
    axes.set_title(drawable(title, LONGEST_TITLE), loc="left", fontsize=11, color=style.text, parse_math=False)
    axes.grid(color=style.faint, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=style.text, labelsize=9)
    axes.tick_params(which="both", color=style.faint)
    axes.xaxis.label.set_color(style.text)
    axes.yaxis.label.set_color(style.text)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.faint)


def drawable(text: str, longest: int | None = None) -> str:
    """Return a text on one line, with escapes for what is not shown, cut to `longest` characters."""
    shown = single_line(text)
    return shown if longest is None or len(shown) <= longest else f"{shown[: longest - 1].rstrip()}…"


def as_written(texts: Sequence[Text]) -> None:
    """Let texts be drawn as they are written: dollar signs are no mathematics."""
    for text in texts:
        text.set_parse_math(False)
