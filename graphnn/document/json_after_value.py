"""What is wrong after a value, where a comma, a closing bracket or the end was expected."""

import re

from graphnn.document import json_numbers as numbers
from graphnn.document.json_brackets import (
    OpenBracket,
    closed_too_early,
    end_before,
    missing_by_indentation,
    one_too_many,
    open_before,
    unclosed_by_indentation,
    wrong_closing,
)
from graphnn.document.json_comments import nowhere
from graphnn.document.json_openings import missing_object
from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_strings import triple_quoted
from graphnn.document.json_tokens import (
    ANY_KEY,
    COMMAS,
    FILLING,
    KEY,
    MARKED,
    QUOTES,
    STRING,
    WORD,
    first_on_line,
    indent,
    matching,
    shown,
    skip_space,
    value_follows,
)
from graphnn.document.json_values import unopened


def after_value(text: str, end: int, at: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake where a comma or closing bracket was expected after a value that ends at `end`."""
    early = nowhere(text, at, opened)
    if early is not None:
        return early
    character, in_list = text[at], opened.bracket == "["
    if text[end - 2 : end + 1] == '"""':
        return triple_quoted(text, end - 2)
    mistake = unopened(text, begin) if (begin := numbers.number_before(text, end)) is not None else None
    if mistake is not None:
        return mistake
    number = numbers.after_number(text, end, at, in_list)
    if number is not None:
        return number
    if in_list and KEY.match(text, at):
        if first_on_line(text, at) and indent(text, at) <= indent(text, opened.offset):
            return JsonMistake(end, f'"]," is missing here, for {opened.place}', Edit(end, end, "],"))
        return JsonMistake(end, f'a "]" is missing here, for {opened.place}')
    if character in COMMAS:
        closes = text[skip_space(text, at + 1) : skip_space(text, at + 1) + 1] in ("}", "]")
        if closes:
            return JsonMistake(at, f'remove this "{character}"', Edit(at, at + 1, ""))
        return JsonMistake(at, f'write "," instead of "{character}"', Edit(at, at + 1, ","))
    if character == ")":
        return wrong_closing(text, at, opened)
    if character == ":" and text[end - 1] == '"':
        mistake = list_not_closed(text, end, opened) if in_list else None
        mistake = (
            mistake or (closed_too_early(text, at) if in_list else None) or missing_object(text, end, in_list=in_list)
        )
        if mistake is not None:
            return mistake
    if character == ":" and in_list:
        return JsonMistake(at, f'a list has no keys; write "{{" … "}}" instead of {opened.place}')
    joined = re.compile(r'\+?[ \t\r\n]*"((?:[^"\\\r\n]|\\.)*)"(?=[ \t]*[,}\r\n])(?![ \t\r\n]*:)').match(text, at)
    if joined is not None and text[end - 1] == '"' and (character == "+" or not in_list):
        return JsonMistake(at, "JSON does not join strings; write one string", Edit(end - 1, joined.start(1), ""))
    if character in '"{[(-' or character.isdigit() or character in QUOTES or ANY_KEY.match(text, at):
        return missing_comma(text, end, at, opened)
    if WORD.match(text, at) is not None:
        return after_word(text, end, at, opened)
    return JsonMistake(at, f'expected "," or "{opened.closing}" after a value, found {shown(text, at)}')


def missing_comma(text: str, end: int, at: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake of a comma that is missing between two values, or before a key."""
    message, edit = "a comma is missing here", Edit(end, end, ",")
    if opened.bracket == "[":
        return JsonMistake(end, message, *([edit] if at > end or text[at] in "{[" else []))
    if (
        first_on_line(text, at)
        and indent(text, at) <= indent(text, opened.offset)
        and at > opened.offset
        and multi_line(text, opened.offset, end)
    ):
        closing = f'"}}," is missing here, for {opened.place}'
        return JsonMistake(end, closing, Edit(end, end, "},"))
    if ANY_KEY.match(text, at):
        return JsonMistake(end, message, edit)
    string = re.compile(rf"(?:{STRING}|{MARKED}){FILLING}([;；]?)").match(text, at)
    sure = string is not None and at > end and value_follows(text, string.end())
    return JsonMistake(end, message, *([edit] if sure else []))


def multi_line(text: str, opened: int, end: int) -> bool:
    """Whether the lines inside a bracket within the document are indented more than its own."""
    if not text[:opened].strip():
        return False
    inside = skip_space(text, opened + 1)
    return not first_on_line(text, inside) or indent(text, inside) > indent(text, opened)


def after_word(text: str, end: int, at: int, opened: OpenBracket) -> JsonMistake:
    """Return the mistake of a word after a value: often a quotation mark is missing, or stands inside a string."""
    message = (
        f'expected "," or "{opened.closing}" after a value, found {shown(text, at)}; '
        "is a comma or a quotation mark missing?"
    )
    if at == end and text[end - 1] == '"':
        begin = text.rfind('"', 0, end - 1)
        content = text[begin + 1 : end - 1]
        unclosed = re.fullmatch(r"([^,\]}]*[^,\s\]}])([\]}]*,\s*)", content)
        if unclosed is not None and re.compile(r'[\w$.\-]+"[ \t]*:').match(text, at):  # "hidden, "units": 3
            place = begin + 1 + unclosed.end(1)
            return JsonMistake(
                begin, "this string is not closed; add the missing double quote", Edit(place, place, '"')
            )
        inner = re.compile(r'([^",]*)"([^",\r\n]*)"(?=[ \t]*[,}\]\r\n])').match(text, at)
        if inner is not None:  # "say "hi" to"
            edits = [Edit(end - 1, end - 1, "\\"), Edit(inner.end(1), inner.end(1), "\\")]
            return JsonMistake(end - 1, 'a double quote inside a string is written \\"', *edits)
    return JsonMistake(at, message)


def list_not_closed(text: str, end: int, opened: OpenBracket) -> JsonMistake | None:
    """Return the mistake of a list that a key, which ends at an offset, leaves by its indentation."""
    likely = unclosed_by_indentation(text[:end])
    if likely is not None and text[likely[0]] == "[":
        return missing_by_indentation(text, *likely, f"a key stands below, inside {opened.place}")
    begin = text.rfind('"', 0, end - 1)
    place, open_brackets = end_before(text, begin), open_before(text, begin)
    if place <= opened.offset + 1 or len(open_brackets) < 2 or text[open_brackets[-2]] != "{":
        return None
    mistake = JsonMistake(place, f'"]" is missing here, for {opened.place}', Edit(place, place, "]"))
    if first_on_line(text, begin):
        return mistake if indent(text, begin) <= indent(text, opened.offset) else None
    if text[place - 1] in "]}":
        return None
    closing = matching(text[:place] + "]" + text[place:], open_brackets[-2])
    return None if closing is None else mistake


def after_end(text: str, at: int) -> JsonMistake:
    """Return the mistake of text after the end of the document."""
    early = nowhere(text, at, None)
    if early is not None:
        return early
    character = text[at]
    if character in "]}":
        return one_too_many(text, at)
    rest = skip_space(text, at + 1)
    if character in ",;" and rest >= len(text):
        return JsonMistake(at, f'remove this "{character}": the document has ended', Edit(at, at + 1, ""))
    if character == "," and ANY_KEY.match(text, rest):
        too_early = closed_too_early(text, at)
        if too_early is not None:
            return too_early
    if character == ":" and text[:at].rstrip().endswith('"'):
        return JsonMistake(at, 'a document is an object; write "{" before the first key, and "}" at the end')
    if character in "{[":
        second = f'a second document begins with this "{character}", where a file holds one'
        return JsonMistake(at, f"{second}; remove what follows, or a bracket that closes too early")
    return JsonMistake(
        at, f"the document has ended before {shown(text, at)}; remove what follows, or a bracket that closes too early"
    )
