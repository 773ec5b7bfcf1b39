"""A strict JSON reader that notes the offset of every value and key, and gives advice on the first syntax error."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from graphnn.text.suggestions import quoted

Path = tuple[str | int, ...]  # from the top of a document to a value: ("layers", 2, "filters")
MAX_DEPTH = 100  # a network needs 4; deeper text is a mistake or an attack, and later stages may recurse


class LineIndex:
    """Converts offsets in a text to lines and columns, which count from 1; columns are in characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._sources: dict[int, str] = {}  # a document may be one line of several megabytes with many problems

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        return [0, *(match.end() for match in re.finditer(r"\r\n?|\n", self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def source(self, line: int) -> str:
        """Return the text of a line; characters that would control a terminal are replaced by U+FFFD."""
        if line in self._sources:
            return self._sources[line]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        shown = self.text[self.starts[line - 1] : end].rstrip("\r\n")
        self._sources[line] = re.sub(
            r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\N{REPLACEMENT CHARACTER}", shown
        )
        return self._sources[line]


@dataclass(slots=True)
class Marks:
    """The offsets at which an object or list, its keys and its values begin; the mark of a scalar is its offset."""

    start: int
    keys: dict[str, int]
    values: Any  # dict[str, Mark] for an object, list[Mark] for a list


Mark = int | Marks


class Edit(NamedTuple):
    """A change of the text: what lies from `start` to `end` becomes `text`."""

    start: int
    end: int
    text: str


class JsonMistake(Exception):
    """A mistake in the syntax of a text.

    edits: what puts it right, none where that is in doubt. exact: whether the text then says what its author meant;
    otherwise something stands in for it, so that the rest can be read.
    """

    def __init__(self, offset: int, message: str, *edits: Edit, exact: bool = True) -> None:
        super().__init__(message)
        self.offset, self.message, self.edits, self.exact = offset, message, edits, exact


SPACE = r"[ \t\n\r]*+"
PLAIN = r'"([^"\\\x00-\x1f]*+)"'  # a string without escapes
NUMBER_ENDS = r"(?![\w.+-])"
VALUE = re.compile(
    rf"{SPACE}(?:{PLAIN}|(-?(?:0|[1-9][0-9]*+)){NUMBER_ENDS}|([{{\[])|"
    rf"(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?){NUMBER_ENDS}|(true|false|null)(?!\w)|(\"))"
)
STRING, INTEGER, OPENING, NUMBER, WORD, ESCAPED = range(1, 7)  # the groups of VALUE
KEY = re.compile(rf"{SPACE}{PLAIN}{SPACE}:")
AFTER = re.compile(rf"{SPACE}([,\]}}])")
EMPTY = {"{": re.compile(rf"{SPACE}\}}"), "[": re.compile(rf"{SPACE}\]")}
BLANK = re.compile(SPACE)
WORDS = {"true": True, "false": False, "null": None}


def half_of_a_pair(text: str) -> str | None:
    """Return the first half of a surrogate pair in a text, which no file in UTF-8 can hold; None where there is none.

    Python puts such halves in the place of bytes of a command line that are not UTF-8.
    """
    if text.isascii():
        return None
    return next((character for character in text if "\ud800" <= character <= "\udfff"), None)


def read_json(text: str, lines: LineIndex | None = None) -> tuple[Any, Mark]:
    """Return the value of a JSON text, and its marks. Raises JsonMistake at the first syntax error.

    lines: how messages name other places, where this is not by their lines in the text.
    """
    return _Reader(text, lines or LineIndex(text)).read()


def json_or_text(text: str) -> Any:
    """Return the value of a JSON text; any other text as it is."""
    try:
        return _WithoutAdvice(text, LineIndex(text)).read()[0]
    except JsonMistake:
        return text


class _Reader:
    """Reads one text; its state is what advice needs: the text, and the containers that are still open."""

    def __init__(self, text: str, lines: LineIndex) -> None:
        self.text = text
        self.lines = lines
        # the enclosing containers, each with the key whose value is being read
        self.open: list[tuple[Any, Marks, str | None]] = []

    @cached_property
    def advice(self) -> ModuleType:
        """The module json_advice, imported at the first syntax error: that takes longer than reading most documents."""
        from graphnn.document import json_advice

        return json_advice

    def read(self) -> tuple[Any, Mark]:
        """Read one value up to the end of the text, in a loop: recursion could exhaust the stack."""
        text = self.text
        container: Any = None
        marks = Marks(0, {}, [])  # of the container
        key: str | None = None  # of the next value, where the container is an object
        position = 0
        while True:
            match = VALUE.match(text, position)
            if match is None:
                self.refuse_value(position, marks if container is not None else None, key)
            kind = match.lastindex
            mark: Mark = match.start(kind)  # type: ignore[arg-type]  # a match has one of the groups
            position = match.end()
            value: Any = match[kind]  # type: ignore[index]
            if kind == STRING:
                mark = match.start(STRING) - 1
            elif kind == INTEGER:
                value = int(value) if len(value) < 300 else self.large_integer(value, match.start(kind))
            elif kind == NUMBER:
                value = float(value)
                if math.isinf(value):
                    self.refuse_range(match.start(kind))
            elif kind == WORD:
                value = WORDS[value]
            elif kind == ESCAPED:
                value, position = self.escaped(match.start(kind))
            else:
                start = match.start(OPENING)
                inner: Any = {} if value == "{" else []
                empty = EMPTY[value].match(text, position)
                if empty is None:
                    self.open.append((container, marks, key))
                    if len(self.open) > MAX_DEPTH:
                        raise JsonMistake(
                            start, f"nested more than {MAX_DEPTH} deep; a network needs only a few levels"
                        )
                    container, marks, key = inner, Marks(start, {}, type(inner)()), None
                    if value == "{":
                        key, position = self.key(position, container, marks, None)
                    continue
                value, mark, position = inner, Marks(start, {}, type(inner)()), empty.end()
            while True:  # the value is complete: add it to its container, which it may complete in turn
                if container is None:
                    self.check_end(position)
                    return value, mark
                if key is None:
                    container.append(value)
                    marks.values.append(mark)
                else:
                    container[key] = value
                    marks.values[key] = mark
                after = AFTER.match(text, position)
                if after is None:
                    self.refuse_after(position, marks)
                position = after.end()
                if after[1] == ",":
                    if key is not None:
                        key, position = self.key(position, container, marks, after.start(1))
                    break
                if (after[1] == "}") != (key is not None):
                    self.refuse_closing(after.start(1), marks)
                value, mark = container, marks
                container, marks, key = self.open.pop()

    def key(self, position: int, container: dict[str, Any], marks: Marks, comma: int | None) -> tuple[str, int]:
        """Read a key and its colon; return the key and the offset after both. comma: the offset of the comma before."""
        match = KEY.match(self.text, position)
        if match is not None:
            key, start, end = match[1], match.start(1) - 1, match.end()
        else:
            start = self.skip(position)
            if not self.text.startswith('"', start):
                raise self.advice.key(self.text, start, self.opened(marks), comma)
            key, after = self.escaped(start)
            colon = self.skip(after)
            if not self.text.startswith(":", colon):
                raise self.advice.colon(self.text, after, colon, start, self.opened(marks))
            end = colon + 1
        if key in container:
            line, column = self.lines.position(marks.keys[key])
            shown = quoted(key)
            message = f"the key {shown} is already at line {line}, column {column}; remove one of them"
            raise JsonMistake(start, message, Edit(start + 1, start + 1, f"{start} "), exact=False)
        marks.keys[key] = start
        return key, end

    def skip(self, position: int) -> int:
        """Return the offset of the next character that is not white space."""
        return BLANK.match(self.text, position).end()  # type: ignore[union-attr]  # it matches the empty string too

    def escaped(self, start: int) -> tuple[str, int]:
        """Read the string, with escapes, whose opening quote is at `start`; return it and the offset after it."""
        from graphnn.document.json_strings import read_string

        return read_string(self.text, start)

    def large_integer(self, digits: str, start: int) -> int:
        """Return an integer of many digits, if a float can represent it; int() of thousands of digits would be slow."""
        if math.isinf(float(digits)):
            self.refuse_range(start)
        return int(digits)

    def opened(self, marks: Marks) -> Any:
        """Return the innermost open bracket, for advice."""
        return self.advice.OpenBracket(self.text[marks.start], marks.start, *self.lines.position(marks.start))

    def check_end(self, position: int) -> None:
        """Refuse text after the value."""
        position = self.skip(position)
        if position < len(self.text):
            raise self.advice.after_end(self.text, position)

    def refuse_range(self, start: int) -> NoReturn:
        raise JsonMistake(start, "the number is out of range; the largest is about 1.8e308")

    def refuse_value(self, position: int, marks: Marks | None, key: str | None) -> NoReturn:
        """Refuse text that is not a value."""
        comma = position - 1 if position and self.text[position - 1] == "," else None
        opened = None if marks is None else self.opened(marks)
        raise self.advice.value(self.text, self.skip(position), opened, comma, key)

    def refuse_after(self, position: int, marks: Marks) -> NoReturn:
        """Refuse what follows a value that ends at `position`, where it is neither a comma nor a closing bracket."""
        raise self.advice.after_value(self.text, position, self.skip(position), self.opened(marks))

    def refuse_closing(self, position: int, marks: Marks) -> NoReturn:
        raise self.advice.wrong_closing(self.text, position, self.opened(marks))


class _WithoutAdvice(_Reader):
    """Refuses what is not JSON without a reason, and so without the modules that know one."""

    @cached_property
    def advice(self) -> NoReturn:
        raise JsonMistake(0, "this is not JSON")
