"""What is wrong where JSON text breaks off: for each place, the mistake, its remedy, and the edit that follows it."""

import re
from functools import partial

from graphnn.document import json_numbers as numbers
from graphnn.document.json_after_value import after_end, after_value
from graphnn.document.json_brackets import OpenBracket, missing_by_indentation, unclosed_by_indentation, wrong_closing
from graphnn.document.json_comments import nowhere
from graphnn.document.json_openings import missing_list
from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_strings import triple_quoted
from graphnn.document.json_tokens import (
    ANY_KEY,
    BARE_KEY,
    COLON,
    COMMAS,
    COMMENT,
    QUOTES,
    VALUE_START,
    WORD,
    filled,
    first_on_line,
    foreign_string,
    indent,
    line_end,
    line_start,
    matching,
    shown,
    value_follows,
)
from graphnn.document.json_values import call, literal_list, placeholder, sequence, unopened, variable, words
from graphnn.text.suggestions import quoted

__all__ = ["OpenBracket", "after_end", "after_value", "colon", "key", "value", "wrong_closing"]

COLON_FORM = re.compile(COLON)
ASSIGNED = re.compile(
    r"(?:(?:const|let|var)\s+)?[\w.]+\s*=\s*(?=\{)|export\s+default\s+(?=\{)|return\s+(?=\{)|json\s*(?=\{)"
)
FENCE = re.compile(r"```\w*[ \t]*\r?\n?")


def without_value(key: str, at: int, before: str) -> JsonMistake:
    """Return the mistake of a key without a value. before: what stands in its place, in words."""
    message = f"the key {quoted(key)} has no value; write one before {before}"
    return JsonMistake(at, message, Edit(at, at, "null"), exact=False)


def value(text: str, at: int, opened: OpenBracket | None, comma: int | None, key: str | None) -> JsonMistake:
    """Return the mistake where a value was expected.

    comma: the offset of the comma just before, if any. key: the key whose value is expected, if any.
    """
    if at >= len(text) and opened is None:
        return JsonMistake(at, "the text is empty")
    early = nowhere(text, at, opened)
    if early is not None:
        if key is not None and early.edits and COMMENT.match(text, at) and not value_follows(text, early.edits[0].end):
            return JsonMistake(early.offset, early.message)
        return early
    character = text[at]
    if character in "]}":
        if comma is not None and key is None:
            return JsonMistake(
                comma, f'remove this comma: nothing follows it before "{character}"', Edit(comma, comma + 1, "")
            )
        if key is not None:
            return without_value(key, at, f'"{character}"')
        if opened is None:
            return JsonMistake(at, f'"{character}" closes nothing; remove it')
        return wrong_closing(text, at, opened)
    if character == "," or character in COMMAS:
        if key is not None:
            return without_value(key, at, "this comma")
        return JsonMistake(at, "remove this comma: a value is missing before it", Edit(at, at + 1, ""))
    if opened is None:
        return start(text, at)
    if key is not None and COLON_FORM.match(text, at):
        form = COLON_FORM.match(text, at)[0]  # type: ignore[index]
        return JsonMistake(at, f'write ":" alone after the key {quoted(key)}', Edit(at, at + len(form), ""))
    if character in QUOTES:
        return in_other_quotes(text, at, "strings")
    for recognised in (placeholder, variable, unopened, call, sequence, partial(words, key=key)):
        mistake = recognised(text, at)
        if mistake is not None:
            return mistake
    if character in "+-.∞0123456789" + numbers.MINUS:
        return numbers.number(text, at)
    return JsonMistake(at, f"expected a value, found {shown(text, at)}")


def start(text: str, at: int) -> JsonMistake:
    """Return the mistake of a text that does not begin with a bracket."""
    assigned = ASSIGNED.match(text, at)
    if assigned is not None:
        return JsonMistake(at, 'a document starts with "{"; remove what stands before it', Edit(at, assigned.end(), ""))
    fence = FENCE.match(text, at)
    if fence is not None:
        ending = text.rstrip()
        last = (
            [Edit(len(ending) - 3, len(ending), "")] if ending.endswith("```") and len(ending) - 3 > fence.end() else []
        )
        return JsonMistake(at, "remove the lines with ```: they belong to Markdown", Edit(at, fence.end(), ""), *last)
    return JsonMistake(at, f'a document starts with "{{", found {shown(text, at)}')


def in_other_quotes(text: str, at: int, what: str) -> JsonMistake:
    """Return the mistake of a string or key in other quotation marks."""
    if text.startswith("'''", at):
        return triple_quoted(text, at)
    message = f'write {what} in straight double quotes: "…"'
    string = foreign_string(text, at)
    if string is None:
        return JsonMistake(at, message)
    end, content = string
    shown_content = f'"{content}"' if len(content) <= 40 and content.isprintable() else '"…"'
    return JsonMistake(at, f"write {what} in straight double quotes: {shown_content}", Edit(at, end, f'"{content}"'))


