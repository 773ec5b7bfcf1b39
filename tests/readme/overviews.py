"""The parts of the READMEs that list files: the networks in models/, and the pictures that were drawn."""

import json
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "editor": "A document in an editor: a list completes the settings of a layer, and a box explains the chosen one",
    "report": "The page that graphnn report makes of a training",
}
WIDTH = 720  # pixels; the files have more, for fine screens


def networks() -> str:
    """Return the documents of models/ with their descriptions."""
    lines = ["| document | network |", "|---|---|"]
    for file in sorted((ROOT / "models").glob("*.json")):
        described = json.loads(file.read_text(encoding="utf-8"))["description"]
        lines.append(f"| [`{file.name}`]({file.name}) | {described} |")
    return "\n".join(lines)


def pictures() -> str:
    """Return the pictures that pictures.py drew."""
    drawn = [name for name in PICTURES if Path(__file__).with_name(f"{name}.png").exists()]
    return "\n\n".join(f'<img src="tests/readme/{name}.png" width="{WIDTH}" alt="{PICTURES[name]}">' for name in drawn)


BLOCKS: dict[str, Callable[[], str]] = {"networks": networks, "pictures": pictures}
FILES = {"networks": "models/README.md"}
