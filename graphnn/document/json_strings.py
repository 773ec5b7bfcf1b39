"""The reader of strings with escapes, and the remedies for strings that are not written as JSON requires."""

import re

from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_tokens import ANY_KEY, CONTROLS, first_on_line, json_content, skip_space
from graphnn.text.suggestions import quoted

PLAIN = re.compile(r'[^"\\\x00-\x1f]*+')
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
HEX = re.compile(r"[0-9a-fA-F]{4}")
CODE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|u\{([0-9a-fA-F]{1,6})\}|(0))")
WRONG_ESCAPE = re.compile(r'\\(?:(["\\/bfnrtu])|(.))')
PATH = re.compile(r"[A-Za-z]:\\|\\\\|\.{1,2}\\")
CLOSERS = re.compile(r"[ \t]*[,\]}][ \t,\]}]*\Z|[ \t]*\Z")
ESCAPED_WELL = re.compile(r'(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')
TYPOGRAPHIC = re.compile(r"[“”„»«’‘](?=[ \t]*(?:[,\]}:]|\Z))")
UNQUOTED_END = re.compile(r"([\w$.\-]+)([ \t]*:[ \t]*[^ \t:].*)")


def read_string(text: str, start: int) -> tuple[str, int]:
    """Return the string whose opening quote is at `start`, and the offset after its closing quote.

    Raises JsonMistake.
    """
    pieces: list[str] = []
    position = start + 1
    while True:
        end = PLAIN.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty string too
        pieces.append(text[position:end])
        if end >= len(text) or text[end] in "\r\n":
            raise unclosed(text, start, end)
        character = text[end]
        if character == '"':
            return "".join(pieces), end + 1
        if character != "\\":
            raise control(text, start, end)
        escape = text[end + 1 : end + 2]
        if escape == "u":
            piece, position = code_point(text, end)
        elif escape in ESCAPES:
            piece, position = ESCAPES[escape], end + 2
        else:
            raise unknown_escape(text, start, end)
        pieces.append(piece)


def code_point(text: str, at: int) -> tuple[str, int]:
    """Return the character of the \\u escape (or surrogate pair of escapes) at `at`, and the offset after it.

    Raises JsonMistake.
    """
    first = HEX.match(text, at + 2)
    if first is None:
        raise JsonMistake(at, "\\u needs four hexadecimal digits, for example \\u00e9", *code_edit(text, at))
    code = int(first[0], 16)
    if not 0xD800 <= code < 0xE000:
        return chr(code), at + 6
    second = HEX.match(text, at + 8) if text.startswith("\\u", at + 6) else None
    if code < 0xDC00 and second is not None and 0xDC00 <= int(second[0], 16) < 0xE000:
        return chr(0x10000 + (code - 0xD800) * 0x400 + int(second[0], 16) - 0xDC00), at + 12
    raise JsonMistake(
        at,
        f"\\u{first[0]} is half of a surrogate pair; write both halves, or the character itself",
        Edit(at, at + 6, "?"),
        exact=False,
    )


def code_edit(text: str, at: int) -> tuple[Edit, ...]:
    """Return the edit that writes the escape of another language, such as \\x41, as JSON does; none if it is none."""
    code = CODE.match(text, at)
    if code is None:
        return ()
    number = int(next(group for group in code.groups() if group is not None), 16)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        return ()
    halves = chr(number).encode("utf-16-be").hex()
    return (Edit(at, code.end(), "".join(f"\\u{halves[i : i + 4]}" for i in range(0, len(halves), 4))),)


def control(text: str, start: int, at: int) -> JsonMistake:
    """Return the mistake of a control character in a string; the edit writes all of the string."""
    character = text[at]
    written = CONTROLS.get(character, f"\\u{ord(character):04x}")
    end = closing_quote(text, at)
    edits = [
        Edit(place, place + 1, CONTROLS.get(text[place], f"\\u{ord(text[place]):04x}"))
        for place in range(at, at if end is None else end)
        if text[place] < " "
    ]
    return JsonMistake(at, f"a control character must not appear in a string; write {written}", *edits)


def closing_quote(text: str, at: int) -> int | None:
    """Return the offset of the quotation mark that ends a string on its line, from a place inside it."""
    match = re.compile(r'(?:[^"\\\r\n]|\\[^\r\n])*"').match(text, at)
    return None if match is None else match.end() - 1


