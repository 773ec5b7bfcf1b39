"""graphnn: an interpreter for neural networks written as JSON documents. `__init__.pyi` lists the public names."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from graphnn.version import __version__ as __version__


@cache
def _places() -> dict[str, str]:
    """Return the module of each public name, as `__init__.pyi` lists them for type checkers and editors."""
    listed = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", listed, re.MULTILINE)}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: commands need few of them, and start faster so."""
    if name == "__all__":
        return sorted(_places())
    if name not in _places():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = globals()[name] = getattr(importlib.import_module(_places()[name]), name)
    return thing


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted({*globals(), *_places()})
