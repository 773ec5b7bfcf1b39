"""Text in an SVG: its width, guessed without a font; shortened to fit; and safe for XML."""

import re
import unicodedata
from xml.sax.saxutils import escape

NARROW, WIDE = set("ijlftrI.,:;|!'()[] ×·-/"), set("mwMW%@—")
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is in a sans-serif font of this size; a little too much rather than too little."""
    return size * sum(map(relative_width, text))


def relative_width(character: str) -> float:
    """Return the width of a character against the size of its font."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in NARROW:
        return 0.4
    return 1.0 if character in WIDE else 0.72 if character.isupper() else 0.64


def fitted(text: str, size: float, width: float) -> str:
    """Return a text, or its beginning and …, no wider than `width`."""
    if text_width(text, size) <= width:
        return text
    end = len(text)
    while end and text_width(text[:end], size) + size > width:
        end -= 1
    return f"{text[:end].rstrip()}…"


def wrapped(text: str, size: float, width: float, between: str = " ") -> list[str]:
    """Return a text in lines no wider than `width`, cut after `between`."""
    lines = [""]
    for word in re.split(f"(?<={re.escape(between)})", text):
        longer = lines[-1] + word
        if text_width(longer, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fitted(line.rstrip(), size, width) for line in lines]


def content(text: str) -> str:
    """Return a text as the content of an element."""
    return escape(NOT_IN_XML.sub("\ufffd", text))
