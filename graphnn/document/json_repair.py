"""Reading on after a syntax error that can be put right without doubt, so that several are told at once."""

from bisect import bisect_right
from typing import Any

from graphnn.document.json_reader import Edit, JsonMistake, LineIndex, Mark, read_json
from graphnn.frozen_dataclass import frozen_dataclass

MOST = 20  # mistakes that are told, for each of which the text is read again


class EditedLines(LineIndex):
    """The lines of a text that was edited, by their numbers and columns in the original."""

    def __init__(self, original: LineIndex, edits: list[Edit]) -> None:
        super().__init__(original.text)
        self._new, self._old, self._fixed = (
            [0],
            [0],
            [False],
        )  # where each part begins, in both; whether it is an edit's
        shift = 0
        for edit in edits:
            self._add(edit.start + shift, edit.start, True)
            shift += len(edit.text) - (edit.end - edit.start)
            self._add(edit.end + shift, edit.end, False)

    def _add(self, new: int, old: int, fixed: bool) -> None:
        self._new.append(new)
        self._old.append(old)
        self._fixed.append(fixed)

    def original(self, offset: int) -> tuple[int, bool]:
        """Return the offset in the original text, and whether an edit put there what stands at an offset now."""
        part = bisect_right(self._new, offset) - 1
        if self._fixed[part]:
            return self._old[part], offset > self._new[part]
        return self._old[part] + offset - self._new[part], False

    def position(self, offset: int) -> tuple[int, int]:
        """Return (line, column) in the original text."""
        return super().position(self.original(offset)[0])


@frozen_dataclass
class Reading:
    """What was read of a text with syntax errors.

    mistakes: in the order of the text, the one that ended the reading last. more: whether there are further ones.
    value, marks, lines: of the text with all mistakes put right; None where that could not be done without doubt.
    """

    mistakes: tuple[JsonMistake, ...]
    edits: tuple[Edit, ...]
    more: bool = False
    value: Any = None
    marks: Mark | None = None
    lines: LineIndex | None = None


def edited(text: str, edits: list[Edit]) -> str:
    """Return a text with edits, which are in order and do not overlap."""
    pieces, position = [], 0
    for edit in edits:
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*pieces, text[position:]])


def read_on(text: str, first: JsonMistake) -> Reading:
    """Return all mistakes of a text, of which the first is known, as far as it can be put right without doubt."""
    original = LineIndex(text)
    mistakes, edits, lines = list[JsonMistake](), list[Edit](), EditedLines(original, [])
    mistake = first
    while True:
        offset, ours = lines.original(mistake.offset)
        if ours or any(mistake.message == other.message and offset == other.offset for other in mistakes):
            break  # it follows from an edit, not from the text
        if len(mistakes) == MOST:
            return Reading(in_order(mistakes), tuple(edits), more=True)
        new = translated(mistake.edits, lines)
        mistakes.append(JsonMistake(offset, mistake.message, *(new or ()), exact=mistake.exact))
        if not new:
            return Reading((*in_order(mistakes[:-1]), mistakes[-1]), tuple(edits))
        edits = merged(edits, new)
        lines = EditedLines(original, edits)
        try:
            value, marks = read_json(edited(text, edits), lines)
        except JsonMistake as following:
            mistake = following
        else:
            if all(each.exact for each in mistakes):
                return Reading(in_order(mistakes), tuple(edits), False, value, marks, lines)
            break
    return Reading(in_order(mistakes), tuple(edits))


def in_order(mistakes: list[JsonMistake]) -> tuple[JsonMistake, ...]:
    """Return mistakes in the order of the text."""
    return tuple(sorted(mistakes, key=lambda mistake: mistake.offset))


def translated(edits: tuple[Edit, ...], lines: EditedLines) -> list[Edit] | None:
    """Return edits of the edited text as edits of the original; None where one touches what an edit has put there."""
    new = []
    for edit in edits:
        (start, inside), (end, within) = lines.original(edit.start), lines.original(edit.end)
        if inside or within or end - start != edit.end - edit.start:
            return None
        new.append(Edit(start, end, edit.text))
    return new


def merged(edits: list[Edit], new: list[Edit]) -> list[Edit]:
    """Return edits in the order of the text; those of one place in the order in which they were found."""
    return sorted([*edits, *new], key=lambda edit: (edit.start, edit.end))
