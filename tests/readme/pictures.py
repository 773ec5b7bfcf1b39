"""Draws the pictures of README.md by a headless browser: python tests/readme/pictures.py [editor] [report].

editor.png shows a document with the completion and the explanations that an editor takes from the schema; report.png
the page that `report` makes of models/digits.json. Needs Chromium or Chrome, and Pillow.
"""

import html
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COLOURS = 128  # of a picture; more of them would double its size
TYPED = '{"type": "Conv2D", "filters": 32, "'  # where the completion opens
COMPLETED, CHOSEN, HOVERED = "Conv2D", "padding", "one_cycle"
LINE, LEFT, LETTER = 21, 58, 8.43  # pixels: height of a line, start of the text, width of a letter of 14 pixels

STYLE = """
body { margin: 0; background: #1f2228; color: #d6d9df; font: 14px/21px "DejaVu Sans Mono", monospace; }
.page { position: relative; width: 100vw; height: 100vh; overflow: hidden; }
.tab { font: 13px sans-serif; padding: 9px 16px; background: #16181d; color: #aab0ba; }
.tab b { background: #1f2228; padding: 9px 16px; margin-left: -16px; font-weight: normal; color: #fff; }
pre { margin: 8px 0; font: inherit; }
pre i { display: inline-block; width: 34px; margin-right: 24px; text-align: right; color: #5d6470; font-style: normal; }
.key { color: #8cc8f0; } .text { color: #d7a07c; } .number { color: #a8cf9f; }
.caret { border-left: 2px solid #fff; }
.box { position: absolute; background: #282c34; border: 1px solid #49505c; border-radius: 4px; }
.box { font: 13px/20px sans-serif; }
.list { padding: 4px 0; width: 178px; } .list div { padding: 1px 12px; }
.list .chosen { background: #0a4a7d; color: #fff; }
.about { padding: 7px 12px; width: 470px; } .about p { margin: 0 0 6px; } .about p:last-child { margin: 0; }
code { font: 12px "DejaVu Sans Mono", monospace; color: #e0b48f; }
ul { margin: 0 0 6px; padding-left: 20px; }
"""


def schema() -> dict[str, Any]:
    """Return the definitions of the schema."""
    read: dict[str, Any] = json.loads((ROOT / "schemas" / "network.schema.json").read_text(encoding="utf-8"))
    return dict(read["definitions"])


def editor() -> str:
    """Return a page that shows models/digits.json while its second convolution is typed."""
    lines = (ROOT / "models" / "digits.json").read_text(encoding="utf-8").splitlines()
    lines = lines[: next(number for number, line in enumerate(lines) if '"loss"' in line) + 8]
    at = next(number for number, line in enumerate(lines) if '"conv2"' in line)
    lines[at] = f"    {TYPED}\0"
    hovered = next(number for number, line in enumerate(lines) if HOVERED in line)
    code = "\n".join(f"<i>{number}</i>{coloured(line)}" for number, line in enumerate(lines, start=1))
    top = 44 + LINE * (at + 1)
    left = LEFT + LETTER * (4 + len(TYPED))
    below = 44 + LINE * (hovered + 1)
    boxes = [
        box("list", left, top, settings()),
        box("about", left + 184, top, about(CHOSEN)),
        box("about", LEFT + LETTER * lines[hovered].index(HOVERED), below + 4, schedule()),
    ]
    tab = '<div class="tab"><b>digits.json</b></div>'
    head = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"
    return f'{head}<div class="page">{tab}<pre>{code}</pre>{"".join(boxes)}</div>'


def coloured(line: str) -> str:
    """Return a line of JSON with the colours of an editor."""
    text = html.escape(line, quote=False)
    text = re.sub(r'("[^"]*")(:)|("[^"\0]*"?)|\b(\d[\d.]*)\b', span, text)
    return text.replace("\0", '<span class="caret"></span>')


def span(found: re.Match[str]) -> str:
    """Return a part of JSON in its colour."""
    key, colon, text, number = found.groups()
    if key:
        return f'<span class="key">{key}</span>{colon}'
    return f'<span class="text">{text}</span>' if text else f'<span class="number">{number}</span>'


def settings() -> str:
    """Return the completion: the settings of the layer that are not written yet."""
    names = sorted({*schema()[COMPLETED]["properties"]} - {*re.findall(r'"(\w+)":', TYPED)})
    rows = (f'<div class="{"chosen" if name == CHOSEN else ""}">{name}</div>' for name in names)
    return "".join(rows)


def about(setting: str) -> str:
    """Return what the schema says of a setting of the layer."""
    definition = schema()[COMPLETED]["properties"][setting]
    return markdown(definition.get("markdownDescription", definition["description"]))


def schedule() -> str:
    """Return what the schema says of the schedule in the document."""
    return markdown(schema()[HOVERED]["description"])


def markdown(text: str) -> str:
    """Return the little Markdown of the schema as HTML: paragraphs, lists and code."""
    parts = []
    for paragraph in re.sub(r"\n- ", "\n\n- ", text.strip(), count=1).split("\n\n"):
        safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(paragraph, quote=False))
        if safe.startswith("- "):
            parts.append("<ul>" + "".join(f"<li>{item}</li>" for item in safe[2:].split("\n- ")) + "</ul>")
        else:
            parts.append(f"<p>{safe}</p>")
    return "".join(parts)


def box(kind: str, left: float, top: float, content: str) -> str:
    """Return a box of the editor at a place."""
    return f'<div class="box {kind}" style="left: {left:.0f}px; top: {top:.0f}px">{content}</div>'


def report() -> str:
    """Return the page that `report` makes of models/digits.json, after training it."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "digits.json")
        shutil.copy(ROOT / "models" / "digits.json", document)
        for command in (["train", document, "--quiet"], ["report", document]):
            subprocess.run([sys.executable, "-m", "graphnn", *map(str, command)], cwd=folder, check=True)
        (page,) = Path(folder).rglob("*.html")
        return page.read_text(encoding="utf-8")


def draw(page: str, width: int, height: int, file: Path) -> None:
    """Write a page as a PNG file: its uppermost part, at twice the size in pixels."""
    from PIL import Image

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed; one of them draws the pictures")
    with tempfile.TemporaryDirectory() as folder:
        source, drawn = Path(folder, "page.html"), Path(folder, "page.png")
        source.write_text(page, encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=2")
        size = (f"--window-size={width},{height}", f"--screenshot={drawn}", f"--user-data-dir={folder}/profile")
        subprocess.run([browser, *options, *size, source.as_uri()], check=True, capture_output=True)
        picture, shown = Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE), io.BytesIO()
        picture.save(shown, format="PNG", optimize=True)
    file.write_bytes(shown.getvalue())


PICTURES: dict[str, tuple[Callable[[], str], int, int]] = {
    "editor": (editor, 1080, 608),
    "report": (report, 1080, 1330),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        make, width, height = PICTURES[name]
        draw(make(), width, height, FOLDER / f"{name}.png")
