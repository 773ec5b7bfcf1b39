"""Places in a text: offsets, the ends of what begins there, and the positions of the protocol."""

import re
from collections.abc import Callable

from lsprotocol.types import Position, Range

from graphnn.document.json_reader import LineIndex

BOM = "\ufeff"
BRACKETS = re.compile(r'"(?:[^"\\\n\r]|\\.)*+"?|[{}\[\]]')
TOKEN = re.compile(r'"(?:[^"\\\n\r]|\\.)*+"?|[\w.+-]+|[{\[][^\n\r]*|\S')


class Text:
    """A document as it is typed.

    content: without a byte-order mark, which graphnn leaves out, too. units: the number of code units of a text in the
    encoding of positions that client and server agreed on; that of UTF-16 unless they did.
    """

    def __init__(self, source: str, units: Callable[[str], int]) -> None:
        self.content = source.removeprefix(BOM)
        self.lines = LineIndex(self.content)
        self.units = units
        self._shift = units(BOM) if source.startswith(BOM) else 0  # of the first line
        self._ends: dict[int, int] | None = None

    def line_start(self, line: int) -> int:
        """Return the offset at which a line starts; lines count from 0."""
        return self.lines.starts[line]

    def line_end(self, line: int) -> int:
        """Return the offset of the end of a line, before its line break."""
        starts = self.lines.starts
        end = starts[line + 1] if line + 1 < len(starts) else len(self.content)
        while end > starts[line] and self.content[end - 1] in "\r\n":
            end -= 1
        return end

    def line_of(self, offset: int) -> int:
        """Return the number of the line of an offset, from 0."""
        return self.lines.position(offset)[0] - 1

    def position(self, offset: int) -> Position:
        """Return the position of an offset in the protocol: a line and code units, both from 0."""
        line, column = self.lines.position(offset)
        before = self.content[offset - column + 1 : offset]
        return Position(line - 1, self.units(before) + (self._shift if line == 1 else 0))

    def range(self, start: int, end: int) -> Range:
        """Return the range between two offsets."""
        return Range(self.position(start), self.position(end))

    def offset(self, position: Position) -> int:
        """Return the offset of a position; of one beyond the end of its line or of the text, that of the end."""
        if position.line >= len(self.lines.starts):
            return len(self.content)
        start, end = self.line_start(position.line), self.line_end(position.line)
        left = position.character - (self._shift if position.line == 0 else 0)
        for offset in range(start, end):
            if left <= 0:
                return offset
            left -= self.units(self.content[offset])
        return end

    def at(self, line: int | None, column: int | None) -> int:
        """Return the offset of a line and column as problems count them, from 1; 0 where there are none."""
        if line is None or column is None:
            return 0
        return min(self.line_start(line - 1) + column - 1, len(self.content))

    def end_of_token(self, start: int) -> int:
        """Return where ends what begins at an offset, in its line: a string, a number, a word, or an object."""
        match = TOKEN.match(self.content, start)
        if match is None:
            return start
        if self.content[start] in "{[":
            return min(self.end_of_brackets(start), match.end())
        return match.end()

    def end_of_brackets(self, start: int) -> int:
        """Return the offset after the bracket that closes the one at an offset; the end of the text if none does."""
        if self._ends is None:
            self._ends = bracket_ends(self.content)
        return self._ends.get(start, len(self.content))


def bracket_ends(text: str) -> dict[int, int]:
    """Return the offset after the closing bracket of each opening one, for those that are closed."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for match in BRACKETS.finditer(text):
        if match[0] in "{[":
            opened.append(match.start())
        elif match[0] in "}]" and opened:
            ends[opened.pop()] = match.end()
    return ends
