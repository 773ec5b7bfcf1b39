"""VS Code's JSON service in a process of its own, asked what it offers, explains and refuses."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
INSTALL = "npm install --prefix tests/editor"
CURSOR = "‸"
SNIPPET = re.compile(r"\\([\\$}])|\$(\d+)|\$\{\d+(?::((?:\\.|[^}])*)|\|((?:\\.|[^|,])*)[^|]*\|)?\}", re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """What the list of completions shows, and the text with it inserted.

    text: with the defaults of the placeholders. cursor: where it is then, in an empty placeholder; None elsewhere.
    """

    label: str
    inserted: str
    text: str
    documentation: str
    cursor: int | None
    again: bool


class Editor:
    """VS Code's JSON service, with the schema associated to all files in a folder called `associated`."""

    def __init__(self) -> None:
        patterns = {"**/associated/*.json": (ROOT / "schemas" / "network.schema.json").as_uri()}
        command = ["node", str(FOLDER / "service.js"), json.dumps(patterns)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.number = 0
        self.said: dict[str, dict[str, list[str]]] = {}  # of texts that were asked about, by whom

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def ask(self, method: str, text: str, file: Path, cursor: int | None = None) -> Any:
        """Return the answer to one request. cursor: in characters of `text`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.number += 1
        offset = None if cursor is None else len(text[:cursor].encode("utf-16-le")) // 2
        request = {"id": self.number, "method": method, "uri": file.as_uri(), "text": text, "offset": offset}
        self.process.stdin.write(f"{json.dumps(request)}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.number
        return answer["answer"]

    def complete(self, text: str, file: Path) -> list[Offer]:
        """Return what is offered at the cursor's mark in a text without characters beyond the BMP."""
        cursor = text.index(CURSOR)
        text = text.replace(CURSOR, "")
        return [offer(text, one) for one in self.ask("complete", text, file, cursor)]

    def hover(self, text: str, file: Path) -> str:
        """Return what is explained, as Markdown, where the mouse is at the cursor's mark."""
        return str(self.ask("hover", text.replace(CURSOR, ""), file, text.index(CURSOR)))

    def problems(self, text: str, file: Path) -> list[dict[str, Any]]:
        """Return what is underlined in a text."""
        found: list[dict[str, Any]] = self.ask("validate", text, file)
        return found


def offer(text: str, item: dict[str, Any]) -> Offer:
    """Return an offer from an answer of the service about a text."""
    inserted, stop = filled(item["text"])
    return Offer(
        label=item["label"],
        inserted=inserted,
        text=text[: item["start"]] + inserted + text[item["end"] :],
        documentation=item["documentation"],
        cursor=None if stop is None else item["start"] + stop,
        again=item["again"],
    )


def filled(snippet: str) -> tuple[str, int | None]:
    """Return a snippet with the defaults of its placeholders, and the offset of the first that has none."""
    parts, stop, end, length = [], None, 0, 0
    for found in SNIPPET.finditer(snippet):
        literal, number, default, choice = found.groups()
        parts += [snippet[end : found.start()]]
        length += len(parts[-1])
        if number is not None and stop is None:
            stop = length
        parts += [literal or re.sub(r"\\(.)", r"\1", default or choice or "")]
        length += len(parts[-1])
        end = found.end()
    return "".join([*parts, snippet[end:]]), stop


@pytest.fixture(scope="session")
def editor() -> Iterator[Editor]:
    """The editor; tests are left out where it is not installed."""
    if shutil.which("node") is None or not (FOLDER / "node_modules" / "vscode-json-languageservice").is_dir():
        pytest.skip(f"needs VS Code's JSON service: with Node.js and npm, {INSTALL}")
    service = Editor()
    yield service
    service.close()
