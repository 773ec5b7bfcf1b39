"""Sentences of the tables of habits, with what is written in a document put in."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from graphnn.document.document import Path
from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import folded

Sentences = str | tuple[str, ...]
Table = Mapping[str, Sentences]  # from keys or types, `folded`
BLANK = re.compile(r"<([a-z_]+)>")


@frozen_dataclass
class Found:
    """What is written: a value, the object that holds it, the path of that object, and the whole document, if any."""

    value: Any
    owner: Any = None
    path: Path = ()
    root: Any = None
    key: str = ""


def same(sentences: Sentences, keys: str) -> dict[str, Sentences]:
    """Return a table that gives each of the keys, which blanks separate, the same sentences."""
    return {folded(key): sentences for key in keys.split()}


def filled(sentences: Sentences, found: Found, blanks: Mapping[str, Callable[[Found], str | None]]) -> str:
    """Return the first sentence all of whose blanks can be filled in, with these; the last sentence has no blanks.

    blanks: functions by the names of blanks; one returns None where its blank cannot be filled, and "" for a blank that
    only asks whether the sentence fits.
    """
    alternatives = (sentences,) if isinstance(sentences, str) else sentences
    for sentence in alternatives:
        texts = {name: blanks[name](found) for name in BLANK.findall(sentence)}
        if None not in texts.values():
            return BLANK.sub(lambda blank, texts=texts: str(texts[blank[1]]), sentence)  # type: ignore[misc]
    raise AssertionError(f"no sentence fits: {alternatives[-1]}")


def without_blanks(sentences: Sentences) -> str:
    """Return the sentence that fits any value, as an editor can show it."""
    return sentences if isinstance(sentences, str) else sentences[-1]
