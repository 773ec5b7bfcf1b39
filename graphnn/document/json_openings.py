"""Opening brackets that are missing, which show where their contents do not fit what is open."""

import re

from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_tokens import BRACKETS, STRING, filled, line_start, matching

SCALAR = re.compile(r"[\w.+\-]+\Z")


def value_start(text: str, end: int) -> int | None:
    """Return the offset of the value that ends before an offset, up to which the text is JSON."""
    end = len(text[:end].rstrip())
    if text[end - 1 : end] == '"':
        strings = re.compile(STRING).finditer(text, line_start(text, end - 1), end)
        return next((string.start() for string in strings if string.end() == end), None)
    if text[end - 1 : end] in ("]", "}"):
        stack, opening = list[int](), None
        for match in BRACKETS.finditer(text, 0, end):
            if match[0] in "[{":
                stack.append(match.start())
            elif match[0] in "]}" and stack:
                opening = stack.pop()
        return opening
    scalar = SCALAR.search(text, line_start(text, end), end)
    return None if scalar is None else scalar.start()


def missing_list(text: str, comma: int | None) -> JsonMistake | None:
    """Return the mistake of a list whose opening bracket is missing after its key, where no key follows a comma."""
    start = None if comma is None else value_start(text, comma)
    if comma is None or start is None or not text[:start].rstrip().endswith(":"):
        return None
    if (text[filled(text, comma + 1)] == "{") != (text[start] == "{"):
        return None
    mistake = missing_opening(text, start, "[")
    if mistake is not None:
        mistake.exact = False  # a bracket that closes too early looks alike
    return mistake


def missing_object(text: str, end: int, *, in_list: bool) -> JsonMistake | None:
    """Return the mistake of an object whose opening bracket is missing before the key that ends at an offset."""
    start = value_start(text, end)
    if start is None:
        return None
    before = text[:start].rstrip()
    if not before.endswith(("[", "},") if in_list else ":"):
        return None
    return missing_opening(text, start, "{")


def missing_opening(text: str, start: int, bracket: str) -> JsonMistake | None:
    """Return the mistake of a bracket that is missing at an offset; None where it would not be closed."""
    mended = text[:start] + bracket + text[start:]
    end = matching(mended, start)
    if end is None or mended[filled(mended, end + 1) :][:1] not in (",", "]", "}", ""):
        return None
    return JsonMistake(start, f'a "{bracket}" is missing before this', Edit(start, start, bracket), exact=False)
