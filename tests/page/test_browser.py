"""The page in a browser, where there is one: every picture is drawn, nothing is fetched, a phone shows all of it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graphnn.commands.report import main

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 360  # pixels
SCRIPT = """
<script>
addEventListener("load", () => {
  const pictures = [...document.images], drawings = [...document.querySelectorAll("svg")];
  const wide = (one) => one.getBoundingClientRect().width > 0;
  const found = {
    pictures: pictures.length,
    drawn: pictures.filter((one) => one.complete && one.naturalWidth > 0 && wide(one)).length,
    drawings: drawings.length,
    visible: drawings.filter((one) => one.getBBox().width > 0 && wide(one)).length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    width: innerWidth,
    fetched: performance.getEntriesByType("resource").filter((one) => !one.name.startsWith("data:")).length,
  };
  parent.postMessage(JSON.stringify(found), "*");
});
</script>
"""
FRAME = """<!doctype html>
<script>addEventListener("message", (event) => { document.title = event.data; });</script>
<iframe src="probe.html" style="border: 0; height: 800px; width: WIDTHpx"></iframe>
"""  # because a window is at least 500 pixels wide
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no browser")


def browser(*arguments: str, page: Path) -> "subprocess.CompletedProcess[str]":
    """Open a page in a browser without a window, and return what it printed."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *arguments]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    return subprocess.run([*command, profile, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)


def found_by(page: Path, width: int) -> dict[str, Any]:
    """Return what the script sees in a page of a width, of which nothing but the ban on scripts is changed."""
    text = page.read_text(encoding="utf-8")
    ban = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    assert ban.search(text)
    page.with_name("probe.html").write_text(ban.sub("", text).replace("</head>", f"{SCRIPT}</head>"), encoding="utf-8")
    frame = page.with_name("frame.html")
    frame.write_text(FRAME.replace("WIDTH", str(width)))
    title = re.search(r"<title>(.*?)</title>", browser("--dump-dom", page=frame).stdout)
    assert title is not None
    return dict(json.loads(title[1]))


@pytest.fixture(scope="module")
def page(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the small network, with a name too long for a phone."""
    folder = shutil.copytree(trained_once, tmp_path_factory.mktemp("page") / "net")
    name = "anameofsixtylettersthathasnospaceinitandsocannotbebrokenanywhere"
    assert main([str(folder / "net.json"), "--set", f"name={name}", "--set", "layers[0].description=x"]) == 0
    return Path(folder) / "net.html"


def test_a_phone_shows_every_picture_without_scrolling_sideways_and_fetches_nothing(page: Path) -> None:
    found = found_by(page, PHONE)
    assert found["width"] == PHONE
    assert found["overflow"] == 0
    assert found["pictures"] == found["drawn"] > 20
    assert found["drawings"] == found["visible"] == 4
    assert found["fetched"] == 0


def test_nothing_is_logged_as_an_error(page: Path) -> None:
    shown = browser("--dump-dom", "--window-size=1200,800", page=page)
    assert "</html>" in shown.stdout
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []
