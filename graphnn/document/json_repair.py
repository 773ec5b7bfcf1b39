"""Reading on after a syntax error that can be put right without doubt, so that several are told at once."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from graphnn.document.json_reader import Edit, JsonMistake, LineIndex, Mark, read_json
from graphnn.frozen_dataclass import frozen_dataclass

MOST = 20  # mistakes that are told, for each of which the text is read again
MOST_READ = 20_000_000  # characters; some seconds for a text of the largest size


class EditedLines(LineIndex):
    """The lines of a text that was edited, by their numbers and columns in the original."""

    def __init__(self, original: LineIndex, edits: list[Edit]) -> None:
        super().__init__(original.text)
        self.starts = original.starts
        self.edits = edits
        self._new, self._old = [0], [0]  # where each part begins in both texts; every second part is that of an edit
        shift = 0
        for edit in edits:
            self._new.append(edit.start + shift)
            shift += len(edit.text) - (edit.end - edit.start)
            self._new.append(edit.end + shift)
            self._old += [edit.start, edit.end]

    def part(self, offset: int) -> int:
        """Return the number of the part in which an offset lies; those of edits are odd."""
        return bisect_right(self._new, offset) - 1

    def original(self, offset: int) -> int:
        """Return an offset of the edited text as one of the original."""
        part = self.part(offset)
        return self._old[part] + (0 if part % 2 else offset - self._new[part])

    def added(self, offset: int) -> bool:
        """Whether an edit has put there what stands at an offset; its first character counts as the original's."""
        part = self.part(offset)
        return part % 2 == 1 and offset > self._new[part]

    def position(self, offset: int) -> tuple[int, int]:
        """Return (line, column) in the original text."""
        return super().position(self.original(offset))

    def with_edits(self, edits: tuple[Edit, ...]) -> list[Edit] | None:
        """Return all edits, after further ones of the edited text; None where one touches an earlier one in part."""
        together = list(self.edits)
        new = []
        for edit in sorted(edits, reverse=True):  # from the last, so that the offsets of the others stay
            part = self.part(edit.start)
            last = self.part(edit.end - 1) if edit.end > edit.start else part
            if part == last and part % 2 and edit.start > self._new[part]:  # inside an earlier one
                earlier, shift = together[part // 2], self._new[part]
                text = earlier.text[: edit.start - shift] + edit.text + earlier.text[edit.end - shift :]
                together[part // 2] = earlier._replace(text=text)
                continue
            start = self.original(edit.start)
            end = start if edit.end == edit.start else self.original(edit.end - 1) + 1
            if (part % 2 and edit.end > edit.start) or last % 2 or end - start != edit.end - edit.start:
                return None
            new.append(Edit(start, end, edit.text))
        return sorted([*together, *reversed(new)], key=lambda edit: (edit.start, edit.end))


@frozen_dataclass
class Reading:
    """What was read of a text with syntax errors.

    mistakes: in the order of the text, the one that ended the reading last. edits: what puts them right. following:
    the offset of the next mistake, where there were too many to tell. value, marks, lines: of the text with all
    mistakes put right; None where one is in doubt.
    """

    mistakes: tuple[JsonMistake, ...]
    edits: tuple[Edit, ...]
    following: int | None = None
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
    mistakes, lines, mistake, current = list[JsonMistake](), EditedLines(original, []), first, text
    doubtful = False  # whether a bracket or a quotation mark was put somewhere that was not certain
    while True:
        offset = lines.original(mistake.offset)
        known = any((offset, mistake.message) == (other.offset, other.message) for other in mistakes)
        if lines.added(mistake.offset) or known:  # it follows from an edit, not from the text
            return Reading(in_order(mistakes), tuple(lines.edits))
        if len(mistakes) == MOST or len(mistakes) * len(text) > MOST_READ:
            return Reading(in_order(mistakes), tuple(lines.edits), following=offset)
        alone = unpaired(current, mistake.edits)
        if doubtful and (alone or not mistake.edits):  # it may follow from where a bracket was put
            return Reading(in_order(mistakes), tuple(lines.edits))
        doubtful = doubtful or (alone and not mistake.exact)
        edits = lines.with_edits(mistake.edits) if mistake.edits else None
        mistakes.append(JsonMistake(offset, mistake.message, *mistake.edits, exact=mistake.exact))
        if edits is None:
            return Reading((*in_order(mistakes[:-1]), mistakes[-1]), tuple(lines.edits))
        lines, current = EditedLines(original, edits), edited(text, edits)
        try:
            value, marks = read_json(current, lines)
        except JsonMistake as following:
            mistake = following
            continue
        if all(each.exact for each in mistakes):
            return Reading(in_order(mistakes), tuple(edits), value=value, marks=marks, lines=lines)
        return Reading(in_order(mistakes), tuple(edits))


def unpaired(text: str, edits: Sequence[Edit]) -> bool:
    """Whether edits of a text put a bracket or a quotation mark there, or take one away, without its partner."""
    put = "".join(edit.text for edit in edits)
    taken = "".join(text[edit.start : edit.end] for edit in edits)
    depths = [sum(map(each.count, "[{")) - sum(map(each.count, "]}")) for each in (put, taken)]
    return depths[0] != depths[1] or (put.count('"') - taken.count('"')) % 2 == 1


def in_order(mistakes: list[JsonMistake]) -> tuple[JsonMistake, ...]:
    """Return mistakes in the order of the text."""
    return tuple(sorted(mistakes, key=lambda mistake: mistake.offset))
