"""Figures as SVG inside a page of HTML, in the colours and the font that the page has, light or dark."""

import io
import re

from matplotlib import rcParams
from matplotlib.figure import Figure

from graphnn.plots.style import Style, plain_settings

# Colours that no figure has otherwise: each stands for a variable of the page's style sheet.
VARIABLES = {
    "#010101": "--paper",
    "#010102": "--ink",
    "#010103": "--line",
    **{f"#01020{number}": f"--series-{number}" for number in range(1, 8)},
}
PAGE = Style(ground="#010101", text="#010102", faint="#010103", lines=tuple([*VARIABLES][3:]))
SIZES = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
LEFT_OUT = re.compile(
    r"\s*<metadata>.*?</metadata>|\s*<defs>\s*<style.*?</defs>", re.DOTALL
)  # the style is for all of a page
IDS = re.compile(r'(\bid="|href="#|url\(#)')
FONT = re.compile(r"font-family: [^;\"]+(; )?")
SHORT_FONT = re.compile(r"\bfont: ([\d.]+px) [^;\"]+")


def inline_svg(figure: Figure, name: str) -> str:
    """Return a figure in the style PAGE as an <svg> element, whose colours are variables of the page's style sheet.

    name: before the ids, which no other picture of the page may share. The same figure always gives the same text. A
    description for those who do not see it belongs around the element.
    """
    file = io.StringIO()
    with plain_settings():
        rcParams["svg.fonttype"] = "none"
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = LEFT_OUT.sub("", text)
    found = SIZES.search(text)
    assert found is not None
    text = f'<svg class="plot" viewBox="{found[1]}" aria-hidden="true" focusable="false">{text[found.end() :]}'
    text = IDS.sub(lambda match: f"{match[1]}{name}-", text)
    text = SHORT_FONT.sub(r"font-size: \1", FONT.sub("", text)).replace("xlink:href", "href")
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"\s*\n\s*", "\n", text).strip()