def key(text: str, at: int, opened: OpenBracket, comma: int | None) -> JsonMistake:
    """Return the mistake where a key was expected. comma: the offset of the comma just before, if any."""
    early = nowhere(text, at, opened)
    if early is not None:
        return early
    character = text[at]
    if character == "}" and comma is not None:
        return JsonMistake(comma, 'remove this comma: nothing follows it before "}"', Edit(comma, comma + 1, ""))
    if character == "]":
        return wrong_closing(text, at, opened)
    if character == "," or character in COMMAS:
        return JsonMistake(at, "remove this comma: a key is missing before it", Edit(at, at + 1, ""))
    if character in QUOTES:
        return in_other_quotes(text, at, "keys")
    if character == "{" and comma is not None and object_is_left(text, at, opened):
        return object_not_closed(text, at, opened, comma)
    listed = missing_list(text, comma) if VALUE_START.match(text, at) else None
    if listed is not None:
        return listed
    if character.isdigit() and comma == at - 1:
        number = numbers.thousands_commas(text, comma) or numbers.decimal_comma(text, comma)
        if number is not None:
            return number
    if comma is None:
        listed = literal_list(text, opened.offset)
        if listed is not None:
            return listed
    mistake = placeholder(text, at, key=True)
    if mistake is not None:
        return mistake
    mistake = bare_key(text, at)
    if mistake is not None:
        return mistake
    found = shown(text, at)
    if character == "{" and comma is None:
        return doubled_brace(text, at, opened)
    if character in "{[":
        return JsonMistake(
            at, f'expected a key in double quotes, found {found}; is the "}}" missing that closes {opened.place}?'
        )
    return JsonMistake(at, f"expected a key in double quotes, found {found}")


def bare_key(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a key without quotation marks, or without the first."""
    word = BARE_KEY.match(text, at)
    if word is None:
        return None
    if re.compile(r'"[ \t]*:').match(text, word.end()):
        return JsonMistake(at, f"a double quote is missing here; write {quoted(word[0])}", Edit(at, at, '"'))
    after = filled(text, word.end())
    if text[after : after + 1] in ("", *COMMAS):
        sure = text[after : after + 1] in (";", "；") and value_follows(text, after + 1)
    else:
        sure = COLON_FORM.match(text, after) is not None or (
            after > word.end() and VALUE_START.match(text, after) is not None and not ANY_KEY.match(text, after)
        )
    edits = [Edit(at, word.end(), quoted(word[0], len(word[0])))] if sure else []
    return JsonMistake(at, f"keys need double quotes; write {quoted(word[0])}", *edits)


def object_not_closed(text: str, at: int, opened: OpenBracket, comma: int) -> JsonMistake:
    """Return the mistake of an object that is not closed before the next one of its list, which begins at `at`."""
    one_line = line_start(text, opened.offset) == line_start(text, comma)
    likely = None if one_line else unclosed_by_indentation(text[: at + 1])
    if likely is not None:
        return missing_by_indentation(text, *likely, f"an object begins below, inside {opened.place}")
    message = f'"}}" is missing before this comma, for {opened.place}'
    return JsonMistake(comma, message, Edit(comma, comma, "}"), exact=one_line)


def doubled_brace(text: str, at: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake of a second opening brace, as templates have them."""
    template = variable(text, opened.offset)
    if template is not None:
        return template
    inner, outer = matching(text, at), matching(text, opened.offset)
    paired = inner is not None and filled(text, inner + 1) == outer
    edits = [Edit(at, at + 1, ""), Edit(inner, inner + 1, "")] if paired and inner is not None else []
    return JsonMistake(at, 'an object begins with one "{" and a key in double quotes; remove this "{"', *edits)


def comma_before(text: str, at: int) -> int | None:
    """Return the offset of the comma before an offset; None where something else stands there."""
    end = len(text[:at].rstrip())
    return end - 1 if text[end - 1 : end] == "," else None


def object_is_left(text: str, at: int, opened: OpenBracket) -> bool:
    """Whether the next object of a list begins here, though the one before is open."""
    if text[: opened.offset].rstrip()[-1:] not in ("[", ","):
        return False
    return not first_on_line(text, at) or indent(text, at) == indent(text, opened.offset)


def colon(text: str, after: int, at: int, start: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake where the colon of a key was expected; the key lies from `start` to `after`."""
    early = nowhere(text, at, opened)
    if early is not None:
        return early
    name, form = text[start + 1 : after - 1], COLON_FORM.match(text, at)
    if form is not None and value_follows(text, form.end()):
        return JsonMistake(
            at, f'write ":" instead of "{form[0]}" after the key {quoted(name)}', Edit(at, form.end(), ":")
        )
    if text[at] in ";；" and value_follows(text, at + 1):
        return JsonMistake(at, f'write ":" instead of "{text[at]}" after the key {quoted(name)}', Edit(at, at + 1, ":"))
    if text[at] in ",}]":
        listed = literal_list(text, opened.offset) or missing_list(text, comma_before(text, start))
        if listed is not None:
            return listed
        if text[at] == "]":
            return JsonMistake(after, f"a colon is missing here, after the key {quoted(name)}")
        message = f"the key {quoted(name)} has no value; write a colon and a value after it"
        return JsonMistake(after, message, Edit(after, after, ": null"), exact=False)
    unclosed = re.match(r"([\w$.\-]+)[ \t]*:", name)
    if unclosed is not None and at == after:  # {"type: "Dense"
        place = start + 1 + unclosed.end(1)
        return JsonMistake(
            start, f"the key {quoted(unclosed[1])} is not closed; add the missing double quote", Edit(place, place, '"')
        )
    if ANY_KEY.match(text, at):
        message = f"the key {quoted(name)} has no value; write a colon and a value after it"
        return JsonMistake(after, message, Edit(after, after, ": null,"), exact=False)
    message = f"a colon is missing here, after the key {quoted(name)}"
    same_line = line_end(text, after) >= at
    if not (VALUE_START.match(text, at) or WORD.match(text, at)) or not same_line or at == after:
        return JsonMistake(after, message)
    return JsonMistake(after, message, Edit(after, after, ":"))
