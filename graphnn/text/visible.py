"""Text that is safe to show: characters that would command a terminal, or that it lacks, written as escapes."""

import json
import unicodedata

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format (such as the direction of text), half of a pair, line breaks
JOINERS = "\u200c\u200d"  # without a width or a command, and needed in some scripts and in emoji


def visible(text: str, kept: str = "\n") -> str:
    """Return the text with an escape for each character that a terminal does not show but obey; `kept` stay."""
    if text.isprintable():
        return text
    if kept == "\n" and "\n" in text:  # line by line, because hardly one has such a character
        return "\n".join(map(visible, text.split("\n")))
    return "".join(escape(one) if unseen(one) and one not in kept else one for one in text)


def unseen(character: str) -> bool:
    """Whether a terminal obeys a character, or shows nothing of it."""
    return unicodedata.category(character) in UNSEEN and character not in JOINERS


def single_line(text: str) -> str:
    """Return the text on one line, with escapes as of `visible`."""
    return visible(text, kept="")


def escape(character: str) -> str:
    r"""Return a character as JSON writes it: \n, \u001b; and a byte of a file name that is not UTF-8 as \xff."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return json.dumps(character)[1:-1]


def without_bytes(name: str) -> str:
    r"""Return a file's name as text that every file can hold: bytes that are not UTF-8 become \xff."""
    return name if name.isascii() else "".join(escape(one) if "\ud800" <= one <= "\udfff" else one for one in name)


def encodable(text: str, encoding: str, replacements: dict[int, str]) -> str:
    """Return the text with replacements for what the encoding lacks, or else escapes."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(one if fits(one, encoding) else escape(one) for one in text.translate(replacements))
    return text


def fits(character: str, encoding: str) -> bool:
    """Whether an encoding has a character."""
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
