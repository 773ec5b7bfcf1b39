"""Brackets that are missing, wrong or too many, and the place that the lines and their indentation suggest."""

import re

from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_tokens import BRACKETS, first_on_line, indent, line_end, line_start
from graphnn.frozen_dataclass import frozen_dataclass

CLOSING = {"{": "}", "[": "]"}
CONTENT = re.compile(r"^[ \t]*+(?=[^ \t\r\n])", re.MULTILINE)


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

    @property
    def place(self) -> str:
        """How messages name it."""
        return f'the "{self.bracket}" of line {self.line}, column {self.column}'


def open_before(text: str, at: int) -> list[int]:
    """Return the offsets of the brackets that are open at an offset, up to which the text is JSON."""
    stack: list[int] = []
    for match in BRACKETS.finditer(text, 0, at):
        if match[0] in CLOSING:
            stack.append(match.start())
        elif match[0] in "]}" and stack:
            stack.pop()
    return stack


def balanced(line: str) -> bool:
    """Whether the brackets of a line, or of several, pair."""
    stack: list[str] = []
    for match in BRACKETS.finditer(line):
        if match[0] in CLOSING:
            stack.append(CLOSING[match[0]])
        elif match[0] in "]}" and (not stack or stack.pop() != match[0]):
            return False
    return not stack


def end_before(text: str, at: int) -> int:
    """Return the offset after what stands before an offset, without white space and a comma."""
    end = len(text[:at].rstrip())
    return end - 1 if text[end - 1 : end] == "," else end


def wrong_closing(text: str, at: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake of a closing bracket that cannot close the one that is open."""
    found, stack = text[at], open_before(text, at)
    instead = JsonMistake(
        at, f'"{found}" cannot close {opened.place}; write "{opened.closing}" instead', Edit(at, at + 1, opened.closing)
    )
    if found == ")":
        return instead
    end = end_before(text, at)
    before = JsonMistake(
        at, f'"{found}" cannot close {opened.place}; write "{opened.closing}" before it', Edit(end, end, opened.closing)
    )
    extra = JsonMistake(at, f'this "{found}" is one too many; remove it', Edit(at, at + 1, ""), exact=False)
    parent = stack[-2] if len(stack) > 1 else None
    if first_on_line(text, at):
        closes_parent = parent is not None and CLOSING[text[parent]] == found
        own, outer = indent(text, opened.offset), -1 if parent is None else indent(text, parent)
        likely = unclosed_by_indentation(text[: at + 1])
        if likely is not None and CLOSING[text[likely[0]]] == opened.closing:
            reason = f'the "{found}" of a later line cannot close {opened.place}'
            return missing_by_indentation(text, *likely, reason)
        if indent(text, at) == own != outer and line_start(text, at) != line_start(text, opened.offset):
            return instead
        if closes_parent and indent(text, at) == outer != own:
            return before
    else:
        start, stop = line_start(text, at), line_end(text, at)
        if opened.offset >= start:
            start = min(start, line_start(text, opened.offset))
        right = [
            mistake
            for mistake in (before, instead, extra)
            if balanced(_edited(text[start:stop], mistake.edits[0], start))
        ]
        if len(right) == 1:
            right[0].exact = False
            return right[0]
    return JsonMistake(at, before.message)


def _edited(line: str, edit: Edit, start: int) -> str:
    return line[: max(0, edit.start - start)] + edit.text + line[max(0, edit.end - start) :]


def unclosed_by_indentation(text: str) -> tuple[int, int] | None:
    """Return the first open bracket that a line leaves behind by its indentation, and the offset where it should close.

    None where the text is not indented, or no line does so.
    """
    stack: list[int] = []
    inner: dict[int, int] = {}  # the indentation of the first line inside each bracket
    brackets = list(BRACKETS.finditer(text))
    position = 0
    for line in CONTENT.finditer(text):
        at, here = line.end(), line.end() - line.start()
        while position < len(brackets) and brackets[position].start() < at:
            bracket = brackets[position]
            position += 1
            if bracket[0] in CLOSING:
                stack.append(bracket.start())
            elif bracket[0] in "]}" and stack:
                stack.pop()
        if not stack:
            continue
        top, own = stack[-1], indent(text, stack[-1])
        if text[at] in "]}":
            if here != own and any(indent(text, other) == here for other in stack[:-1]):
                return top, end_before(text, at)
            continue
        if here <= own:
            alone = line_end(text, top) == top + 1  # nothing follows the bracket on its line
            if alone and top not in inner:
                return None
            return top, end_before(text, at)
        inner.setdefault(top, here)
    return None


def missing_by_indentation(text: str, opening: int, place: int, reason: str) -> JsonMistake:
    """Return the mistake of a closing bracket that is missing at a place, for the bracket at `opening`."""
    closing = CLOSING[text[opening]]
    return JsonMistake(
        place,
        f'{reason}; by the indentation, a "{closing}" is missing here',
        Edit(place, place, closing),
        exact=line_start(text, place) != line_start(text, opening),
    )


def never_closed(text: str, opened: OpenBracket) -> JsonMistake:
    """Return the mistake of a text that ends before its brackets are closed."""
    stack, end = open_before(text, len(text)), len(text.rstrip())
    if len(stack) == 1:
        likely = unclosed_by_indentation(text)
        if likely is not None and likely[0] != opened.offset:
            return missing_by_indentation(text, *likely, "the text ends before all brackets are closed")
        edits = [Edit(end, end, opened.closing)] if text[end - 1 : end] not in (",", ":") else []
        return JsonMistake(
            opened.offset, f'this "{opened.bracket}" is never closed; add the missing "{opened.closing}"', *edits
        )
    missing = "".join(CLOSING[text[offset]] for offset in reversed(stack))
    return JsonMistake(
        opened.offset,
        f'this "{opened.bracket}" is never closed; add the missing "{opened.closing}"; '
        f'the text ends inside {len(stack)} brackets, which "{missing}" would close, unless the file is cut off',
    )


def one_too_many(text: str, at: int) -> JsonMistake:
    """Return the mistake of a closing bracket after the end of the document, or of the one before that is too many."""
    likely = closed_too_early(text, at)
    return likely or JsonMistake(at, f'this "{text[at]}" closes nothing; remove it', Edit(at, at + 1, ""))


def closed_too_early(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of the first closing bracket that its line or its indentation shows to be too many."""
    stack: list[int] = []
    for match in BRACKETS.finditer(text, 0, at):
        closing = match.start()
        if match[0] in CLOSING:
            stack.append(closing)
        elif match[0] in "]}" and stack:
            opening = stack.pop()
            alone, over_lines = first_on_line(text, closing), line_start(text, opening) != line_start(text, closing)
            if alone and indent(text, closing) == indent(text, opening):
                continue
            if alone or (over_lines and line_end(text, opening) == opening + 1):
                message = f'this "{match[0]}" is one too many; remove it'
                return JsonMistake(closing, message, Edit(closing, closing + 1, ""), exact=alone)
    return None
