"""Advice on each kind of syntax error in JSON text, and the reader of strings with escapes, where most occur."""

import re
import unicodedata

from graphnn.frozen_dataclass import frozen_dataclass
from graphnn.text.suggestions import quoted

Advice = tuple[int, str]  # the offset to point at, and the message

COMMENTS = ("//", "/*", "#")
SINGLE_QUOTES = "'`´"
TYPOGRAPHIC_QUOTES = "“”„«»‘’‚"
CLOSING = {"{": "}", "[": "]"}
LITERALS = {"true": "true", "false": "false", "null": "null", "none": "null", "nil": "null", "undefined": "null"}
NOT_FINITE = {"nan", "inf", "infinity"}
WORD = re.compile(r"[^\W\d]\w*")
KEY = re.compile(r'"[^"\\\n]*"[ \t]*:')
NUMBER_LIKE = re.compile(r"[-+]?[\w.]+(?:(?<=[eE])[-+]\w+)?")


@frozen_dataclass
class OpenBracket:
    """The innermost bracket that is still open."""

    bracket: str
    offset: int
    line: int
    column: int

    @property
    def closing(self) -> str:
        """The bracket that closes it."""
        return CLOSING[self.bracket]

    def still_open(self, found: str) -> str:
        """Return the message for a closing bracket of the other kind."""
        return (
            f'"{found}" cannot close the "{self.bracket}" of line {self.line}, column {self.column}; '
            f'write "{self.closing}" before it'
        )

    def never_closed(self) -> Advice:
        """Return the advice for text that ends before this bracket is closed."""
        return self.offset, f'this "{self.bracket}" is never closed; add the missing "{self.closing}"'


