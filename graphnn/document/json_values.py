"""Values that are not written as JSON requires: words, tuples, sets, calls, variables and placeholders."""

import re

from graphnn.document.json_numbers import NOT_FINITE, not_finite, plain
from graphnn.document.json_reader import Edit, JsonMistake
from graphnn.document.json_strings import triple_quoted
from graphnn.document.json_tokens import (
    ANY_KEY,
    COLON,
    COMMENT,
    QUOTES,
    STRING,
    WORD,
    ends_here,
    foreign_string,
    line_end,
    matching,
    skip_blanks,
    skip_space,
    top_level_parts,
)
from graphnn.text.suggestions import quoted

LITERALS = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "yes": "true",
    "no": "false",
    "on": "true",
    "off": "false",
}
WORDS = re.compile(r"[^\W\d](?:\w|[.\-](?=\w)|/(?=\w)|[ \t]+(?=[^\W\d]))*")
PREFIXES = re.compile(r"(?:[uU]|[bB]|[rR]|[fF]|[rR][bB]|[bB][rR]|[fF][rR]|[rR][fF])(?=[\"'])")
VARIABLE = re.compile(
    r"\$(?:\{[^{}\"\r\n]*\}|\([^()\"\r\n]*\)|\w+)|\{\{[^{}\"\r\n]*\}\}|\{%.*?%\}|%\w+%|<[A-Za-z][\w \-]*>"
)
PLACEHOLDER = re.compile(r"\.{3,9}(?!\.)|…|\?{2,9}|_{2,9}")
CALL = re.compile(r"([^\W\d][\w.]*)\(")
ARGUMENT = re.compile(r"([^\W\d]\w*)\s*=\s*(.+)", re.DOTALL)
UNOPENED = re.compile(r'(\w(?:[^"\\\r\n{}\[\]]|\\[^\r\n])*)"')
DEEPEST = 4  # levels of tuples in a remedy
SHOWN = 60  # characters of a remedy that is written out


def placeholder(text: str, at: int, *, key: bool = False) -> JsonMistake | None:
    """Return the mistake of `...`, which stands for something left out."""
    match = PLACEHOLDER.match(text, at)
    if match is None or text[match.end() : match.end() + 1].isdigit():
        return None
    instead = f'"{match[0]} {at}": null' if key else "null"
    edits = [Edit(at, match.end(), instead)] if ends_here(text, match.end()) else []
    return JsonMistake(
        at, f"{match[0]} stands for what was left out; write it out, or remove this", *edits, exact=False
    )


