"""graphnn: an interpreter for neural networks written as JSON documents. `__init__.pyi` lists the public names."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from graphnn.version import __version__ as __version__


@cache
def _modules() -> dict[str, str]:
    """Return the module of each public name, as `__init__.pyi` lists them for type checkers and editors."""
    listed = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", listed, re.MULTILINE)}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: commands need few of them, and so start faster."""
    if name == "__all__":
        return sorted(_modules())
    if name not in _modules():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_modules()[name]), name)
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(_modules())
