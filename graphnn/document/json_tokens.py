"""What stands at a place of a text that is not JSON: comments, keys, and strings in the quotes of other languages."""

import re
import unicodedata

from graphnn.text.suggestions import quoted

COMMENTS = r"//[^\r\n]*|/\*[\s\S]*?\*/|#[^\r\n]*|--(?=[ \t\w])(?!\d)[^\r\n]*|<!--[\s\S]*?-->"
UNSEEN = r"[^\S \t\r\n]|[\ufeff\u200b-\u200f\u2060-\u2064\u00ad\u202a-\u202e\u2066-\u2069\x00-\x08]"
COMMENT = re.compile(COMMENTS)
INVISIBLE = re.compile(rf"(?:{UNSEEN})+")
FILLING = rf"(?:[ \t\r\n]|{UNSEEN}|{COMMENTS})*+"  # what means nothing, though JSON allows white space alone
FILLING_OF_LINE = re.compile(rf"(?:[ \t]|{UNSEEN}|/\*[^\r\n]*?\*/|<!--[^\r\n]*?-->)*+")
COMMENT_STARTS = ("//", "/*", "#", "<!--")
WORD = re.compile(r"[^\W\d]\w*")
STRING = r'"(?:[^"\\\r\n]|\\.)*"'
NAME = r"[$@]?[^\W\d](?:\w|[.\-](?=\w))*"
BARE_KEY = re.compile(rf"{NAME}|\d+(?=[ \t]*[:=])")
COLON = r"(?::=|=>|->|=|:|：)"
QUOTES = {  # an opening quotation mark, and what closes it
    "'": "'",
    "`": "`'´",
    "´": "´",
    "“": '”“"',
    "”": "”",
    "„": '“”"',
    "«": "»",
    "»": "«",
    "‘": "’‘'",
    "’": "’",
    "‚": "‘’'",
}
MARKS = "".join(QUOTES)
MARKED = rf"[{MARKS}][^\r\n{MARKS}\"]*[{MARKS}\"]"  # text in other quotation marks
ANY_KEY = re.compile(rf"(?:{STRING}|{NAME}|{MARKED}){FILLING}{COLON}(?!=)")
KEY = re.compile(rf"{STRING}{FILLING}:")
VALUE_START = re.compile(rf"[\"\[{{({''.join(QUOTES)}]|[-+.]?\d|(?:true|false|null|none|yes|no)\b", re.IGNORECASE)
SEPARATORS = ",]}:;=，；：、)"
BRACKETS = re.compile(r'"(?:[^"\\\r\n]|\\.)*"|[{}\[\]()]')
COMMAS = "，、；;"
PAIRS = {"{": "}", "[": "]", "(": ")"}


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


def skip_blanks(text: str, at: int) -> int:
    """Return the offset of the next character that is no space or tab."""
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def skip_space(text: str, at: int) -> int:
    """Return the offset of the next character that is no white space."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def line_end(text: str, at: int) -> int:
    """Return the offset of the end of the line, before its line break."""
    match = re.compile(r"[\r\n]").search(text, at)
    return len(text) if match is None else match.start()


def line_start(text: str, at: int) -> int:
    """Return the offset at which the line begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def indent(text: str, at: int) -> int:
    """Return the number of blanks at the start of the line."""
    start = line_start(text, at)
    return skip_blanks(text, start) - start


def first_on_line(text: str, at: int) -> bool:
    """Whether only blanks stand before it on its line."""
    return skip_blanks(text, line_start(text, at)) == at


def filled(text: str, at: int) -> int:
    """Return the offset of the next character that is no white space and in no comment."""
    return re.compile(FILLING).match(text, at).end()  # type: ignore[union-attr]  # it matches the empty string too


def value_follows(text: str, at: int) -> bool:
    """Whether a value, and not the next key, stands after comments and white space."""
    at = filled(text, at)
    return bool(VALUE_START.match(text, at) or WORD.match(text, at)) and ANY_KEY.match(text, at) is None


def ends_here(text: str, at: int) -> bool:
    """Whether a value or key that ends here is followed by what may follow one."""
    at = FILLING_OF_LINE.match(text, at).end()  # type: ignore[union-attr]  # as above
    if at >= len(text) or text[at] in "\r\n" or text[at] in SEPARATORS:
        return True
    return text.startswith("->", at) or COMMENT.match(text, at) is not None


def matching(text: str, at: int) -> int | None:
    """Return the offset of the bracket that closes the one at an offset; None where brackets do not pair."""
    stack: list[str] = []
    for match in BRACKETS.finditer(text, at):
        bracket = match[0]
        if bracket in PAIRS:
            stack.append(PAIRS[bracket])
        elif bracket in ")]}":
            if not stack or stack.pop() != bracket:
                return None
            if not stack:
                return match.start()
    return None


def top_level_parts(text: str) -> list[str]:
    """Return what stands between the commas of a text that are in no bracket and no string."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r'"(?:[^"\\\r\n]|\\.)*"|\'[^\'\r\n]*\'|[{}\[\](),]', text):
        if match[0] == "," and not depth:
            parts.append(text[start : match.start()].strip())
            start = match.end()
        elif match[0] in PAIRS:
            depth += 1
        elif match[0] in PAIRS.values():
            depth -= 1
    return [*parts, text[start:].strip()]


def foreign_string(text: str, at: int) -> tuple[int, str] | None:
    """Return the end of the string in other quotation marks that starts here, and its content as JSON writes it.

    None where it does not end on its line, or where something else follows than may follow a string.
    """
    closing = QUOTES[text[at]]
    position, stop = at + 1, line_end(text, at)
    while position < stop and (text[position] not in closing or is_apostrophe(text, position)):
        position += 2 if text[position] == "\\" else 1
    if position >= stop or not ends_here(text, position + 1):
        return None
    return position + 1, json_content(text[at + 1 : position])


def is_apostrophe(text: str, at: int) -> bool:
    """Whether a quotation mark stands between two letters, as in don't."""
    return text[at] in "'’" and text[at - 1].isalpha() and text[at + 1 : at + 2].isalpha()


def json_content(content: str) -> str:
    """Return the content of a string of another language as it stands between the quotation marks of JSON."""

    def escaped(match: re.Match[str]) -> str:
        found = match[0]
        if found in CONTROLS:
            return CONTROLS[found]
        if len(found) == 2:
            if found[1] in "'`":
                return found[1]
            return found if found[1] in '"\\/bfnrtu' else f"\\{found}"
        return f"\\{found}"

    return re.sub(r'\\.|["\\\t\r\n]', escaped, content.replace("\r\n", "\n"), flags=re.DOTALL)


CONTROLS = {"\t": "\\t", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\n"}