def unknown_escape(text: str, start: int, at: int) -> JsonMistake:
    """Return the mistake of a backslash that is no escape of JSON; a path of Windows is written with slashes."""
    escape = text[at + 1 : at + 2]
    end = closing_quote(text, at)
    if escape == "'":
        edits = (
            []
            if end is None
            else [Edit(m.start(), m.start() + 1, "") for m in re.finditer(r"\\'", text[:end]) if m.start() >= at]
        )
        return JsonMistake(at, "write ' alone, without a backslash", *edits)
    code = code_edit(text, at)
    if code:
        return JsonMistake(at, f"unknown escape {text[code[0].start : code[0].end]}; write {code[0].text}", *code)
    message = f"unknown escape \\{escape}; a backslash itself is written \\\\, and paths work with / everywhere"
    if end is None:
        return JsonMistake(at, message)
    content = text[start + 1 : end]
    if PATH.match(content) and "\\u" not in content:
        path = (
            re.sub(r"\\+", "/", content) if not content.startswith("\\\\") else "//" + re.sub(r"\\+", "/", content[2:])
        )
        return JsonMistake(
            at,
            f"in a string a backslash begins an escape; write the path with /: {quoted(path, 60)}",
            Edit(start + 1, end, path),
        )
    places = [m.start() for m in WRONG_ESCAPE.finditer(text, at, end) if m[1] is None]
    return JsonMistake(at, message, *(Edit(place, place, "\\") for place in places))


def unclosed(text: str, start: int, end: int) -> JsonMistake:
    """Return the mistake of a string that is not closed on its line, which ends at `end`."""
    content = text[start + 1 : end]
    typographic = list(TYPOGRAPHIC.finditer(content))
    if len(typographic) == 1:
        place = start + 1 + typographic[0].start()
        return JsonMistake(
            place,
            f'this string starts with " and ends with {typographic[0][0]}; write " at its end, too',
            Edit(place, place + 1, '"'),
        )
    following = skip_space(text, end)
    fresh = following >= len(text) or text[following] in "{}[]" or ANY_KEY.match(text, following) is not None
    if not fresh:
        lines = over_lines(text, start)
        if lines is not None:
            return JsonMistake(
                start, "a string must be on one line; join its lines, or write \\n for each line break", lines
            )
    at_the_end = end >= len(text)
    message = (
        "this string is never closed; add the missing double quote"
        if at_the_end
        else "this string is not closed on its line; add the missing double quote (a line break is written \\n)"
    )
    if not fresh or at_the_end or not content.strip():
        return JsonMistake(start, message)
    unended = UNQUOTED_END.fullmatch(content)
    if unended is not None:  # {"units: 3
        if first_on_line(text, start) or text[:start].rstrip()[-1:] in ("{", ","):
            place = start + 1 + unended.end(1)
            return JsonMistake(
                start,
                f"the key {quoted(unended[1])} is not closed; add the missing double quote",
                Edit(place, place, '"'),
            )
        return JsonMistake(start, message)
    if ":" in content or not ESCAPED_WELL.fullmatch(content):
        return JsonMistake(start, message)
    closers = CLOSERS.search(content)
    place = start + 1 + (closers.start() if closers is not None else len(content))
    if place == start + 1:
        return JsonMistake(start, message)
    return JsonMistake(start, message, Edit(place, place, '"'))


def over_lines(text: str, start: int) -> Edit | None:
    """Return the edit that joins a string over several lines by \\n; None where its end is in doubt."""
    match = re.compile(r'"((?:[^"\\]|\\.){1,10000})"(?=[ \t]*[,\]}\r\n])', re.DOTALL).match(text, start)
    if match is None or ANY_KEY.search(match[1]) is not None:
        return None
    return Edit(start + 1, match.end() - 1, json_content(match[1]))


def triple_quoted(text: str, start: int) -> JsonMistake:
    """Return the mistake of a string in three quotation marks, which starts at `start`."""
    mark = text[start : start + 3]
    ending = re.compile(rf"(?:\\.|[^\\])*?{mark}", re.DOTALL).match(text, start + 3)
    message = f'JSON has no {mark}; write the text on one line, in "…" (a line break is written \\n)'
    if ending is None:
        return JsonMistake(start, message)
    content = json_content(ending[0].removesuffix(mark))
    return JsonMistake(start, message, Edit(start, ending.end(), f'"{content}"'))