class StringMistake(Exception):
    """A syntax error inside a string."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset, self.message = offset, message


def shown(text: str, at: int) -> str:
    """Return what is found at an offset, for a message: a word, or a character (by its Unicode name if invisible)."""
    word = WORD.match(text, at)
    if word is not None:
        return quoted(word[0])
    character = text[at]
    if character.isprintable() and not character.isspace():
        return quoted(character) if character != '"' else "a string"
    name = unicodedata.name(character, "control character").lower()
    return f"U+{ord(character):04X} ({name}{', not a plain space' if character.isspace() else ''})"


def comment(text: str, at: int) -> str | None:
    """Return the message about a comment that starts here, or None."""
    if not text.startswith(COMMENTS, at):
        return None
    return 'JSON has no comments; remove it, or write it as "description": "…"'


def value(text: str, at: int, opened: OpenBracket | None, comma: int | None, key: str | None) -> Advice:
    """Return advice where a value was expected.

    comma: the offset of the comma just before, if any. key: the key whose value is expected, if any.
    """
    if at >= len(text):
        return opened.never_closed() if opened is not None else (at, "the text is empty")
    character = text[at]
    message = comment(text, at)
    if message is not None:
        return at, message
    if character in "]}":
        if comma is not None:
            return comma, f'remove this comma: nothing follows it before "{character}"'
        if key is not None:
            return at, f'the key {quoted(key)} has no value; write one before "{character}"'
        return at, opened.still_open(character) if opened is not None else f'"{character}" closes nothing; remove it'
    if character == ",":
        return at, "remove this comma: a value is missing before it"
    if opened is None:
        return at, f'a document starts with "{{", found {shown(text, at)}'
    if character in SINGLE_QUOTES + TYPOGRAPHIC_QUOTES:
        return at, 'write strings in straight double quotes: "…"'
    word = WORD.match(text, at)
    if word is not None:
        return at, unquoted_word(word[0])
    if character in "+-.0123456789":
        return at, number(text, at)
    return at, f"expected a value, found {shown(text, at)}"


def unquoted_word(word: str) -> str:
    """Return the message about an unquoted word where a value was expected."""
    if word.casefold() in LITERALS:
        return f"unknown word {quoted(word)}; write {LITERALS[word.casefold()]}"
    if word.casefold() in NOT_FINITE:
        return f"{word} is not a JSON number; write a finite number, or leave the key out"
    return f"text needs double quotes; write {quoted(word)}"


def number(text: str, at: int) -> str:
    """Return the message about a number that is not written as JSON requires."""
    match = NUMBER_LIKE.match(text, at)
    found = match[0] if match is not None else text[at]
    bare = found.lstrip("+-")
    if bare.casefold() in NOT_FINITE:
        return f"{found} is not a JSON number; write a finite number, or leave the key out"
    sign = "-" if found.startswith("-") else ""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", bare):
        return f"{found} is not a JSON number; write {sign}{int(bare, 16)}"
    parts = re.fullmatch(r"(\d[\d_]*)?(?:\.(\d*))?(?:([eE][-+]?)(\d+))?", bare, re.ASCII)
    if parts is None or not (parts[1] or parts[2]):
        return f"{quoted(found)} is not a number; text needs double quotes"
    whole = (parts[1] or "0").replace("_", "").lstrip("0") or "0"
    fraction = "" if parts[2] is None else f".{parts[2] or 0}"
    exponent = f"{parts[3]}{parts[4]}" if parts[3] else ""
    return f"{found} is not a JSON number; write {sign}{whole}{fraction}{exponent}"


def ended_or_comment(text: str, at: int, opened: OpenBracket) -> Advice | None:
    """Return advice where the text ends, or a comment starts, inside an open bracket; None in any other case."""
    if at >= len(text):
        return opened.never_closed()
    message = comment(text, at)
    return None if message is None else (at, message)


def key(text: str, at: int, opened: OpenBracket, comma: int | None) -> Advice:
    """Return advice where a key was expected. comma: the offset of the comma just before, if any."""
    early = ended_or_comment(text, at, opened)
    if early is not None:
        return early
    character = text[at]
    if character == "}" and comma is not None:
        return comma, 'remove this comma: nothing follows it before "}"'
    if character == "]":
        return at, opened.still_open(character)
    if character == ",":
        return at, "remove this comma: a key is missing before it"
    if character in SINGLE_QUOTES + TYPOGRAPHIC_QUOTES:
        return at, 'write keys in straight double quotes: "…"'
    word = WORD.match(text, at)
    if word is not None:
        return at, f"keys need double quotes; write {quoted(word[0])}"
    found = shown(text, at)
    if character in "{[":
        return at, (
            f'expected a key in double quotes, found {found}; is the "}}" missing that closes '
            f"the object of line {opened.line}, column {opened.column}?"
        )
    return at, f"expected a key in double quotes, found {found}"


def colon(text: str, after: int, at: int, name: str, opened: OpenBracket) -> Advice:
    """Return advice where the colon of the key `name` was expected; the key ends at `after`."""
    early = ended_or_comment(text, at, opened)
    if early is not None:
        return early
    if text[at] == "=":
        return at, f'write ":" instead of "=" after the key {quoted(name)}'
    if text[at] in ",}":
        return after, f"the key {quoted(name)} has no value; write a colon and a value after it"
    return after, f"a colon is missing here, after the key {quoted(name)}"


def after_value(text: str, end: int, at: int, opened: OpenBracket) -> Advice:
    """Return advice where a comma or closing bracket was expected after a value that ends at `end`."""
    early = ended_or_comment(text, at, opened)
    if early is not None:
        return early
    character = text[at]
    if opened.bracket == "[" and KEY.match(text, at):
        return end, f'a "]" is missing here, for the "[" of line {opened.line}, column {opened.column}'
    if character in '"{[-' or character.isdigit():
        return end, "a comma is missing here"
    if character == ";":
        return at, 'write "," instead of ";"'
    if character == ":" and opened.bracket == "[":
        return (
            at,
            f'a list has no keys; write "{{" … "}}" instead of the "[" of line {opened.line}, column {opened.column}',
        )
    if WORD.match(text, at) is not None:
        return at, (
            f'expected "," or "{opened.closing}" after a value, found {shown(text, at)}; '
            "is a comma or a quotation mark missing?"
        )
    return at, f'expected "," or "{opened.closing}" after a value, found {shown(text, at)}'


def after_end(text: str, at: int) -> str:
    """Return the message about text after the end of the document."""
    message = comment(text, at)
    if message is not None:
        return message
    if text[at] in "]}":
        return f'this "{text[at]}" closes nothing; remove it'
    return f"the document has ended before {shown(text, at)}; remove what follows, or a bracket that closes too early"


PLAIN = re.compile(r'[^"\\\x00-\x1f]*+')
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
CONTROLS = {"\t": "\\t", "\b": "\\b", "\f": "\\f"}
HEX = re.compile(r"[0-9a-fA-F]{4}")


def read_string(text: str, start: int) -> tuple[str, int]:
    """Return the string whose opening quote is at `start`, and the offset after its closing quote.

    Raises StringMistake.
    """
    pieces: list[str] = []
    position = start + 1
    while True:
        end = PLAIN.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty string too
        pieces.append(text[position:end])
        if end >= len(text):
            raise StringMistake(start, "this string is never closed; add the missing double quote")
        character = text[end]
        if character == '"':
            return "".join(pieces), end + 1
        if character in "\r\n":
            raise StringMistake(
                start,
                "this string is not closed on its line; add the missing double quote (a line break is written \\n)",
            )
        if character != "\\":
            written = CONTROLS.get(character, f"\\u{ord(character):04x}")
            raise StringMistake(end, f"a control character must not appear in a string; write {written}")
        escape = text[end + 1 : end + 2]
        if escape == "u":
            piece, position = code_point(text, end)
        elif escape in ESCAPES:
            piece, position = ESCAPES[escape], end + 2
        else:
            raise StringMistake(
                end, f"unknown escape \\{escape}; a backslash itself is written \\\\, and paths work with / everywhere"
            )
        pieces.append(piece)


def code_point(text: str, at: int) -> tuple[str, int]:
    """Return the character of the \\u escape (or surrogate pair of escapes) at `at`, and the offset after it.

    Raises StringMistake.
    """
    first = HEX.match(text, at + 2)
    if first is None:
        raise StringMistake(at, "\\u needs four hexadecimal digits, for example \\u00e9")
    code = int(first[0], 16)
    if not 0xD800 <= code < 0xE000:
        return chr(code), at + 6
    second = HEX.match(text, at + 8) if text.startswith("\\u", at + 6) else None
    if code < 0xDC00 and second is not None and 0xDC00 <= int(second[0], 16) < 0xE000:
        return chr(0x10000 + (code - 0xD800) * 0x400 + int(second[0], 16) - 0xDC00), at + 12
    raise StringMistake(at, f"\\u{first[0]} is half of a surrogate pair; write both halves, or the character itself")