def variable(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a variable of a shell or of a template."""
    match = VARIABLE.match(text, at)
    if match is None:
        return None
    edits = [Edit(at, match.end(), "null")] if ends_here(text, match.end()) else []
    return JsonMistake(
        at, f"JSON has no variables; write the value in the place of {quoted(match[0])[1:-1]}", *edits, exact=False
    )


def literal(text: str, depth: int = 0) -> str | None:
    """Return a number, truth value, string, or tuple of these, as JSON writes it; None where it is something else."""
    if text.casefold() in ("true", "false", "none", "null"):
        return LITERALS[text.casefold()]
    if text[:1] in QUOTES:
        string = foreign_string(text, 0)
        return f'"{string[1]}"' if string is not None and string[0] == len(text) else None
    if re.fullmatch(STRING, text):
        return text
    if text.startswith(("(", "[")) and text.endswith((")", "]")) and depth < DEEPEST:
        items = [literal(part, depth + 1) for part in top_level_parts(text[1:-1]) if part]
        return None if None in items else f"[{', '.join(item for item in items if item is not None)}]"
    return plain(text) if re.fullmatch(r"[-+]?[\w.]+(?:(?<=[eE])[-+]\w+)?", text) else None


def call(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a call, such as dict(type="ReLU") or Dense(64)."""
    match = CALL.match(text, at)
    if match is None:
        return None
    name, end = match[1], matching(text, match.end() - 1)
    if end is None:
        return JsonMistake(at, f"JSON has no calls, such as {quoted(match[1])[1:-1]}(…); write the value")
    parts = [part for part in top_level_parts(text[match.end() : end]) if part]
    arguments = [ARGUMENT.fullmatch(part) for part in parts]
    values = [None if argument is None else literal(argument[2]) for argument in arguments]
    members = [
        f'"{argument[1]}": {value}' if argument is not None and value is not None else "…"
        for argument, value in zip(arguments, values, strict=True)
    ]
    sure = ends_here(text, end + 1)
    if name == "dict":
        written = f"{{{', '.join(members)}}}"
        remedy = written if "…" not in members and len(written) <= SHOWN else '{"key": …, …}'
        exact = "…" not in members
        edits = [Edit(at, end + 1, written if exact else "{}")] if sure else []
        return JsonMistake(at, f"JSON has no dict(…); write {remedy}", *edits, exact=exact)
    if name in ("tuple", "list", "set", "frozenset") and text[match.end() : match.end() + 1] in tuple("[({"):
        inner = matching(text, match.end())
        if inner is not None and skip_space(text, inner + 1) == end:
            edits = [Edit(at, match.end(), ""), Edit(skip_space(text, inner + 1), end + 1, "")] if sure else []
            return JsonMistake(at, f"JSON has no {name}(…); write the list alone, in […]", *edits)
    edits = [Edit(at, end + 1, "null")] if sure else []
    kind = name.rpartition(".")[2]
    if kind[:1].isupper():
        written = "{" + ", ".join([f'"type": {quoted(kind)}', *members]) + "}"
        written = written if len(written) <= SHOWN else f'{{"type": {quoted(kind)}, …}}'
        return JsonMistake(at, f"this is an object here, with its type as a key: {written}", *edits, exact=False)
    return JsonMistake(at, f"JSON has no calls, such as {quoted(name)[1:-1]}(…); write the value", *edits, exact=False)


def sequence(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a tuple in parentheses, or of a value in them."""
    if text[at] != "(":
        return None
    end = matching(text, at)
    message = "lists have square brackets"
    if end is None or not ends_here(text, end + 1):
        return JsonMistake(at, f"{message}: […]")
    inside = text[at + 1 : end]
    parts = top_level_parts(inside)
    if len(parts) == 1 and parts[0]:
        if ANY_KEY.match(parts[0]):
            return JsonMistake(at, "objects have braces: {…}", Edit(at, at + 1, "{"), Edit(end, end + 1, "}"))
        return JsonMistake(at, "write the value without parentheses", Edit(at, at + 1, ""), Edit(end, end + 1, ""))
    last = len(inside.rstrip())
    comma = [Edit(at + last, at + last + 1, "")] if inside[last - 1 : last] == "," else []  # (3,)
    written = f"[{inside.strip().removesuffix(',')}]"
    remedy = f"{message}: {written if len(written) <= SHOWN and written.isprintable() else '[…]'}"
    return JsonMistake(at, remedy, Edit(at, at + 1, "["), *comma, Edit(end, end + 1, "]"))


def literal_list(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a set such as {1, 2}; None where the brace at an offset does not begin one."""
    end = matching(text, at)
    if text[at] != "{" or end is None:
        return None
    parts = top_level_parts(text[at + 1 : end])
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    if len(parts) < 2 or any(literal(part) is None and not re.fullmatch(r"[^\W\d]\w*", part) for part in parts):
        return None
    written = f"[{text[at + 1 : end].strip()}]"
    remedy = written if len(written) <= SHOWN and written.isprintable() else "[…]"
    return JsonMistake(at, f"lists have square brackets: {remedy}", Edit(at, at + 1, "["), Edit(end, end + 1, "]"))


def unopened(text: str, at: int) -> JsonMistake | None:
    """Return the mistake of a string whose opening quotation mark is missing."""
    match = UNOPENED.match(text, at)
    if match is None or not ends_here(text, match.end()) or text[skip_blanks(text, match.end()) :][:1] == ":":
        return None
    return JsonMistake(at, f"a double quote is missing here; write {quoted(match[1])}", Edit(at, at, '"'))


def words(text: str, at: int, key: str | None) -> JsonMistake | None:
    """Return the mistake of a word, or several, without quotation marks."""
    prefix = PREFIXES.match(text, at)
    if prefix is not None:
        return prefixed(text, at, prefix.end())
    word, found = WORD.match(text, at), WORDS.match(text, at)
    if word is None or found is None:
        return None
    if word[0].casefold() in NOT_FINITE:
        return not_finite(word[0], at)
    known = LITERALS.get(word[0].casefold())
    if known is not None and ends_here(text, word.end()):
        remedy = "null, or leave the key out" if known == "null" and key is not None else known
        return JsonMistake(at, f"unknown word {quoted(word[0])}; write {remedy}", Edit(at, word.end(), known))
    after = skip_blanks(text, found.end())
    sure = (
        ends_here(text, found.end())
        and not re.compile(COLON).match(text, after)
        and COMMENT.split(text[after : line_end(text, after)])[0].count('"') % 2 == 0  # else one is missing somewhere
    )
    edits = [Edit(at, found.end(), quoted(found[0], len(found[0])))] if sure else []
    return JsonMistake(at, f"text needs double quotes; write {quoted(found[0] if sure else word[0])}", *edits)


def prefixed(text: str, at: int, start: int) -> JsonMistake:
    """Return the mistake of a string with a letter before it, as Python has."""
    letters = text[at:start]
    message = f'write the string without the {letters} before it: "…"'
    if text.startswith(("'''", '"""'), start):
        mistake = triple_quoted(text, start)
        return JsonMistake(at, message, *(edit._replace(start=at) for edit in mistake.edits))
    if text[start] == '"':
        string = re.compile(STRING).match(text, start)
        content, end = (string[0][1:-1], string.end()) if string is not None else ("", start)
    else:
        found = foreign_string(text, start)
        end, content = found if found is not None else (start, "")
    doubtful = end == start or not ends_here(text, end)
    if doubtful or ("\\" in content and "r" in letters.lower()) or ("{" in content and "f" in letters.lower()):
        return JsonMistake(at, message)
    return JsonMistake(
        at,
        f"write the string without the {letters} before it: {quoted(content)}" if "\\" not in content else message,
        Edit(at, end, f'"{content}"'),
    )
